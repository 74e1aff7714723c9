"""The ruling of a table: straight dark lines. There are no fixed coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.linepieces import Floats, Image, Rule, contrasted, pieces_of

Rect = tuple[float, float, float, float]

SHORTEST_MM = 7.5  # longer than any stroke of a printed character
LOWEST_ROW_MM = 5.5  # lines of one row's height alone may be this short, where they join the lines above and below
LEAST_BORDERS = 3  # vertical lines of a row: its borders, and what divides it
MEETS_MM = 1.0  # such a line ends this near to those
LONGEST_STROKE_MM = 25.0  # of a hand; a table's level lines are longer, and its plumb ones end at those
GAP_MM = 12.0  # a line may be interrupted this long (worn print, a signature over it)
AGREE_MM = 0.8  # pieces of one line lie this close to it
BARE, BESIDE_MM = 0.3, 0.6  # of a stretch beside a junction, so far from it, is inked: no line begins there
UNBROKEN = 0.9  # of a longer gap must be inked: a signature runs along the line there
ASIDE_MM = (-1.2, -0.6, 0.6, 1.2)  # of a line's straight course, where a page is bent
AS_DARK = 0.6  # of the line's density is ink of it
WAVER_MM = 0.3  # a line leaves its straight course this far
BREAK_MM = 0.5  # without ink a line has ended
FOLLOW = 0.1  # of what a line is off its course at a pixel is believed
OVERHANG_MM = 6.0  # no line of a table goes on so far beyond the last that it crosses
JUNCTION_MM = 2.0  # lines that should meet end at most this far apart
FINEST = 6.0  # px per mm: thin rules are seen, and four times as many pixels show no more of them
WORTHWHILE = 0.85  # of the size: less is not worth drawing anew


@dataclass(frozen=True, slots=True)
class Ruling:
    """The horizontal and vertical lines of a page."""

    horizontal: tuple[Rule, ...]
    vertical: tuple[Rule, ...]


def find_ruling(dark: Floats, px_per_mm: float) -> Ruling:
    """Lines in the dark ink of an upright page; they may lean by a few degrees and be interrupted."""
    scale = FINEST / px_per_mm
    if scale < WORTHWHILE:
        small = np.asarray(cv2.resize(dark, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
        return _enlarged(_find_ruling(small, FINEST), 1.0 / scale)
    return _find_ruling(dark, px_per_mm)


def _enlarged(ruling: Ruling, scale: float) -> Ruling:
    """The ruling of a page `scale` times as large; a pixel's place is its middle."""
    shift = (scale - 1.0) / 2.0

    def larger(rule: Rule) -> Rule:
        a = rule.a * scale + shift * (1.0 - rule.b)
        return Rule(a, rule.b, rule.start * scale, rule.end * scale, rule.thickness * scale)

    return Ruling(tuple(map(larger, ruling.horizontal)), tuple(map(larger, ruling.vertical)))


def _find_ruling(dark: Floats, px_per_mm: float) -> Ruling:
    ink = contrasted(dark, px_per_mm)
    level = [line for line in _lines(ink, dark, px_per_mm) if line.length > LONGEST_STROKE_MM * px_per_mm]
    turned = contrasted(np.ascontiguousarray(dark.T), px_per_mm)
    plumb = [line for line in _lines(turned, dark.T, px_per_mm) if not _is_stroke(line, level, px_per_mm)]
    level, plumb = (
        [line for line in lines if not _is_fold(line, lines, across, size, px_per_mm)]
        for lines, across, size in ((level, plumb, dark.shape[1]), (plumb, level, dark.shape[0]))
    )
    level = [_to_next(line, plumb, px_per_mm) for line in level]
    whole = [part for line in plumb for part in _parted(line, level, dark.T, px_per_mm)]
    whole = [_cut_back(line, whole, level, px_per_mm) for line in whole]
    parted = [part for line in level for part in _parted(line, plumb, dark, px_per_mm)]
    return Ruling(tuple(parted), (*whole, *_of_one_row(turned, level, whole, px_per_mm)))


