"""Copies of documents: the values of their labels, read whole: what a seal hides, and what goes on below."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from extractors.align import rect_of, slice_lattice
from extractors.decode import CLEAR, decode
from extractors.engine import Engine
from extractors.grammar import likely_meanings
from extractors.ink import RED_PRESENT
from extractors.labels import Chain, Entry, follow
from extractors.page import RED_SHARE, Sheet, look, read
from extractors.textlines import Rect, TextLine, crop_rect
from yinjian.lattice import Lattice
from yinjian.records import FieldReading
from yinjian.textfold import fold

# Distances in heights of the line at hand.
WHOLE_LINE = 20.0  # room for a value of which nothing was found
NEXT_LINE = 1.0  # from the foot of a line to the head of the one that goes on below it
HANGING = 1.5  # how far a line may begin to the right of the line that it continues
LOST = 1.5  # heights before a line's first symbol: there stands more than one that could not be read
_NUMBER_SYMBOLS = frozenset("0123456789XxOoIl|〇○×")
NUMBER = 18  # symbols of an identity number and of a credit code
_TERM = re.compile(r"\d{4}\D\d{2}\D\d{2}\D+(\d{4}\D\d{2}\D\d{2}日?|长期)")  # from a day to another, or for good
LEAST_SURE = 0.6  # of the least sure symbol of a row that was read again
PUNCTUATION = frozenset(":：.．·、，,;；-—_|丨")


def second_look(
    sheet: Sheet, found: Sequence[Entry], room: Mapping[str, float], engine: Engine
) -> tuple[Sheet, tuple[Entry, ...]]:
    """Values that a seal lies over read again as a whole: it hides words from the detector. The sheet gains lines.

    So are those of which nothing was found: a short name that stands alone is passed over now and then.

    `room`: for each key to be looked at, how far its value may go on to the right of what was found, in line heights.
    """
    rows = [(e, _row(e, found, room[e.key], sheet)) for e in found if e.key in room and _may_lack(e)]
    rows = [(e, rect) for e, rect in rows if _stamped(sheet, rect) or not with_lines_below(e, found)]
    again = {line.rect: line for line in read(sheet, [rect for _, rect in rows], engine)} if rows else {}
    better = [(e, again[rect]) for e, rect in rows if _says_more(again[rect], e)]
    start = len(sheet.lines)
    lines = (*sheet.lines, *(line for _, line in better))
    mended = {id(e): Entry(e.key, e.label, follow(start + n, {}, lines)) for n, (e, _) in enumerate(better)}
    return replace(sheet, lines=lines), tuple(mended.get(id(e), e) for e in found)


def with_labels_before(
    sheet: Sheet, found: Sequence[Entry], words: Mapping[str, str], engine: Engine
) -> tuple[Sheet, tuple[Entry, ...]]:
    """With the labels that the detector passed over: spread letters ("名    称") are small, and apart.

    They are looked for before words without one that begin where other labels' values do, in the column of these
    labels; where one is not known, the value above it would go on there. `words`: label as printed -> key. The sheet
    gains lines.
    """
    known = {e.key for e in found}
    places = [(e, place) for e in found if (place := _before(e, found)) is not None]
    seen = look(sheet, [place for _, place in places], engine.recognise, 1.0) if places else ()
    told = [
        (e, line, words[text])
        for (e, _), line in zip(places, seen, strict=True)
        if (text := fold(line.text)) in words and words[text] not in known
    ]
    lines, start = (*sheet.lines, *(line for _, line, _ in told)), len(sheet.lines)
    mended = {id(e): Entry(key, follow(start + n, {}, lines), e.value) for n, (e, _, key) in enumerate(told)}
    return replace(sheet, lines=lines), tuple(mended.get(id(e), e) for e in found)


def _before(entry: Entry, found: Sequence[Entry]) -> Rect | None:
    """Where the label of words without one would stand; None where they begin in no column of values, or others do."""
    x0, y0, _, y1 = entry.rect
    labels = [rect_of(e.label) for e in found if e.label and e.value and abs(rect_of(e.value)[0] - x0) < entry.height]
    if entry.key or not labels:
        return None
    left = max(0.0, min(label[0] for label in labels) - entry.height / 2)
    place = (left, y0, x0 - entry.height, y1)  # a symbol's place is narrower than its print
    level = (e.rect for e in found if e is not entry and min(e.rect[3], y1) - max(e.rect[1], y0) > 0.5 * entry.height)
    free = all(rect[2] <= place[0] or rect[0] >= x0 for rect in level)
    return place if free and place[0] < place[2] - entry.height else None


def _may_lack(entry: Entry) -> bool:
    """Not a number or a term that is whole, behind which a seal's rim would be read; without a label, a part of one."""
    if _TERM.fullmatch(entry.text):
        return False
    number = len(entry.value) >= 8 and entry.text[:8].isascii() and entry.text[:8].isalnum()
    return len(entry.value) != NUMBER if number else bool(entry.key)


