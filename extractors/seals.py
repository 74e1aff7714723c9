"""Seals: where red ink makes a stamp, its shape, place, size, turn, and the text round its ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.decode import best
from extractors.engine import Engine, Recognised
from extractors.ink import as_print
from extractors.page import Sheet
from extractors.ruling import Rect
from yinjian.lattice import Lattice

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

RED_INK = 0.07  # density: fainter red is paper and light
SMALLEST_MM, LARGEST_MM = 9.0, 70.0
JOIN_MM = 3.5  # strokes of one seal lie this close together
CLOSED = 0.55  # least share of the border that must show
BINS = 90  # directions about the centre
SURE = 0.9  # of the least sure symbol
SPREAD = 0.75  # of its width, a ring's text stands as close as a line's
NAME = 6  # symbols: no unit's name is shorter
GAP_WORTH = 2.5  # symbols: what the widest gap counts for as the name's end beside how well the strip reads


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


@dataclass(frozen=True, slots=True)
class Ring:
    """The text round a seal, the lattice it was read from, and how far the seal is turned (degrees clockwise)."""

    text: str
    confidence: float
    lattice: Lattice | None
    angle: float | None


def find_seals(sheet: Sheet) -> tuple[Seal, ...]:
    """All stamps of a page, top to bottom."""
    scale = min(1.0, 5.0 / sheet.px_per_mm)
    red = cv2.resize(sheet.red, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = (red > RED_INK).astype(np.uint8)
    px_per_mm = sheet.px_per_mm * scale
    grain = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    reach = int(JOIN_MM * px_per_mm) | 1
    joined = cv2.morphologyEx(grain, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    seals = []
    for i in range(1, count):
        x, y, w, h, _area = (int(v) for v in stats[i])
        if not SMALLEST_MM * px_per_mm < max(w, h) < LARGEST_MM * px_per_mm or min(w, h) < 0.3 * max(w, h):
            continue
        part = (labels[y : y + h, x : x + w] == i) & (grain[y : y + h, x : x + w] > 0)
        seal = _seal(part, x, y, scale)
        if seal is not None:
            seals.append(seal)
    return tuple(sorted(_outermost_seals(seals), key=lambda s: s.centre[1]))


def _outermost_seals(seals: Sequence[Seal]) -> list[Seal]:
    """Without what lies inside another seal (its star), and without what has no border of its own."""
    by_size = sorted(seals, key=lambda s: -max(s.radii))
    kept: list[Seal] = []
    for seal in by_size:
        inside = any(np.hypot(*np.subtract(seal.centre, k.centre)) < max(k.radii) for k in kept)
        if not inside and seal.closed >= CLOSED:
            kept.append(seal)
    return kept


def _seal(part: NDArray[np.bool_], x: int, y: int, scale: float) -> Seal | None:
    points = np.argwhere(part)[:, ::-1].astype(np.float32)
    if len(points) < 60 or part.mean() < 0.03 or part.mean() > 0.75:
        return None
    hull = cv2.convexHull(points)[:, 0]
    shape, centre, radii, tilt = _outline(points, hull)
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
    if aspect < 0.9 and boxy > 0.7 and off > 0.02:
        (cx, cy), (w, h), tilt = cv2.fitEllipse(hull)
        if min(w, h) < 0.88 * max(w, h):
            # The longer axis is the one that lies: names on ovals run along it.
            tilt, w, h = (tilt, w, h) if w >= h else (tilt - 90.0, h, w)
            tilt = (tilt + 90.0) % 180.0 - 90.0
            return "oval", (float(cx), float(cy)), (float(w / 2), float(h / 2)), float(tilt)
    return "round", centre, (radius, radius), 0.0


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


def _outermost(points: Floats, centre: Floats) -> Floats:
    """In each direction the point farthest from the centre."""
    offset = points - centre
    distance = np.linalg.norm(offset, axis=1)
    direction = ((np.arctan2(offset[:, 1], offset[:, 0]) / (2 * np.pi) + 0.5) * BINS).astype(int) % BINS
    order = np.lexsort((distance, direction))
    last = np.flatnonzero(np.diff(direction[order], append=-1))
    return np.asarray(points[order[last]], np.float32)


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


def read_ring(sheet: Sheet, seal: Seal, engine: Engine) -> Ring:
    """The text round a seal, read on the unwrapped ring; the widest gaps are tried as its ends."""
    if seal.shape == "square":
        return Ring("", 0.0, None, seal.tilt)
    wheel = _unwrap(sheet.red, seal)
    band = _text_band(wheel)
    strip = wheel[band[0] : band[1]]
    arcs = _arcs(strip)
    read = _read_arcs(strip, arcs, engine)
    if not read:
        return Ring("", 0.0, None, None)
    widest = max(1, strip.shape[1] - min(length for _, length in arcs))
    gaps = [(strip.shape[1] - length) / widest for _, length in arcs]
    chosen = max(range(len(read)), key=lambda i: _worth(read[i].lattice) + GAP_WORTH * gaps[i]) if len(read) > 1 else 0
    text, confidence = best(read[chosen].lattice)
    start, length = arcs[chosen]
    middle = 360.0 * (start + length / 2) / strip.shape[1]  # from the top, clockwise
    return Ring(text.replace(" ", ""), confidence, read[chosen].lattice, _half_turn(middle + seal.tilt))


def _read_arcs(strip: Floats, arcs: Sequence[tuple[int, int]], engine: Engine) -> list[Recognised]:
    """The arcs read, as far as needed: one that is sure of a whole name is not bettered by one with a narrower gap."""
    read: list[Recognised] = []
    for start, length in arcs:
        read += engine.recognise([as_print(_enhanced(_cut(strip, start, length)))], SPREAD)
        if read[-1].confidence > SURE and len(read[-1].text) >= NAME and all(map(_chinese, read[-1].text)):
            break
    return read


def _chinese(symbol: str) -> bool:
    return "\u4e00" <= symbol <= "\u9fff"


def _half_turn(angle: float) -> float:
    """An angle in degrees as -180 to 180."""
    return round((angle + 180.0) % 360.0 - 180.0, 1)


def _worth(lattice: Lattice) -> float:
    """Symbols read surely, less those that are not: a strip cut inside the name or upside down reads badly."""
    text, _ = best(lattice)
    chinese = sum(map(_chinese, text))
    return chinese + 0.2 * max(-20.0, lattice.log_probability(text)) - 0.5 * (len(text) - chinese)


def _unwrap(red: Floats, seal: Seal) -> Floats:
    """The disc unrolled: rows from the border inwards, columns clockwise from the top; (R, 2 pi R) pixels."""
    radius = max(40.0, float(np.mean(seal.radii)))
    width, height = int(2 * np.pi * 0.8 * radius), int(radius)
    angle = (np.arange(width) / width * 2 * np.pi)[None, :] + np.zeros((height, 1))
    reach = 1.04 * (1.0 - np.arange(height) / height)[:, None] + np.zeros((1, width))
    across, along = reach * np.sin(angle) * seal.radii[0], -reach * np.cos(angle) * seal.radii[1]
    c, s = np.cos(np.radians(seal.tilt)), np.sin(np.radians(seal.tilt))
    x = seal.centre[0] + c * across - s * along
    y = seal.centre[1] + s * across + c * along
    return np.asarray(
        cv2.remap(red, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderValue=0), np.float32
    )


def _text_band(wheel: Floats) -> tuple[int, int]:
    """Rows between the border and the middle: from where the border's ink ends to the gap above the star."""
    height = len(wheel)
    profile = cv2.GaussianBlur((wheel > RED_INK).mean(1, keepdims=True).astype(np.float32), (1, 5), 0)[:, 0]
    outer = profile[: int(0.22 * height)]
    border = int(outer.argmax())
    inner_edge = border + int(np.argmax(profile[border : int(0.3 * height)] < 0.55 * outer.max()))
    top = (
        inner_edge + int(profile[inner_edge : int(0.26 * height) + 1].argmin())
        if inner_edge <= int(0.26 * height)
        else inner_edge
    )
    low = slice(int(0.42 * height), int(0.66 * height))
    bottom = low.start + int(profile[low].argmin())
    return max(0, top - 1), max(bottom + 1, top + 8)


