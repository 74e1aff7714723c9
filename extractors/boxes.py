"""Tick boxes: ticked, clear or unclear, judged against what the blank form has there.

A blank form has a square outline left of its label. The outline is found as a square frame of ink, its size shared by
the boxes of a page (they are one glyph). Most boxes of a page are blank: what they have in common is the blank box as
this printer and this camera made it, and what ink there is beyond that is what somebody put there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from extractors.blankbox import Blank, Seen, beside_blank, blank_box, spread_ink, without_blanks
from extractors.boxframes import (
    FRAMED,
    Floats,
    Frame,
    Mask,
    Option,
    even_labels,
    filled,
    find_frames,
    levelled,
    outline_density,
    thresholds,
)
from extractors.boxink import coming_in, drawn_length, extent, stroke_width, touching
from extractors.boxstate import MOST_STROKES, WHOLE, Judged, is_scribbled, judge, judge_empty, of_another_face, rect_of
from yinjian.records import State

AS_DARK, PEN = 0.5, 0.3  # of the outline's density, or this density: what was written is not paler than the less
GRAIN, OVER_GRAIN, FAINTEST = 98, 2.0, 0.06  # percentile of density left in a blank box; ink is so many times denser
PALE = (0.35, 0.55)  # sides that pale ink reaches: from here on a box is not clear, and is ticked
EDGE = 0.1  # of the side: so near to its outline, ink in a blank box is the outline's
STROKES = (0.12, 0.25)  # sides of strokes clear of the outline: from here on a box is not clear, and is ticked
FAR, PASSING = 4.0, 0.15  # sides round a box, and share of the strokes there that lies in it: less passes through it
HOLLOW = 0.2  # of the middle of a blank box, at most, is ink
MOSTLY = 0.3  # of a page's boxes are blank, whatever is ticked


def judge_boxes(dark: Floats, options: Sequence[Option]) -> tuple[Judged, ...]:
    """The boxes of a page. `dark`: density of dark ink with the ruling taken out, (H, W)."""
    if not options:
        return ()
    options = even_labels(options)
    first = max((find_frames(dark, options, t) for t in thresholds(dark, options)), key=lambda f: f.worth)
    good = [f for f in first.frames if f is not None and f.support >= FRAMED]
    # All boxes of a page are one glyph: where a mark makes a smaller square look likelier, the blank ones know better.
    seen_ink = dark > first.threshold
    blank_ones = [f for f in good if filled(seen_ink, f) < HOLLOW]
    side = float(np.median([f.side for f in blank_ones or good])) if good else None
    options = levelled(options, first.frames)
    found = find_frames(dark, options, first.threshold, side)
    good = [f for f in found.frames if f is not None and f.support >= FRAMED]
    # What is written into a box is about as dark as its outline, or as a pen's ink, which black print may far exceed.
    level = float(np.median([outline_density(dark, f) for f in good])) if good else 0.0
    threshold = min(max(found.threshold, AS_DARK * level), PEN)
    spread = spread_ink(dark, side) if side else dark
    blank = blank_box(spread, good, round(side)) if side else None
    if blank is None:
        ink, pale = dark > threshold, dark > min(threshold, found.threshold)
        return tuple(
            judge(ink if frame is not None and frame.support >= FRAMED else pale, option, frame, side)
            for option, frame in zip(options, found.frames, strict=True)
        )
    seen = [beside_blank(spread, o, f, blank) for o, f in zip(options, found.frames, strict=True)]
    return _judge_beside_blank(dark, threshold, options, seen, found.frames, blank)


def _judge_beside_blank(
    dark: Floats,
    threshold: float,
    options: Sequence[Option],
    seen: Sequence[Seen | None],
    frames: Sequence[Frame | None],
    blank: Blank,
) -> tuple[Judged, ...]:
    ink, rest = dark > threshold, without_blanks(dark, seen, blank)
    pale = min(threshold, _palest(rest, seen))
    outline = float(np.median([stroke_width(ink, s.frame) for s in seen if s is not None] or [1.0]))
    added, written = rest > pale, rest > threshold
    drawn = [0.0 if s is None else _strokes(written, s.frame) for s in seen]
    empty = [
        s is not None and s.blank and _empty(added, s.frame) and length < STROKES[0]
        for s, length in zip(seen, drawn, strict=True)
    ]

    def judged_one(option: Option, frame: Frame | None, place: Seen | None, length: float, *, empty: bool) -> Judged:
        frame = frame if place is None else place.frame
        if frame is None or frame.support < FRAMED:
            return judge(dark > pale, option, None, blank.side)
        if empty:
            return judge_empty(ink, option, frame, outline)
        judged = _with_pale(judge(ink, option, frame, blank.side, outline), frame, added)
        judged = _with_strokes(judged, length, written, frame)
        return replace(judged, state=State.UNCLEAR) if is_scribbled(written, frame, option, judged) else judged

    places = zip(options, frames, seen, drawn, empty, strict=True)
    judged = [judged_one(o, f, s, length, empty=e) for o, f, s, length, e in places]
    hollow = [
        f is not None and f.support >= WHOLE and j.state is State.CLEAR for f, j in zip(frames, judged, strict=True)
    ]
    judged = [
        j if j.state is State.CLEAR else replace(j, state=of_another_face(ink, o, blank.side) or j.state)
        for j, o in zip(judged, options, strict=True)
    ]
    # Where hardly a box is as blank as the others, or hollow with all of its outline, what was taken for one is none.
    if sum(e or h for e, h in zip(empty, hollow, strict=True)) < MOSTLY * len(options):
        judged = [replace(j, state=State.UNCLEAR) if j.state is State.TICKED else j for j in judged]
    return tuple(judged)


def _palest(rest: Floats, seen: Sequence[Seen | None]) -> float:
    """The density of the palest ink: more than what is left in most of the blank boxes, which is paper and blur."""
    left = [np.percentile(_inside(rest, s.frame), GRAIN) for s in seen if s is not None and s.blank]
    return max(FAINTEST, OVER_GRAIN * float(np.median(left))) if left else 1.0


def _with_pale(judged: Judged, frame: Frame, added: Mask) -> Judged:
    """A box with ink in it that is paler than the outlines: a √ typed in a light face, or a pencil's."""
    reach = extent(_inside(added, frame)) / frame.side if judged.state is State.CLEAR else 0.0
    if reach < PALE[0]:
        return judged
    return replace(judged, state=State.TICKED if reach >= PALE[1] else State.UNCLEAR)


