"""Signatures: ink by hand beside a printed label, or in the area where a signature is collected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ink import FAINT
from extractors.page import Sheet
from extractors.ruling import Rect
from yinjian.textfold import is_chinese

Mask = NDArray[np.bool_]

LEAST_EXTENT_MM = 4.5  # a signature of one character is larger
LEAST_INK_MM2 = 1.5
OWN = 0.35  # of a stroke's ink: so much of it lies where it belongs
SPECK_MM, APART = 1.5, 0.5  # no stroke is so small and stands so far, of their height, from all others
PRINT_READ = 0.9  # of the least sure symbol of a printed name
LEAST_NAME, MOST_NAME = 2, 5  # symbols
ALIKE = 0.07  # of the label's height: so far print of one line may differ in its upper and lower edge
PITCH = 0.25  # of the height: so far may the width of a symbol differ from it


@dataclass(frozen=True, slots=True, eq=False)
class Strokes:
    """Hand-drawn ink found in a place: its rectangle (pixels), where in it the ink is, its area and typical density."""

    rect: Rect
    drawn: Mask
    ink_mm2: float
    density: float
    sure: bool


def find_strokes(sheet: Sheet, mask: Mask, place: Rect, reach: Rect | None = None) -> Strokes | None:
    """The hand-drawn ink in `place`; specks are dirt. Strokes may leave it as far as `reach`.

    What has less than `OWN` of its ink in `place` belongs to what stands beside it, unless that alone is a signature's.
    """
    x0, y0, x1, y1 = (max(0, int(v)) for v in reach or place)
    area = mask[y0:y1, x0:x1].astype(np.uint8)
    if area.size == 0:
        return None
    px = sheet.px_per_mm
    count, labels, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
    inside = np.bincount(_cut(labels, (x0, y0), place).ravel(), minlength=count)
    own = np.minimum(OWN * stats[:, 4], LEAST_INK_MM2 * px * px)
    found = [i for i in range(1, count) if stats[i][4] > 0.06 * px * px and inside[i] >= own[i]]
    keep = _without_specks(found, stats, px)
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
    sure = extent >= LEAST_EXTENT_MM and ink >= LEAST_INK_MM2 and strong >= FAINT
    return Strokes(rect, chosen[top:bottom, left:right], ink, strong, sure)


def _without_specks(found: Sequence[int], stats: NDArray[np.int32], px_per_mm: float) -> list[int]:
    """The pieces less what stands apart from all strokes and is none: dust makes a signature wide, or type no name."""
    strokes = stats[[i for i in found if max(stats[i][2:4]) > SPECK_MM * px_per_mm]]
    if not len(strokes):
        return list(found)
    low, high = strokes[:, :2].min(0), (strokes[:, :2] + strokes[:, 2:4]).max(0)
    apart = APART * (high[1] - low[1])
    around = ((stats[i][:2] + stats[i][2:4] > low - apart).all() and (stats[i][:2] < high + apart).all() for i in found)
    return [i for i, near in zip(found, around, strict=True) if near]


def is_name(text: str) -> bool:
    """Whether a text may be a person's name as one signs it: a few characters, and nothing else."""
    return LEAST_NAME <= len(text) <= MOST_NAME and all(map(is_chinese, text))


def is_printed(label: Rect, name: Rect, text: str, confidence: float, mask: Mask) -> bool:
    """Whether a name beside a label was printed along with it, and not signed: as high, as level, and as wide a symbol.

    `label`, `name`: the rectangles of a printed label's symbols and of what stands beside it, in pixels. A pen hardly
    ever meets all three at once.
    """
    if confidence < PRINT_READ or not is_name(text):
        return False
    one, other = _inked(mask, label), _inked(mask, name)
    if one is None or other is None:
        return False
    height = one[3] - one[1]
    level = max(abs(one[1] - other[1]), abs(one[3] - other[3])) < ALIKE * height
    pitch = (other[2] - other[0]) / len(text)
    return level and abs(pitch - height) < PITCH * height


def _inked(mask: Mask, rect: Rect) -> Rect | None:
    """The rectangle of the ink in a rectangle."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    rows, columns = np.flatnonzero(mask[y0:y1, x0:x1].any(1)), np.flatnonzero(mask[y0:y1, x0:x1].any(0))
    if not len(rows):
        return None
    return float(x0 + columns[0]), float(y0 + rows[0]), float(x0 + columns[-1] + 1), float(y0 + rows[-1] + 1)


def _cut(labels: NDArray[np.int32], origin: tuple[int, int], place: Rect) -> NDArray[np.int32]:
    """The part of `labels`, whose top left corner is `origin`, that lies in a place of the page."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in place)
    return labels[max(0, y0 - origin[1]) : max(0, y1 - origin[1]), max(0, x0 - origin[0]) : max(0, x1 - origin[0])]
