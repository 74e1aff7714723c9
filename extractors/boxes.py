"""Tick boxes: ticked, clear or unclear, judged against what the blank form has there.

A blank form has a square outline left of its label. The outline is found as a square frame of ink, its size shared by
the boxes of a page (they are one glyph). Most boxes of a page are blank: what they have in common is the blank box as
this printer and this camera made it, and what ink there is beyond that is what somebody put there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ruling import Rect
from yinjian.records import State

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

AS_DARK, PEN = 0.5, 0.3  # of the outline's density, or this density: what was written is not paler than the less
MOST_DRAWN = 4.0  # sides: longer than the strokes of a tick or a cross gone over twice
BLOTTED, BEYOND = 0.62, 0.42  # filled, and ink outside of it, in areas of the box: more than a square filled by hand
CENTRED = 0.3  # what running along the middle of the strokes counts for beside being inked all along
SQUARE, SQUARES = 0.9, (0.7, 1.7)  # of its bounding box, a typed ■ is ink; its sides, in those of the blank box
GRAIN, OVER_GRAIN, FAINTEST = 98, 2.0, 0.06  # percentile of density left in a blank box; ink is so many times denser
PALE = (0.35, 0.55)  # sides that pale ink reaches: from here on a box is not clear, and is ticked
TYPED = (0.3, 0.5)  # sides that a √ typed in place of a box is wide and high, at least
TOUCHING = 0.12  # ink touching a box from outside, in areas of the box
FRAMED = 0.62  # least share of a frame's weakest side that must be ink
WHOLE = 0.95  # and of one that is a box beyond doubt
SIDES = (0.42, 1.2)  # of the label's height: the square of a typeface is from half as high as its ideographs to as high
FEWEST = 3  # boxes that show what a blank one looks like
ASIDE = 0.05  # of the side: so far the outlines of one page's boxes lie from where others would have them
COMMON = 35  # percentile of density over the boxes: ink that most of them have
INTO_LABEL, FAR_INTO_LABEL = 0.2, 0.8  # heights of a label behind its beginning: its box may end there
LIKE = 0.55  # correlation with the blank box from which on a place is a box, with something in it or not
ALIKE = 0.85  # and from which on it is as blank as the others
MOSTLY = 0.3  # of a page's boxes are blank, whatever is ticked


@dataclass(frozen=True, slots=True)
class Option:
    """A printed label with room for its box: the label's rectangle and how far left of it the box may lie (pixels).

    `level`: the height at which the box's middle is expected, when its neighbours tell.
    """

    label: Rect
    left_limit: float
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A square outline (pixels): top left corner, side, and the share of its weakest side that is ink."""

    x: int
    y: int
    side: int
    support: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A box's state with its rectangle (pixels)."""

    state: State
    rect: Rect


def judge_boxes(dark: Floats, options: Sequence[Option]) -> tuple[Judged, ...]:
    """The boxes of a page. `dark`: density of dark ink with the ruling taken out, (H, W)."""
    if not options:
        return ()
    options = _even_labels(options)
    first = max((_find_frames(dark, options, t) for t in _thresholds(dark, options)), key=lambda f: f.worth)
    good = [f for f in first.frames if f is not None and f.support >= FRAMED]
    side = float(np.median([f.side for f in good])) if good else None
    # All boxes of a page are one glyph: where a mark makes a smaller square look likelier, the others know better.
    levelled = _levelled(options, first.frames)
    found = _find_frames(dark, levelled, first.threshold, side)
    good = [f for f in found.frames if f is not None and f.support >= FRAMED]
    # What is written into a box is about as dark as its outline, or as a pen's ink, which black print may far exceed.
    level = float(np.median([_outline_density(dark, f) for f in good])) if good else 0.0
    threshold = min(max(found.threshold, AS_DARK * level), PEN)
    spread = _spread(dark, side) if side else dark
    blank = _blank(spread, good, round(side)) if side else None
    if blank is None:
        ink = dark > threshold
        return tuple(_judge(ink, option, frame, side) for option, frame in zip(options, found.frames, strict=True))
    seen = [_beside_blank(spread, o, f, blank) for o, f in zip(levelled, found.frames, strict=True)]
    return _judge_beside_blank(dark, threshold, levelled, seen, found.frames, blank)


