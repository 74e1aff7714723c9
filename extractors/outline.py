"""The outline of a stamp: the circle, oval or rectangle that its outermost ink lies on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Point = tuple[float, float]

BINS = 90  # directions about the centre
OVAL = 0.88  # of the longer axis: a shorter one is an oval seal's
UNEVEN = 0.02  # of the radius: so far off its circle the border of a round seal does not lie
STRETCHED = 0.03  # of the radius: so far the border lies off the circle of a seal that may be none
ON_IT = 0.02  # of the radius: so near to an outline lies what is on it
CLEARLY = 0.1  # of the directions: so many more lie on an oval than on a circle before it is one
CONIC = 5  # points that an ellipse is told by
TRIALS = 300  # circles through three points: where half of the points lie on one, more than ten of these are it
LARGEST, SMALLEST = 1.2, 0.3  # of the radius about all ink: the half axes of what its border may be


@dataclass(frozen=True, slots=True)
class Outline:
    """`shape`: "round", "oval" or "square"; centre and half axes in pixels, `tilt` of the axes in degrees."""

    shape: str
    centre: Point
    radii: Point
    tilt: float = 0.0

    def offset(self, points: Floats) -> NDArray[Any]:
        """Points (n, 2) from the centre, along the axes, in half axes."""
        c, s = np.cos(np.radians(self.tilt)), np.sin(np.radians(self.tilt))
        return np.asarray((points - np.array(self.centre)) @ np.array([[c, -s], [s, c]]) / np.array(self.radii))

    def off(self, points: Floats) -> NDArray[Any]:
        """How far the outermost ink in each direction lies off an ellipse, in half axes."""
        return _off_rim(self.offset(_outermost(points, np.asarray(self.centre, np.float32))))

    def share(self, points: Floats) -> float:
        """The share of directions in which the outermost ink lies on an ellipse."""
        return float((self.off(points) < ON_IT).mean())


def _off_rim(offset: NDArray[Any]) -> NDArray[Any]:
    """How far points lie off an ellipse, in half axes, by their offsets from its centre in these."""
    return np.asarray(np.abs(np.linalg.norm(offset, axis=1) - 1.0))


def directions(offset: NDArray[Any]) -> NDArray[np.intp]:
    """Which of `BINS` directions each offset (n, 2) points in."""
    turn = np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5
    return np.asarray((turn * BINS).astype(int) % BINS)


def outline_of(points: Floats) -> Outline:
    """The shape whose border the outermost ink (x, y) follows best: circle, ellipse, or rectangle."""
    hull = np.asarray(cv2.convexHull(points)[:, 0], np.float32)
    circle, off = _fitted_circle(points, hull)
    (cx, cy), (w, h), tilt = cv2.minAreaRect(hull)
    boxy = cv2.contourArea(hull) / max(1.0, w * h)  # pi / 4 for an ellipse, 1 for a rectangle
    aspect = min(w, h) / max(1.0, max(w, h))
    if boxy > 0.9 and off > 0.03:
        return Outline("square", (float(cx), float(cy)), (float(w / 2), float(h / 2)), _small_turn(tilt))
    if off <= UNEVEN or len(hull) < CONIC:
        return circle
    ellipse = _fitted_ellipse(hull)
    on_ellipse = ellipse.share(points)
    # What is no border may be joined to a part of one, and a fit to all would lie between.
    round_, oval = _circle_of_most(points, circle), _oval_of_most(points, circle)
    on_round = round_.share(points) if round_ is not None else 0.0
    if oval is not None and oval.share(points) > max(on_round, on_ellipse) + CLEARLY:
        return oval
    if round_ is not None and on_round > on_ellipse:
        return round_
    if aspect < 0.9 and boxy > 0.7 and ellipse.shape == "oval":
        return ellipse
    # A photographed page may be a little longer than it is taken for: a round seal on it is no circle.
    if off > STRETCHED and float(np.median(ellipse.off(points))) < off / 2:
        return Outline("round", ellipse.centre, ellipse.radii, ellipse.tilt)
    return circle


def circles_of(edge: Floats, smallest: float, largest: float) -> Iterator[Outline]:
    """The circles that an outer edge (n, 2) is made of: stamps that lie over one another have one edge together.

    `smallest`, `largest`: of their radii. Each circle runs along the edge in most directions.
    """
    rest, chance = np.asarray(edge, float), np.random.default_rng(len(edge))
    while len(rest) > BINS:
        centres, radii = _tried(rest, smallest, largest, chance)
        along = _along(rest, centres, radii)
        if not len(along) or along.max() <= 0.5:
            return
        best = _round(centres[along.argmax()], radii[along.argmax()])
        yield best
        rest = rest[_off_rim(best.offset(rest)) > 2 * ON_IT]


def _along(edge: NDArray[Any], centres: NDArray[Any], radii: NDArray[Any]) -> NDArray[Any]:
    """For each circle the share of directions in which an edge (n, 2) lies on it, wherever else the edge runs."""
    offset = (edge - centres[:, None]) / radii[:, None, None]
    circle, place = np.nonzero(np.abs(np.linalg.norm(offset, axis=2) - 1.0) < ON_IT)
    inked = np.zeros((len(centres), BINS), bool)
    inked[circle, directions(offset[circle, place])] = True
    return np.asarray(inked.mean(1))


def _fitted_circle(points: Floats, hull: Floats) -> tuple[Outline, float]:
    """The circle of the outermost ink, outliers dropped, and the median distance from it (in radii)."""
    (cx, cy), radius = cv2.minEnclosingCircle(hull)
    centre = np.array([cx, cy])
    for _ in range(6):
        outer = _outermost(points, np.asarray(centre, np.float32))
        keep = np.ones(len(outer), bool)
        for _ in range(3):
            design = np.c_[2 * outer[keep], np.ones(keep.sum())]
            solution = np.linalg.lstsq(design, (outer[keep] ** 2).sum(1), rcond=None)[0]
            centre = solution[:2]
            radius = float(np.sqrt(max(1.0, solution[2] + centre @ centre)))
            rest = np.abs(np.linalg.norm(outer - centre, axis=1) - radius)
            keep = rest <= max(1.0, 2.5 * float(np.median(rest)))
    off = float(np.median(np.abs(np.linalg.norm(outer - centre, axis=1) - radius))) / max(1.0, radius)
    return _round(centre, radius), off


def _fitted_ellipse(hull: Floats) -> Outline:
    """The ellipse through the outermost ink; the longer axis lies: names run along it."""
    (cx, cy), (w, h), tilt = cv2.fitEllipse(hull)
    tilt, w, h = (tilt, w, h) if w >= h else (tilt - 90.0, h, w)
    shape = "oval" if h < OVAL * w else "round"
    return Outline(shape, (float(cx), float(cy)), (float(w / 2), float(h / 2)), float((tilt + 90.0) % 180.0 - 90.0))


def _circle_of_most(points: Floats, about: Outline) -> Outline | None:
    """The circle that the outermost ink lies on in most directions; None where there is none.

    The best of those through three points (RANSAC; Fischler and Bolles 1981). `about`: a circle about all ink.
    """
    middle, largest = np.array(about.centre), about.radii[0]
    for _ in range(3):
        outer = np.asarray(_outermost(points, np.asarray(middle, np.float32)), float)
        centres, radii = _tried(outer, SMALLEST * largest, LARGEST * largest, np.random.default_rng(len(outer)))
        if not len(radii):
            return None
        rest = np.abs(np.linalg.norm(outer - centres[:, None], axis=2) / radii[:, None] - 1.0)
        on = (rest < ON_IT).mean(1)
        best = int(on.argmax())
        middle = centres[best]
    return _round(middle, radii[best]) if on[best] > 0.5 else None


def _round(centre: NDArray[Any], radius: float) -> Outline:
    return Outline("round", (float(centre[0]), float(centre[1])), (float(radius), float(radius)))


def _tried(
    points: NDArray[Any], smallest: float, largest: float, chance: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Centres (n, 2) and radii (n,) between bounds, of circles through three of the points each."""
    centres, radii = _circles_through(points[chance.integers(0, len(points), (TRIALS, 3))])
    possible = (radii > smallest) & (radii < largest)
    return centres[possible], radii[possible]


