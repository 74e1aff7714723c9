"""Lines of text that somebody struck out by hand: words that are still read, and no longer hold.

One stroke runs along a line, within its height, or through a number alone; others run across several, as crosses and
slashes do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from extractors.linepieces import THICK_MM, Floats, Image, long_runs
from extractors.page import TABLE, Sheet, without_ruling
from extractors.ruling import FINEST, Rect
from extractors.seals import find_seals
from extractors.textlines import TextLine, crop_rect

ALONG_MM = 10.0  # of a stroke along a line: no stroke of a character is half as long
ACROSS_MM = 25.0  # of one across lines: no arc of a stamp's rim is straight so far
LEVEL = (-8.0, 0.0, 8.0)  # degrees: a hand's strokes along a line are not level
STEEP = tuple(float(turn) for turn in range(12, 170, 4))  # of the others
BAND = 0.2  # of a line's height at its head and foot: a stroke there is drawn over it, or under it
LONG = 4.0  # line heights: strokes of heavy type run into one another, but not over so many symbols
CROSSED = 2  # lines: what crosses one may belong to it
PLUMB = 0.05  # across by along: folds and a feeder's streaks run down the page
NUMBER, INNER = 1.2, 0.25  # line heights of a stroke through a number; of a line's height at its head and foot, none is
NUMERAL = re.compile("[0-9]{2,}")
AS_PRINT, STRONG = 0.6, 90  # of the density of a line's strong print, which is this percentile of its ink's
AS_DARK = 0.5  # of the ink's density: a fold, or what shines through, is paler
MOSTLY = 0.5  # of its course lies within a line that it strikes out
INKED = 0.2  # density that is surely ink
SOME_MM2 = 3.0  # of red ink: less is no stroke


def struck_lines(sheet: Sheet) -> tuple[TextLine, ...]:
    """The sheet's lines that strokes of a pen, dark or red, run along or across."""
    if not sheet.lines:
        return ()
    struck = _struck(_courses(sheet, without_ruling(sheet) if len(sheet.cells) >= TABLE else sheet.dark), sheet)
    if (sheet.red > INKED).sum() > SOME_MM2 * sheet.px_per_mm**2:
        struck += _struck_in_red(sheet)
    struck += [line for line in sheet.lines if _number_struck(line, sheet.dark)]
    return tuple(line for line in sheet.lines if line.text and any(line is one for one in struck))


def _number_struck(line: TextLine, dark: Floats) -> bool:
    """Whether a stroke as dark as the line's print runs through a number, from its first digit to its last.

    It is too short to be told from characters whose strokes run into one another, as heavy ones do; digits that blur
    has joined at half their height, as it does 8s, are paler there.
    """
    numbers = [found.span() for found in NUMERAL.finditer(line.text)]
    drawn = crop_rect(dark, line.rect) if numbers else np.zeros((0, 0), np.float32)
    if not (drawn > INKED).any():
        return False
    room, length = round(INNER * len(drawn)), round(NUMBER * len(drawn))
    strong = np.percentile(drawn[drawn > INKED], STRONG)
    ink = np.asarray(drawn[room : len(drawn) - room] > AS_PRINT * strong, np.uint8)
    middles = [(symbol.x0 + symbol.x1) / 2 - max(0, int(line.rect[0])) for symbol in line.symbols()]
    ends = [(x, x + mask.shape[1]) for mask, x, _ in long_runs(ink, length)]
    return any(left < middles[i] and middles[j - 1] < right for left, right in ends for i, j in numbers)


def _struck_in_red(sheet: Sheet) -> list[TextLine]:
    """The lines that strokes in red strike out; a seal's are none, and are looked for where there are any."""
    told = [(run, struck) for run in _courses(sheet, sheet.red) if (struck := _struck([run], sheet))]
    seals = [seal.rect for seal in find_seals(sheet)] if told else []
    return [line for run, struck in told if not any(_lies_in(run, rect) for rect in seals) for line in struck]


def _struck(runs: Sequence[Floats], sheet: Sheet) -> list[TextLine]:
    """The lines that strokes run along, and those that they run across."""
    along = [line for line in sheet.lines if any(_runs_along(run, line) for run in runs)]
    return along + [line for run in runs for line in _crossed(run, sheet)]