def _judge_beside_blank(
    dark: Floats,
    threshold: float,
    options: Sequence[Option],
    seen: Sequence[Seen | None],
    frames: Sequence[Frame | None],
    blank: Blank,
) -> tuple[Judged, ...]:
    ink, rest = dark > threshold, _without_blanks(dark, seen, blank)
    pale = min(threshold, _palest(rest, seen))
    added = rest > pale
    empty = [s is not None and s.blank and _empty(added, s.frame) for s in seen]

    def judged_one(option: Option, frame: Frame | None, place: Seen | None, *, empty: bool) -> Judged:
        frame = frame if place is None else place.frame
        if frame is None or frame.support < FRAMED:
            return _judge(dark > pale, option, None, blank.side)
        return _judge_empty(ink, option, frame) if empty else _with_pale(_judge(ink, option, frame, blank.side), added)

    judged = [judged_one(o, f, s, empty=e) for o, f, s, e in zip(options, frames, seen, empty, strict=True)]
    hollow = [
        f is not None and f.support >= WHOLE and j.state is State.CLEAR for f, j in zip(frames, judged, strict=True)
    ]
    # Where hardly a box is as blank as the others, or hollow with all of its outline, what was taken for one is none.
    if sum(e or h for e, h in zip(empty, hollow, strict=True)) < MOSTLY * len(options):
        judged = [replace(j, state=State.UNCLEAR) if j.state is State.TICKED else j for j in judged]
    return tuple(judged)


def _palest(rest: Floats, seen: Sequence[Seen | None]) -> float:
    """The density of the palest ink: more than what is left in most of the blank boxes, which is paper and blur."""
    left = [np.percentile(_inside(rest, s.frame), GRAIN) for s in seen if s is not None and s.blank]
    return max(FAINTEST, OVER_GRAIN * float(np.median(left))) if left else 1.0


def _with_pale(judged: Judged, added: Mask) -> Judged:
    """A box with ink in it that is paler than the outlines: a √ typed in a light face, or a pencil's."""
    x0, y0, x1, _ = (int(v) for v in judged.rect)
    reach = _reach(_inside(added, Frame(x0, y0, x1 - x0, 1.0))) / max(1, x1 - x0)
    if judged.state is State.CLEAR and reach >= PALE[0]:
        return replace(judged, state=State.TICKED if reach >= PALE[1] else State.UNCLEAR)
    return judged


def _judge_empty(ink: Mask, option: Option, frame: Frame) -> Judged:
    """Nothing in the box: clear, unless a circle was drawn round it and its label."""
    rect = _rect(frame)
    return Judged(State.TICKED if _circled(ink, rect, option) else State.CLEAR, rect)


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


def _spread(dark: Floats, side: float) -> Floats:
    """Each pixel as dark as the darkest near it: thin outlines may lie a little aside, or be a little larger."""
    reach = 2 * max(1, round(ASIDE * side)) + 1
    return np.asarray(cv2.dilate(dark, np.ones((reach, reach), np.uint8)), np.float32)


