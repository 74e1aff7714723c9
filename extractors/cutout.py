"""The image of a mark: its ink alone on a transparent ground, RGBA at 600 dpi, turned upright."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ink import stamp_ink, without_print
from extractors.page import Sheet
from extractors.ruling import Rect
from extractors.textlines import crop_rect

Floats = NDArray[np.float32]

OUTPUT_DPI = 600
PAPER = 0.1  # share of light that paper's grain may take
MARGIN_MM = 1.0
ROOM_MM = MARGIN_MM + 2.0  # of paper round a mark: what is turned upright has its corners there
BLUR, NOISE = (
    0.8,
    0.03,
)  # px of the picture's own blur that is taken out; noise beside signal, so that grain stays grain
STRONG = 0.25  # share of light: ink, not the edge of it
TYPICAL = 75  # percentile of the light that a mark's ink takes: from there on it is opaque
ENCODING = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)  # a fifth larger, in half the time


def cut_out(sheet: Sheet, ink: Floats, rect: Rect, angle: float = 0.0) -> bytes:
    """A PNG of the ink in `rect` (pixels): alpha from the ink, colour the ink's own, `angle` taken out.

    Laid over paper it looks as the mark does: alpha is the light that ink takes, of that which full ink takes. Not its
    density: a pixel half covered by ink takes half of the light, and has a third of the density. `ink`: density over
    the page. `angle`: degrees clockwise by which the mark is turned on the page.
    """
    x0, y0, x1, y1 = sheet.around(rect, ROOM_MM)
    return _drawn(sheet, taken(ink[y0:y1, x0:x1]), rect, (x0, y0), angle)


def cut_out_seal(sheet: Sheet, rect: Rect, angle: float) -> bytes:
    """The same for a stamp: its ink as sharp as the picture's light, the blur of scanner or camera taken out."""
    x0, y0, x1, y1 = sheet.around(rect, ROOM_MM)
    red, dark = sheet.red[y0:y1, x0:x1], sheet.dark[y0:y1, x0:x1]
    light = sharpened(taken(without_print(stamp_ink(sheet.image[y0:y1, x0:x1], red), dark)))
    return _drawn(sheet, light, rect, (x0, y0), angle)


def taken(ink: Floats) -> Floats:
    """The share of light that ink of a density takes: lenses blur light, and pixels average it."""
    return np.asarray(1.0 - np.power(10.0, -ink), np.float32)


def sharpened(light: Floats) -> Floats:
    """The light without the blur that every scanner and camera leaves (Wiener's filter for a Gaussian)."""
    down, along = np.fft.fftfreq(light.shape[0])[:, None], np.fft.rfftfreq(light.shape[1])[None]
    blur = np.exp(-2 * (np.pi * BLUR) ** 2 * (down**2 + along**2))
    return np.asarray(np.fft.irfft2(np.fft.rfft2(light) * blur / (blur**2 + NOISE), light.shape), np.float32)


def _drawn(sheet: Sheet, light: Floats, rect: Rect, corner: tuple[int, int], angle: float) -> bytes:
    """`light`: what the ink takes of it, on a part of the page whose top left `corner` is there."""
    x, y = corner
    local = (rect[0] - x, rect[1] - y, rect[2] - x, rect[3] - y)
    strong = crop_rect(light, local)
    strong = strong[strong > STRONG]
    full = float(np.percentile(strong, TYPICAL)) if strong.size else 1.0
    scale = OUTPUT_DPI / 25.4 / sheet.px_per_mm
    margin = MARGIN_MM * sheet.px_per_mm
    width, height = rect[2] - rect[0] + 2 * margin, rect[3] - rect[1] + 2 * margin
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    matrix = _placement(local, size, scale, angle)
    alpha = cv2.warpAffine(light, matrix, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderValue=0)
    alpha = np.clip((alpha - PAPER) / max(PAPER, full - PAPER), 0.0, 1.0)
    picture = np.empty((size[1], size[0], 4), np.uint8)
    picture[:, :, :3] = _colour(sheet, light, rect, local)
    picture[:, :, 3] = np.round(255 * alpha)
    done, png = cv2.imencode(".png", picture, ENCODING)
    if not done:
        raise RuntimeError("a mark's image could not be written as PNG")
    return _with_resolution(png.tobytes())


def _placement(rect: Rect, size: tuple[int, int], scale: float, angle: float) -> Floats:
    """From pixels of the output to pixels of the page: turned about the mark's middle."""
    c, s = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    cx, cy = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    u, v = size[0] / 2, size[1] / 2
    return np.array([[c, -s, cx - c * u + s * v], [s, c, cy - s * u - c * v]], np.float32)


def _colour(sheet: Sheet, light: Floats, rect: Rect, local: Rect) -> tuple[int, int, int]:
    """The colour (BGR) of the mark where its ink is strongest."""
    pixels, area = crop_rect(sheet.image, rect), crop_rect(light, local)
    height, width = min(len(pixels), len(area)), min(pixels.shape[1], area.shape[1])
    pixels, area = pixels[:height, :width], area[:height, :width]
    strong = area > max(2 * PAPER, float(np.percentile(area, 95)) if area.size else 1.0)
    if not strong.any():
        return (0, 0, 0)
    b, g, r = (int(v) for v in np.median(pixels[strong], axis=0))
    return (b, g, r)


def _with_resolution(png: bytes) -> bytes:
    """The PNG with a pHYs chunk, so that it prints at its true size."""
    import struct
    import zlib

    per_metre = round(OUTPUT_DPI / 0.0254)
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body))
    head = 8 + 25  # signature and IHDR
    return png[:head] + chunk + png[head:]
