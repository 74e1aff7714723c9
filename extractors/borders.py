"""The outer lines of a table that left no ink: a hairline that the printer dropped, or a border beyond its margin.

Lines that end level with one another and are tied together by a line that crosses between them are a table's: where
they end it has its border, seen or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from extractors.linepieces import Rule
from extractors.ruling import JUNCTION_MM, Ruling

SHORT = 1.5  # junctions: so far a line may end before the one that it meets


def with_borders(ruling: Ruling, px_per_mm: float) -> Ruling:
    """The ruling with the borders that are missing between ends of its lines."""
    near = JUNCTION_MM * px_per_mm
    plumb = (*ruling.vertical, *_missing(ruling.horizontal, ruling.vertical, near))
    return replace(ruling, vertical=plumb, horizontal=(*ruling.horizontal, *_missing(plumb, ruling.horizontal, near)))


def _missing(lines: Sequence[Rule], across: Sequence[Rule], near: float) -> Iterator[Rule]:
    """Lines beside those `across`, each from an end of one of the `lines` to the same end of the next."""
    for last in (False, True):
        for level in _level([(line.end if last else line.start, line) for line in lines], near):
            for (one_end, one), (next_end, following) in pairwise(level):
                border = _between(one, one_end, following, next_end)
                tied = any(_ties(rule, one, following, near) for rule in across)
                if border.length > 2 * near and tied and not any(_is(rule, border, near) for rule in across):
                    yield border


def _level(ends: Sequence[tuple[float, Rule]], near: float) -> Iterator[list[tuple[float, Rule]]]:
    """Ends that lie level with one another, each group from line to line."""
    ordered = sorted(ends, key=lambda pair: pair[0])
    breaks = [n for n, (one, other) in enumerate(pairwise(ordered), 1) if other[0] - one[0] > near]
    for start, end in pairwise((0, *breaks, len(ordered))):
        yield sorted(ordered[start:end], key=lambda pair: pair[1].at(pair[0]))


def _between(one: Rule, one_end: float, other: Rule, other_end: float) -> Rule:
    """The line from an end to an end, which runs across both lines."""
    start, end = one.at(one_end), other.at(other_end)
    b = (other_end - one_end) / max(1.0, end - start)
    return Rule(one_end - b * start, b, start, end, min(one.thickness, other.thickness))


def _ties(rule: Rule, one: Rule, other: Rule, near: float) -> bool:
    """Whether a line runs from the one line to the other."""
    middle = rule.at((rule.start + rule.end) / 2)
    within = all(line.start - near < middle < line.end + near for line in (one, other))
    return within and rule.start < one.at(middle) + near and rule.end > other.at(middle) - near


def _is(rule: Rule, border: Rule, near: float) -> bool:
    """Whether a line that was seen is that border from end to end."""
    middle = float(np.clip((rule.start + rule.end) / 2, border.start, border.end))
    reaches = rule.start < border.start + SHORT * near and rule.end > border.end - SHORT * near
    return reaches and abs(rule.at(middle) - border.at(middle)) < 2 * near
