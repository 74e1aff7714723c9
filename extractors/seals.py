"""Seals: where red ink makes a stamp, its shape, place, size and turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.page import Sheet
from extractors.ruling import Rect

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RED_INK = 0.07  # density: fainter red is paper and light
SMALLEST_MM, LARGEST_MM = 9.0, 70.0
JOINS_MM = (3.5, 1.5)  # strokes of one seal lie this close together; what is printed beside it may, too
BETTER = 0.1  # more of its border shows in this than in what it was joined with
OVAL = 0.88  # of the longer axis: a shorter one is an oval seal's
STRETCHED = 0.03  # of the radius: so far the border lies off the circle of a seal that may be none
CLOSED = 0.55  # least share of the border that must show
GAP_INK = 0.6  # of the border's ink: as much right behind it is a disc, not a border
MOSTLY = 0.8  # of a stamp's width and height in a person's frame: it is the one that is meant
BINS = 90  # directions about the centre
UNEVEN = 0.02  # of the radius: so far off its circle the border of a round seal does not lie
ON_OUTLINE = 0.02  # of the radius: so near to an outline lies what is on it
CLEARLY = 0.1  # of the directions: so many more lie on an oval than on a circle before it is one
TRIALS = 300  # circles through three points: where half of the points lie on one, more than ten of these are it


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
    ink = (red > RED_INK).astype(np.uint8)
    px_per_mm = sheet.px_per_mm * scale
    grain = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    seals = [seal for join in JOINS_MM for seal in _joined_seals(grain, join * px_per_mm, px_per_mm, scale)]
    return tuple(sorted(_outermost_seals(seals), key=lambda s: s.centre[1]))


def seal_in(sheet: Sheet, frame: Rect) -> Seal | None:
    """The stamp that the red ink in `frame` (pixels) makes, however much of its border is missing; None without one."""
    found = [seal for seal in find_seals(sheet) if _lies_in(seal, frame)]
    if found:
        return max(found, key=lambda seal: max(seal.radii))
    scale = min(1.0, 5.0 / sheet.px_per_mm)
    x0, y0, x1, y1 = (max(0, round(v)) for v in frame)
    red = cv2.resize(sheet.red[y0:y1, x0:x1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grain = cv2.morphologyEx((red > RED_INK).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return _seal(grain > 0, round(x0 * scale), round(y0 * scale), scale)


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
        if not SMALLEST_MM * px_per_mm < max(w, h) < LARGEST_MM * px_per_mm or min(w, h) < 0.3 * max(w, h):
            continue
        part = (labels[y : y + h, x : x + w] == i) & (grain[y : y + h, x : x + w] > 0)
        seal = _seal(part, x, y, scale)
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
    hull = cv2.convexHull(points)[:, 0]
    shape, centre, radii, tilt = _outline(points, hull)
    if shape != "square" and _solid(points, centre, radii, tilt):
        return None
    closed, gap = _closedness(points, centre, radii, tilt)
    top_left = (np.array(centre) + np.array((x, y))) / scale
    size = np.array(radii, np.float32) / scale
    extent = _extent(size, tilt)
    rect = (
        float(top_left[0] - extent[0]),
        float(top_left[1] - extent[1]),
        float(top_left[0] + extent[0]),
        float(top_left[1] + extent[1]),
    )
    return Seal(
        rect, shape, (float(top_left[0]), float(top_left[1])), (float(size[0]), float(size[1])), tilt, closed, gap
    )


def _extent(radii: Floats, tilt: float) -> Floats:
    """Half width and half height of an ellipse with half axes `radii` turned by `tilt` degrees."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    halves = [(radii[0] * c) ** 2 + (radii[1] * s) ** 2, (radii[0] * s) ** 2 + (radii[1] * c) ** 2]
    return np.sqrt(np.asarray(halves, np.float32))