def _courses(sheet: Sheet, density: Floats) -> list[Floats]:
    """The courses of long straight strokes in an ink, (n, 2) as x, y in the sheet's pixels."""
    scale = min(1.0, FINEST / sheet.px_per_mm)
    px_per_mm = scale * sheet.px_per_mm
    small = np.asarray(cv2.resize(density, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32)
    ink = np.asarray(small > AS_DARK * _density(small), np.uint8)
    found = [run / scale for turn in LEVEL for run in _runs(ink, turn, ALONG_MM, px_per_mm)]
    rects = [tuple(int(scale * v) for v in line.rect) for line in sheet.lines]
    for piece, corner in _joining(ink, rects, ACROSS_MM * px_per_mm):
        runs = (run for turn in STEEP for run in _runs(piece, turn, ACROSS_MM, px_per_mm))
        found += [(run + corner) / scale for run in runs]
    return found


def _joining(ink: Image, lines: Sequence[tuple[int, ...]], least: float) -> Iterator[tuple[Image, tuple[int, int]]]:
    """The pieces of ink that reach into several lines and are so long (px), and their left top corners.

    Print is apart from line to line, unless strokes join it; a scan's dark edges lie beside it.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    reached = np.zeros(len(stats), np.intp)
    for x0, y0, x1, y1 in lines:
        reached[np.unique(labels[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1])] += 1
    long = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) >= least
    for n in np.flatnonzero(long[1:] & (reached[1:] >= CROSSED)) + 1:
        x, y, w, h = (int(v) for v in stats[n, :4])
        yield np.asarray(labels[y : y + h, x : x + w] == n, np.uint8), (x, y)


def _runs(ink: Image, turn: float, length_mm: float, px_per_mm: float) -> Iterator[Floats]:
    """The courses of strokes that lean by about `turn` degrees and are so long."""
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    cos, sin = np.abs(matrix[0, :2])
    wide, high = int(width * cos + height * sin) + 1, int(width * sin + height * cos) + 1
    matrix[:, 2] += ((wide - width) / 2, (high - height) / 2)
    back = cv2.invertAffineTransform(matrix)
    turned = cv2.warpAffine(ink, matrix, (wide, high), flags=cv2.INTER_NEAREST)
    for mask, x, y in long_runs(np.asarray(turned, np.uint8), round(length_mm * px_per_mm)):
        thick = mask.sum(0)
        if np.median(thick) <= THICK_MM * px_per_mm:
            along = np.arange(mask.shape[1])
            across = (mask * np.arange(mask.shape[0])[:, None]).sum(0) / np.maximum(1, thick)
            yield np.stack((x + along, y + across, np.ones_like(along)), axis=1) @ back.T


def _density(ink: Floats) -> float:
    """How dark the page's print, or its red ink, is."""
    inked = ink[ink > INKED]
    return float(np.median(inked)) if inked.size else 1.0


def _lies_in(course: Floats, rect: Rect) -> bool:
    """Whether most of a stroke lies in a rectangle."""
    (x0, y0, x1, y1), x, y = rect, course[:, 0], course[:, 1]
    return bool(((x > x0) & (x < x1) & (y > y0) & (y < y1)).mean() > MOSTLY)


def _runs_along(course: Floats, line: TextLine) -> bool:
    """Whether most of a stroke's course lies within a line's height."""
    x0, y0, x1, y1 = line.rect
    room = BAND * (y1 - y0)
    long = np.ptp(course[:, 0]) > LONG * (y1 - y0)
    return bool(long) and _lies_in(course, (x0, y0 + room, x1, y1 - room))


def _crossed(course: Floats, sheet: Sheet) -> list[TextLine]:
    """The lines that a stroke runs across from head to foot, where they are several."""
    wide, high = np.ptp(course, axis=0)
    if wide < PLUMB * high:
        return []
    found = [line for line in sheet.lines if _runs_across(course, line)]
    return found if len(found) >= CROSSED else []


def _runs_across(course: Floats, line: TextLine) -> bool:
    """Whether a stroke runs through a line from its head to its foot."""
    x0, y0, x1, y1 = line.rect
    room = BAND * (y1 - y0)
    y = course[(course[:, 0] > x0) & (course[:, 0] < x1), 1]
    return bool(y.size and y.min() < y0 + room and y.max() > y1 - room)
