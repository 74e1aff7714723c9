"""A round or oval seal's ring unrolled to a strip, on which its name stands as in a line of text."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.seals import RED_INK, Seal

Floats = NDArray[np.float32]

INNER_AT, INNER_THICK = 0.14, 0.08  # of the height: a border's inner line begins so near behind the outer, at most
INNER_INKED = 0.65  # of the outer line's ink
STEADY = 0.01  # of a row's ink: less of a fall from row to row is none
MIDDLE = 0.2  # of the radius: where the text runs, inwards from the border


@dataclass(frozen=True, slots=True, eq=False)
class Wheel:
    """A seal's disc unrolled: rows from the border inwards, columns clockwise from the top, and each column's angle."""

    wheel: Floats
    angles: Floats

    def angle(self, column: float) -> float:
        """Degrees clockwise from the top, of the direction from the centre."""
        return float(self.angles[int(column) % len(self.angles)])


def unroll(ink: Floats, centre: tuple[float, float], seal: Seal) -> Wheel:
    """Columns stand on the border at equal distances, at right angles to it, as the symbols on an oval seal do."""
    a, b = seal.radii
    height = int(max(40.0, min(a, b)))
    turn = np.linspace(0, 2 * np.pi, 721)
    inner_a, inner_b = a * (1 - MIDDLE), b * (1 - MIDDLE)
    pace = np.hypot(inner_a * np.cos(turn), inner_b * np.sin(turn))
    way = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(turn))])
    t = np.interp(np.linspace(0, way[-1], max(80, int(way[-1])), endpoint=False), way, turn)
    depth = (np.arange(height) - 0.04 * height)[:, None] * (min(a, b) / height)
    slant = np.hypot(b * np.sin(t), a * np.cos(t))
    across = a * np.sin(t) - depth * b * np.sin(t) / slant
    along = -b * np.cos(t) + depth * a * np.cos(t) / slant
    c, s = np.cos(np.radians(seal.tilt)), np.sin(np.radians(seal.tilt))
    x, y = centre[0] + c * across - s * along, centre[1] + s * across + c * along
    wheel = cv2.remap(ink, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderValue=0)
    angles = np.degrees(np.arctan2(a * np.sin(t), b * np.cos(t)))
    return Wheel(np.asarray(wheel, np.float32), np.asarray(angles, np.float32))


def text_band(wheel: Floats) -> tuple[int, int]:
    """Rows between the border and the middle: from where the border's lines end to the gap above the star.

    A border may be two lines, a thick and a thin one, and the text may begin right behind the last of them.
    """
    height = len(wheel)
    profile = cv2.GaussianBlur((wheel > RED_INK).mean(1, keepdims=True).astype(np.float32), (1, 5), 0)[:, 0]
    edge = _behind_border(profile, height)
    falling = np.flatnonzero(np.diff(profile[edge : int(0.3 * height) + 2]) > -STEADY)
    top = edge + (int(falling[0]) if len(falling) else 0)
    low = slice(int(0.42 * height), int(0.66 * height))
    bottom = low.start + int(profile[low].argmin())
    return max(0, top - 1), max(bottom + 1, top + 8)


def _behind_border(profile: Floats, height: int) -> int:
    """The row behind the border's last line: a line is inked nearly all round and thin, text is neither."""
    outer = profile[: int(0.22 * height)]
    border = int(outer.argmax())
    lined = profile[border : int(0.3 * height)] >= 0.55 * outer.max()
    edge = int(np.argmin(lined)) if not lined.all() else 0
    again = np.flatnonzero(lined[edge:])
    if not len(again):
        return border + edge
    start = edge + int(again[0])
    rest = lined[start:]
    thick = int(np.argmin(rest)) if not rest.all() else len(rest)
    near, thin = start < INNER_AT * height, thick <= INNER_THICK * height
    inked = profile[border + start : border + start + thick].max() >= INNER_INKED * outer.max()
    return border + (start + thick if near and thin and inked else edge)


def arcs_of(strip: Floats) -> list[tuple[int, int]]:
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


def cut(strip: Floats, start: int, length: int) -> Floats:
    """A stretch of the closed strip with a little room at both ends, blank where it would show something twice."""
    height, width = strip.shape
    room = height // 4
    columns = np.arange(start - room, start + length + room) % width
    twice = max(0, room - (width - length) // 2)
    return np.asarray(np.pad(strip[:, columns[twice : len(columns) - twice]], ((0, 0), (twice, twice))), np.float32)


def enhanced(strip: Floats) -> Floats:
    """Ink brought to the density of good black print: pale stamps read as well as strong ones."""
    strong = float(np.percentile(strip[strip > RED_INK], 85)) if (strip > RED_INK).any() else 1.0
    return np.asarray(np.clip(strip / max(0.1, strong), 0, 1.2), np.float32)
