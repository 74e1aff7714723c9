"""Where the text lines of a picture are: found on a small copy that stamps are taken out of, and only where ink is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.engine import SIDE, Engine
from extractors.ink import RED_PRESENT, as_print, separate
from extractors.scaling import reduced

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

STAMPED = 0.002  # of the picture: less red is specks
STEP = 64  # px that the part with ink is rounded up to: each new size costs the detector a preparation
ROOM = 12  # px round the ink
INKED = 0.1  # density that is more than paper's grain
FEWEST = 2  # px of ink in a row or column: less is dust


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Lines as quadrilaterals, (n, 4, 2) in the picture's pixels, and the dark ink of the small copy at `scale`."""

    quads: Floats
    dark: Floats
    scale: float


def find_lines(image: Image, engine: Engine) -> Found:
    """The text lines of a BGR picture, whichever way up it is."""
    small, scale = reduced(image, SIDE)
    dark, red = separate(small)
    x0, y0, x1, y1 = _inked(np.maximum(dark, red))
    part = _without_stamps(small, dark, red)[y0:y1, x0:x1]
    quads = (engine.detect(part) + np.array((x0, y0), np.float32)) / np.float32(scale)
    return Found(from_the_top_left(quads), dark, scale)


def from_the_top_left(quads: Floats) -> Floats:
    """Each quadrilateral, clockwise, begun so that its first side runs to the right.

    The detector begins a line that runs down now at the one and now at the other end of it, when it leans a little.
    """
    if not len(quads):
        return quads
    sides = np.roll(quads, -1, axis=1) - quads
    rightward = sides[:, :, 0] / np.maximum(1e-6, np.linalg.norm(sides, axis=2))
    begun = [np.roll(quad, -int(n), axis=0) for quad, n in zip(quads, rightward.argmax(axis=1), strict=True)]
    return np.asarray(begun, np.float32)


def _without_stamps(small: Image, dark: Floats, red: Floats) -> Image:
    """A seal breaks lines apart for the detector: where there is one, the page's dark ink alone."""
    return as_print(dark) if (red > RED_PRESENT).mean() > STAMPED else small


def _inked(ink: Floats) -> tuple[int, int, int, int]:
    """The part with ink as (x0, y0, x1, y1), its sides multiples of `STEP` as far as the picture goes."""
    mask = ink > INKED
    height, width = mask.shape
    x0, x1 = _extent(mask.sum(0) >= FEWEST, width)
    y0, y1 = _extent(mask.sum(1) >= FEWEST, height)
    return x0, y0, x1, y1


def _extent(inked: NDArray[np.bool_], size: int) -> tuple[int, int]:
    places = np.flatnonzero(inked)
    if not len(places):
        return 0, size
    start, end = max(0, int(places[0]) - ROOM), min(size, int(places[-1]) + 1 + ROOM)
    length = min(size, -(-(end - start) // STEP) * STEP)
    start = max(0, min(start, size - length))
    return start, start + length