def _is_stroke(line: Rule, level: Sequence[Rule], px_per_mm: float) -> bool:
    """Whether a vertical line is a pen's: no longer than a stroke, and at neither end near a line of the table."""
    near = JUNCTION_MM * px_per_mm

    def meets(along: float) -> bool:
        across = line.at(along)
        return any(r.start - near < across < r.end + near and abs(r.at(across) - along) < near for r in level)

    return line.length < LONGEST_STROKE_MM * px_per_mm and not meets(line.start) and not meets(line.end)


def _is_fold(line: Rule, beside: Sequence[Rule], across: Sequence[Rule], size: int, px_per_mm: float) -> bool:
    """Whether a line crosses others and goes on beyond them all, to the sheet's edge or as no line `beside` it does.

    A fold does. Where a table lost its border, several lines do; a line that is worn off before it ends between two.
    """
    near, over = JUNCTION_MM * px_per_mm, OVERHANG_MM * px_per_mm
    crossed = _crossings(line, across, near)
    # No table's line lies along the sheet's edge; what a scanner leaves there does.
    met = [place for place in crossed if max(line.start - near, over) < place < min(line.end + near, size - over)]
    if len(met) < LEAST_BORDERS:
        return False
    ends, open_ends = _ends(line, beside), []
    if min(crossed) > line.start - near:
        open_ends.append((line.start, min(met) - line.start))
    if max(crossed) < line.end + near:
        open_ends.append((line.end, line.end - max(met)))
    return any(
        beyond > over and (not near < end < size - near or not any(abs(end - other) < near for other in ends))
        for end, beyond in open_ends
    )


def _to_next(line: Rule, across: Sequence[Rule], px_per_mm: float) -> Rule:
    """A line of the table, worn off where it crosses no other, as far as to the next that it would cross."""
    near, gap = JUNCTION_MM * px_per_mm, GAP_MM * px_per_mm
    crossed = _crossings(line, across, near)
    if sum(line.start - near < place < line.end + near for place in crossed) < LEAST_BORDERS:
        return line

    def ended(end: float, outward: int) -> float:
        beyond = [(place - end) * outward for place in crossed if (place - end) * outward > -near]
        return end + outward * min(beyond) if beyond and near < min(beyond) < gap else end

    return replace(line, start=ended(line.start, -1), end=ended(line.end, 1))


def _crossings(line: Rule, across: Sequence[Rule], near: float) -> list[float]:
    """Where along a line it crosses others, or ends `near` them."""
    return [r.at(line.at(r.a)) for r in across if r.start - near < line.at(r.a) < r.end + near]


def _ends(line: Rule, beside: Sequence[Rule]) -> list[float]:
    """Where other lines of its direction end."""
    return [end for other in beside if other is not line for end in (other.start, other.end)]


def _cut_back(line: Rule, beside: Sequence[Rule], level: Sequence[Rule], px_per_mm: float) -> Rule:
    """A vertical line without what was taken for more of it beyond the last line that it crosses: a stroke of print.

    What goes on in the row beyond ends at no line there, and no line `beside` it ends so.
    """
    near, row = MEETS_MM * px_per_mm, GAP_MM * px_per_mm
    crossed, ends = _crossings(line, level, near), _ends(line, beside)

    def cut(end: float, inward: int) -> float:
        open_ = all(abs(end - other) > JUNCTION_MM * px_per_mm for other in (*crossed, *ends))
        within = [place for place in crossed if 0 < (place - end) * inward < row]
        return min(within, key=lambda place: abs(place - end)) if open_ and within else end

    return replace(line, start=cut(line.start, 1), end=cut(line.end, -1))


