"""An upright page taken apart: its picture, its inks, its ruling, its text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.ink import as_print, separate
from extractors.ruling import Rect, Ruling, find_cells, find_ruling, upright_lean
from extractors.straighten import A4_INCHES, Upright
from extractors.textlines import TextLine, crop_rect, quad_rects
from yinjian.geometry import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RED_PRESENT = 0.08  # density of red ink that may hide print
RED_SHARE = 0.02  # of a line's area: from here on it is read without its red ink


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One upright page: `image` (H, W, 3) BGR, `dark` and `red` ink density (H, W), ruling, cells and text lines.

    Rectangles and lines are in pixels; `px_per_mm` takes a page of unknown size for A4.
    """

    file: str
    page: int
    image: Image = field(repr=False)
    rotation: int
    dpi: float | None
    dark: Floats = field(repr=False)
    red: Floats = field(repr=False)
    ruling: Ruling = field(repr=False)
    cells: tuple[Rect, ...] = field(repr=False)
    lines: tuple[TextLine, ...] = field(repr=False)

    @property
    def px_per_mm(self) -> float:
        return (self.dpi or max(self.image.shape[:2]) / A4_INCHES) / 25.4

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def box(self, rect: Rect) -> Box:
        """A pixel rectangle as a box in fractions of the page."""
        return Box.from_pixels(*rect, *self.size)

    def text(self) -> str:
        """All lines, top to bottom, as one text."""
        return "\n".join(line.text for line in self.lines)


def take_apart(file: str, page: int, upright: Upright, engine: Engine) -> Sheet:
    """Inks, ruling and text of an upright page."""
    image, quads = upright.image, upright.quads
    px_per_mm = (upright.dpi or max(image.shape[:2]) / A4_INCHES) / 25.4
    dark, red = separate(image)
    ruling = find_ruling(dark, px_per_mm)
    lean = upright_lean(ruling, image.shape[1], image.shape[0])
    if lean is not None:
        image, quads = _warped(image, lean), _moved(quads, lean)
        dark, red = separate(image)
        ruling = find_ruling(dark, px_per_mm)
    if (red > RED_PRESENT).mean() > 0.002:
        # A seal breaks lines apart for the detector: look again where its ink is taken out.
        quads = engine.detect(as_print(dark))
    cells = find_cells(ruling, (image.shape[0], image.shape[1]), px_per_mm)
    sheet = Sheet(file, page, image, upright.rotation, upright.dpi, dark, red, ruling, cells, ())
    rects = [part for rect in quad_rects(quads) for part in split_by_cells(rect, cells)]
    return replace(sheet, lines=read(sheet, rects, engine))


def read(sheet: Sheet, rects: list[Rect], engine: Engine, alphabet: str = "text") -> tuple[TextLine, ...]:
    """Recognise lines; those with red ink over them from the dark ink alone."""
    crops = []
    for rect in rects:
        red = crop_rect(sheet.red, rect)  # type: ignore[arg-type]
        stamped = (red > RED_PRESENT).mean() > RED_SHARE
        crops.append(as_print(crop_rect(sheet.dark, rect)) if stamped else crop_rect(sheet.image, rect))  # type: ignore[arg-type]
    found = engine.recognise(crops, alphabet)
    lines = (TextLine(rect, read) for rect, read in zip(rects, found, strict=True))
    return tuple(sorted(lines, key=lambda line: (line.centre[1], line.centre[0])))


def split_by_cells(rect: Rect, cells: tuple[Rect, ...]) -> list[Rect]:
    """A detected line cut where it runs over from one cell into its neighbour."""
    x0, y0, x1, y1 = rect
    height = y1 - y0
    inside = [c for c in cells if min(c[3], y1) - max(c[1], y0) > 0.5 * height and min(c[2], x1) - max(c[0], x0) > 0]
    parts = [(max(x0, c[0]), y0, min(x1, c[2]), y1) for c in inside]
    parts = [p for p in parts if p[2] - p[0] > 0.4 * height]
    return parts if len(parts) > 1 else [rect]


def _warped(image: Image, matrix: Floats) -> Image:
    size = image.shape[1::-1]
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _moved(quads: Floats, matrix: Floats) -> Floats:
    if not len(quads):
        return quads
    return np.asarray(cv2.perspectiveTransform(quads.reshape(-1, 1, 2), matrix).reshape(-1, 4, 2), np.float32)