def _arcs(strip: Floats) -> list[tuple[int, int]]:
    """Candidate stretches `(start, length)` of the name: the whole ring but one of its three widest gaps.

    A serial number along the lower border is lower than the name's characters: where only it stands, the inner half
    of the band is empty.
    """
    width = strip.shape[1]
    inner = strip[int(0.5 * len(strip)) :]
    inked = (inner > RED_INK).mean(0) > 0.06
    if not inked.any():
        return []
    widest = sorted(_gaps(inked), key=lambda g: -g[1])[:3]
    return [((start + length) % width, width - length) for start, length in widest] or [(0, width)]


def _gaps(inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs without ink as `(start, length)`, the ring closed."""
    width = len(inked)
    first = int(np.flatnonzero(inked)[0])
    turned = np.roll(inked, -first)
    edges = np.flatnonzero(np.diff(turned.astype(np.int8)))
    starts = [int(e) + 1 for e in edges if turned[e]]
    ends = [int(e) + 1 for e in edges if not turned[e]]
    if len(starts) > len(ends):
        ends.append(width)
    return [((s + first) % width, e - s) for s, e in zip(starts, ends, strict=True)]


def _cut(strip: Floats, start: int, length: int) -> Floats:
    """A stretch of the closed strip with a little room at both ends."""
    room = strip.shape[0] // 4
    columns = np.arange(start - room, start + length + room) % strip.shape[1]
    return np.asarray(strip[:, columns], np.float32)


def _enhanced(strip: Floats) -> Floats:
    """Ink brought to the density of good black print: pale stamps read as well as strong ones."""
    strong = float(np.percentile(strip[strip > RED_INK], 85)) if (strip > RED_INK).any() else 1.0
    return np.asarray(np.clip(strip / max(0.1, strong), 0, 1.2), np.float32)
