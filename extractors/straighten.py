"""From a picture of a sheet to the upright page: perspective, quarter turns, skew, and what keystone is left."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.sheet import A4, find_sheet, flatten
from extractors.textlines import crop_quad

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

A4_INCHES = 11.69
LEAST_SIDE = 1800  # px of the long side: smaller pages are enlarged, so that strokes have pixels to be judged by
LARGEST_SIDE = 3508  # px of the long side: A4 at 300 dpi
STRONGEST_KEYSTONE = 0.3  # change of slope per page width that a camera leaves
VOTERS = 5  # lines read to tell which way is up


@dataclass(frozen=True, slots=True)
class Upright:
    """The upright page (BGR), how the sheet was turned (degrees clockwise), its resolution, its text lines' quads.

    `dpi` is None when the page's size is not known (not of A4's proportion). `matrix`: (3, 3), picture to page.
    """

    image: Image
    rotation: int
    dpi: float | None
    quads: Floats
    matrix: Floats


def straighten(image: Image, engine: Engine) -> Upright:
    """The page of a BGR picture, upright. A page without any text comes back as it was."""
    matrix = np.eye(3, dtype=np.float32)
    quad = find_sheet(image)
    if quad is not None:
        image, matrix = flatten(image, quad, LARGEST_SIDE)
    image, scaled = _resized(image)
    matrix = scaled @ matrix
    rotation, image, turned, quads = _turned_up(image, engine)
    matrix = turned @ matrix
    image, levelled, quads = _levelled(image, quads)
    return Upright(image, rotation, _dpi(image), quads, np.asarray(levelled @ matrix, np.float32))


def _resized(image: Image) -> tuple[Image, Floats]:
    long = max(image.shape[:2])
    scale = min(LARGEST_SIDE / long, max(1.0, LEAST_SIDE / long))
    if scale == 1.0:
        return image, np.eye(3, dtype=np.float32)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(image, None, fx=scale, fy=scale, interpolation=method)
    return np.asarray(resized, np.uint8), np.diag([scale, scale, 1.0]).astype(np.float32)


def _dpi(image: Image) -> float | None:
    long, short = max(image.shape[:2]), min(image.shape[:2])
    return long / A4_INCHES if abs(long / short - A4) < 0.08 else None


def _turned_up(image: Image, engine: Engine) -> tuple[int, Image, Floats, Floats]:
    """The quarter turns that bring the text upright: first which way lines run, then which end is up."""
    quads = engine.detect(image)
    turns = 0
    if _runs_down(quads):
        # Sideways: a quarter turn back; if that leaves it upside down, the half turn below mends it.
        image, turns = _quarter_turned(image, 1), 1
        quads = engine.detect(image)
    if len(quads) and _upside_down(image, quads, engine):
        image, turns = _quarter_turned(image, 2), turns + 2
        quads = engine.detect(image)
    rotation = (-90 * turns) % 360
    return rotation, image, _turn_matrix(image.shape, turns), quads


def _quarter_turned(image: Image, quarters: int) -> Image:
    """Turned clockwise."""
    return np.ascontiguousarray(np.rot90(image, -quarters))


def _turn_matrix(turned: tuple[int, ...], quarters: int) -> Floats:
    """Pixels before the turn to pixels after it; `turned` is the shape after."""
    height, width = turned[:2]
    matrices = {
        0: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        1: [[0, -1, width], [1, 0, 0], [0, 0, 1]],
        2: [[-1, 0, width], [0, -1, height], [0, 0, 1]],
        3: [[0, 1, 0], [-1, 0, height], [0, 0, 1]],
    }
    return np.array(matrices[quarters % 4], np.float32)


def _sides(quads: Floats) -> tuple[Floats, Floats]:
    """Lengths along and across each line, as drawn from the first corner."""
    along = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    across = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return along, across


def _runs_down(quads: Floats) -> bool:
    if not len(quads):
        return False
    along, across = _sides(quads)
    longish = np.maximum(along, across) > 2.0 * np.minimum(along, across)
    return float(across[longish & (across > along)].sum()) > float(along[longish & (along > across)].sum())


def _upside_down(image: Image, quads: Floats, engine: Engine) -> bool:
    """Read the longest lines both ways: the right way reads as more symbols that the recogniser is sure of."""
    along, across = _sides(quads)
    order = np.argsort(-np.where(across > 0, np.minimum(along, 25 * across), 0))[:VOTERS]
    crops = [_middle(crop_quad(image, quads[i])) for i in order]
    ways = engine.recognise([*crops, *(np.ascontiguousarray(c[::-1, ::-1]) for c in crops)])
    up = sum(r.sureness for r in ways[: len(crops)])
    down = sum(r.sureness for r in ways[len(crops) :])
    return down > up


def _middle(crop: Image) -> Image:
    """A dozen characters of a line are enough to tell."""
    room = max(0, crop.shape[1] - 12 * crop.shape[0]) // 2
    return np.ascontiguousarray(crop[:, room : crop.shape[1] - room])


def _levelled(image: Image, quads: Floats) -> tuple[Image, Floats, Floats]:
    """Take out skew and keystone, so that lines are level across the whole page.

    The slopes of the text lines are fitted as a linear function of the height on the page: the constant part is skew,
    the change with height is what perspective leaves.
    """
    matrix = _level_matrix(quads, image.shape)
    if matrix is None:
        return image, np.eye(3, dtype=np.float32), quads
    height, width = image.shape[:2]
    level = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return (
        np.asarray(level, np.uint8),
        matrix,
        cv2.perspectiveTransform(quads.reshape(-1, 1, 2), matrix).reshape(-1, 4, 2),
    )


def _level_matrix(quads: Floats, shape: tuple[int, ...]) -> Floats | None:
    """A homography about the page's centre, or None where the lines are level already (or too few to tell)."""
    height, width = shape[:2]
    along, across = _sides(quads)
    long = along > np.maximum(6 * across, 0.15 * width)
    if long.sum() < 3:
        return None
    edge = (quads[long, 1] + quads[long, 2] - quads[long, 0] - quads[long, 3]) / 2
    slope = edge[:, 1] / edge[:, 0]
    middle = (quads[long].mean(1)[:, 1] - height / 2) / width
    skew, keystone = _robust_line(middle, slope, along[long])
    if abs(skew) < 0.0008 and abs(keystone) < 0.004:
        return None
    # Few lines, or lines in one part of the page, say nothing about the rest of it.
    told = long.sum() >= 8 and np.ptp(middle) > 0.4 and abs(keystone) < STRONGEST_KEYSTONE
    return _rectifying(skew, keystone if told else 0.0, width, height)


