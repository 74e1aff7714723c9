"""What happens to a sheet on its way to a file: a flatbed scanner or a camera. Boxes stay fractions of the sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.noise import field
from samples.paper import Colour, Sheet

Matrix = NDArray[Any]  # 3 x 3


@dataclass(frozen=True, slots=True)
class Machine:
    """A scanner or camera. Ranges are (low, high).

    `dpi`: of the scan, or of the page in the photograph; `skew` in degrees; `blur` and `noise` in pixels and grey
    levels; `quality` of the JPEG; `turns`: chance that a sheet lies turned by 90, 180 or 270; `tilt`: perspective as a
    share of the page; `light`: unevenness as a share.
    """

    camera: bool = False
    dpi: tuple[int, ...] = (200,)
    skew: float = 0.8
    blur: tuple[float, float] = (0.3, 0.6)
    noise: tuple[float, float] = (0.3, 1.5)
    quality: tuple[int, int] = (55, 75)
    turns: float = 0.15
    shadow: float = 0.3
    tilt: float = 0.06
    light: float = 0.25
    curl: float = 0.004
    desks: tuple[str, ...] = ("wood", "plain", "cloth")


@dataclass(frozen=True, slots=True)
class Shot:
    """uint8 (height, width, 3), red green blue; `homography` maps fractions of the sheet to pixels."""

    image: Colour
    homography: Matrix
    rotation: int
    quality: int
    dpi: int


def capture(sheet: Sheet, machine: Machine, rng: Generator) -> Shot:
    """The sheet as the machine sees it."""
    picture, matrix = _photograph(sheet, machine, rng) if machine.camera else _scan(sheet, machine, rng)
    picture = worn(picture, machine, rng)
    quarter = _quarters(sheet, machine, rng)
    image = np.ascontiguousarray(np.rot90(picture, -quarter))
    matrix = _quarter_turn(quarter, picture.shape[1], picture.shape[0]) @ matrix
    return Shot(image, matrix, quarter * 90, int(rng.integers(*machine.quality)), sheet.dpi)


def _quarters(sheet: Sheet, machine: Machine, rng: Generator) -> int:
    """How the sheet lay. A landscape sheet fits a scanner's glass lengthwise only."""
    if sheet.width > sheet.height and not machine.camera:
        return int(rng.choice((1, 3)))
    return int(rng.integers(1, 4)) if rng.random() < machine.turns else 0


def _scan(sheet: Sheet, machine: Machine, rng: Generator) -> tuple[Colour, Matrix]:
    """Skewed about its middle and shifted a little; the lid behind the page is white or grey."""
    height, width = sheet.height, sheet.width
    angle = float(np.clip(rng.normal(0, machine.skew), -3, 3))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    turn = np.asarray(turn, float) + np.array([[0, 0, 1]]) * rng.normal(0, 0.003, (2, 1)) * width
    lid = float(rng.choice((252, 245, 190)))
    page = sheet.picture()
    picture: Colour = np.asarray(cv2.warpAffine(page, turn, (width, height), borderValue=(lid, lid, lid)))
    matrix = np.vstack([turn, [0, 0, 1]]) @ np.diag([width, height, 1.0])
    if rng.random() < machine.shadow:
        return np.asarray(picture * _edge_shadow(rng, height, width)[:, :, None], np.float32), matrix
    return picture, matrix


def _edge_shadow(rng: Generator, height: int, width: int) -> NDArray[Any]:
    """Grey along one edge, where the lid did not close."""
    deep, reach = float(rng.uniform(0.15, 0.45)), float(rng.uniform(0.02, 0.08))
    x = np.linspace(0, 1, width, dtype=np.float32) if rng.random() < 0.6 else np.zeros(width, np.float32) + 9
    y = np.linspace(0, 1, height, dtype=np.float32) if x[0] > 1 else np.zeros(height, np.float32) + 9
    distance = np.minimum(x[None, :], y[:, None])
    if rng.random() < 0.5:
        distance = distance[::-1, ::-1]
    return np.asarray(1 - deep * np.exp(-distance / reach), np.float32)


