"""From a picture of a sheet to the upright page: perspective, quarter turns, skew, and the keystone and lean left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.curl import LONG, find_text_curl, flattened
from extractors.engine import Engine, Recognised
from extractors.linefinding import Found, find_lines
from extractors.perspective import A4, flatten
from extractors.ruling import Ruling, find_ruling
from extractors.sheet import Paper
from extractors.textlines import crop_quad
from yinjian.textfold import is_chinese

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])

A4_INCHES = 11.69
LEAST_SIDE = 1800  # px of the long side: smaller pages are enlarged, so that strokes have pixels to be judged by
LARGEST_SIDE = 3508  # px of the long side: A4 at 300 dpi
SPARE = 2900  # px of the long side: A4 at 248 dpi
STRONGEST_KEYSTONE = 0.3  # change of slope per page width that a camera leaves
VOTERS = 5  # lines read to tell which way is up
VOTING = 0.7  # of their width
TELLING = 5  # symbols, each of them sure: so much is never read upside down
SURE = 0.9


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

    @property
    def enlarged(self) -> float:
        """How many px of the page, in its middle, one of the picture became."""
        height, width = self.image.shape[:2]
        part = np.array([(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]) * (width, height)
        before = moved(part[None], np.linalg.inv(self.matrix))
        return float(np.sqrt(0.04 * width * height / max(1e-6, cv2.contourArea(before))))


def straighten(image: Image, engine: Engine, paper: Paper | None = None) -> Upright:
    """The page of a BGR picture, upright. A page without any text comes back as it was. `paper`: the picture's."""
    matrix = np.eye(3, dtype=np.float32)
    quad = (paper or Paper(image)).sheet
    if quad is not None:
        image, matrix = flatten(image, quad, LARGEST_SIDE)
    image, scaled = _resized(image)
    turns, image, found = _turned_up(image, engine)
    image, found = _unbent(image, found, engine)
    turned, quads = _turn_matrix(image.shape, turns), found.quads
    level = _level_matrix(quads, image.shape)
    level = _plumb(found, level, image.shape)
    if level is not None:
        # Skew, keystone and lean in one: each drawing of the page costs time and sharpness.
        image, quads = _warped(image, level), moved(quads, level)
    total = (np.eye(3) if level is None else level) @ turned @ scaled @ matrix
    return Upright(image, (-90 * turns) % 360, _dpi(image), quads, np.asarray(total, np.float32))


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


def _turned_up(image: Image, engine: Engine) -> tuple[int, Image, Found]:
    """The quarter turns clockwise that bring the text upright: which way lines run, then which end is up."""
    found, turns = find_lines(image, engine), 0
    if _runs_down(found.quads):
        # Sideways: a quarter turn; if that leaves it upside down, the half turn mends it. Lines are found well only
        # where they run along.
        image, turns = _quarter_turned(image, 1), 1
        found = find_lines(image, engine)
    if not len(found.quads) or not _upside_down(image, found.quads, engine):
        return turns, image, found
    image = _quarter_turned(image, 2)
    return turns + 2, image, _half_turned(found, image.shape)


def _unbent(image: Image, found: Found, engine: Engine) -> tuple[Image, Found]:
    """A page of running text that lies flat: on a curled one, lines are passed over, and none shows the skew."""
    height, width = image.shape[:2]
    long = int((np.ptp(found.quads[:, :, 0], axis=1) > LONG * width).sum()) if len(found.quads) else 0
    curl = find_text_curl(found.dark, max(height, width) / A4_INCHES / 25.4 * found.scale, long)
    if curl is None:
        return image, found
    image = flattened(image, curl.maps(image.shape))
    return image, find_lines(image, engine)


def _quarter_turned(image: Pixels, quarters: int) -> Pixels:
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


def _half_turned(found: Found, shape: tuple[int, ...]) -> Found:
    """The same lines, each from its top left corner, after a half turn of the picture."""
    quads = np.roll(moved(found.quads, _turn_matrix(shape, 2)), 2, axis=1)
    return Found(quads, _quarter_turned(found.dark, 2), found.scale)


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
    up = down = 0.0
    for i in order:
        crop = _middle(crop_quad(image, quads[i]))
        one = engine.glance([crop], VOTING)[0]
        if _tells(one):
            return False
        other = engine.glance([np.ascontiguousarray(crop[::-1, ::-1])], VOTING)[0]
        if _tells(other):
            return True
        up, down = up + one.sureness, down + other.sureness
    return down > up


