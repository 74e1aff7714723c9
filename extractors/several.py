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

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

ALIKE = 0.4  # of the larger one: pages of one paper, seen from one place, are not more unlike
PAGE_LINES = 14  # lines of text: an identity card has fewer
MIDDLE = 0.03  # of the width: no line of two pages side by side reaches so far across the middle
HALF_LINES = 10  # lines on each of them


def shows_several(image: Image, paper: Paper, engine: Engine) -> bool:
    """Whether a picture (BGR) shows two sheets apart, each with as much text as a page. `paper`: the picture's."""
    quads = _apart(areas_of_paper(paper))
    if len(quads) < 2:
        return False
    pieces = (flatten(image, quad)[0] for quad in quads)
    return sum(len(find_lines(piece, engine).quads) >= PAGE_LINES for piece in pieces) >= 2


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
    """Whether a sheet that bears the CA's words is two pages that touch: wide, with a page's text on either half."""
    width, height = sheet.size
    if width < height:
        return False
    room = MIDDLE * width
    across = [line for line in sheet.lines if line.rect[0] < width / 2 - room and line.rect[2] > width / 2 + room]
    left = sum(line.rect[2] <= width / 2 + room for line in sheet.lines)
    right = sum(line.rect[0] >= width / 2 - room for line in sheet.lines)
    return len(across) <= 1 and min(left, right) >= HALF_LINES
