"""Signatures: ink by hand beside a printed label, or in the area where a signature is collected."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.page import Sheet, without_ruling
from extractors.ruling import Rect

Mask = NDArray[np.bool_]

LEAST_EXTENT_MM = 4.5  # a signature of one character is larger
LEAST_INK_MM2 = 1.5
FAINT = 0.18  # density: a pen's ink is darker


@dataclass(frozen=True, slots=True)
class Strokes:
    """Hand-drawn ink found in a place: its rectangle (pixels), area, and typical density."""

    rect: Rect
    ink_mm2: float
    density: float
    sure: bool


def ink_mask(sheet: Sheet, threshold: float) -> Mask:
    """Where the page has dark ink that is not its ruling, (H, W) bool."""
    return np.asarray(without_ruling(sheet) > threshold, bool)


def find_strokes(sheet: Sheet, mask: Mask, place: Rect, printed: tuple[Rect, ...] = ()) -> Strokes | None:
    """The hand-drawn ink in `place`; pieces whose middle lies in a `printed` rectangle are print, specks are dirt."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in place)
    area = mask[y0:y1, x0:x1].astype(np.uint8)
    if area.size == 0:
        return None
    px = sheet.px_per_mm
    count, labels, stats, centres = cv2.connectedComponentsWithStats(area, connectivity=8)
    keep = [
        i
        for i in range(1, count)
        if stats[i][4] > 0.06 * px * px and not any(_within(centres[i], (x0, y0), rect) for rect in printed)
    ]
    if not keep:
        return None
    left, top = min(stats[i][0] for i in keep), min(stats[i][1] for i in keep)
    right, bottom = max(stats[i][0] + stats[i][2] for i in keep), max(stats[i][1] + stats[i][3] for i in keep)
    rect = (float(left + x0), float(top + y0), float(right + x0), float(bottom + y0))
    chosen = np.isin(labels, keep)
    ink = float(chosen.sum()) / px**2
    strong = float(np.percentile(sheet.dark[y0:y1, x0:x1][chosen], 75))
    extent = max(right - left, bottom - top) / px
    if extent < 2.0 or ink < 0.4:
        return None
    return Strokes(rect, ink, strong, extent >= LEAST_EXTENT_MM and ink >= LEAST_INK_MM2 and strong >= FAINT)


def _within(centre: NDArray[np.float64], origin: tuple[int, int], rect: Rect) -> bool:
    x, y = centre[0] + origin[0], centre[1] + origin[1]
    return bool(rect[0] <= x <= rect[2] and rect[1] <= y <= rect[3])
