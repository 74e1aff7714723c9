"""An upright page taken apart: its picture, its inks, its ruling, its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.borders import with_borders
from extractors.cells import find_cells
from extractors.curl import find_curl, flattened
from extractors.engine import Engine, Recognised
from extractors.ink import RED_PRESENT, as_print, dark_threshold, separate, thin_ink
from extractors.printed import Printed, printed_ruling
from extractors.ruling import Rect, Ruling, find_ruling
from extractors.straighten import A4_INCHES, Upright
from extractors.textlines import TextLine, crop_rect, quad_rects
from yinjian.geometry import Box

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Recognise = Callable[[Sequence[Image], float], list[Recognised]]

MISSED_JOIN_MM = 3.0  # symbols of one line stand this close
STROKES_MM = 0.8  # and the strokes of one symbol, one above the other
TABLE = 6  # cells: a page with this many holds a form
MISSED_HEIGHT_MM = (1.8, 8.0)
LONGER = 1.5  # than high, a line of two symbols; what is shorter may be an ornament
CLOSE = 0.8  # of their width, lines read as surely as at all of it
SURE = 0.9  # of the least sure symbol of a line that needs no second look
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
    enlarged: float = 1.0  # px of it for one of the picture that it was drawn from

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

    def around(self, rect: Rect, room_mm: float) -> tuple[int, int, int, int]:
        """The pixels of a rectangle and of the paper round it."""
        (width, height), room = self.size, room_mm * self.px_per_mm
        left, top = max(0, int(rect[0] - room)), max(0, int(rect[1] - room))
        return left, top, min(width, int(rect[2] + room) + 1), min(height, int(rect[3] + room) + 1)

    def without_inks(self) -> Sheet:
        """The same page for what asks of its lines and size only; blank pixels of one value take no memory."""
        none = np.broadcast_to(np.float32(0.0), self.dark.shape)
        image = np.broadcast_to(np.uint8(255), self.image.shape)
        return replace(self, image=image, dark=none, red=none)

    def text(self) -> str:
        """All lines, top to bottom, as one text."""
        return "\n".join(line.text for line in self.lines)


def take_apart(file: str, page: int, upright: Upright, printed: Printed | None = None) -> tuple[Sheet, list[Rect]]:
    """Inks and ruling of an upright page, and where its lines of text are, still to be read.

    `printed`: what a PDF states of the page, in its pixels.
    """
    image, quads = upright.image, upright.quads
    px_per_mm = (upright.dpi or max(image.shape[:2]) / A4_INCHES) / 25.4
    dark, red = separate(image)
    stated = printed_ruling(printed, dark) if printed else None
    curl = find_curl(dark, px_per_mm) if stated is None else None
    if curl is not None:
        maps = curl.maps(dark.shape)
        image, dark, red = flattened(image, maps), flattened(dark, maps), flattened(red, maps)
        quads = curl.flat(quads, dark.shape)
    ruling = stated or with_borders(find_ruling(dark, px_per_mm), px_per_mm)
    cells = find_cells(ruling, (image.shape[0], image.shape[1]), px_per_mm)
    sheet = Sheet(file, page, image, upright.rotation, upright.dpi, dark, red, ruling, cells, (), upright.enlarged)
    rects = [part for rect in quad_rects(quads) for part in split_by_cells(rect, cells)]
    return sheet, [*rects, *_missed(sheet, rects)]


def _missed(sheet: Sheet, rects: list[Rect]) -> list[Rect]:
    """Lines in the table's cells that the detector passed over (it does where a signature leans on a label)."""
    if not sheet.cells:
        return []
    px = sheet.px_per_mm
    # Only where a form is: the frames and grounds of documents are drawn in thin lines too.
    table, dark, threshold = len(sheet.cells) >= TABLE, without_ruling(sheet), dark_threshold(sheet.dark)
    ink = (thin_ink(dark, sheet.red, threshold, px) if table else dark > threshold).astype(np.uint8)
    outside = np.ones_like(ink)
    for x0, y0, x1, y1 in sheet.cells:
        outside[int(y0) : int(y1), int(x0) : int(x1)] = 0
    ink[outside > 0] = 0
    for x0, y0, x1, y1 in rects:
        ink[max(0, int(y0)) : int(y1) + 1, max(0, int(x0 - 0.5 * px)) : int(x1 + 0.5 * px)] = 0
    # What is higher than a line is a signature: print that it leans on is a line without it.
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    ink[(stats[:, cv2.CC_STAT_HEIGHT] > MISSED_HEIGHT_MM[1] * px)[labels]] = 0
    reach = (max(1, int(STROKES_MM * px)) if table else 1, int(MISSED_JOIN_MM * px))
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones(reach, np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    room = 0.4 * px
    return [
        (x - room, y - room, x + w + room, y + h + room)
        for x, y, w, h, area in (map(float, stats[i]) for i in range(1, count))
        if MISSED_HEIGHT_MM[0] * px < h < MISSED_HEIGHT_MM[1] * px and w > LONGER * h and area > 0.1 * w * h
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


def read(sheet: Sheet, rects: Sequence[Rect], engine: Engine) -> tuple[TextLine, ...]:
    """Recognise lines, top to bottom; those in doubt in full precision and at their full width."""
    lines = list(look(sheet, rects, engine.recognise, CLOSE))
    doubtful = [n for n, line in enumerate(lines) if line.read.confidence < SURE]
    again = look(sheet, [lines[n].rect for n in doubtful], engine.recognise_doubtful, 1.0)
    for n, line in zip(doubtful, again, strict=True):
        lines[n] = line
    return top_to_bottom(lines)


def top_to_bottom(lines: Iterable[TextLine]) -> tuple[TextLine, ...]:
    """By the height of their middles."""
    return tuple(sorted(lines, key=lambda line: (line.centre[1], line.centre[0])))


def look(sheet: Sheet, rects: Sequence[Rect], recognise: Recognise, scale: float) -> tuple[TextLine, ...]:
    """Lines as one of the engine's ways of reading sees them, at `scale` of their width, in the order of `rects`."""
    found = recognise([line_crop(sheet, rect) for rect in rects], scale)
    return tuple(TextLine(rect, read) for rect, read in zip(rects, found, strict=True))


def look_again(
    sheet: Sheet, lines: Sequence[TextLine], room: float, scale: float, recognise: Recognise, over: float = 0.0
) -> tuple[TextLine, ...]:
    """Lines read with `room` line heights beside them, and `over` above and below, drawn at `scale` of their width."""
    return look(sheet, [_with_room(line.rect, room, over, sheet.size) for line in lines], recognise, scale)


def _with_room(rect: Rect, beside: float, over: float, size: tuple[int, int]) -> Rect:
    """A rectangle with room round it, in its heights, as far as the page goes."""
    (x0, y0, x1, y1), (width, height) = rect, size
    across, down = beside * (y1 - y0), over * (y1 - y0)
    return max(0.0, x0 - across), max(0.0, y0 - down), min(float(width), x1 + across), min(float(height), y1 + down)


def line_crop(sheet: Sheet, rect: Rect) -> Image:
    """A line as it is recognised: where it is stamped over, its dark ink alone."""
    return as_print(crop_rect(sheet.dark, rect)) if _stamped(sheet.red, rect) else crop_rect(sheet.image, rect)


def split_by_cells(rect: Rect, cells: tuple[Rect, ...]) -> list[Rect]:
    """A detected line cut where it runs over from one cell into its neighbour."""
    x0, y0, x1, y1 = rect
    height = y1 - y0
    inside = [c for c in cells if min(c[3], y1) - max(c[1], y0) > 0.5 * height and min(c[2], x1) - max(c[0], x0) > 0]
    inside = [c for c in inside if not any(other is not c and _within_cell(other, c) for other in inside)]
    parts = [(max(x0, c[0]), y0, min(x1, c[2]), y1) for c in inside]
    parts = [p for p in parts if p[2] - p[0] > 0.4 * height]
    return parts if len(parts) > 1 else [rect]


def _within_cell(inner: Rect, outer: Rect) -> bool:
    """Whether a cell lies in another, as a table does in a document's frame."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def _stamped(red: Floats, rect: Rect) -> bool:
    return bool((crop_rect(red, rect) > RED_PRESENT).mean() > RED_SHARE)
