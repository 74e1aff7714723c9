"""Marks that people make at tick boxes, as strokes; lengths in box widths, the box is the unit square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.noise import elastic
from samples.typefaces import Mask

_UNIT = 64  # pixels to the box while drawing


class Tick(StrEnum):
    """Every kind of mark. The last two are no tick: one beside the box, one that cannot be told."""

    HOOK = "hook"  # ✓ in the box, often leaving it
    CROSS = "cross"  # ×
    FILLED = "filled"  # ■ by hand
    CIRCLE = "circle"  # round the box and its label
    GLYPH_HOOK = "glyph_hook"  # ☑ printed in place of the box
    GLYPH_FILLED = "glyph_filled"  # ■ printed in place of the box
    GLYPH_ROOT = "glyph_root"  # √ printed in place of the box
    BESIDE = "beside"
    SCRIBBLED = "scribbled"


BY_HAND = (Tick.HOOK, Tick.HOOK, Tick.HOOK, Tick.CROSS, Tick.FILLED, Tick.CIRCLE)
PRINTED = (Tick.GLYPH_HOOK, Tick.GLYPH_FILLED, Tick.GLYPH_ROOT)
GLYPHS = {Tick.GLYPH_HOOK: "☑", Tick.GLYPH_FILLED: "■", Tick.GLYPH_ROOT: "√"}


@dataclass(frozen=True, slots=True)
class Drawn:
    """Ink with its place: the box's top left corner lies at `(left, top)` box widths inside the canvas."""

    ink: Mask
    left: float
    top: float
    unit: int = _UNIT


def draw_tick(tick: Tick, rng: Generator, label_widths: float = 2.5) -> Drawn:
    """The strokes of `tick` by hand. `label_widths`: the label's length beside the box in box widths."""
    reach = (2.2, 2.2, max(2.5, label_widths + 2.2), 2.2)  # left, top, right, bottom of the box's corner
    canvas = np.zeros((round((reach[1] + reach[3] + 1) * _UNIT), round((reach[0] + reach[2] + 1) * _UNIT)), np.float32)
    width = float(rng.uniform(0.08, 0.15))
    for points in _strokes(tick, rng, label_widths):
        shifted = np.asarray(points, float) + rng.normal(0, 0.03, (len(points), 2)) + (reach[0], reach[1])
        _stroke(canvas, shifted, width * float(rng.uniform(0.85, 1.15)))
    return Drawn(elastic(rng, canvas, _UNIT, 3), reach[0], reach[1])


Points = Sequence[tuple[float, float]]


def _strokes(tick: Tick, rng: Generator, label_widths: float) -> list[Points]:
    if tick is Tick.HOOK:
        return [_hook(rng)]
    if tick is Tick.CROSS:
        out = float(rng.uniform(-0.05, 0.25))
        return [[(-out, -out), (0.5, 0.5), (1 + out, 1 + out)], [(1 + out, -out), (0.5, 0.5), (-out, 1 + out)]]
    if tick is Tick.FILLED:
        return [_hatch(rng, 0.02, 0.98, 14)]
    if tick is Tick.CIRCLE:
        return [_ellipse(rng, label_widths)]
    if tick is Tick.SCRIBBLED:
        return [_hook(rng), _hatch(rng, -0.35, 1.4, 7), _hatch(rng, -0.3, 1.35, 6, turned=True)]
    hook = np.asarray(_hook(rng)) * 0.75 + (-1.75, 0.1)
    return [[(float(x), float(y)) for x, y in hook]]


def _hook(rng: Generator) -> Points:
    """✓: short down, long up; the long one leaves the box by up to a box width."""
    out = float(rng.uniform(0.0, 0.9))
    return [(0.08, 0.5), (0.25, 0.68), (0.42, 0.95), (0.7, 0.4), (1.0 + out * 0.7, -0.05 - out * 0.6)]


def _hatch(rng: Generator, low: float, high: float, count: int, turned: bool = False) -> Points:
    """A zigzag over the box."""
    steps = np.linspace(low, high, count * 2)
    across = np.where(np.arange(count * 2) % 2 == 0, low, high) + rng.normal(0, 0.04, count * 2)
    pairs = zip(across, steps, strict=True) if turned else zip(steps, across, strict=True)
    return [(float(x), float(y)) for x, y in pairs]


def _ellipse(rng: Generator, label_widths: float) -> Points:
    """A loop round box and label, not quite closed."""
    turns = np.linspace(0, 2 * np.pi * float(rng.uniform(0.95, 1.08)), 40) + float(rng.uniform(2.5, 4.0))
    middle, radius = (1.1 + label_widths) / 2, (1.1 + label_widths) / 2 + float(rng.uniform(0.35, 0.6))
    growth = np.linspace(1.0, float(rng.uniform(0.94, 1.08)), 40)
    x, y = middle + radius * np.cos(turns) * growth, 0.5 + np.sin(turns) * growth * float(rng.uniform(0.9, 1.05))
    return [(float(a), float(b)) for a, b in zip(x, y, strict=True)]


def _stroke(canvas: Mask, points: NDArray[Any], width: float) -> None:
    """A smooth line through `points` (box widths), thinner towards its end."""
    dense = _smooth(points) * _UNIT
    for i, (a, b) in enumerate(pairwise(dense)):
        thick = max(2, round(width * _UNIT * (1 - 0.35 * i / len(dense))))
        start, end = np.round(a).astype(int), np.round(b).astype(int)
        cv2.line(canvas, (int(start[0]), int(start[1])), (int(end[0]), int(end[1])), (1.0,), thick, cv2.LINE_AA)


def _smooth(points: NDArray[Any]) -> NDArray[Any]:
    """Twice corner-cut (Chaikin), the ends kept."""
    for _ in range(2):
        a, b = points[:-1], points[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2)
        points = np.vstack([points[:1], cut, points[-1:]])
    return points