def _oval_of_most(points: Floats, about: Outline) -> Outline | None:
    """The oval that the outermost ink lies on in most directions, found likewise through five points."""
    middle, largest = np.array(about.centre), about.radii[0]
    for _ in range(3):
        outer = np.asarray(_outermost(points, np.asarray(middle, np.float32)), float)
        ground = (outer - middle) / largest
        five = ground[np.random.default_rng(len(outer)).integers(0, len(outer), (2 * TRIALS, 5))]
        shapes, middles = _ellipses_through(five)
        if not len(shapes):
            return None
        offset = ground - middles[:, None]
        rest = np.abs(np.sqrt(np.einsum("nki,nij,nkj->nk", offset, shapes, offset)) - 1.0)
        on = (rest < ON_IT).mean(1)
        best = int(on.argmax())
        if on[best] <= 0.5:
            return None
        near = np.asarray(outer[rest[best] < 2 * ON_IT], np.float32)
        if len(near) < CONIC:
            return None
        found = _fitted_ellipse(near)
        middle = np.array(found.centre)
    return found if found.shape == "oval" else None


def _circles_through(three: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Centres (n, 2) and radii (n,) of the circles through three points each, (n, 3, 2); endless for those in line."""
    ab, ac = three[:, 1] - three[:, 0], three[:, 2] - three[:, 0]
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    across = ac[:, ::-1] * (ab**2).sum(1)[:, None] - ab[:, ::-1] * (ac**2).sum(1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        offset = across * (1, -1) / (2 * area[:, None])
    offset[~np.isfinite(offset).all(1)] = np.inf
    return three[:, 0] + offset, np.linalg.norm(offset, axis=1)


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
    least, most = np.linalg.eigvalsh(shapes).T
    possible = (least > LARGEST**-2) & (most < SMALLEST**-2)
    return shapes[possible], middles[possible]


def _outermost(points: Floats, centre: Floats) -> Floats:
    """In each direction the point farthest from the centre."""
    offset = points - centre
    distance, direction = np.linalg.norm(offset, axis=1), directions(offset)
    order = np.lexsort((distance, direction))
    last = np.flatnonzero(np.diff(direction[order], append=-1))
    return np.asarray(points[order[last]], np.float32)


def _small_turn(tilt: float) -> float:
    return float((tilt + 45.0) % 90.0 - 45.0)
