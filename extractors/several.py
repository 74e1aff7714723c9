"""Two pages in one photograph: nobody can tell which of them is meant, so a person asks for one photograph a page."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.linefinding import find_lines
from extractors.page import Sheet
from extractors.perspective import flatten
from extractors.sheet import Paper, areas_of_paper
from extractors.textlines import TextLine

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

ALIKE = 0.4  # of the larger one: pages of one paper, seen from one place, are not more unlike
PAGE_LINES = 14  # lines of text: an identity card has fewer
WORD = 1.5  # times as long as high is a word of two characters
SOME_LINES = 4  # of a page whose text runs down are found, at least
MIDDLES = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65)  # of the width: where one of two pages may end and the other begin
ACROSS = 0.1  # of the lines, at most, were found to run from the one to the other
HALF_LINES = 10  # lines on each of them
TALL = 1.9  # times as high as wide: no sheet of paper is


def shows_several(image: Image, paper: Paper, engine: Engine) -> bool:
    """Whether a picture (BGR) shows two sheets apart, each with as much text as a page. `paper`: the picture's."""
    quads = _apart(areas_of_paper(paper))
    pieces = (flatten(image, quad)[0] for quad in quads)
    if len(quads) >= 2 and sum(len(find_lines(piece, engine).quads) >= PAGE_LINES for piece in pieces) >= 2:
        return True
    return paper.sheet is not None and _more_beside(image, paper.sheet, paper.small, engine)


def _more_beside(image: Image, sheet: Floats, small: Image, engine: Engine) -> bool:
    """Whether a page's text stands beside the sheet that was found: that of another, whose edge was not told.

    `small`: the picture, small.
    """
    taken = cv2.contourArea(sheet)
    if image.shape[0] * image.shape[1] - taken < ALIKE * taken:
        return False
    beside = cv2.fillConvexPoly(image.copy(), sheet.astype(np.int32), np.median(small, axis=(0, 1)).tolist())
    found = find_lines(np.asarray(beside, np.uint8), engine).quads
    if PAGE_LINES > len(found) >= SOME_LINES:
        found = find_lines(np.ascontiguousarray(np.rot90(beside)), engine).quads
    return len(found) >= PAGE_LINES and _words(found) >= PAGE_LINES


def _words(quads: Floats) -> int:
    """How many of what was found is longer than high, (n, 4, 2): the letters on the keys of a keyboard are not."""
    sides = np.linalg.norm(quads - np.roll(quads, 1, axis=1), axis=2)
    return int((sides.max(1) > WORD * sides.min(1)).sum())


def _apart(quads: Sequence[Floats]) -> list[Floats]:
    """Sheets that are large, alike in size, and not the same one."""
    by_size = sorted(quads, key=lambda quad: -cv2.contourArea(quad))
    kept: list[Floats] = []
    for quad in by_size:
        large = not kept or cv2.contourArea(quad) > ALIKE * cv2.contourArea(kept[0])
        middle = (float(quad[:, 0].mean()), float(quad[:, 1].mean()))
        if large and not any(cv2.pointPolygonTest(other, middle, False) >= 0 for other in kept):
            kept.append(quad)
    return kept


def lie_side_by_side(sheet: Sheet) -> bool:
    """Whether a sheet that bears the CA's words is two pages that touch: a page's text on either half of it.

    Side by side they are wide; one above the other, taller than paper is.
    """
    width, height = sheet.size
    if height > TALL * width:
        upper = sum(line.centre[1] < height / 2 for line in sheet.lines)
        return min(upper, len(sheet.lines) - upper) >= HALF_LINES
    return width > height and any(_divided_at(x * width, sheet) for x in MIDDLES)


def _divided_at(x: float, sheet: Sheet) -> bool:
    """Whether a page's text ends before `x` (px), and as wide a one begins behind it."""
    left = [line for line in sheet.lines if line.rect[2] <= x]
    right = [line for line in sheet.lines if line.rect[0] >= x]
    if min(len(left), len(right)) < HALF_LINES or len(left) + len(right) < (1 - ACROSS) * len(sheet.lines):
        return False
    narrow, wide = sorted((_breadth(left), _breadth(right)))
    return narrow > ALIKE * wide


def _breadth(lines: Sequence[TextLine]) -> float:
    """From the first to the last column that lines stand in, in pixels."""
    return max(line.rect[2] for line in lines) - min(line.rect[0] for line in lines)
