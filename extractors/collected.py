"""The signature that is collected: it becomes an electronic one, so what spoils it is told by the pixels here.

「请使用黑色碳素笔在以下空白处签名……请保证其清晰完整，请勿贴边、压字、压线。」
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.cutout import cut_out
from extractors.engine import Engine
from extractors.formmarks import signature_fingerprint, signature_image, with_faults
from extractors.linepieces import Floats
from extractors.page import Sheet
from extractors.ruling import Rect
from extractors.signatures import LEAST_INK_MM2, Mask, Strokes, find_strokes
from extractors.textlines import TextLine, crop_rect, in_rows
from extractors.typefaces import LIKE_TYPE, TYPE, likeness_to_type
from yinjian.records import Mark, MarkKind

INSET_MM = 0.7  # nearer to the ruling than this is 贴边
BEYOND_MM = 2.5  # this far across the ruling the stroke goes on that crosses it
INTO_TEXT_MM = 0.8  # a stroke reaches this far into a printed line, and ...
OUT_OF_TEXT_MM = 1.5  # ... this far out of it; print does not
TOUCH_MM = 0.2  # nearer to print than this, ink touches it
UP_TO_MM = 8.0  # above the strokes that stand clear of print, others of theirs may stand beside it
HANGS = 0.25  # of a row's height, marks of print hang below its symbols
FOOT_MM = 1.0  # so far may print hang out of the line that was found
SYMBOL, LEAST_SYMBOLS = 0.45, 2  # of its line's height a symbol has at least; so many are print that was not read
Piece = tuple[int, int, int, int]  # pixels (x0, y0, x1, y1)
RED_PEN = 0.2  # density of red ink that is a pen's
BLACK = 0.72  # density to blue light by that to red: of black ink about 1, of blue ink a third


def collected_signature(
    mark_id: str,
    sheet: Sheet,
    index: int,
    cell: Rect,
    printed: Sequence[TextLine],
    mask: Mask,
    dark: Floats,
    engine: Engine,
) -> Mark | None:
    """The signature in the cell below its `printed` lines, None when there is none but a name in type.

    `mask`, `dark`: a pen's ink, and the density of all, without the ruling.
    """
    area = free_area(sheet, cell, printed)
    clear = area[1] + FOOT_MM * sheet.px_per_mm
    core = find_strokes(sheet, mask, (area[0], clear, *area[2:]), (area[0], cell[1], *area[2:]))
    if core is None:
        return _in_red(mark_id, sheet, index, (area[0], clear, *area[2:]))
    strokes = _whole(sheet, mask, cell, printed, core)
    mark = of_strokes(mark_id, sheet, index, cell, printed, mask, strokes)
    if "signature.overlaps_text" in mark.faults:  # the form's own print is in type, too
        return mark
    alike = likeness_to_type(dark, strokes, engine)
    if alike > TYPE:
        return None
    return with_faults(mark, ("signature.unclear",)) if alike > LIKE_TYPE else mark


def _whole(sheet: Sheet, mask: Mask, cell: Rect, printed: Sequence[TextLine], core: Strokes) -> Strokes:
    """The strokes with those of theirs that stand beside a printed line's end, or reach up to it."""
    written = mask & ~_print_in(mask, cell, printed)
    room, inset = UP_TO_MM * sheet.px_per_mm, INSET_MM * sheet.px_per_mm
    x0, y0, x1, y1 = core.rect
    place = (x0, max(cell[1] + inset, y0 - room), x1, y1)
    return find_strokes(sheet, written, place, (cell[0] + inset, place[1], cell[2] - inset, y1)) or core


def of_strokes(
    mark_id: str, sheet: Sheet, index: int, cell: Rect, printed: Sequence[TextLine], mask: Mask, strokes: Strokes
) -> Mark:
    """The signature that `strokes` make, with what spoils it in its cell."""
    image = signature_image(sheet, strokes)
    faults = tuple(_faults(sheet, cell, free_area(sheet, cell, printed), printed, strokes, mask))
    told = signature_fingerprint(sheet, strokes)
    return Mark(mark_id, MarkKind.SIGNATURE, index, sheet.box(strokes.rect), image, faults=faults, fingerprint=told)


