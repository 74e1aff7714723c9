"""Field values: from the lines of a cell, or from the blanks of a paragraph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

import cv2
import numpy as np

from extractors.align import Blank, ReadSymbol, rect_of, slice_lattice
from extractors.decode import ALPHABET_OF, CLEAR, Decoded, decode, differences, restrict
from extractors.engine import Engine
from extractors.grammar import GRAMMARS, HELD, is_day, likely_days
from extractors.page import Sheet, line_crop, look, read
from extractors.ruling import Rect
from extractors.signatures import Mask, find_strokes
from extractors.table import lines_in
from extractors.textlines import TextLine, in_a_row, up_to
from yinjian.catalogue.model import FieldKind
from yinjian.geometry import Box
from yinjian.lattice import Lattice
from yinjian.records import FieldReading

NOT_IN_LINE = 0.8  # of its confidence has what was seen by itself alone
INSET_MM = 0.7  # what lies this near to the ruling is ruling
DIGITS_OF_DATE = 2  # one digit alone is no part of a date but a fleck that was read
HALF, LEAST_GAP = 0.45, 0.2  # of a line's height: half of a symbol, and of one that was passed over at least
SEEN = 0.8  # of the least sure symbol of ink that is believed to be text
OVERLAP = 0.25  # of their height: the rectangles of close lines lie over one another
BEYOND_MM = 2.0  # ink this far outside of the lines found was missed by the detector


def read_cell(
    field_id: str, kind: FieldKind, sheet: Sheet, index: int, cell: Rect, mask: Mask, engine: Engine
) -> FieldReading:
    """The value that fills a cell; `""` when there is no ink in it."""
    inset = INSET_MM * sheet.px_per_mm
    inner = (cell[0] + inset, cell[1] + inset, cell[2] - inset, cell[3] - inset)
    lines = [line for line in lines_in(sheet, cell) if line.text]
    strokes = find_strokes(sheet, mask, inner)
    if strokes is not None and _missed(lines, strokes.rect, sheet.px_per_mm):
        lines = list(_second_look(sheet, lines, strokes.rect, engine))
    if lines:
        lines += _wrapped(sheet, mask, lines, inner, engine)
    decoded = _decoded(lines, ALPHABET_OF[kind], sheet, engine)
    if not lines:
        return FieldReading(field_id, "", 1.0 if strokes is None else 0.0, index, sheet.box(cell))
    rects = [line.rect for line in lines]
    rect = (min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects))
    return reading_of(field_id, decoded, index, sheet.box(rect))


def reading_of(field_id: str, decoded: Decoded, index: int, box: Box) -> FieldReading:
    """A field that says what its lines were decoded to."""
    text, confidence, lattices, changes, held = decoded
    return FieldReading(field_id, text, confidence, index, box, lattices, changes, held=held)


def _decoded(lines: Sequence[TextLine], alphabet: str, sheet: Sheet, engine: Engine) -> Decoded:
    """`decode` of lines; a number in doubt is looked at again with each set of weights."""
    seen = [line.read.lattice for line in lines]
    decoded = decode(seen, alphabet)
    if alphabet not in GRAMMARS or not decoded.text or decoded.confidence >= CLEAR:
        return decoded
    return decode(seen, alphabet, _looks(sheet, [line.rect for line in lines], engine))


def _looks(sheet: Sheet, rects: Sequence[Rect], engine: Engine) -> list[list[Lattice]]:
    """What each set of weights sees of lines that follow one another: (weights, lines)."""
    by_line = engine.recognise_apart([line_crop(sheet, rect) for rect in rects])
    return [[read.lattice for read in each] for each in zip(*by_line, strict=True)]


def _missed(lines: Sequence[TextLine], ink: Rect, px_per_mm: float) -> bool:
    """Whether there is ink beside the lines that were found (or none was found)."""
    if not lines:
        return True
    beyond = BEYOND_MM * px_per_mm
    left, right = min(line.rect[0] for line in lines), max(line.rect[2] for line in lines)
    return ink[0] < left - beyond or ink[2] > right + beyond


def _second_look(sheet: Sheet, lines: Sequence[TextLine], ink: Rect, engine: Engine) -> Sequence[TextLine]:
    """The whole ink of a one-line cell read as one line; kept when it says more."""
    if len(lines) > 1 and max(line.rect[1] for line in lines) > min(line.rect[3] for line in lines):
        return lines
    whole = read(sheet, [_with_room(ink)], engine)[0]
    return [whole] if whole.read.sureness > sum(line.read.sureness for line in lines) else lines


def read_beside(
    label: ReadSymbol, lines: Sequence[TextLine], sheet: Sheet, cell: Rect, mask: Mask, engine: Engine
) -> Sequence[TextLine] | None:
    """The cell's lines with what stands behind a label read as one more line, which the detector passed over.

    None when there is no ink. Other lines there are pieces of it, and go.
    """
    x0, y0, y1 = label.symbol.x1, label.symbol.y0, label.symbol.y1
    room = 0.15 * (y1 - y0)
    strip = (x0, y0 - room, cell[2], min(cell[3], y1 + room))
    ink = find_strokes(sheet, mask, strip)
    if ink is None:
        return None
    missed = read(sheet, [(ink.rect[0] - room, strip[1], ink.rect[2] + room, strip[3])], engine)[0]
    behind = [line for line in lines[label.line + 1 :] if line.centre[1] > y1]
    return [*lines[: label.line], up_to(lines[label.line], label.index), missed, *behind]


def read_blank(
    field_id: str,
    kind: FieldKind,
    blank: Blank,
    lines: Sequence[TextLine],
    sheet: Sheet,
    index: int,
    cell: Rect,
    mask: Mask,
    engine: Engine,
) -> FieldReading:
    """The value in a blank of a paragraph, which may run over a line's end.

    One that was not read surely is read by itself too, as large as its ink between its printed neighbours: in the
    paragraph's line its first symbol may have been taken for a part of the print, and small ones may be passed over.
    """
    alphabet, seen, rect = ALPHABET_OF[kind], blank_lattices(blank, lines), blank_rect(blank, cell)

    def decoded(lattices: Sequence[Lattice], rect: Rect, looks: Sequence[Sequence[Lattice]] = ()) -> FieldReading:
        return reading_of(field_id, decode(lattices, alphabet, looks), index, sheet.box(rect))

    read = decoded(seen, rect)
    lacks = bool(read.text) and _passed_over(blank, lines, sheet, mask)
    between = None if read.text and read.confidence >= CLEAR and not lacks else _between(blank, lines)
    strokes = find_strokes(sheet, mask, between) if between is not None else None
    if strokes is None:
        return read if read.text else replace(read, confidence=1.0)
    tight = _with_room(_with_symbols(strokes.rect, blank))
    if read.text and alphabet in GRAMMARS:
        return decoded(seen, rect, _looks(sheet, [tight], engine))
    alone = look(sheet, [tight], engine.recognise_doubtful, 1.0)[0]
    other = decoded([alone.read.lattice], tight)
    along = blank.before.symbol.text if blank.before is not None else ""  # print before the blank that was read with it
    if other.text == read.text and other.confidence > read.confidence:
        return replace(other, box=read.box)
    if lacks and read.text in other.text and other.text != along + read.text:
        return replace(other, changes=(*other.changes, "read by itself"))
    if other.text in (read.text, along + read.text):
        return replace(read, confidence=max(read.confidence, other.confidence))
    if read.text and other.confidence <= read.confidence:
        return replace(read, confidence=_against(read.confidence, other.confidence) * read.confidence)
    believed = _against(other.confidence, read.confidence) if read.text else NOT_IN_LINE
    changes = (*other.changes, "read by itself")
    return replace(other, confidence=believed * other.confidence, changes=changes)


def _wrapped(sheet: Sheet, mask: Mask, lines: Sequence[TextLine], inner: Rect, engine: Engine) -> Sequence[TextLine]:
    """What ran over to a line below the ones found: the detector passes over a symbol that stands alone."""
    last = max(lines, key=lambda line: line.rect[3])
    foot = last.rect[3] - OVERLAP * last.height
    ink = find_strokes(sheet, _below(mask, inner, foot), inner)
    if ink is None or ink.rect[1] + ink.rect[3] < 2 * last.rect[3]:
        return ()
    found = read(sheet, [_with_room(ink.rect)], engine)[0]
    return [found] if found.read.text and found.read.confidence >= SEEN else ()


def _below(mask: Mask, rect: Rect, y: float) -> Mask:
    """The ink in a rectangle that does not hang from what is above `y`."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[y0:y1, x0:x1].astype(np.uint8), connectivity=8)
    below = np.zeros_like(mask)
    below[y0:y1, x0:x1] = ((stats[:, cv2.CC_STAT_TOP] + y0 >= y) & (np.arange(len(stats)) > 0))[labels]
    return below