def _blank(spread: Floats, frames: Sequence[Frame], side: int) -> Blank | None:
    """The blank box; None when too few boxes were found to tell."""
    margin = max(2, side // 5)
    parts = [_part(spread, frame, side, margin) for frame in frames if abs(frame.side - side) <= 2]
    whole = [part for part in parts if part is not None]
    if len(whole) < FEWEST:
        return None
    return Blank(np.percentile(np.stack(whole), COMMON, axis=0).astype(np.float32), side, margin)


def _part(spread: Floats, frame: Frame, side: int, margin: int) -> Floats | None:
    x, y, size = frame.x - margin, frame.y - margin, side + 2 * margin + 1
    part = spread[max(0, y) : y + size, max(0, x) : x + size]
    return part if part.shape == (size, size) else None


def _beside_blank(spread: Floats, option: Option, frame: Frame | None, blank: Blank) -> Seen | None:
    """The place of a label that is likest the blank box; None where none is like it (a √ typed in its place).

    A label may begin a little later than it was read to: a blank box is known wherever it is, and what is merely like
    one is looked for before the label first, whose own strokes make squares too.
    """
    near, far = (_likest(spread, option, blank, into) for into in (INTO_LABEL, FAR_INTO_LABEL))
    if far is not None and far[0] >= ALIKE:
        return Seen(far[1], blank=True)
    if frame is not None and frame.support >= FRAMED and near is not None and near[0] >= LIKE:
        return Seen(frame, blank=False)
    like = [place for found in (near, far) if found is not None and found[0] >= LIKE for place in found[1:]]
    framed = next((place for place in like if _outlined(spread, place, blank) >= FRAMED), None)
    return None if framed is None else Seen(framed, blank=False)


def _likest(spread: Floats, option: Option, blank: Blank, into: float) -> tuple[float, Frame] | None:
    """How like the blank box the likest place is (correlation), and the place. None where there is no room for one."""
    x0, y0, x1, y1 = _room(option, spread, into)
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


def _without_blanks(dark: Floats, seen: Sequence[Seen | None], blank: Blank) -> Floats:
    """Density with the blank box taken out wherever one is."""
    rest, size = dark.copy(), len(blank.density)
    for s in seen:
        if s is not None:
            x, y = max(0, s.frame.x - blank.margin), max(0, s.frame.y - blank.margin)
            part = rest[y : y + size, x : x + size]
            np.subtract(part, blank.density[: part.shape[0], : part.shape[1]], out=part)
    return rest


def _empty(added: Mask, frame: Frame) -> bool:
    """Whether a box has nothing in it but specks."""
    inside = _inside(added, frame)
    return bool(inside.mean() < 0.04) and _reach(inside) < 0.25 * frame.side


def _inside(page: Any, frame: Frame) -> Any:
    """The part of a page within an outline."""
    return page[frame.y + 1 : frame.y + frame.side, frame.x + 1 : frame.x + frame.side]


def _rect(frame: Frame) -> Rect:
    return float(frame.x), float(frame.y), float(frame.x + frame.side), float(frame.y + frame.side)


def _levelled(options: Sequence[Option], frames: Sequence[Frame | None]) -> tuple[Option, ...]:
    """Options with the height at which the boxes of their line stand, where at least two others agree on it."""
    good = [(f, o) for f, o in zip(frames, options, strict=True) if f is not None and f.support >= FRAMED]

    def levelled(option: Option) -> Option:
        beside = [f.y + f.side / 2 for f, o in good if o is not option and _same_line(o.label, option.label)]
        return replace(option, level=float(np.median(beside))) if len(beside) >= 2 else option

    return tuple(levelled(option) for option in options)


def _same_line(one: Rect, other: Rect) -> bool:
    return min(one[3], other[3]) - max(one[1], other[1]) > 0.6 * min(one[3] - one[1], other[3] - other[1])


def _even_labels(options: Sequence[Option]) -> tuple[Option, ...]:
    """Labels of one height about their middles: a circle drawn round a label is not part of it, its outline is."""
    height = float(np.median([option.label[3] - option.label[1] for option in options]))

    def even(option: Option) -> Option:
        x0, y0, x1, y1 = option.label
        middle = (y0 + y1) / 2
        return replace(option, label=(x0, middle - height / 2, x1, middle + height / 2))

    return tuple(even(o) if not 0.9 < (o.label[3] - o.label[1]) / height < 1.2 else o for o in options)


@dataclass(frozen=True, slots=True)
class Found:
    """The frames seen when ink is what is darker than `threshold`, and how much they look like blank boxes."""

    threshold: float
    frames: tuple[Frame | None, ...]
    worth: float


def _thresholds(dark: Floats, options: Sequence[Option]) -> Floats:
    """Between the paper's grain and the labels' own ink: outlines are thin, how pale depends on printer and camera."""
    labels = np.concatenate([_cut(dark, option.label).ravel() for option in options])
    strong = float(np.percentile(labels, 90)) if labels.size else 0.5
    return np.geomspace(0.05, max(0.06, 0.6 * strong), 7).astype(np.float32)


def _cut(dark: Floats, rect: Rect) -> Floats:
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    return dark[y0:y1, x0:x1]


def _find_frames(dark: Floats, options: Sequence[Option], threshold: float, side: float | None = None) -> Found:
    """Blank boxes are hollow: an outline that is seen only where all is dark is none."""
    ink = dark > threshold
    frames = tuple(_find_frame(ink, option, side) for option in options)
    worth = [0.0 if f is None else f.support - 0.7 * _filled(ink, f) for f in frames]
    return Found(float(threshold), frames, float(np.mean(worth)))


def _filled(ink: Mask, frame: Frame) -> float:
    quarter = frame.side // 4
    inside = ink[frame.y + quarter : frame.y + frame.side - quarter, frame.x + quarter : frame.x + frame.side - quarter]
    return float(inside.mean()) if inside.size else 1.0


def _outline_density(dark: Floats, frame: Frame) -> float:
    """The median over the outline of the darkest pixel across it."""
    x, y, side = frame.x, frame.y, frame.side
    across = cv2.dilate(dark[max(0, y - 1) : y + side + 2, max(0, x - 1) : x + side + 2], np.ones((3, 3), np.uint8))
    edges = [across[1, 1:-1], across[-2, 1:-1], across[1:-1, 1], across[1:-1, -2]]
    return float(np.median(np.concatenate(edges)))


def _room(option: Option, ink: Mask | Floats, into: float) -> tuple[int, int, int, int]:
    """Where the box of a label can be: left of it, about as high as the label, and `into` it (its heights)."""
    x0, y0, _x1, y1 = option.label
    height = y1 - y0
    left = max(option.left_limit, x0 - 2.0 * height)
    top, bottom = max(0, int(y0 - 0.35 * height)), min(ink.shape[0], int(y1 + 0.35 * height))
    return max(0, int(left)), top, int(x0 + into * height), bottom


def _find_frame(ink: Mask, option: Option, known: float | None) -> Frame | None:
    """The square frame with the best-inked weakest side; of the `known` side (pixels) where there is one."""
    x0, y0, x1, y1 = _room(option, ink, INTO_LABEL)
    room = ink[y0:y1, x0:x1].astype(np.float32)
    height = option.label[3] - option.label[1]
    if min(room.shape) < 8:
        return None
    sides = range(max(7, round(SIDES[0] * height)), round(SIDES[1] * height) + 1)
    if known is not None:
        # Strokes of a mark make squares of other sizes as good.
        sides = range(max(7, round(known) - 1), round(known) + 2)
    level = None if option.level is None else option.level - y0
    found = [square for side in sides if (square := _best_square(room, side, level)) is not None]
    if not found:
        return None
    _, best = max(found, key=lambda square: square[0])
    return Frame(best.x + x0, best.y + y0, best.side, best.support)


def _best_square(room: Floats, side: int, middle: float | None) -> tuple[float, Frame] | None:
    """The square of a side (pixels) whose weakest side has most ink, with its worth among other squares.

    A side may waver by a pixel: an inked pixel counts for its neighbours across. Among squares that are equal so far
    the one that runs along the middle of the strokes is the outline.
    """
    if min(room.shape) <= side:
        return None
    wavering = _four_sides(cv2.dilate(room, np.ones((3, 1))), cv2.dilate(room, np.ones((1, 3))), side)
    centred = _four_sides(cv2.blur(room, (1, 3)), cv2.blur(room, (3, 1)), side)
    worth = wavering.min(0) + CENTRED * centred.mean(0)
    if middle is not None:
        # Boxes of one line stand level: a few pixels of skew are allowed.
        off = np.abs(np.arange(len(worth)) + side / 2 - middle)
        worth = worth - (off > 0.1 * side + 1)[:, None]
    y, x = np.unravel_index(int(worth.argmax()), worth.shape)
    return float(worth[y, x]), Frame(int(x), int(y), side, float(wavering.min(0)[y, x]))


def _four_sides(level: Floats, plumb: Floats, side: int) -> Floats:
    """Ink along top, bottom, left and right of the square at each place (4, rows - side, columns - side)."""
    along = cv2.filter2D(
        level, -1, np.ones((1, side), np.float32) / side, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    down = cv2.filter2D(plumb, -1, np.ones((side, 1), np.float32) / side, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    n, m = level.shape[0] - side, level.shape[1] - side
    return np.stack([along[:n, :m], along[side : side + n, :m], down[:n, :m], down[:n, side : side + m]])


def _stroke(room: Floats, x: int, y: int, side: int) -> float:
    """The outline's width: the median run of ink across each side, taken in the middle half of the sides."""
    quarter, reach = side // 4, max(2, side // 5)
    widths = []
    for a, b in ((y, x), (y + side, x)):
        strip = room[max(0, a - reach) : a + reach + 1, b + quarter : b + side - quarter]
        widths.append(float(np.median(strip.sum(0))) if strip.size else 0.0)
    for a, b in ((x, y), (x + side, y)):
        strip = room[b + quarter : b + side - quarter, max(0, a - reach) : a + reach + 1]
        widths.append(float(np.median(strip.sum(1))) if strip.size else 0.0)
    return float(np.clip(np.median(widths), 1.0, side / 4))


def _judge(ink: Mask, option: Option, frame: Frame | None, side: float | None) -> Judged:
    fits = frame is not None and frame.support >= FRAMED and (side is None or abs(frame.side - side) <= 0.3 * side)
    if frame is None or not fits:
        return _judge_without_frame(ink, option, side)
    rect = _rect(frame)
    stroke = _stroke(ink.astype(np.float32), frame.x, frame.y, frame.side)
    return Judged(_state(ink, rect, stroke, option), rect)


def _state(ink: Mask, rect: Rect, stroke: float, option: Option) -> State:
    """What the ink inside the outline, and what leaves it, amounts to.

    A tick or a cross is a stroke or two: at most about three sides long. A filled square fills the inside and does not
    leave it. More ink than a cross that also leaves the box is a scribble: somebody took something back.
    """
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    inset = int(np.ceil(0.7 * stroke)) + 1
    inside = ink[y0 + inset : y1 - inset + 1, x0 + inset : x1 - inset + 1]
    if inside.size == 0:
        return State.UNCLEAR
    filled = float(inside.mean())
    outside = _outside(ink, rect, stroke, option)
    if _circled(ink, rect, option):
        return State.TICKED
    reach = _reach(inside) / max(1, side)
    if filled < 0.08 and reach < 0.3:
        # Ink that hangs on to an empty box from outside may be a tick that the outline was mistaken for.
        empty = (filled < 0.04 or reach < 0.15) and outside < TOUCHING
        return State.CLEAR if empty else State.UNCLEAR
    blotted = filled > BLOTTED and outside > BEYOND and not _solid(ink, rect)
    return State.UNCLEAR if blotted or _drawn(inside) > MOST_DRAWN * side else State.TICKED


def _solid(ink: Mask, rect: Rect) -> bool:
    """Whether the ink in a box is a ■ typed in place of it: a square, often larger than the blank one."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    left, top = max(0, x0 - side), max(0, y0 - side)
    area = np.ascontiguousarray(ink[top : y1 + side, left : x1 + side], np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
    middle = labels[(y0 + y1) // 2 - top, (x0 + x1) // 2 - left]
    _, _, width, height, count = (int(v) for v in stats[middle])
    square = all(SQUARES[0] <= length / max(1, side) <= SQUARES[1] for length in (width, height))
    return bool(middle) and square and count > SQUARE * width * height


def _reach(inside: Mask) -> int:
    """The longer extent in pixels of the largest piece of ink that comes into the middle of the box.

    Ink that keeps to the edges is the outline's own: a thick, doubled or blurred line.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    rows, columns = inside.shape
    middle = labels[rows // 5 : rows - rows // 5, columns // 5 : columns - columns // 5]
    present = [i for i in range(1, count) if (middle == i).any()]
    return max((int(max(stats[i][2], stats[i][3])) for i in present), default=0)


def _drawn(inside: Mask) -> float:
    """The length in pixels of the strokes inside of a box (Zhang and Suen's thinning, 1984)."""
    paper = np.pad(inside.astype(np.uint8) * 255, 2)  # what touches the edge is thinned from there too
    return float((cv2.ximgproc.thinning(paper) > 0).sum())


def _outside(ink: Mask, rect: Rect, stroke: float, option: Option) -> float:
    """Ink in a band round the box that is connected with it, in areas of the box; the label's side is left out."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    band = side
    # An outline is no wider than a fifth of its side; where ink runs into it, its width cannot be measured.
    gap = min(int(np.ceil(stroke)) + 1, max(2, round(0.2 * side)))
    top, left = max(0, y0 - band), max(0, x0 - band)
    right = min(x1 + band, int(option.label[0]) - 1)
    area = ink[top : y1 + band, left : max(right, x1 + gap)].astype(np.uint8)
    count, labels = cv2.connectedComponents(area, connectivity=8)
    inner = labels[y0 - top : y1 - top + 1, x0 - left : x1 - left + 1]
    touching = np.zeros(count, bool)
    touching[np.unique(inner)] = True
    touching[0] = False
    connected = touching[labels]
    connected[max(0, y0 - gap - top) : y1 + gap - top + 1, max(0, x0 - gap - left) : x1 + gap - left + 1] = False
    return float(connected.sum()) / max(1, side * side)


def _circled(ink: Mask, rect: Rect, option: Option) -> bool:
    """Whether one stroke runs round the label: a connected piece of ink wider and higher than the label's print."""
    x0, y0, x1, y1 = option.label
    height, width = y1 - y0, x1 - x0
    left, top = max(0, int(rect[0] - height)), max(0, int(y0 - 0.9 * height))
    area = ink[top : int(y1 + 0.9 * height), left : int(x1 + 1.2 * height)].astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
    for x, y, w, h, _area in stats[1:count]:
        around = x + left < x0 + 0.25 * width and x + w + left > x1 - 0.25 * height
        beyond = y + top < y0 - 0.06 * height and y + h + top > y1 + 0.06 * height
        if around and beyond and w > 0.9 * width and h > 1.0 * height:
            return True
    return False


def _judge_without_frame(ink: Mask, option: Option, side: float | None) -> Judged:
    """No outline: a √ or ■ was typed in place of the box, or ink hides it, or there is nothing at all."""
    x0, y0, _x1, y1 = option.label
    size = side if side is not None else 0.8 * (y1 - y0)
    centre = (y0 + y1) / 2
    left = max(option.left_limit, x0 - 1.6 * size)
    rect = (left, centre - size / 2, max(left + 1.0, x0 - 0.05 * size), centre + size / 2)
    area = ink[max(0, int(rect[1])) : int(rect[3]) + 1, max(0, int(rect[0])) : int(rect[2])]
    if _circled(ink, rect, option):
        return Judged(State.TICKED, rect)
    inked = float(area.sum()) / max(1.0, size * size)
    if inked > 0.1 or (side is not None and _typed(area, side)):
        return Judged(State.TICKED if inked < 0.9 or area.mean() > 0.5 else State.UNCLEAR, rect)
    return Judged(State.UNCLEAR, rect)


def _typed(area: Mask, side: float) -> bool:
    """Whether one piece of ink is as wide and high as a √; typed small and thin, it is little ink."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(area, np.uint8), connectivity=8)
    return any(w >= TYPED[0] * side and h >= TYPED[1] * side for _x, _y, w, h, _count in stats[1:])
