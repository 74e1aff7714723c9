"""Lines of running text that the detector passes over: on bent pages, and where lines stand close and lean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.ink import FAINT, HALF, dark_threshold
from extractors.page import Sheet
from extractors.ruling import Rect
from extractors.textlines import crop_rect, quad_rects, share_within

LONG = 15.0  # line heights: a line of running text
INKED, LEAST_LINE_MM, ROOM_MM = 0.02, 1.2, 2.0  # of the width, ink of a line; its height; round it
LEFT_OUT, PRINTED = 1.5, 0.15  # line heights that are no gap between words; of the width, ink where there are words
SAME_ROW, MOST_ROWS = 0.4, 3  # of a line's height, the middles of lines in one row; rows that text leaves blank
STRETCH, OVERLAP = 0.3, 0.06  # of the width: of a bent line so much is straight, and stretches have so much in common
MOSTLY = 0.5  # of a line that lies in another's rectangle, the detector found it before


def is_long(rect: Rect) -> bool:
    return rect[2] - rect[0] > LONG * (rect[3] - rect[1])


def with_passed_over(sheet: Sheet, rects: list[Rect], engine: Engine) -> list[Rect]:
    """With the lines that the detector passed over: on a bent page, hardly half of a long line's box is text.

    Where there is ink and no line, it is shown a part of the width at a time, in which lines are straight.
    """
    for line in _passed_over(sheet, rects, engine):
        if _is_apart(line, rects):
            rects = [*(known for known in rects if share_within(known, line) <= MOSTLY), line]
    return rects


def with_left_out(sheet: Sheet, rects: Sequence[Rect]) -> list[Rect]:
    """With the parts of lines, and the short lines, that the detector left out of running text."""
    if not any(map(is_long, rects)):
        return list(rects)
    threshold = _of_strokes(sheet)
    whole = [*rects, *_left_out(sheet, rects, threshold)]
    return [*whole, *(line for line in _rows_left_out(sheet, whole, threshold) if _is_apart(line, whole))]


def _is_apart(line: Rect, rects: Sequence[Rect]) -> bool:
    return all(share_within(line, known) <= MOSTLY for known in rects)


def _passed_over(sheet: Sheet, rects: Sequence[Rect], engine: Engine) -> Iterator[Rect]:
    """The lines that are found where there is ink beside `rects`."""
    px = sheet.px_per_mm
    ink = _outside(sheet, rects, dark_threshold(sheet.dark))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (ink.mean(1) > INKED).astype(np.int8), [0]])))
    room, width = round(ROOM_MM * px), sheet.size[0]
    starts = range(0, width - round(OVERLAP * width), round((STRETCH - OVERLAP) * width))
    for top, bottom in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if bottom - top < LEAST_LINE_MM * px:
            continue
        above, below = max(0, top - room), bottom + room
        found: list[Rect] = []
        for left in starts:
            part = np.ascontiguousarray(sheet.image[above:below, left : left + round(STRETCH * width)])
            seen = quad_rects(engine.detect(part))
            found += [(x0 + left, y0 + above, x1 + left, y1 + above) for x0, y0, x1, y1 in seen]
        yield from (line for line in _joined(found) if line[1] < bottom and line[3] > top)


def _margins(rects: Sequence[Rect]) -> tuple[float, float]:
    long = [rect for rect in rects if is_long(rect)]
    return min(rect[0] for rect in long), max(rect[2] for rect in long)


def _outside(sheet: Sheet, rects: Sequence[Rect], threshold: float) -> NDArray[np.uint8]:
    """Where there is ink that lies in none of the lines."""
    ink = (sheet.dark > threshold).astype(np.uint8)
    for x0, y0, x1, y1 in rects:
        ink[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1] = 0
    return ink


def _left_out(sheet: Sheet, rects: Sequence[Rect], threshold: float) -> Iterator[Rect]:
    """Parts of lines that the detector left out: ink beside a line, level with it, and within the text's margins.

    Where lines stand close and lean, it finds a part of one now and then, and takes the rest for its neighbours'.
    """
    left, right = _margins(rects)
    for rect in rects:
        row = sorted(other for other in rects if other is rect or _level(other, rect))
        ends = [left, *(end for x0, _, x1, _ in row for end in (x0, x1)), right]
        if row[0] is not rect:  # each row once
            continue
        for start, end in zip(ends[::2], ends[1::2], strict=True):
            part = start, rect[1], end, rect[3]
            if end - start > LEFT_OUT * (rect[3] - rect[1]) and _inked(sheet, part, threshold):
                yield part


def _rows_left_out(sheet: Sheet, rects: Sequence[Rect], threshold: float) -> Iterator[Rect]:
    """Lines between two that lie more than a row apart: a paragraph's last words are short, and may be left out."""
    apart = SAME_ROW * median(y1 - y0 for _, y0, _, y1 in rects)
    centres = sorted(map(_centre, rects))
    rows = [centres[0], *(lower for upper, lower in pairwise(centres) if lower - upper > apart)]
    pitch = median([lower - upper for upper, lower in pairwise(rows)] or [apart])
    left, right = _margins(rects)
    ink = _outside(sheet, rects, threshold)
    for upper, lower in pairwise(rows):
        missing = round((lower - upper) / pitch) - 1
        for gap in range(missing if missing < MOST_ROWS else 0):
            centre = upper + (gap + 1) * (lower - upper) / (missing + 1)
            row, core = (crop_rect(ink, (left, centre - pitch / n, right, centre + pitch / n)) for n in (2, 4))
            (inked,) = np.nonzero(core.any(0))
            # Feet of the line above are less high.
            if len(inked) > pitch / 2 and row.any(1).sum() > LEAST_LINE_MM * sheet.px_per_mm:
                room = pitch / 3
                yield left + inked[0] - room, centre - 2 * room, left + inked[-1] + room, centre + 2 * room


def _of_strokes(sheet: Sheet) -> float:
    """The density above which there is ink, thin strokes too, which heavier print beside them would hide."""
    threshold = dark_threshold(sheet.dark)
    return min(threshold, max(FAINT, HALF * threshold))


def _centre(rect: Rect) -> float:
    return (rect[1] + rect[3]) / 2


def _inked(sheet: Sheet, rect: Rect, threshold: float) -> bool:
    """Whether there is ink along the middle of a rectangle."""
    band = (rect[3] - rect[1]) / 4
    ink = crop_rect(sheet.dark, (rect[0], rect[1] + band, rect[2], rect[3] - band)) > threshold
    return bool(ink.any(0).mean() > PRINTED)


def _joined(pieces: Iterable[Rect]) -> list[Rect]:
    """Pieces of lines that lie over one another as whole lines."""
    lines: list[Rect] = []
    for piece in sorted(pieces):
        beside = next((line for line in lines if piece[0] < line[2] and _level(piece, line)), None)
        if beside is not None:
            lines.remove(beside)
            x0, y0, x1, y1 = zip(piece, beside, strict=True)
            piece = min(x0), min(y0), max(x1), max(y1)
        lines.append(piece)
    return lines


def _level(one: Rect, other: Rect) -> bool:
    return min(one[3], other[3]) - max(one[1], other[1]) > 0.5 * min(one[3] - one[1], other[3] - other[1])
