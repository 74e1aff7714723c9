"""Names as typefaces set them: a name in type, printed where a signature belongs, is none.

A typeface draws a character the same each time, and sets a name's characters on one line, equally far apart. What the
ink says is read, set in the faces that forms and letters are printed in, and laid beside the ink. Faces of one kind
(宋体, 黑体, 楷体) follow one model, so that those that are installed tell others, too; no hand follows it as closely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from extractors.engine import Engine
from extractors.ink import as_print
from extractors.signatures import Strokes, is_name
from extractors.textlines import Rect
from yinjian import fonts
from yinjian.errors import SetupError

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]  # pixels (x0, y0, x1, y1)

EM = 160  # px that characters are drawn at
SIDE, AROUND, SOFT = 48, 0.06, 1.6  # px that an em square is compared at, ems round it, px that it is blurred by
GIVE = 3  # px that one may lie beside the other
CUT = 0.2  # of the pitch, about where the next character is due: there the gap is looked for
OF_TYPICAL = 0.4  # of the typical density of a name is its ink
ROOM = 0.15  # of its height, round a name that is read
BEYOND, GROWN = 1.5, 3  # heights beside strokes in which pale parts of their name are looked for, and how often
APART = 0.3  # of the larger pieces of ink: no two of type that is set as usual stand twice as far apart
HAIRLINE = 0.25  # of the density of a name's stems: what is paler is paper
OFF = 0.015  # ems that the edges of type lie off the em squares of another face of its kind; a hand's lie further
EDGED, ONE_WAY = 0.25, 0.8  # of the steepest edges: less is no edge; how much of one runs one way
UPRIGHT, LEAN, ALIKE = 20.0, 5.0, 3.0  # degrees: edges that are meant upright; a page leans; edges that lean alike
ONE_LEAN, USUAL = 0.2, 0.3  # what edges that lean alike count for, and the share of them that type and hands may have
TYPE, LIKE_TYPE = 0.90, 0.83  # likeness to a face: of type, and of what may be type
# Of 450 names in fifteen faces, each told by the others and leaning a little, 2 are less alike than `LIKE_TYPE`. Of 93
# signatures that were drawn along the strokes of a Kai face 4 are as alike, of other hands none is near.


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character of a face: its em square as it is compared, (SIDE, SIDE), and the box of its ink there, in ems."""

    shape: Floats
    box: Rect


def likeness_to_type(dark: Floats, strokes: Strokes, engine: Engine) -> float:
    """How alike strokes are to what they say in type, -1 to 1, of whatever size and wherever they stand.

    `dark`: density (H, W), without the ruling. Type has hairlines, too pale beside its stems to be a pen's: what the
    strokes are in themselves is looked at, what they are with all ink that stands among them, and without dust.
    """
    x0, y0, x1, y1 = (int(v) for v in strokes.rect)
    alone = np.asarray(dark[y0:y1, x0:x1] * strokes.drawn[: y1 - y0, : x1 - x0], np.float32)
    hairline = HAIRLINE * float(np.percentile(alone[alone > 0], 90))
    areas = [alone, _closest(alone), *_with_hairlines(dark, (x0, y0, x1, y1), hairline)]
    read = engine.recognise([as_print(np.pad(area, round(ROOM * area.shape[0]))) for area in areas])
    return max(likeness(area, line.text) for area, line in zip(areas, read, strict=True))


def _closest(ink: Floats) -> Floats:
    """Of ink in groups that stand apart, the one with the most of it, cut to what it holds: no hair, no dust."""
    inked = (ink > 0).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(inked, connectivity=8)
    reach = max(1, round(APART * float(np.percentile(stats[1:, 2:4].max(1), 75))))
    _, groups = cv2.connectedComponents(cv2.dilate(inked, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)))
    return _cut(ink * (groups == np.bincount(groups.ravel(), ink.ravel()).argmax()))


