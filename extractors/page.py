"""An upright page taken apart: its picture, its inks, its ruling, its text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.ink import as_print, dark_threshold, separate
from extractors.ruling import Rect, Ruling, find_cells, find_ruling, upright_lean
from extractors.straighten import A4_INCHES, Upright
from extractors.textlines import TextLine, crop_rect, quad_rects
from yinjian.geometry import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RED_PRESENT = 0.08  # density of red ink that may hide print
MISSED_JOIN_MM = 3.0  # symbols of one line stand this close
MISSED_HEIGHT_MM = (1.8, 8.0)
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
        quads = _under_red(quads, engine.detect(as_print(dark)), red)
    cells = find_cells(ruling, (image.shape[0], image.shape[1]), px_per_mm)
    sheet = Sheet(file, page, image, upright.rotation, upright.dpi, dark, red, ruling, cells, ())
    rects = [part for rect in quad_rects(quads) for part in split_by_cells(rect, cells)]
    return replace(sheet, lines=read(sheet, [*rects, *_missed(sheet, rects)], engine))


def _missed(sheet: Sheet, rects: list[Rect]) -> list[Rect]:
    """Lines in the table's cells that the detector passed over (it does where a signature leans on a label)."""
    px = sheet.px_per_mm
    ink = (without_ruling(sheet) > dark_threshold(sheet.dark)).astype(np.uint8)
    outside = np.ones_like(ink)
    for x0, y0, x1, y1 in sheet.cells:
        outside[int(y0) : int(y1), int(x0) : int(x1)] = 0
    ink[outside > 0] = 0
    for x0, y0, x1, y1 in rects:
        ink[max(0, int(y0)) : int(y1) + 1, max(0, int(x0 - 0.5 * px)) : int(x1 + 0.5 * px)] = 0
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, int(MISSED_JOIN_MM * px)), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    room = 0.4 * px
    return [
        (x - room, y - room, x + w + room, y + h + room)
        for x, y, w, h, area in (map(float, stats[i]) for i in range(1, count))
        if MISSED_HEIGHT_MM[0] * px < h < MISSED_HEIGHT_MM[1] * px and w > h and area > 0.1 * w * h
    ]


def without_ruling(sheet: Sheet) -> Floats:
    """The density of dark ink with the ruling taken out, (H, W)."""
    dark = sheet.dark.copy()
    pen = max(3, round(0.5 * sheet.px_per_mm))
    for rule in sheet.ruling.horizontal:
        _wipe(
            dark, (rule.start, rule.at(rule.start)), (rule.end, rule.at(rule.end)), max(pen, round(rule.thickness) + 1)
        )
    for rule in sheet.ruling.vertical:
        _wipe(
            dark, (rule.at(rule.start), rule.start), (rule.at(rule.end), rule.end), max(pen, round(rule.thickness) + 1)
        )
    return dark


def _wipe(dark: Floats, start: tuple[float, float], end: tuple[float, float], width: int) -> None:
    cv2.line(dark, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), 0.0, width)


def read(sheet: Sheet, rects: list[Rect], engine: Engine, alphabet: str = "text") -> tuple[TextLine, ...]:
    """Recognise lines; those with red ink over them from the dark ink alone."""
    crops = [
        as_print(crop_rect(sheet.dark, rect)) if _stamped(sheet.red, rect) else crop_rect(sheet.image, rect)
        for rect in rects
    ]
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


def _under_red(seen: Floats, cleared: Floats, red: Floats) -> Floats:
    """Lines as seen, but those under red ink as seen once that is taken out."""
    keep = [q for q, rect in zip(seen, quad_rects(seen), strict=True) if not _stamped(red, rect)]
    kept = quad_rects(np.asarray(keep, np.float32).reshape(-1, 4, 2))
    more = [
        q
        for q, rect in zip(cleared, quad_rects(cleared), strict=True)
        if _stamped(red, rect) and not any(_covers(other, rect) for other in kept)
    ]
    return np.asarray([*keep, *more], np.float32).reshape(-1, 4, 2)


def _stamped(red: Floats, rect: Rect) -> bool:
    return bool((crop_rect(red, rect) > RED_PRESENT).mean() > RED_SHARE)


def _covers(other: Rect, rect: Rect) -> bool:
    """Whether most of `rect` lies in `other`."""
    w = min(rect[2], other[2]) - max(rect[0], other[0])
    h = min(rect[3], other[3]) - max(rect[1], other[1])
    return w > 0 and h > 0 and w * h > 0.5 * (rect[2] - rect[0]) * (rect[3] - rect[1])


def _warped(image: Image, matrix: Floats) -> Image:
    size = image.shape[1::-1]
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _moved(quads: Floats, matrix: Floats) -> Floats:
    if not len(quads):
        return quads
    return np.asarray(cv2.perspectiveTransform(quads.reshape(-1, 1, 2), matrix).reshape(-1, 4, 2), np.float32)
