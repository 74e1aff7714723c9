"""Lines of text that somebody struck out by hand: words that are still read, and no longer hold."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from extractors.linepieces import THICK_MM, Floats, long_runs
from extractors.page import TABLE, Sheet, without_ruling
from extractors.ruling import FINEST
from extractors.textlines import TextLine

STROKE_MM = 10.0  # of a stroke along a line: no stroke of a character is half as long
SLANTS = (-0.14, 0.0, 0.14)  # across by along: a hand's strokes are not level
BAND = 0.2  # of a line's height at its head and foot: a stroke there is drawn over it, or under it
LONG = 4.0  # line heights: strokes of heavy type run into one another, but not over so many symbols
AS_DARK = 0.5  # of the print's density: a fold, or what shines through, is paler
MOSTLY = 0.5  # of its course lies within a line that it strikes out
INKED = 0.2  # density that is surely ink


def struck_lines(sheet: Sheet) -> tuple[TextLine, ...]:
    """The sheet's lines that strokes run along, within their height."""
    scale = min(1.0, FINEST / sheet.px_per_mm)
    dark = without_ruling(sheet) if len(sheet.cells) >= TABLE else sheet.dark
    small = np.asarray(cv2.resize(dark, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    runs = list(_runs(small, scale * sheet.px_per_mm)) if sheet.lines else []
    return tuple(line for line in sheet.lines if any(_runs_along(run / scale, line) for run in runs))


def _runs(dark: Floats, px_per_mm: float) -> Iterator[Floats]:
    """The courses of long strokes along the text, (n, 2) as x, y."""
    ink = np.asarray(dark > AS_DARK * _density(dark), np.uint8)
    height, width = ink.shape
    for slant in SLANTS:
        shear = np.array([[1, 0, 0], [-slant, 1, slant * width / 2]], np.float32)
        sheared = cv2.warpAffine(ink, shear, (width, height), flags=cv2.INTER_NEAREST)
        for mask, x, y in long_runs(np.asarray(sheared, np.uint8), round(STROKE_MM * px_per_mm)):
            thick = mask.sum(0)
            if np.median(thick) <= THICK_MM * px_per_mm:
                along = np.arange(mask.shape[1])
                across = (mask * np.arange(mask.shape[0])[:, None]).sum(0) / np.maximum(1, thick)
                yield np.stack((x + along, y + across + slant * (x + along) - slant * width / 2), axis=1)


def _density(dark: Floats) -> float:
    """How dark the page's print is."""
    inked = dark[dark > INKED]
    return float(np.median(inked)) if inked.size else 1.0


def _runs_along(course: Floats, line: TextLine) -> bool:
    """Whether most of a stroke's course lies within a line's height."""
    x0, y0, x1, y1 = line.rect
    room = BAND * (y1 - y0)
    x, y = course[:, 0], course[:, 1]
    within = (x > x0) & (x < x1) & (y > y0 + room) & (y < y1 - room)
    return bool(np.ptp(x) > LONG * (y1 - y0) and within.mean() > MOSTLY)