def _photograph(sheet: Sheet, machine: Machine, rng: Generator) -> tuple[Colour, Matrix]:
    """On a desk, from an angle, in uneven light, the paper curled a little."""
    page = sheet.picture((0.06, 0.06, 0.08))
    width, height = round(sheet.width * 1.14), round(sheet.height * 1.12)
    corners = _corners(sheet, machine, rng, width, height)
    matrix = cv2.getPerspectiveTransform(
        np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32), corners.astype(np.float32)
    )
    x, y = _page_coordinates(np.linalg.inv(matrix), width, height, machine.curl, rng)
    seen = cv2.remap(page, x * sheet.width, y * sheet.height, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    sharp = ((x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)).astype(np.float32)
    inside = cv2.GaussianBlur(sharp, (0, 0), 1.0)[:, :, None]
    desk = _desk(rng, str(rng.choice(machine.desks)), height, width) * _cast_shadow(inside)
    picture = seen * inside + desk * (1 - inside)
    return np.asarray(picture * light(rng, machine.light, height, width), np.float32), np.asarray(matrix)


def _corners(sheet: Sheet, machine: Machine, rng: Generator, width: int, height: int) -> NDArray[Any]:
    """The page's corners in the photograph, pixels (4, 2), from the top left clockwise; always inside the picture."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * (sheet.width, sheet.height)
    square = square + rng.uniform(-machine.tilt, machine.tilt, (4, 2)) * sheet.width
    theta = np.radians(float(np.clip(rng.normal(0, machine.skew * 2), -6, 6)))
    middle = np.array([sheet.width / 2, sheet.height / 2])
    turned = (square - middle) @ np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    reach = np.abs(turned).max(axis=0) / (np.array([width, height]) / 2 * 0.985)
    return np.asarray(turned / max(1.0, float(reach.max())) + np.array([width / 2, height / 2]))


def _page_coordinates(
    inverse: Matrix, width: int, height: int, curl: float, rng: Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """For every pixel the place on the page in fractions (float32), the page's curl taken into account.

    The curl dies away at the corners, so that the homography stays the one that a reader can find.
    """
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    w = inverse[2, 0] * u + inverse[2, 1] * v + inverse[2, 2]
    x = (inverse[0, 0] * u + inverse[0, 1] * v + inverse[0, 2]) / w
    y = (inverse[1, 0] * u + inverse[1, 1] * v + inverse[1, 2]) / w
    bend = curl * float(rng.uniform(-1, 1))
    y = y + bend * np.sin(np.pi * np.clip(x, 0, 1))
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _desk(rng: Generator, kind: str, height: int, width: int) -> Colour:
    colours = {"wood": (150, 105, 66), "plain": (96, 100, 104), "cloth": (58, 74, 96), "dark": (46, 42, 40)}
    base = np.asarray(colours[kind], np.float32) * float(rng.uniform(0.8, 1.25))
    grain = 0.05 * field(rng, (height, width), 40)
    if kind == "wood":
        stripes = field(rng, (height, 64), 7)
        grain = grain + 0.13 * cv2.resize(stripes, (width, height)) + 0.04 * field(rng, (height, width), 4)
    if kind == "cloth":
        grain = grain + 0.10 * rng.standard_normal((height, width), np.float32)
    return np.asarray(base * (1 + grain[:, :, None]), np.float32)


def _cast_shadow(inside: NDArray[Any]) -> NDArray[Any]:
    """The page's shadow on the desk, (height, width, 1)."""
    soft = cv2.GaussianBlur(np.roll(inside[:, :, 0], (9, 7), axis=(0, 1)), (0, 0), 9)
    return np.asarray(1 - 0.45 * soft[:, :, None], np.float32)


def light(rng: Generator, uneven: float, height: int, width: int) -> Colour:
    """A slope, a soft shadow of a hand or a lamp, and the lamp's colour."""
    u, v = np.meshgrid(np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32))
    slope = rng.uniform(-uneven, uneven, 2)
    level = 0.86 + 0.5 * (slope[0] * u + slope[1] * v) + uneven * 0.35 * field(rng, (height, width), width / 2)
    warm = float(rng.uniform(-0.05, 0.06))
    lamp = np.asarray([1 + warm, 1.0, 1 - warm], np.float32)
    return np.asarray(np.clip(level, 0.4, 1.05)[:, :, None] * lamp, np.float32)


def worn(picture: Colour, machine: Machine, rng: Generator) -> Colour:
    """Blur, contrast and noise; uint8."""
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(*machine.blur)))
    contrast, black = float(rng.uniform(0.9, 1.06)), float(rng.uniform(0, 14))
    picture = (picture - 255) * contrast + 255 - black * (1 - picture / 255)
    noise = rng.standard_normal(picture.shape, np.float32) * float(rng.uniform(*machine.noise))
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


def _quarter_turn(quarter: int, width: int, height: int) -> Matrix:
    """The matrix of `quarter` clockwise turns of a picture of that size."""
    return np.array(
        (
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            [[0, -1, height], [1, 0, 0], [0, 0, 1]],
            [[-1, 0, width], [0, -1, height], [0, 0, 1]],
            [[0, 1, 0], [-1, 0, width], [0, 0, 1]],
        )[quarter],
        float,
    )