def _row(entry: Entry, found: Sequence[Entry], room: float, sheet: Sheet) -> Rect:
    """From the label to where the seal ends, at most `room` behind the value, or to the next words on the right."""
    _, y0, x1, y1 = entry.rect
    height = y1 - y0
    beside = [e.rect[0] for e in found if e.rect[0] > x1 and min(e.rect[3], y1) - max(e.rect[1], y0) > 0.3 * height]
    seal = _seal_end(sheet, (x1, y0, x1 + room * height, y1))
    end = seal + 0.5 * height if entry.value else x1 + WHOLE_LINE * height
    return _head(entry), y0, min([end, float(sheet.size[0]), *beside]), y1


def _seal_end(sheet: Sheet, rect: Rect) -> float:
    """The last column with red ink in a rectangle, in pixels; its left side when there is none."""
    columns = ((crop_rect(sheet.red, rect) > RED_PRESENT).mean(0) > RED_SHARE).nonzero()[0]
    return rect[0] + float(columns[-1]) if len(columns) else rect[0]


def _head(entry: Entry) -> float:
    """Where a value begins, in pixels: between it and the label, or just behind the label where its head was missed."""
    half = 0.5 * entry.height  # a symbol's place is narrower than its print
    begins = entry.value[0].symbol.x0 if entry.value else None
    ends = entry.label[-1].symbol.x1 if entry.label else None
    if ends is None or begins is None:
        return max(0.0, begins - half if begins is not None else (ends or 0.0) + half)
    if len(entry.label) == 1:  # the label's other letter may stand between
        return begins - half
    return ends + half if begins - ends > 4 * half else (ends + begins) / 2


def _stamped(sheet: Sheet, rect: Rect) -> bool:
    return bool((crop_rect(sheet.red, rect) > RED_PRESENT).mean() > RED_SHARE)


def _says_more(line: TextLine, entry: Entry) -> bool:
    """Whether a value read again holds all that was read before and more, none doubtful (what a seal leaves is)."""
    again = iter(line.text)
    held = all(s.symbol.text in again for s in entry.value)
    more = len(line.text) - len(entry.value)
    words = sum(not s.symbol.text.isascii() for s in entry.value) > len(entry.value) / 2
    if words and more == 1 and line.text[-1].isascii():
        return False  # the ring of a seal or an ornament of the frame is read as a digit
    return held and more > 0 and line.read.confidence > LEAST_SURE


def with_lines_below(entry: Entry, others: Sequence[Entry], most: int = 4, cells: Sequence[Rect] = ()) -> Chain:
    """An entry's value with the lines (at most `most`) that go on below it, or the line below a label that is alone.

    In a table no value goes on in another of its `cells`.
    """
    cell = _cell_of(rect_of(entry.value), cells) if entry.value else None
    value = entry.value
    last = rect_of(value or entry.label)
    beside = entry.label and entry.value
    left = rect_of(entry.label)[2] if beside else entry.rect[0] - last[3] + last[1]
    for _ in range(most):
        start = rect_of(value)[0] if value else rect_of(entry.label)[0]
        below = [e for e in others if not e.key and _goes_on(last, left, start, e)]
        going_on = [e for e in below if cell is None or _cell_of(e.rect, cells) == cell]
        going_on = [e for e in going_on if not (beside and _labelled_by_another(e, rect_of(entry.label), others))]
        going_on = [e for e in going_on if not _below_another(e, last, others)]
        if not going_on:
            break
        line = min(going_on, key=lambda e: e.rect[1])
        value, last = (*value, *line.value), line.rect
        if not entry.value:
            break
    return value