def _with_strokes(judged: Judged, length: float, written: Mask, frame: Frame) -> Judged:
    """A box with strokes of that length (sides) in it, though none of them comes into its middle."""
    if judged.state is State.TICKED or length < STROKES[0]:
        return judged
    ticked = length >= STROKES[1] and _own_share(written, frame) > PASSING
    return replace(judged, state=State.TICKED if ticked else State.UNCLEAR)


def _own_share(written: Mask, frame: Frame) -> float:
    """How much of the strokes that come into a box lies in it: a circle round the option above may pass through it."""
    room = round(FAR * frame.side)
    mark, top, left = coming_in(written, rect_of(frame), room, frame.x + frame.side + room)
    inside = mark[frame.y - top : frame.y - top + frame.side + 1, frame.x - left : frame.x - left + frame.side + 1]
    return float(inside.sum() / max(1, int(mark.sum())))


def _strokes(written: Mask, frame: Frame) -> float:
    """The length, in sides, of the strokes in a box that are clear of its outline; 0 where it is filled.

    `written`: the page's ink without the blank boxes.
    """
    inset = max(2, round(EDGE * frame.side))
    start, end = inset, frame.side - inset + 1
    inside = written[frame.y + start : frame.y + end, frame.x + start : frame.x + end]
    deeper = slice(1, -1)  # than a pixel: outlines waver, and fall on pixels as they come
    inside = touching(inside, deeper, deeper)
    return drawn_length(inside) / frame.side if inside.size and inside.mean() < MOST_STROKES else 0.0


def _empty(added: Mask, frame: Frame) -> bool:
    """Whether a box has nothing in it but specks."""
    inside = _inside(added, frame)
    return bool(inside.mean() < 0.04) and extent(inside) < 0.25 * frame.side


def _inside(page: Any, frame: Frame) -> Any:
    """The part of a page within an outline."""
    return page[frame.y + 1 : frame.y + frame.side, frame.x + 1 : frame.x + frame.side]