def _outline(points: Floats, hull: Floats) -> tuple[str, tuple[float, float], tuple[float, float], float]:
    """The shape whose border follows the outermost ink best: circle, ellipse, or rectangle."""
    centre, radius, off = _fit_circle(points, hull)
    (cx, cy), (w, h), tilt = cv2.minAreaRect(hull)
    area = cv2.contourArea(hull)
    boxy = area / max(1.0, w * h)  # pi / 4 for an ellipse, 1 for a rectangle
    aspect = min(w, h) / max(1.0, max(w, h))
    if boxy > 0.9 and off > 0.03:
        return "square", (float(cx), float(cy)), (float(w / 2), float(h / 2)), _small_turn(tilt)
    if off <= UNEVEN:
        return "round", centre, (radius, radius), 0.0
    middle, axes, turn = _ellipse(hull)
    away = _off(points, middle, axes, turn)
    circle, oval = _circle_of_most(points, centre, radius), _oval_of_most(points, centre, radius)
    on_circle = (_off(points, *circle, 0.0) < ON_OUTLINE).mean() if circle is not None else 0.0
    on_ellipse = (away < ON_OUTLINE).mean()
    on_oval = (_off(points, *oval) < ON_OUTLINE).mean() if oval is not None else 0.0
    if oval is not None and on_oval > max(on_circle, on_ellipse) + CLEARLY:
        return "oval", *oval
    if circle is not None and on_circle > on_ellipse:
        return "round", *circle, 0.0
    if aspect < 0.9 and boxy > 0.7 and axes[1] < OVAL * axes[0]:
        return "oval", middle, axes, turn
    # A photographed page may be a little longer than it is taken for: a round seal on it is no circle.
    if off > STRETCHED and float(np.median(away)) < off / 2:
        return "round", middle, axes, turn
    return "round", centre, (radius, radius), 0.0


def _ellipse(hull: Floats) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Centre, half axes and turn of the ellipse through the outermost ink; the longer axis lies: names run along it."""
    (cx, cy), (w, h), tilt = cv2.fitEllipse(hull)
    tilt, w, h = (tilt, w, h) if w >= h else (tilt - 90.0, h, w)
    return (float(cx), float(cy)), (float(w / 2), float(h / 2)), float((tilt + 90.0) % 180.0 - 90.0)


def _off(points: Floats, centre: tuple[float, float], radii: tuple[float, float], tilt: float) -> Floats:
    """The distances of the outermost ink from an ellipse, in radii."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    outer = _outermost(points, np.asarray(centre, np.float32))
    offset = (outer - np.array(centre)) @ np.array([[c, -s], [s, c]]) / np.array(radii)
    return np.asarray(np.abs(np.linalg.norm(offset, axis=1) - 1.0), np.float32)


def _small_turn(tilt: float) -> float:
    return float((tilt + 45.0) % 90.0 - 45.0)


def _fit_circle(points: Floats, hull: Floats) -> tuple[tuple[float, float], float, float]:
    """Centre, radius and the median distance of the outermost ink from the circle (in radii); outliers are dropped."""
    (cx, cy), radius = cv2.minEnclosingCircle(hull)
    centre = np.array([cx, cy])
    for _ in range(6):
        outer = _outermost(points, centre)
        keep = np.ones(len(outer), bool)
        for _ in range(3):
            design = np.c_[2 * outer[keep], np.ones(keep.sum())]
            solution = np.linalg.lstsq(design, (outer[keep] ** 2).sum(1), rcond=None)[0]
            centre = solution[:2]
            radius = float(np.sqrt(max(1.0, solution[2] + centre @ centre)))
            rest = np.abs(np.linalg.norm(outer - centre, axis=1) - radius)
            keep = rest <= max(1.0, 2.5 * float(np.median(rest)))
    off = float(np.median(np.abs(np.linalg.norm(outer - centre, axis=1) - radius))) / max(1.0, radius)
    return (float(centre[0]), float(centre[1])), radius, off


