"""A form's sentences must be the CA's own: who signs under 无效 where 有效 is printed has authorized something else.

As with the agreement, the words are known; here they have blanks between them, and what stands in these is judged as a
value. Only words that are surely others are told: a stamp or a signature may hide some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from extractors.agreement import ALTERED, Difference, differences, said
from extractors.align import Alignment
from extractors.textlines import TextLine
from extractors.wording import words
from yinjian.catalogue.layout import Cell, Line, Slot, SlotKind

STATEMENT = 20  # printed symbols of a line: what has fewer is a label
THERE = 0.5  # of a statement's symbols were read: with fewer, it may not be on the paper at all
WITHIN = (SlotKind.FIELD, SlotKind.PLATFORM)  # what a statement has blanks for; others are signed, ticked or stamped

Closer = Callable[[Sequence[TextLine]], Sequence[TextLine]]


def altered_statements(
    cell: Cell, lines: Sequence[TextLine], alignment: Alignment, closer: Closer, *, begun: bool = True
) -> tuple[str, ...]:
    """What a cell's sentences say in place of the form's words, each described.

    `lines`: the cell's, as they were aligned. `closer`: looks at lines once more. `begun`: whether the cell's beginning
    is among them; of its end alone nothing was left out.
    """
    expected, stated, whole = _expected(cell, alignment)
    if not any(stated):
        return ()
    left_out = tuple(f"“{text[:12]}……”未见" for text in _left_out(lines, expected, whole if begun else ()))
    told = _told(lines, expected, stated)
    doubtful = sorted({line for difference in told for line in difference.lines})
    if not doubtful:
        return left_out
    again = dict(zip(doubtful, closer([lines[n] for n in doubtful]), strict=True))
    seen = [again.get(n, line) for n, line in enumerate(lines)]
    return (*left_out, *(difference.described for difference in _told(seen, expected, stated)))


def _left_out(lines: Sequence[TextLine], expected: str, whole: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The statements of which less than half was read: a seal or a signature hides no whole sentence.

    `whole`: where each begins and ends in what is expected.
    """
    read = [False] * len(expected)
    for start, end in said(lines, expected):
        read[start:end] = [True] * (end - start)
    for start, end in whole:
        if sum(read[start:end]) < THERE * (end - start):
            yield expected[start:end]


def _told(lines: Sequence[TextLine], expected: str, stated: Sequence[bool]) -> list[Difference]:
    return [one for one in differences(lines, expected) if one.verdict == ALTERED and _is_stated(one, stated)]


def _is_stated(one: Difference, stated: Sequence[bool]) -> bool:
    """Whether a difference lies within a statement; what is only missing, within one of its lines: ends are cut off."""
    around = stated[max(0, one.start - 1) : one.end + 1]
    inside = one.start > 0 and len(around) == one.end - one.start + 2
    return all(around) and (bool(one.seen) or (inside and len(one.lines) == 1))


def _expected(cell: Cell, alignment: Alignment) -> tuple[str, list[bool], list[tuple[int, int]]]:
    """What the cell says with its blanks filled as they are, which of its symbols are a statement's own words, and
    where each statement begins and ends."""
    text, stated, statements = "", list[bool](), list[tuple[int, int]]()
    filled = iter(alignment.filled)
    for line in cell.lines:
        whole, start = _is_statement(line), len(text)
        for piece in line:
            filled_in = words(next(filled))
            text += filled_in
            own = whole and not (isinstance(piece, Slot) and piece.kind is SlotKind.FIELD)
            stated += [own] * len(filled_in)
        statements += [(start, len(text))] if whole else []
    return text, stated, statements


def _is_statement(line: Line) -> bool:
    slots = [piece for piece in line if isinstance(piece, Slot)]
    printed = sum(len(words(piece)) for piece in line if not isinstance(piece, Slot))
    return printed >= STATEMENT and all(slot.kind in WITHIN for slot in slots)
