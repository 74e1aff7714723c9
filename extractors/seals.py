"""Seals: where red ink makes a stamp, its shape, place, size and turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.linepieces import long_runs
from extractors.outline import BINS, circles_of, directions, outline_of
from extractors.page import Sheet
from extractors.ruling import Rect

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RED_INK = 0.07  # density: fainter red is paper and light
LEAST_RED = (RED_INK, 2.5 * RED_INK)  # a stamp may be pale, or lie on a golden frame that is red in part
SMALLEST_MM, LARGEST_MM = 9.0, 70.0
JOINS_MM = (3.5, 1.5)  # strokes of one seal lie this close together; what is printed beside it may, too
BEYOND = 1.2  # of a stamp's size: ink that hangs together with it and reaches further may be another's
BETTER = 0.1  # more of its border shows in this than in what it was joined with
CLOSED = 0.55  # least share of the border that must show
GAP_INK = 0.6  # of the border's ink: as much right behind it is a disc, not a border
MOSTLY = 0.8  # of a stamp's width and height in a person's frame: it is the one that is meant
NARROWEST = 0.15  # of its length is a stamp's width: less is a stroke of a red pen


@dataclass(frozen=True, slots=True)
class Seal:
    """A stamp on a page. `rect` in pixels, `centre` and `radii` (half axes) in pixels, `tilt` of the axes in degrees.

    `shape`: "round", "oval" or "square". `closed`: the share of directions in which its border has ink.
    """

    rect: Rect
    shape: str
    centre: tuple[float, float]
    radii: tuple[float, float]
    tilt: float
    closed: float
    gap_degrees: float


def find_seals(sheet: Sheet) -> tuple[Seal, ...]:
    """All stamps of a page, top to bottom."""
    scale = min(1.0, 5.0 / sheet.px_per_mm)
    red = cv2.resize(sheet.red, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    px_per_mm = sheet.px_per_mm * scale
    grains = [_unframed(_grain(red, least), px_per_mm) for least in LEAST_RED]
    seals = [s for g in grains for join in JOINS_MM for s in _joined_seals(g, join * px_per_mm, px_per_mm, scale)]
    return tuple(sorted(_outermost_seals(seals), key=lambda s: s.centre[1]))


def _grain(red: Floats, least: float) -> Image:
    """Where red ink is denser than `least`, without specks."""
    return np.asarray(cv2.morphologyEx((red > least).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)))


def _unframed(grain: Image, px_per_mm: float) -> Image:
    """Red ink without straight lines longer than any stamp: documents have red frames, and stamps touch them."""
    for ink in (grain, grain.T):
        for line, x, y in long_runs(np.ascontiguousarray(ink), round(LARGEST_MM * px_per_mm)):
            ink[y : y + line.shape[0], x : x + line.shape[1]][line] = 0
    return grain


def seal_in(sheet: Sheet, frame: Rect) -> Seal | None:
    """The stamp that the red ink in `frame` (pixels) makes, however much of its border is missing; None without one."""
    found = [seal for seal in find_seals(sheet) if _lies_in(seal, frame)]
    if found:
        return max(found, key=lambda seal: max(seal.radii))
    scale = min(1.0, 5.0 / sheet.px_per_mm)
    x0, y0, x1, y1 = (max(0, round(v)) for v in frame)
    red = cv2.resize(sheet.red[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return _seal(_grain(np.asarray(red), RED_INK) > 0, round(x0 * scale), round(y0 * scale), scale)


def _lies_in(seal: Seal, frame: Rect) -> bool:
    """Whether most of a stamp's width and height lies in a frame."""
    inside = (min(seal.rect[i + 2], frame[i + 2]) - max(seal.rect[i], frame[i]) for i in (0, 1))
    return all(part > MOSTLY * (seal.rect[i + 2] - seal.rect[i]) for i, part in enumerate(inside))