def _with_room(ink: Rect) -> Rect:
    """What is recognised of ink: a little more than its rectangle."""
    room = 0.15 * (ink[3] - ink[1])
    return ink[0] - room, ink[1] - room, ink[2] + room, ink[3] + room


def _with_symbols(ink: Rect, blank: Blank) -> Rect:
    """The rectangle of a blank's ink with all that was read there: the line below may join a symbol to the print."""
    middles = [(found.symbol.x0 + found.symbol.x1) / 2 for found in blank.symbols]
    if not middles or ink[0] <= middles[0] <= middles[-1] <= ink[2]:
        return ink
    half = (median(right - left for left, right in pairwise(middles)) if len(middles) > 1 else ink[3] - ink[1]) / 2
    return min(ink[0], middles[0] - half), ink[1], max(ink[2], middles[-1] + half), ink[3]


def _against(sure: float, less: float) -> float:
    """How far a look that is `sure` of its text is to be believed beside one that holds another; at most 1.

    Of two looks that err apart, one is right: P(the surer) = s (1 - l) / (s (1 - l) + l (1 - s)).
    """
    right, wrong = sure * (1.0 - less), less * (1.0 - sure)
    return min(1.0, right / (right + wrong) / sure) if right + wrong > 0.0 else 0.5


def _passed_over(blank: Blank, lines: Sequence[TextLine], sheet: Sheet, mask: Mask) -> bool:
    """Whether there is ink of a symbol's height between a blank's printed neighbours and what was read in it."""
    between = _between(blank, lines)
    if between is None or not blank.symbols or blank.before is None or blank.after is None:
        return False
    height = lines[blank.before.line].height
    middles = [
        (s.symbol.x0 + s.symbol.x1) / 2 for s in (blank.before, blank.symbols[0], blank.symbols[-1], blank.after)
    ]
    for left, right in (middles[:2], middles[2:]):
        gap = (left + HALF * height, between[1], right - HALF * height, between[3])
        strokes = find_strokes(sheet, mask, gap) if gap[2] - gap[0] > LEAST_GAP * height else None
        if strokes is not None and strokes.rect[3] - strokes.rect[1] > LEAST_GAP * height:
            return True
    return False


