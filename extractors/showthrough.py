"""What is printed on the back of a sheet and shines through it: pale, reversed, and read as lines that say nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ink import RED_PRESENT, paper
from extractors.page import Sheet
from extractors.textlines import TextLine, crop_rect

HARDLY, SURELY = 0.35, 0.9  # sure is the least sure symbol of a line of the back, and of one of the front
PALE = 0.2  # of the front's density: the back's, at most
FEWEST, SHARE = 4, 0.3  # lines of the back, and of all of a page's, from which on it is looked at without them
INKED = 90  # percentile of a line's density that is its ink
EDGE = 5  # px round what is darker: the edges of its own strokes

Image = NDArray[np.uint8]


def shines_through(sheet: Sheet) -> float | None:
    """The density of dark ink under which a page shows what is on its back; None where nothing shines through."""
    front = [_inked(sheet, line) for line in sheet.lines if line.read.confidence > SURELY]
    level = PALE * float(np.median(front)) if front else 0.0
    back = [line for line in sheet.lines if line.read.confidence < HARDLY and _inked(sheet, line) < level]
    return level if len(back) >= max(FEWEST, SHARE * len(sheet.lines)) else None


def _inked(sheet: Sheet, line: TextLine) -> float:
    dark = crop_rect(sheet.dark, line.rect)
    return float(np.percentile(dark, INKED)) if dark.size else 0.0


def front_alone(sheet: Sheet, level: float) -> Image:
    """The page (BGR), paper in place of dark ink that is paler than `level`, but for the edges of what is darker."""
    image, inked = sheet.image, (sheet.dark > level) | (sheet.red > RED_PRESENT)
    strokes = cv2.dilate(np.asarray(inked, np.uint8), np.ones((EDGE, EDGE), np.uint8))
    bare = cv2.resize(paper(image), image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where((strokes > 0)[:, :, None], image, np.maximum(image, bare)), np.uint8)