def _circle_of_most(
    points: Floats, centre: tuple[float, float], largest: float
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Centre and radii of the circle that the outermost ink lies on in most directions; None where there is none.

    The best of those through three points (RANSAC; Fischler and Bolles 1981): what is no border may be joined to a part
    of one, and a fit to all would lie between.
    """
    middle, radius = np.array(centre), largest
    for _ in range(3):
        outer = np.asarray(_outermost(points, np.asarray(middle, np.float32)), float)
        three = outer[np.random.default_rng(len(outer)).integers(0, len(outer), (TRIALS, 3))]
        centres, radii = _circles_through(three)
        possible = (radii > 0.3 * largest) & (radii < 1.2 * largest)
        if not possible.any():
            return None
        rest = np.abs(np.linalg.norm(outer - centres[possible][:, None], axis=2) / radii[possible][:, None] - 1.0)
        on = (rest < ON_OUTLINE).mean(1)
        best = int(on.argmax())
        middle, radius = centres[possible][best], float(radii[possible][best])
    return ((float(middle[0]), float(middle[1])), (radius, radius)) if on[best] > 0.5 else None


def _oval_of_most(
    points: Floats, centre: tuple[float, float], largest: float
) -> tuple[tuple[float, float], tuple[float, float], float] | None:
    """Centre, half axes and turn of the oval that the outermost ink lies on in most directions, found likewise."""
    middle = np.array(centre)
    for _ in range(3):
        outer = np.asarray(_outermost(points, np.asarray(middle, np.float32)), float)
        if len(outer) < 5:
            return None
        ground = (outer - middle) / largest
        five = ground[np.random.default_rng(len(outer)).integers(0, len(outer), (2 * TRIALS, 5))]
        shapes, middles = _ellipses_through(five)
        if not len(shapes):
            return None
        offset = ground - middles[:, None]
        rest = np.abs(np.sqrt(np.einsum("nki,nij,nkj->nk", offset, shapes, offset)) - 1.0)
        on = (rest < ON_OUTLINE).mean(1)
        best = int(on.argmax())
        if on[best] <= 0.5:
            return None
        found = _ellipse(np.asarray(outer[rest[best] < 2 * ON_OUTLINE], np.float32))
        middle = np.array(found[0])
    return found if found[1][1] < OVAL * found[1][0] else None


def _ellipses_through(five: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The ovals through five points each, (n, 5, 2), among the conics: (x - m) S (x - m) = 1; S (k, 2, 2), m (k, 2).

    Coordinates in the radius of what is looked at, from near its middle.
    """
    x, y = five[..., 0], five[..., 1]
    design = np.stack([x * x, 2 * x * y, y * y, x, y], axis=2)
    design = design[np.abs(np.linalg.det(design)) > 1e-9]
    a, b, c, d, e = np.linalg.solve(design, np.ones((*design.shape[:2], 1)))[..., 0].T
    quadratic = np.stack([a, b, b, c], axis=1).reshape(-1, 2, 2)
    closed = a * c - b * b > 1e-6
    quadratic, linear = quadratic[closed], np.stack([d, e], axis=1)[closed]
    middles = np.linalg.solve(-2 * quadratic, linear[..., None])[..., 0]
    level = 1.0 + np.einsum("ni,nij,nj->n", middles, quadratic, middles)
    shapes = quadratic / np.where(level == 0.0, np.inf, level)[:, None, None]
    smallest, largest = np.linalg.eigvalsh(shapes).T
    possible = (smallest > 1.2**-2) & (largest < 0.3**-2)
    return shapes[possible], middles[possible]


def _circles_through(three: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Centres (n, 2) and radii (n,) of the circles through three points each, (n, 3, 2); endless for those in line."""
    ab, ac = three[:, 1] - three[:, 0], three[:, 2] - three[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    across = ac[:, ::-1] * (ab**2).sum(1)[:, None] - ab[:, ::-1] * (ac**2).sum(1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = across * (1, -1) / (2 * area[:, None])
    offset[~np.isfinite(offset).all(1)] = np.inf
    return three[:, 0] + offset, np.linalg.norm(offset, axis=1)


def _outermost(points: Floats, centre: Floats) -> Floats:
    """In each direction the point farthest from the centre."""
    offset = points - centre
    distance = np.linalg.norm(offset, axis=1)
    direction = ((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * BINS).astype(int) % BINS
    order = np.lexsort((distance, direction))
    last = np.flatnonzero(np.diff(direction[order], append=-1))
    return np.asarray(points[order[last]], np.float32)


def _solid(points: Floats, centre: tuple[float, float], radii: tuple[float, float], tilt: float) -> bool:
    """Whether there is no paper behind the border: an emblem is a disc, a seal has a rim and then its text."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    distance = np.linalg.norm((points - np.array(centre)) @ np.array([[c, -s], [s, c]]) / np.array(radii), axis=1)
    edges = np.arange(0.7, 1.06, 0.025)
    area = np.pi * radii[0] * radii[1] * np.diff(edges**2)
    inked = np.histogram(distance, edges)[0] / np.maximum(area, 1.0)
    rim = int(inked.argmax())
    return float(inked[: rim + 1].min()) > GAP_INK * float(inked[rim])


def _closedness(
    points: Floats, centre: tuple[float, float], radii: tuple[float, float], tilt: float
) -> tuple[float, float]:
    """The share of directions with ink near the border, and the widest stretch without (degrees)."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    offset = (points - np.array(centre)) @ np.array([[c, -s], [s, c]]) / np.array(radii)
    distance = np.maximum(np.linalg.norm(offset, axis=1), np.abs(offset).max(1))
    direction = ((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * BINS).astype(int) % BINS
    inked = np.zeros(BINS, bool)
    inked[direction[distance > 0.88]] = True
    if inked.all():
        return 1.0, 0.0
    runs = np.diff(np.flatnonzero(np.r_[inked, inked])) - 1
    return float(inked.mean()), float(runs.max() if len(runs) else BINS) * 360.0 / BINS