def _with_hairlines(dark: Floats, rect: Box, level: float) -> Iterator[Floats]:
    """All ink denser than `level` that reaches into a rectangle or stands close to it, cut to what it holds.

    Then, where that is more, what stands beside this: the parts of a character may be too pale to be strokes.
    """
    room, beyond = (round(share * (rect[3] - rect[1])) for share in (ROOM, BEYOND))
    yield next(_close(dark, rect, level, room, (2 * room, 2 * room)))
    _, *grown = _close(dark, rect, level, room, (beyond, room))
    yield from grown


def _close(dark: Floats, rect: Box, level: float, room: int, within: tuple[int, int]) -> Iterator[Floats]:
    """The ink within `room` of a rectangle, and then within `room` of what was found, as long as that is more.

    `within`: how far beside the rectangle, and above and below it, ink is looked at.
    """
    left, top = max(0, rect[0] - within[0]), max(0, rect[1] - within[1])
    seen = dark[top : rect[3] + within[1], left : rect[2] + within[0]]
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((seen > level).astype(np.uint8))
    chosen = _close_to((rect[0] - left, rect[1] - top, rect[2] - left, rect[3] - top), pieces, room)
    yield _cut(seen * np.isin(pieces, chosen))
    for _ in range(GROWN):
        x, y = stats[chosen, :2].min(0)
        right, bottom = (stats[chosen, :2] + stats[chosen, 2:4]).max(0)
        more = _close_to((int(x), int(y), int(right), int(bottom)), pieces, room)
        if len(more) == len(chosen):
            return
        chosen = more
        yield _cut(seen * np.isin(pieces, chosen))


def _close_to(rect: Box, pieces: NDArray[np.int32], room: int) -> NDArray[np.int32]:
    """Which pieces reach into a rectangle or stand within `room` of it."""
    near = pieces[max(0, rect[1] - room) : rect[3] + room, max(0, rect[0] - room) : rect[2] + room]
    return np.asarray(np.unique(near[near > 0]), np.int32)


def _cut(ink: Floats) -> Floats:
    """Ink cut to what it holds."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)


def likeness(ink: Floats, text: str) -> float:
    """How alike ink (density, cut to what it holds) is to a name in the face that it is most alike; -1 for no name."""
    if not is_name(text):
        return -1.0
    boxes = _characters(ink > OF_TYPICAL * float(np.percentile(ink[ink > 0], 90)), len(text))
    if len(boxes) < len(text):
        return -1.0
    faces = ([_glyph(c, place) for c in text] for place in _faces())
    alike = max(_likeness(ink, boxes, [g for g in face if g is not None]) for face in faces)
    return alike + ONE_LEAN * (_lean_alike(ink) - USUAL)


def _lean_alike(ink: Floats) -> float:
    """How many of the edges of upright strokes lean one way, 0 to 1: type's do, a hand's hardly (structure tensor)."""
    scale = SIDE / ink.shape[0]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    em = cv2.GaussianBlur(cv2.resize(np.pad(ink, 4), None, fx=scale, fy=scale, interpolation=method), (0, 0), SOFT)
    across, down = (cv2.Scharr(em, -1, *way) for way in ((1, 0), (0, 1)))
    xx, xy, yy = (cv2.GaussianBlur(part, (0, 0), SOFT) for part in (across * across, across * down, down * down))
    leaning = np.degrees(np.arctan2(2 * xy, xx - yy)) / 2
    steep = np.hypot(across, down)
    one_way = np.hypot(xx - yy, 2 * xy) > ONE_WAY * (xx + yy)
    upright = steep * (one_way & (steep > EDGED * np.percentile(steep, 99)) & (np.abs(leaning) < UPRIGHT))
    ways = np.arange(-LEAN, LEAN + 0.5, 0.5)
    most = max(float((upright * (np.abs(leaning - way) < ALIKE)).sum()) for way in ways)
    return most / max(1e-6, float(upright.sum()))


def _likeness(ink: Floats, boxes: Sequence[Box], face: Sequence[Glyph]) -> float:
    """How well ink correlates with a face's characters, less how far it lies off them; -1 when the face lacks one."""
    if len(face) < len(boxes):
        return -1.0
    left, pitch, top, size, off = _em_squares(boxes, [glyph.box for glyph in face])
    seen = (_square(ink, left + n * pitch, top, size) for n in range(len(face)))
    alike = float(np.mean([_correlation(one, glyph.shape) for one, glyph in zip(seen, face, strict=True)]))
    return alike - max(0.0, off - OFF)