def _of_one_row(turned: Image, level: Sequence[Rule], plumb: Sequence[Rule], px_per_mm: float) -> list[Rule]:
    """Vertical lines that divide a single low row: too short for lines, but from one level line to the next."""

    def meets(along: float, across: float) -> bool:
        return any(r.start < across < r.end and abs(r.at(across) - along) < MEETS_MM * px_per_mm for r in level)

    def known(piece: Rule) -> bool:
        middle = (piece.start + piece.end) / 2
        near = (r for r in plumb if r.start < middle < r.end)
        return any(abs(r.at(middle) - piece.at(middle)) < JUNCTION_MM * px_per_mm for r in near)

    pieces = (p for p in pieces_of(turned, LOWEST_ROW_MM, px_per_mm) if p.length < 1.3 * SHORTEST_MM * px_per_mm)
    short = [p for p in pieces if not known(p)]
    between = [p for p in short if meets(p.start, p.at(p.start)) and meets(p.end, p.at(p.end))]
    free = [p for p in short if not meets(p.start, p.at(p.start))]
    return between + [p for line in level for p in _standing_on(line, free, px_per_mm)]


def _standing_on(line: Rule, free: Sequence[Rule], px_per_mm: float) -> list[Rule]:
    """Vertical lines of the row above a level line, where it has none above it: it began on the sheet before.

    They stand on the line's ends and between, and begin level with one another.
    """
    near = MEETS_MM * px_per_mm
    stand = [p for p in free if abs(p.end - line.at(p.at(p.end))) < near]
    top = float(np.median([p.start for p in stand])) if stand else 0.0
    level = sorted((p for p in stand if abs(p.start - top) < near), key=lambda p: p.a)
    outer = len(level) >= LEAST_BORDERS and all(
        abs(p.at(p.end) - end) < JUNCTION_MM * px_per_mm for p, end in ((level[0], line.start), (level[-1], line.end))
    )
    return level if outer else []


def _lines(ink: Image, dark: Floats, px_per_mm: float) -> tuple[Rule, ...]:
    """The lines along the second axis of `ink`, which is where `dark` is darker than what is around it."""
    pieces = pieces_of(ink, SHORTEST_MM, px_per_mm)
    lines = _joined(sorted(pieces, key=lambda p: p.start), dark, px_per_mm)
    return tuple(_followed(line, dark, px_per_mm) for line in lines)


def _joined(pieces: list[Rule], dark: Floats, px_per_mm: float) -> list[Rule]:
    """Pieces of one line joined over its interruptions."""
    lines: list[Rule] = []
    for piece in pieces:
        index = next((i for i, line in enumerate(lines) if _continues(line, piece, dark, px_per_mm)), None)
        if index is None:
            lines.append(piece)
        else:
            lines[index] = _join(lines[index], piece)
    return [line for line in lines if line.length > 1.2 * SHORTEST_MM * px_per_mm]


def _continues(line: Rule, piece: Rule, dark: Floats, px_per_mm: float) -> bool:
    """Whether a piece goes on with a line: in its direction, and near enough, or with ink all the way between."""
    seam = min(line.end, piece.start)
    if abs(line.at(seam) - piece.at(seam)) >= AGREE_MM * px_per_mm:
        return False
    if piece.start <= line.end + GAP_MM * px_per_mm:
        return True
    between = _inked(_join(line, piece), line.end, piece.start, dark, px_per_mm)
    return bool(between.mean() > UNBROKEN)


def _parted(line: Rule, across: Sequence[Rule], dark: Floats, px_per_mm: float) -> Iterator[Rule]:
    """A line without what was joined over a cell that spans its place: bare from one line `across` to the next.

    Worn print and what is written over a line leave some of it at one end of the gap at least.
    """
    near = MEETS_MM * px_per_mm
    crossed = (r.at(line.at(line.start)) for r in across if r.start - near < line.at(r.a) < r.end + near)
    inner = sorted(place for place in crossed if line.start + near < place < line.end - near)
    start = line.start
    for one, other in pairwise(inner):
        if 2 * near < other - one < GAP_MM * px_per_mm + near and _bare(line, one, other, dark, px_per_mm):
            if one - start > near:
                yield replace(line, start=start, end=one)
            start = other
    yield replace(line, start=start)