def _joined_seals(grain: Image, join: float, px_per_mm: float, scale: float) -> Iterator[Seal]:
    """What ink makes whose strokes lie at most `join` pixels apart."""
    reach = int(join) | 1
    joined = cv2.morphologyEx(grain, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    for i in range(1, count):
        x, y, w, h, _area = (int(v) for v in stats[i])
        if not SMALLEST_MM * px_per_mm < max(w, h) < 2 * LARGEST_MM * px_per_mm or min(w, h) < 0.3 * max(w, h):
            continue
        whole = labels[y : y + h, x : x + w] == i
        part = whole & (grain[y : y + h, x : x + w] > 0)
        seal = _seal(part, x, y, scale) if max(w, h) < LARGEST_MM * px_per_mm else None
        if seal is not None:
            yield seal
        if seal is None or seal.closed < CLOSED or max(w, h) > BEYOND * 2 * max(seal.radii) * scale:
            yield from _overlapping(whole, part, x, y, px_per_mm, scale)


def _overlapping(
    whole: NDArray[np.bool_], part: NDArray[np.bool_], x: int, y: int, px_per_mm: float, scale: float
) -> Iterator[Seal]:
    """Round stamps that lie over one another: the circles of their common edge, each with the ink inside of it."""
    edges, _ = cv2.findContours(whole.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    edge = np.asarray(max(edges, key=len)[:, 0], np.float32)
    rows, columns = np.indices(part.shape)
    circles = list(circles_of(edge, SMALLEST_MM / 2 * px_per_mm, LARGEST_MM / 2 * px_per_mm))
    for circle in circles if len(circles) > 1 else ():
        (cx, cy), radius = circle.centre, circle.radii[0]
        seal = _seal(part & (np.hypot(columns - cx, rows - cy) <= 1.02 * radius), x, y, scale)
        if seal is not None:
            yield seal


def _outermost_seals(seals: Sequence[Seal]) -> list[Seal]:
    """Without what lies inside another seal (its star), and without what has no border of its own."""
    alone = [seal for seal in seals if not any(_better(seal, other) for other in seals)]
    kept: list[Seal] = []
    for seal in sorted(alone, key=lambda s: -max(s.radii)):
        inside = any(_within(seal, k) for k in kept)
        if not inside and seal.closed >= CLOSED:
            kept.append(seal)
    return kept


def _within(seal: Seal, other: Seal) -> bool:
    return bool(np.hypot(*np.subtract(seal.centre, other.centre)) < max(other.radii))


def _better(seal: Seal, other: Seal) -> bool:
    """Whether the other is the same stamp without the print that was joined to it."""
    smaller = 0.5 * max(seal.radii) < max(other.radii) < max(seal.radii)
    return smaller and _within(other, seal) and other.closed > seal.closed + BETTER


def _seal(part: NDArray[np.bool_], x: int, y: int, scale: float) -> Seal | None:
    points = np.argwhere(part)[:, ::-1].astype(np.float32)
    if len(points) < 60 or part.mean() < 0.03 or part.mean() > 0.75:
        return None
    found = outline_of(points)
    offset = found.offset(points)
    if min(found.radii) < NARROWEST * max(found.radii) or (found.shape != "square" and _solid(offset, found.radii)):
        return None
    closed, gap = _closedness(offset)
    cx, cy = (float(v) for v in (np.array(found.centre) + np.array((x, y))) / scale)
    a, b = (v / scale for v in found.radii)
    across, along = _extent((a, b), found.tilt)
    rect = (cx - across, cy - along, cx + across, cy + along)
    return Seal(rect, found.shape, (cx, cy), (a, b), found.tilt, closed, gap)


def _extent(radii: tuple[float, float], tilt: float) -> tuple[float, float]:
    """Half width and half height of an ellipse with half axes `radii` turned by `tilt` degrees."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    return float(np.hypot(radii[0] * c, radii[1] * s)), float(np.hypot(radii[0] * s, radii[1] * c))


def _solid(offset: Floats, radii: tuple[float, float]) -> bool:
    """Whether there is no paper behind the border: an emblem is a disc, a seal has a rim and then its text."""
    edges = np.arange(0.7, 1.06, 0.025)
    area = np.pi * radii[0] * radii[1] * np.diff(edges**2)
    inked = np.histogram(np.linalg.norm(offset, axis=1), edges)[0] / np.maximum(area, 1.0)
    rim = int(inked.argmax())
    return float(inked[: rim + 1].min()) > GAP_INK * float(inked[rim])


def _closedness(offset: Floats) -> tuple[float, float]:
    """The share of directions with ink near the border, and the widest stretch without (degrees)."""
    distance = np.maximum(np.linalg.norm(offset, axis=1), np.abs(offset).max(1))
    inked = np.zeros(BINS, bool)
    inked[directions(offset)[distance > 0.88]] = True
    if inked.all():
        return 1.0, 0.0
    runs = np.diff(np.flatnonzero(np.r_[inked, inked])) - 1
    return float(inked.mean()), float(runs.max() if len(runs) else BINS) * 360.0 / BINS