def _robust_line(x: Floats, y: Floats, weight: Floats) -> tuple[float, float]:
    """y = a + b x by iteratively reweighted least squares (Huber's weights)."""
    w = np.asarray(weight, np.float64).copy()
    a, b = float(np.median(y)), 0.0
    for _ in range(8):
        design = np.stack([np.ones_like(x), x], 1)
        if np.ptp(x) < 0.2:
            design[:, 1] = 0.0
        solution = np.linalg.lstsq(design * w[:, None] ** 0.5, y * w**0.5, rcond=None)[0]
        a, b = float(solution[0]), float(solution[1])
        rest = np.abs(y - a - b * x)
        w = weight * np.minimum(1.0, 0.003 / np.maximum(rest, 1e-9))
    return a, b


def _rectifying(skew: float, keystone: float, width: int, height: int) -> Floats:
    """Rotation by the skew and the projective term that makes slopes equal at all heights.

    With coordinates in page widths about the centre, lines whose slope grows as `keystone * y` meet in a point at
    x = -1 / keystone: dividing by (1 + keystone x) sends it to infinity.
    """
    to_unit = np.array([[1 / width, 0, -0.5], [0, 1 / width, -height / width / 2], [0, 0, 1]])
    cosine, sine = np.cos(np.arctan(skew)), np.sin(np.arctan(skew))
    turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    project = np.array([[1, 0, 0], [0, 1, 0], [keystone, 0, 1]])
    return np.asarray(np.linalg.inv(to_unit) @ project @ turn @ to_unit, np.float32)