def _tells(read: Recognised) -> bool:
    """Whether a line can only be the right way up: Chinese, long enough, and sure."""
    return sum(map(is_chinese, read.text)) >= TELLING and read.confidence >= SURE


def _middle(crop: Image) -> Image:
    """Some eight characters of a line are enough to tell."""
    room = max(0, crop.shape[1] - 8 * crop.shape[0]) // 2
    return np.ascontiguousarray(crop[:, room : crop.shape[1] - room])


def _plumb(found: Found, level: Floats | None, shape: tuple[int, ...]) -> Floats | None:
    """`level` and then upright rules plumb, told from the small copy's dark ink; None when nothing has to move."""
    dark, scale = found.dark, found.scale
    height, width = dark.shape
    small = np.diag([scale, scale, 1.0])
    if level is not None:
        dark = cv2.warpPerspective(dark, small @ level @ np.linalg.inv(small), (width, height))
    px_per_mm = max(shape[:2]) / A4_INCHES / 25.4 * scale
    lean = _upright_lean(find_ruling(dark, px_per_mm), width, height)
    if lean is None:
        return level
    lean = np.linalg.inv(small) @ lean @ small
    return np.asarray(lean if level is None else lean @ level, np.float32)


def _warped(image: Image, matrix: Floats) -> Image:
    size = image.shape[1::-1]
    # What has pixels to spare loses nothing by the simple way, which takes a quarter of the time.
    method = cv2.INTER_LINEAR if max(size) >= SPARE else cv2.INTER_CUBIC
    drawn = cv2.warpPerspective(image, matrix, size, flags=method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.uint8)


def moved(quads: Floats, matrix: Floats) -> Floats:
    """Quadrilaterals, (n, 4, 2), through a homography."""
    if not len(quads):
        return quads
    return np.asarray(cv2.perspectiveTransform(quads.reshape(-1, 1, 2), matrix).reshape(-1, 4, 2), np.float32)


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
    # Few lines, or lines in one part of the page, say nothing about how slopes change over the rest of it.
    told = long.sum() >= 8 and np.ptp(middle) > 0.4
    skew, keystone = _robust_line(middle, slope, along[long], bends=told)
    if abs(keystone) >= STRONGEST_KEYSTONE:
        skew, keystone = _robust_line(middle, slope, along[long], bends=False)
    if abs(skew) < 0.0008 and abs(keystone) < 0.004:
        return None
    return _rectifying(skew, keystone, width, height)


def _robust_line(x: Floats, y: Floats, weight: Floats, bends: bool) -> tuple[float, float]:
    """y = a + b x by iteratively reweighted least squares (Huber's weights); b is 0 unless it `bends`."""
    w = np.asarray(weight, np.float64).copy()
    a, b = float(np.median(y)), 0.0
    for _ in range(8):
        design = np.stack([np.ones_like(x), x], 1)
        if not bends:
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


def _upright_lean(ruling: Ruling, width: int, height: int) -> Floats | None:
    """The homography that makes leaning vertical lines plumb, or None when they are (or there are too few)."""
    long = [r for r in ruling.vertical if r.length > 0.12 * height]
    if len(long) < 2:
        return None
    lean = np.array([r.b for r in long])
    place = np.array([(r.at((r.start + r.end) / 2) - width / 2) / height for r in long])
    weight = np.array([r.length for r in long]) ** 0.5
    wide = float(np.ptp(place)) > 0.2
    slope, base = np.polyfit(place, lean, 1, w=weight) if wide else (0.0, float(np.average(lean, weights=weight)))
    if abs(base) < 0.0015 and abs(slope) < 0.004:
        return None
    to_unit = np.array([[1 / height, 0, -width / height / 2], [0, 1 / height, -0.5], [0, 0, 1]])
    shear = np.array([[1, -base, 0], [0, 1, 0], [0, 0, 1]])
    project = np.array([[1, 0, 0], [0, 1, 0], [0, float(slope), 1]])
    return np.asarray(np.linalg.inv(to_unit) @ project @ shear @ to_unit, np.float32)