def _between(blank: Blank, lines: Sequence[TextLine], *, whole: bool = False) -> Rect | None:
    """The room between a blank's printed neighbours; None where they do not stand in one row, or close together.

    `whole`: with these, for what is cut is read as anything.
    """
    before, after = blank.before, blank.after
    if before is None or after is None or not in_a_row(lines[before.line], lines[after.line]):
        return None
    line = lines[before.line]
    if after.symbol.x0 - before.symbol.x1 < 0.8 * line.height:
        return None
    x0, x1 = (before.symbol.x0, after.symbol.x1) if whole else (before.symbol.x1, after.symbol.x0)
    room, beside = 0.1 * line.height, 0.12 * line.height if whole else 0.0
    return x0 - beside, line.rect[1] - room, x1 + beside, line.rect[3] + room


def blank_lattices(blank: Blank, lines: Sequence[TextLine]) -> list[Lattice]:
    """For each line that the blank's symbols stand in, the lattice from the first to the last of them."""
    by_line: dict[int, list[int]] = {}
    for symbol in blank.symbols:
        by_line.setdefault(symbol.line, []).append(symbol.index)
    return [slice_lattice(lines[n], min(found), max(found)) for n, found in by_line.items()]


def blank_rect(blank: Blank, cell: Rect) -> Rect:
    """Where a blank's symbols stand, or the room between its printed neighbours, or the cell."""
    if blank.symbols:
        return rect_of(blank.symbols)
    before, after = blank.before, blank.after
    if before is not None and after is not None and before.line == after.line:
        return before.symbol.x1, before.symbol.y0, max(before.symbol.x1 + 1, after.symbol.x0), before.symbol.y1
    if before is not None:
        return before.symbol.x1, before.symbol.y0, max(before.symbol.x1 + 1, cell[2]), before.symbol.y1
    return cell


def read_date(
    field_id: str,
    blanks: Sequence[Blank],
    lines: Sequence[TextLine],
    sheet: Sheet,
    index: int,
    cell: Rect,
    engine: Engine,
) -> FieldReading:
    """A date from the three blanks before 年, 月 and 日, as ISO; as it stands when it is no whole date."""
    read = [decode(blank_lattices(blank, lines), "digits") for blank in blanks]
    texts = [part.text for part in read]
    kept = [part.lattices for part in read]
    rects = [blank_rect(blank, cell) for blank in blanks if blank.symbols] or [blank_rect(blanks[0], cell)]
    rect = (min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects))
    if sum(map(len, texts)) < DIGITS_OF_DATE:
        return FieldReading(field_id, "", 1.0, index, sheet.box(rect))
    looks = [[list(lattices)] for lattices in kept]
    for blank, part, seen in zip(blanks, read, looks, strict=True):
        between = None if part.text and part.confidence >= CLEAR else _between(blank, lines, whole=True)
        if between is not None:
            beside = "".join(found.symbol.text for found in (blank.before, blank.after) if found is not None)
            others = _looks(sheet, [between], engine)
            seen += [[restrict(lattice, "digits", beside=beside) for lattice in other] for other in others]
    days = likely_days(looks)
    meant, confidence = days[0]
    if not is_day("/".join(meant)):
        confidence = min(confidence, *(part.confidence if part.text else 0.0 for part in read))
    believed = 1.0 if all(texts) else NOT_IN_LINE
    confidence *= believed
    changes = differences("/".join(texts), "/".join(meant))
    lattices = tuple(lattice for part in kept for lattice in part)
    doubtful = days if confidence < CLEAR else ()
    held = tuple((_iso(d), p * believed) for d, p in doubtful if p > HELD and is_day("/".join(d)))
    return FieldReading(field_id, _iso(meant), confidence, index, sheet.box(rect), lattices, changes, held=held)


def _iso(parts: Sequence[str]) -> str:
    year, month, day = parts
    if len(year) == 4 and 1 <= len(month) <= 2 and 1 <= len(day) <= 2:
        return f"{year}-{int(month):02d}-{int(day):02d}"
    return f"{year}年{month}月{day}日"
