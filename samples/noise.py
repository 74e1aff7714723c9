"""Smooth random fields and warps that ink, pens and paper share."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from samples.typefaces import Mask

cv2.setNumThreads(1)


def field(rng: Generator, shape: tuple[int, int], cell: float) -> Mask:
    """A smooth field (height, width), about -1 to 1, that changes over `cell` pixels."""
    height, width = shape
    coarse = rng.uniform(-1, 1, (max(2, round(height / cell) + 2), max(2, round(width / cell) + 2))).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def elastic(rng: Generator, mask: Mask, cell: float, reach: float) -> Mask:
    """`mask` with its parts moved by up to `reach` pixels."""
    height, width = mask.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved_x = x + reach * field(rng, mask.shape, cell)
    moved_y = y + reach * field(rng, mask.shape, cell)
    return np.asarray(cv2.remap(mask, moved_x, moved_y, cv2.INTER_LINEAR), np.float32)


def turned(mask: Mask, angle: float, shear: float = 0.0) -> Mask:
    """`mask` turned by `angle` degrees clockwise and slanted, on a canvas that holds it."""
    height, width = mask.shape
    theta = np.radians(angle)
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    linear = turn @ np.array([[1.0, -shear], [0.0, 1.0]])
    corners = linear @ np.array([[0, width, 0, width], [0, 0, height, height]])
    low, high = corners.min(axis=1), corners.max(axis=1)
    size = np.ceil(high - low).astype(int) + 2
    matrix = np.hstack([linear, (1 - low)[:, None]])
    return np.asarray(cv2.warpAffine(mask, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR), np.float32)


def resized(mask: Mask, height: int, width: int | None = None) -> Mask:
    """`mask` scaled to `height` pixels (and `width`, else in proportion)."""
    width = max(1, round(mask.shape[1] * height / mask.shape[0])) if width is None else width
    return np.asarray(cv2.resize(mask, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA), np.float32)
