"""What the tick boxes of a page have in common: the blank box, as this printer and this camera made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from extractors.boxframes import FAR_INTO_LABEL, FRAMED, INTO_LABEL, Floats, Frame, Option, room_of

FEWEST = 3  # boxes that show what a blank one looks like
ASIDE = 0.05  # of the side: so far the outlines of one page's boxes lie from where others would have them
COMMON = 35  # percentile of density over the boxes: ink that most of them have
LIKE = 0.55  # correlation with the blank box from which on a place is a box, with something in it or not
ALIKE = 0.85  # and from which on it is as blank as the others


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """What the boxes of a page have in common: densities, with `margin` pixels round the outline of that `side`.

    Of the page's ink spread, for outlines are thin, and fall on pixels as they come.
    """

    density: Floats
    side: int
    margin: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a box of a page is, and whether it looks as the blank ones do."""

    frame: Frame
    blank: bool


def spread_ink(dark: Floats, side: float) -> Floats:
    """Each pixel as dark as the darkest near it: thin outlines may lie a little aside, or be a little larger."""
    reach = 2 * max(1, round(ASIDE * side)) + 1
    return np.asarray(cv2.dilate(dark, np.ones((reach, reach), np.uint8)), np.float32)


def blank_box(spread: Floats, frames: Sequence[Frame], side: int) -> Blank | None:
    """The blank box; None when too few boxes were found to tell."""
    margin = max(2, side // 10)
    parts = [_part(spread, frame, side, margin) for frame in frames if abs(frame.side - side) <= 2]
    whole = [part for part in parts if part is not None]
    if len(whole) < FEWEST:
        return None
    return Blank(np.percentile(np.stack(whole), COMMON, axis=0).astype(np.float32), side, margin)


def _part(spread: Floats, frame: Frame, side: int, margin: int) -> Floats | None:
    x, y, size = frame.x - margin, frame.y - margin, side + 2 * margin + 1
    part = spread[max(0, y) : y + size, max(0, x) : x + size]
    return part if part.shape == (size, size) else None


def beside_blank(spread: Floats, option: Option, frame: Frame | None, blank: Blank) -> Seen | None:
    """The place of a label that is likest the blank box; None where none is like it (a √ typed in its place).

    A label may begin a little later than it was read to: a blank box is known wherever it is, and what is merely like
    one is looked for before the label first, whose own strokes make squares too.
    """
    near, far = (_likest(spread, option, blank, into) for into in (INTO_LABEL, FAR_INTO_LABEL))
    if far is not None and far[0] >= ALIKE:
        return Seen(far[1], blank=True)
    if frame is not None and frame.support >= FRAMED and near is not None and near[0] >= LIKE:
        return Seen(frame, blank=False)
    for found in (near, far):
        if found is not None and found[0] >= LIKE and _outlined(spread, found[1], blank) >= FRAMED:
            return Seen(found[1], blank=False)
    return None


def _likest(spread: Floats, option: Option, blank: Blank, into: float) -> tuple[float, Frame] | None:
    """How like the blank box the likest place is (correlation), and the place. None where there is no room for one."""
    x0, y0, x1, y1 = room_of(option, spread, into)
    x0, y0, x1, y1 = max(0, x0 - blank.margin), max(0, y0 - blank.margin), x1 + blank.margin, y1 + blank.margin
    room, size = spread[y0:y1, x0:x1], len(blank.density)
    if min(room.shape) < size:
        return None
    likeness = cv2.matchTemplate(np.ascontiguousarray(room), blank.density, cv2.TM_CCOEFF_NORMED)
    if option.level is not None:
        rows = np.arange(likeness.shape[0]) + y0 + size / 2
        likeness[np.abs(rows - option.level) > 0.15 * blank.side + 1.5] = -1.0
    y, x = np.unravel_index(int(likeness.argmax()), likeness.shape)
    there = Frame(int(x) + x0 + blank.margin, int(y) + y0 + blank.margin, blank.side, 1.0)
    return float(likeness[y, x]), there


def _outlined(spread: Floats, frame: Frame, blank: Blank) -> float:
    """The share of the blank box's ink along the weakest side of a frame."""
    part = _part(spread, frame, blank.side, blank.margin)
    if part is None:
        return 0.0
    ends = blank.margin, blank.margin + blank.side
    within = slice(ends[0], ends[1] + 1)
    sides = [(p[end, within].mean(), p[within, end].mean()) for p in (part, blank.density) for end in ends]
    seen, blanks = np.ravel(sides[:2]), np.ravel(sides[2:])
    return float((seen / np.maximum(blanks, 0.01)).min())


def without_blanks(dark: Floats, seen: Sequence[Seen | None], blank: Blank) -> Floats:
    """Density with the blank box taken out wherever one is."""
    rest, size = dark.copy(), len(blank.density)
    for s in seen:
        if s is not None:
            x, y = max(0, s.frame.x - blank.margin), max(0, s.frame.y - blank.margin)
            part = rest[y : y + size, x : x + size]
            np.subtract(part, blank.density[: part.shape[0], : part.shape[1]], out=part)
    return rest