def _bare(line: Rule, start: float, end: float, dark: Floats, px_per_mm: float) -> bool:
    """Whether a line has no ink of its own behind `start` and before `end`, which lie on lines that it crosses.

    On a bent page it may lie aside of its course, from one of them to the other.
    """
    own = np.r_[_along(line, line.start, start, dark, px_per_mm), _along(line, end, line.end, dark, px_per_mm)]
    least = AS_DARK * np.percentile(own, 25)
    between = _along(line, start, end, dark, px_per_mm) > least
    near, far = (round(v * px_per_mm) for v in (BESIDE_MM, MEETS_MM + BESIDE_MM))
    if any(ink[near:far].mean() >= BARE for ink in (between, between[::-1])):
        return False
    aside = (replace(line, a=line.a + shift * px_per_mm) for shift in ASIDE_MM)
    return all((_along(course, start, end, dark, px_per_mm) > least).mean() < UNBROKEN for course in aside)


def _followed(line: Rule, dark: Floats, px_per_mm: float) -> Rule:
    """A line as far as there is ink on it: beside a signature, or between lines of writing, it hardly stands out."""
    own = _own_density(line, dark, px_per_mm)
    before = _ink_goes_on(line, line.start, -1, dark, own, px_per_mm)
    after = _ink_goes_on(line, line.end, 1, dark, own, px_per_mm)
    return replace(line, start=line.start - before, end=line.end + after)


def _ink_goes_on(line: Rule, end: float, step: int, dark: Floats, own: float, px_per_mm: float) -> int:
    """How many pixels of ink, of its `own` density and more, there are from an end of a line until it breaks off.

    On a bent page the line leaves its course bit by bit: where nothing is written beside it, its middle shows where.
    """
    reach, rest = max(1, round(WAVER_MM * px_per_mm)), max(2, round(BREAK_MM * px_per_mm))
    x, y, gone, bare = int(end), line.at(end), 0, 0
    while bare < rest and 0 <= x < dark.shape[1]:
        top = max(0, round(y) - 2 * reach)
        (inked,) = np.nonzero(dark[top : round(y) + 2 * reach + 1, x] > own)
        near = inked[np.abs(inked + top - y) <= reach + 0.5]
        bare = 0 if len(near) else bare + 1
        if len(near) == len(inked) and 0 < len(near) <= line.thickness + 1:
            y += FOLLOW * (float(near.mean()) + top - y)
        x, y, gone = x + step, y + step * line.b, gone + 1
    return max(0, gone - bare)


def _inked(line: Rule, start: float, end: float, dark: Floats, px_per_mm: float) -> NDArray[np.bool_]:
    """For each pixel along a line from `start` to `end`, whether it is about as dark there as the line is."""
    return np.asarray(_along(line, start, end, dark, px_per_mm) > _own_density(line, dark, px_per_mm), np.bool_)


def _own_density(line: Rule, dark: Floats, px_per_mm: float) -> float:
    """The density that ink of a line has at least."""
    return AS_DARK * float(np.percentile(_along(line, line.start, line.end, dark, px_per_mm), 25))


def _along(line: Rule, start: float, end: float, dark: Floats, px_per_mm: float) -> Floats:
    """Density along a line: the darkest pixel across it, for it may waver."""
    along = np.arange(max(0, int(start)), min(dark.shape[1], int(end)), dtype=np.intp)
    width = max(1, round(WAVER_MM * px_per_mm))
    across = np.rint(line.a + line.b * along).astype(np.intp)[None, :] + np.arange(-width, width + 1)[:, None]
    return np.asarray(dark[across.clip(0, len(dark) - 1), along[None, :]].max(0), np.float32)


def _join(line: Rule, piece: Rule) -> Rule:
    """One straight line through both, each weighted by its length."""
    along = np.array([line.start, line.end, piece.start, piece.end])
    across = np.array([line.at(line.start), line.at(line.end), piece.at(piece.start), piece.at(piece.end)])
    weight = np.sqrt(np.array([line.length, line.length, piece.length, piece.length]))
    b, a = np.polyfit(along, across, 1, w=weight)
    thickness = (line.thickness * line.length + piece.thickness * piece.length) / (line.length + piece.length)
    return Rule(float(a), float(b), min(line.start, piece.start), max(line.end, piece.end), thickness)