def _em_squares(boxes: Sequence[Box], set_in: Sequence[Rect]) -> tuple[float, float, float, float, float]:
    """Left edge, pitch, top edge and side (px) of the em squares in which a face would set what is in the boxes.

    Of all sizes and places that which brings the boxes' edges nearest to the face's (least squares). Last, how far off
    they are then (root mean square, ems).
    """
    across = [[1.0, n, 0.0, edge] for n, box in enumerate(set_in) for edge in (box[0], box[2])]
    down = [[0.0, 0.0, 1.0, edge] for box in set_in for edge in (box[1], box[3])]
    seen = [edge for box in boxes for edge in (box[0], box[2])] + [edge for box in boxes for edge in (box[1], box[3])]
    found, squares, _, _ = np.linalg.lstsq(np.array(across + down), np.array(seen, float), rcond=None)
    left, pitch, top, size = found.tolist()
    return left, pitch, top, size, float(np.sqrt(squares.sum() / len(seen))) / max(1.0, size)


def _square(ink: Floats, left: float, top: float, size: float) -> Floats:
    """The em square with its top left corner at (left, top) as it is compared: (SIDE, SIDE), mean 0, length 1."""
    step = size * (1 + 2 * AROUND) / SIDE
    x, y = (corner - AROUND * size + step / 2 - 0.5 for corner in (left, top))
    matrix = np.array([[step, 0, x], [0, step, y]], np.float32)
    soft = cv2.GaussianBlur(ink, (0, 0), step / 3) if step > 1 else ink  # what is drawn smaller is not to lose strokes
    square = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    square = cv2.GaussianBlur(square, (0, 0), SOFT)
    square = square - square.mean()
    return np.asarray(square / max(1e-6, float(np.linalg.norm(square))), np.float32)


def _correlation(one: Floats, other: Floats) -> float:
    """Where they lie best on one another, a little aside at most."""
    return float(cv2.matchTemplate(np.pad(one, GIVE), other, cv2.TM_CCORR).max())


def _characters(ink: NDArray[np.bool_], count: int) -> list[Box]:
    """The boxes of so many characters, equally far apart; fewer where there is no ink for one."""
    pitch, inked, cuts = ink.shape[1] / count, ink.sum(0), [0]
    for n in range(1, count):
        low, high = round((n - CUT) * pitch), round((n + CUT) * pitch) + 1
        cuts.append(low + int(inked[low:high].argmin()))
    boxes = []
    for left, right in pairwise([*cuts, ink.shape[1]]):
        rows, columns = np.flatnonzero(ink[:, left:right].any(1)), np.flatnonzero(ink[:, left:right].any(0))
        if len(rows):
            boxes.append((left + int(columns[0]), int(rows[0]), left + int(columns[-1]) + 1, int(rows[-1]) + 1))
    return boxes


@cache
def _faces() -> tuple[tuple[str, int], ...]:
    """Files of the faces that are installed, and their places in these. Raises SetupError when there are none."""
    found = tuple(place for family in fonts.FAMILIES if (place := fonts.find(family)) is not None)
    if not found:  # or names in type would be taken for signatures
        raise SetupError("No font with Chinese characters is installed.", "Run `yinjian doctor`: it names packages.")
    return found


@lru_cache(maxsize=2048)
def _glyph(character: str, face: tuple[str, int]) -> Glyph | None:
    """A face's character, None when it draws nothing."""
    canvas = Image.new("L", (2 * EM, 2 * EM), 0)
    ImageDraw.Draw(canvas).text((EM / 2, EM / 2), character, 255, _font(face))
    ink = np.asarray(canvas, np.float32) / np.float32(255)
    boxes = _characters(ink > 0.5, 1)
    if not boxes:
        return None
    left, top, right, bottom = ((edge - EM / 2) / EM for edge in boxes[0])
    return Glyph(_square(ink, EM / 2, EM / 2, EM), (left, top, right, bottom))


@cache
def _font(face: tuple[str, int]) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face[0], EM, index=face[1])
