"""Streaks: what a speck on a feeder's glass leaves down the whole scan, as a line through all that stands there.

Dirt takes the same share of the light from every row that passes it, so each column is brightened by what it lacks
beside its neighbours. Ruling does not reach from edge to edge, and print is not in most rows.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

ROWS = 160  # of a scan that are looked at
BESIDE = 1 / 150  # of the scan's width, to both sides: a streak is much narrower
NEARLY_ALL = 85  # per cent of the rows ...
DARKER = 0.975  # ... have less of their neighbours' light than this, in a streak
EDGES = 0.03  # of the height, at both ends: a streak is there, too
DARKEST = 0.35  # share of light: of what takes more, nothing is left to be seen


def without_streaks(image: Image) -> Image:
    """A scan (BGR) without streaks along its columns or rows: the same picture when there are none."""
    down = _without(image)
    return np.ascontiguousarray(_without(down.transpose(1, 0, 2)).transpose(1, 0, 2))


def _without(image: Image) -> Image:
    share = _light_left(cv2.cvtColor(_some_rows(image), cv2.COLOR_BGR2GRAY))
    (columns,) = np.nonzero(share < 1.0)
    if not len(columns):
        return image
    clean = image.copy()
    clean[:, columns] = np.clip(image[:, columns] / share[columns][None, :, None], 0, 255)
    return clean


def _some_rows(image: Image) -> Image:
    """Rows at equal distances."""
    return np.ascontiguousarray(image[:: max(1, image.shape[0] // ROWS)])


def _light_left(grey: Image) -> Floats:
    """Which share of its neighbours' light each column has, (W,): 1 where it is no streak."""
    height, width = grey.shape
    reach = 2 * max(2, round(BESIDE * width)) + 1
    beside = cv2.medianBlur(grey, min(reach, 255)).astype(np.float32)
    seen = (grey.astype(np.float32) + 1.0) / (beside + 1.0)
    edge = max(2, round(EDGES * height))
    share, nearly_all = np.percentile(seen, (50, NEARLY_ALL), axis=0)
    at_ends = np.maximum(np.median(seen[:edge], axis=0), np.median(seen[-edge:], axis=0))
    streak = (np.maximum(nearly_all, at_ends) < DARKER) & (share > DARKEST)
    return np.asarray(np.where(streak, share, 1.0), np.float32)
