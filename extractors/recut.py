"""A mark cut anew from the frame that a person drew round it, and judged by what its pixels show, as all are.

A frame says where a mark is, not how it is: what lies under it, at it or across its edge is told all the same.
"""

from __future__ import annotations

from extractors.collected import of_strokes
from extractors.engine import Engine
from extractors.formmarks import seal_mark, signature_fingerprint, signature_image, with_faults
from extractors.ink import dark_threshold, thin_ink
from extractors.page import Sheet, without_ruling
from extractors.ruling import Rect
from extractors.sealfaults import collection_faults, is_faint
from extractors.seals import find_seals, seal_in
from extractors.signatures import Mask, Strokes, find_strokes
from extractors.table import lines_in
from extractors.textlines import TextLine, share_within
from yinjian.geometry import Box
from yinjian.records import Mark, MarkKind

REACH_MM = 3.0  # so far may strokes leave the frame
LABEL = 8  # symbols: what is printed above an area is longer, what is written there is not


def recut_mark(mark_id: str, sheet: Sheet, index: int, frame: Box, engine: Engine) -> Mark | None:
    """The mark in `frame`, None when there is no ink to be one. `sheet`: the page, its lines read."""
    width, height = sheet.size
    rect = (frame.x0 * width, frame.y0 * height, frame.x1 * width, frame.y1 * height)
    if mark_id.startswith("signature"):
        return _signature(mark_id, sheet, index, rect, _pen(sheet))
    return _seal(mark_id, sheet, index, rect, engine)


def _pen(sheet: Sheet) -> Mask:
    return thin_ink(without_ruling(sheet), sheet.red, dark_threshold(sheet.dark), sheet.px_per_mm)


def _seal(mark_id: str, sheet: Sheet, index: int, frame: Rect, engine: Engine) -> Mark | None:
    seal = seal_in(sheet, frame)
    if seal is None:
        return None
    if mark_id.endswith("_collection"):
        cell = _cell(sheet, seal.rect)
        stamped = sum(share_within(other.rect, cell) > 0.3 for other in find_seals(sheet))
        dark = without_ruling(sheet)
        faults = collection_faults(sheet, seal, dark > dark_threshold(sheet.dark), dark, stamped)
        return seal_mark(mark_id, sheet, index, seal, engine, faults)
    asked = mark_id != "material_seal"  # of a copy's seal only its text is judged
    return seal_mark(mark_id, sheet, index, seal, engine, ("seal.unclear",) if asked and is_faint(sheet, seal) else ())


def _signature(mark_id: str, sheet: Sheet, index: int, frame: Rect, mask: Mask) -> Mark | None:
    room = REACH_MM * sheet.px_per_mm
    width, height = sheet.size
    reach = (
        max(0.0, frame[0] - room),
        max(0.0, frame[1] - room),
        min(float(width), frame[2] + room),
        min(float(height), frame[3] + room),
    )
    strokes = find_strokes(sheet, mask, frame, reach)
    if strokes is None:
        return None
    faults = _cut_off(strokes, reach, mask)
    if mark_id.endswith("_collection"):
        cell = _cell(sheet, frame)
        mark = of_strokes(mark_id, sheet, index, cell, _above(sheet, cell), mask, strokes)
        return with_faults(mark, faults)
    image = signature_image(sheet, strokes)
    told = signature_fingerprint(sheet, strokes)
    mark = Mark(mark_id, MarkKind.SIGNATURE, index, sheet.box(strokes.rect), image, fingerprint=told)
    return with_faults(mark, (*faults, *(() if strokes.sure else ("signature.unclear",))))


def _cut_off(strokes: Strokes, reach: Rect, mask: Mask) -> tuple[str, ...]:
    """A signature that goes on beyond what was cut out is not whole."""
    x0, y0, x1, y1 = (int(v) for v in strokes.rect)
    left, top, right, bottom = (int(v) for v in reach)
    drawn, (height, width) = strokes.drawn, mask.shape
    goes_on = (
        (x0 <= left and left > 0 and bool((drawn[:, 0] & mask[y0:y1, left - 1]).any()))
        or (y0 <= top and top > 0 and bool((drawn[0] & mask[top - 1, x0:x1]).any()))
        or (x1 >= right and right < width and bool((drawn[:, -1] & mask[y0:y1, right]).any()))
        or (y1 >= bottom and bottom < height and bool((drawn[-1] & mask[bottom, x0:x1]).any()))
    )
    return ("signature.clipped",) if goes_on else ()


def _cell(sheet: Sheet, rect: Rect) -> Rect:
    """The smallest cell of the table that holds a rectangle's middle, the whole page without one."""
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    holding = [c for c in sheet.cells if c[0] <= x <= c[2] and c[1] <= y <= c[3]]
    page = (0.0, 0.0, float(sheet.size[0]), float(sheet.size[1]))
    return min(holding, key=lambda c: (c[2] - c[0]) * (c[3] - c[1]), default=page)


def _above(sheet: Sheet, cell: Rect) -> tuple[TextLine, ...]:
    """What is printed in a cell above the area that collects."""
    middle = cell[1] + 0.6 * (cell[3] - cell[1])
    return tuple(line for line in lines_in(sheet, cell) if line.rect[3] < middle and len(line.text) > LABEL)