def _labelled_by_another(line: Entry, label: Rect, others: Sequence[Entry]) -> bool:
    """Whether words stand before a line, in the column of a label above it: a label that was not known as one."""
    x, height = label[0], label[3] - label[1]
    column = (o.rect for o in others if o is not line and o.rect[2] < line.rect[0] and abs(o.rect[0] - x) < height)
    return any(min(o[3], line.rect[3]) - max(o[1], line.rect[1]) > 0.5 * line.height for o in column)


def _below_another(line: Entry, last: Rect, others: Sequence[Entry]) -> bool:
    """Whether the value of a label that stands lower than `last` is between it and a line: then this goes on there."""
    between = (rect_of(o.value) for o in others if o.key and o.value and o.rect[1] + o.rect[3] > last[1] + last[3])
    middle = (line.rect[1] + line.rect[3]) / 2
    return any(o[1] > (last[1] + last[3]) / 2 and o[3] < middle and _over(o, line.rect) for o in between)


def _over(one: Rect, other: Rect) -> bool:
    return min(one[2], other[2]) > max(one[0], other[0])


def _cell_of(rect: Rect, cells: Sequence[Rect]) -> Rect | None:
    """The smallest cell that the middle of a rectangle lies in."""
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    around = (c for c in cells if c[0] < x < c[2] and c[1] < y < c[3])
    return min(around, key=lambda c: (c[2] - c[0]) * (c[3] - c[1]), default=None)


def _goes_on(last: Rect, left: float, start: float, entry: Entry) -> bool:
    """Whether words stand just below `last`, in a column that begins between `left` and `start`."""
    rect, height = entry.rect, last[3] - last[1]
    low, high = sorted((height, entry.height))
    near = -0.4 * height < rect[1] - last[3] < NEXT_LINE * height and rect[1] + rect[3] > last[1] + last[3] + height
    return near and high < 1.8 * low and left - 0.3 * height < rect[0] < start + HANGING * height


def number_run(value: Chain) -> Chain:
    """The longest run of digits (and what is read for them)."""
    return longest_run(value, _NUMBER_SYMBOLS)


def longest_run(value: Chain, symbols: Container[str]) -> Chain:
    """The longest run of these symbols."""
    best: Chain = ()
    run: Chain = ()
    for symbol in value:
        run = (*run, symbol) if symbol.symbol.text in symbols else ()
        best = max(best, run, key=len)
    return best


def without_punctuation(value: Chain) -> Chain:
    """A value without the colon before it and the specks around it."""
    marks = [i for i, s in enumerate(value) if s.symbol.text not in PUNCTUATION]
    return value[marks[0] : marks[-1] + 1] if marks else ()


def reading(field_id: str, value: Chain, alphabet: str, sheet: Sheet, index: int) -> FieldReading:
    """A value (at least one symbol) as a field."""
    by_line: dict[int, list[int]] = {}
    for symbol in value:
        by_line.setdefault(symbol.line, []).append(symbol.index)
    lattices = [_of_value(sheet.lines[n], min(found), max(found)) for n, found in by_line.items()]
    written, confidence, kept, changes, _ = decode(lattices, alphabet)
    return FieldReading(field_id, written, confidence, index, sheet.box(rect_of(value)), kept, changes)


def _of_value(line: TextLine, first: int, last: int) -> Lattice:
    """The lattice of a line's symbols; what is left of a label far before the first of them is none of it."""
    lattice, begins = slice_lattice(line, first, last), line.read.spans[first][0]
    width = line.rect[2] - line.rect[0]
    if first > 0 or begins * width < LOST * line.height:
        return lattice
    start = round((begins - line.height / width) * len(line.read.lattice.steps))
    return replace(lattice, steps=lattice.steps[start:])


def day_reading(
    field_id: str, value: Chain, sheet: Sheet, index: int, said: str, meaning: Callable[[str], str | None]
) -> FieldReading:
    """A day as a field, as sure as it is which one was meant: whether a dot between is seen does not matter.

    `said`: the day that the value says (ISO, or 长期); `meaning`: the one that a text says, None for what is no day.
    """
    read = reading(field_id, value, "date", sheet, index)
    held = tuple(likely_meanings(read.lattices, meaning))
    text, confidence = held[0] if held else (said, read.confidence)  # 永久 is in words that no date is written in
    return replace(read, text=text, confidence=confidence, held=held if confidence < CLEAR else ())