def _in_red(mark_id: str, sheet: Sheet, index: int, area: Rect) -> Mark | None:
    """A signature in red ink: one, but not as it is asked for."""
    strokes = find_strokes(sheet, np.asarray(sheet.red > RED_PEN, bool), area)
    if strokes is None or strokes.ink_mm2 < LEAST_INK_MM2:
        return None
    image = cut_out(sheet, sheet.red, strokes.rect)
    return Mark(mark_id, MarkKind.SIGNATURE, index, sheet.box(strokes.rect), image, faults=("signature.not_black",))


def free_area(sheet: Sheet, cell: Rect, printed: Sequence[TextLine]) -> Rect:
    """The cell below its printed lines, clear of the ruling."""
    inset = INSET_MM * sheet.px_per_mm
    top = max([cell[1] + inset, *(line.rect[3] for line in printed)])
    return cell[0] + inset, top, cell[2] - inset, cell[3] - inset


def _faults(
    sheet: Sheet, cell: Rect, area: Rect, printed: Sequence[TextLine], strokes: Strokes, mask: Mask
) -> Iterator[str]:
    touched = _touched(area, strokes.rect)
    if any(_goes_on(mask, cell, side, strokes.rect, sheet.px_per_mm) for side in touched):
        yield "signature.overlaps_line"
    elif touched:
        yield "signature.clipped"
    if _over_text(mask, cell, printed, sheet.px_per_mm) or _touches_print(
        mask, cell, printed, strokes, sheet.px_per_mm
    ):
        yield "signature.overlaps_text"
    if _blueness(sheet, strokes.rect, strokes.drawn) < BLACK * _blackest(sheet, printed, mask):
        yield "signature.not_black"
    if not strokes.sure:
        yield "signature.unclear"


def _touched(area: Rect, rect: Rect) -> tuple[int, ...]:
    """The sides of the area that the ink reaches, as indexes of a rectangle; above it there is print, no ruling."""
    return tuple(side for side, outward in ((0, -1), (2, 1), (3, 1)) if (rect[side] - area[side]) * outward >= -1)


def _goes_on(mask: Mask, cell: Rect, side: int, rect: Rect, px_per_mm: float) -> bool:
    """Whether there is ink across the ruling where the signature meets it."""
    near, far = 0.5 * px_per_mm, BEYOND_MM * px_per_mm
    beyond = {
        0: (cell[0] - far, rect[1], cell[0] - near, rect[3]),
        2: (cell[2] + near, rect[1], cell[2] + far, rect[3]),
        3: (rect[0], cell[3] + near, rect[2], cell[3] + far),
    }
    x0, y0, x1, y1 = (max(0, round(v)) for v in beyond[side])
    return bool(mask[y0:y1, x0:x1].any())


def _over_text(mask: Mask, cell: Rect, printed: Sequence[TextLine], px_per_mm: float) -> bool:
    """Whether one piece of ink reaches both into print and well out of it.

    A stroke that crosses symbols is one piece with them, and with them begins where their line does. Print whose lines
    run together is one piece too, but ends where the last of them does.
    """
    _, pieces = _pieces(mask, cell)
    into, out = INTO_TEXT_MM * px_per_mm, OUT_OF_TEXT_MM * px_per_mm
    rows = _rows(printed, pieces)
    for piece in pieces:
        feet = [row[3] for row in rows if _reaches_into(piece, row, into)]
        if feet and piece[3] > max(feet) + out:
            return True
    return False


