"""How much a page shows: one out of focus, or moved, or of few pixels is told before its values are missed."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from extractors.page import Sheet
from extractors.textlines import crop_rect
from yinjian.findings import Finding, finding

BLURRED_MM = 0.75  # a symbol's strokes stand some 0.5 mm apart: edges as wide run into one another
FEWEST = 3  # lines that tell
COARSE = 96.0  # dpi on the paper: of a page that is no scan of A4, where its sheet lies is known by a part only
HIGHEST, LOWEST, STEEPEST = 97, 5, 98  # percentiles of a line's density, and of its change from pixel to pixel
LEAST = 0.04  # of density between ink and paper: less is no line


def is_blurred(sheet: Sheet) -> bool:
    """Whether the edges of a page's print are too wide to read it by."""
    widths = list(_edge_widths(sheet))
    return len(widths) >= FEWEST and float(np.median(widths)) > BLURRED_MM


def blurred(sheet: Sheet) -> Finding:
    """`sheet` is too blurred to be read surely."""
    message = f"{sheet.file}：第 {sheet.page + 1} 页模糊不清，请对焦后重新拍照或重新扫描该页。"
    return finding("scan.blurred", sheet.file, message)


def is_coarse(sheet: Sheet) -> bool:
    """Whether the picture had too few pixels for an A4 page."""
    return sheet.px_per_mm * 25.4 / sheet.enlarged < COARSE


def coarse(sheet: Sheet) -> Finding:
    """`sheet` was drawn from too few pixels to be read surely."""
    message = f"{sheet.file}：第 {sheet.page + 1} 页分辨率过低，请以 300 dpi 重新扫描，或靠近重新拍照。"
    return finding("scan.low_resolution", sheet.file, message)


def _edge_widths(sheet: Sheet) -> Iterator[float]:
    """For each line of text, over how many mm its density changes from paper to ink, where it does so fastest."""
    for line in sheet.lines:
        dark = crop_rect(sheet.dark, line.rect)
        low, high = np.percentile(dark, (LOWEST, HIGHEST))
        if high - low < LEAST or min(dark.shape) < 4:
            continue
        across, down = (cv2.Sobel(dark, cv2.CV_32F, *way, ksize=3, scale=1 / 8) for way in ((1, 0), (0, 1)))
        steepest = float(np.percentile(np.hypot(across, down), STEEPEST))
        yield float(high - low) / max(steepest, 1e-6) / sheet.px_per_mm