def _touches_print(mask: Mask, cell: Rect, printed: Sequence[TextLine], strokes: Strokes, px_per_mm: float) -> bool:
    """Whether a stroke comes up to print: where they touch, the one cannot be cut out without the other."""
    x0, y0, x1, y1 = (int(v) for v in strokes.rect)
    reach = max(1, round(TOUCH_MM * px_per_mm))
    top, left = max(0, y0 - reach), max(0, x0 - reach)
    printed_near = _print_in(mask, cell, printed)[top : y1 + reach, left : x1 + reach].astype(np.uint8)
    near = cv2.dilate(printed_near, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    return bool((near[y0 - top : y1 - top, x0 - left : x1 - left] & strokes.drawn).any())


def _pieces(mask: Mask, cell: Rect) -> tuple[NDArray[np.int32], list[Piece]]:
    """The pieces of ink in a cell: which one each of its pixels belongs to, 1 for the first, and their rectangles."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in cell)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask[y0:y1, x0:x1].astype(np.uint8), connectivity=8)
    return labels, [(x + x0, y + y0, x + w + x0, y + h + y0) for x, y, w, h, _ in stats[1:count].tolist()]


def _rows(printed: Sequence[TextLine], pieces: Sequence[Piece]) -> list[Rect]:
    return [_whole_row(_round(row), pieces) for row in in_rows(printed)]


def _print_in(mask: Mask, cell: Rect, printed: Sequence[TextLine]) -> Mask:
    """The ink in a cell that is print, (H, W): its pieces lie in a printed row, whose symbols stand on one line."""
    labels, pieces = _pieces(mask, cell)
    kept = np.zeros(len(pieces) + 1, bool)
    for row in _rows(printed, pieces):
        height = row[3] - row[1]
        inside = [n for n, p in enumerate(pieces) if _is_within(p, row) and row[1] - 0.15 * height < p[1] < row[3]]
        symbols = [pieces[n] for n in inside if pieces[n][3] - pieces[n][1] > SYMBOL * height]
        feet = [p[3] for p in symbols if p[3] < row[3] + 0.15 * height]
        foot = float(np.median(feet)) if feet else row[3]
        kept[[n + 1 for n in inside if pieces[n][3] <= foot + HANGS * height]] = True
    print_ = np.zeros_like(mask)
    x0, y0, x1, y1 = (max(0, int(v)) for v in cell)
    print_[y0:y1, x0:x1] = kept[labels]
    return print_


def _round(row: Sequence[TextLine]) -> Rect:
    """Lines that stand beside one another as one: under a signature a line falls apart, or is lost from there on."""
    x0, y0, x1, y1 = zip(*(line.rect for line in row), strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _whole_row(row: Rect, pieces: Sequence[Rect]) -> Rect:
    """A row as far as there are symbols in it: pieces of a symbol's height that do not leave it."""
    height = row[3] - row[1]
    low, high = row[1] - 0.15 * height, row[3] + 0.15 * height
    symbols = [
        piece
        for piece in pieces
        if low < piece[1] and piece[3] < high and piece[3] - piece[1] > SYMBOL * height and not _is_within(piece, row)
    ]
    if len(symbols) < LEAST_SYMBOLS:
        return row
    return min(row[0], *(s[0] for s in symbols)), row[1], max(row[2], *(s[2] for s in symbols)), row[3]


def _is_within(piece: Rect, row: Rect) -> bool:
    return row[0] <= piece[0] and piece[2] <= row[2]


def _reaches_into(piece: Rect, line: Rect, into: float) -> bool:
    across = min(piece[2], line[2]) - max(piece[0], line[0])
    return across > 0 and min(piece[3], line[3]) - max(piece[1], line[1]) > into


def _blackest(sheet: Sheet, printed: Sequence[TextLine], mask: Mask) -> float:
    """What black print has of blueness beside the signature: 1, or less where light or a scanner's program tints it."""
    tints = [_blueness(sheet, line.rect, crop_rect(mask, line.rect)) for line in printed]
    return min(1.0, median(tints)) if tints else 1.0


def _blueness(sheet: Sheet, rect: Rect, drawn: Mask) -> float:
    """The density of ink to blue light by that to red light, against the paper round it; 1 where there is none.

    `drawn`: where in the rectangle the ink is.
    """
    pixels, dark = crop_rect(sheet.image, rect), crop_rect(sheet.dark, rect)
    if not drawn.any():
        return 1.0
    strong = drawn & (dark >= np.median(dark[drawn]))
    ink, paper = _light(pixels[strong]), _light(pixels[~drawn])
    return float(np.log(paper[0] / ink[0]) / max(0.05, np.log(paper[2] / ink[2])))


def _light(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The typical light of pixels (BGR), never quite dark."""
    return np.median(pixels, axis=0) + 4.0 if len(pixels) else np.full(3, 255.0)
