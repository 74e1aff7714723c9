"""A sheet seen from straight above: the perspective of a photograph taken out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

A4 = 297 / 210
NEAR_A4 = 0.08  # of its proportion
TELEPHONE = 0.9  # focal length of one's camera, in long sides of its picture (about 26 mm on full frame is 0.75)
FOCAL = (0.5, 2.5)  # wide to tele: what corners tell beyond that is an error of theirs


def clockwise(corners: Floats) -> Floats:
    """Corners ordered clockwise from the top left."""
    centre = corners.mean(0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    ordered = corners[np.argsort(angles)]
    first = int(np.argmin(ordered.sum(1)))
    return np.roll(ordered, -first, axis=0)


def flatten(image: Image, quad: Floats, longest: int = 3508) -> tuple[Image, Floats]:
    """The sheet seen from straight above, and the (3, 3) homography from picture to sheet, both in pixels.

    Sides near the proportion of A4 are taken for A4: curled paper and corners found a little aside hide the true one.
    """
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    width, height = float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
    seen = _proportion(quad, image.shape)
    portrait = seen <= 1.0
    long, short = (height, width) if portrait else (width, height)
    ratio = max(seen, 1.0 / seen)
    ratio = A4 if abs(ratio / A4 - 1.0) < NEAR_A4 else ratio
    long = min(max(long, short * ratio), longest)
    size = (round(long / ratio), round(long)) if portrait else (round(long), round(long / ratio))
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    flat = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8), np.asarray(matrix, np.float32)


def _proportion(quad: Floats, shape: tuple[int, ...]) -> float:
    """Width by height of the rectangle that a camera sees as `quad` (Zhang and He 2004, whiteboard scanning).

    The picture's middle is taken for the camera's axis; the focal length follows from the corners, and where they do
    not tell (a sheet seen nearly straight) it is a telephone's, which then hardly matters.
    """
    middle = np.array([shape[1] / 2, shape[0] / 2])
    one, two, four, three = (np.append(corner - middle, 1.0) for corner in np.asarray(quad, float))
    k2 = float(np.cross(one, four) @ three) / float(np.cross(two, four) @ three)
    k3 = float(np.cross(one, four) @ two) / float(np.cross(three, four) @ two)
    across, down = k2 * two - one, k3 * three - one
    focal = TELEPHONE * max(shape[:2])
    if abs(across[2] * down[2]) > 1e-9:
        squared = -(across[0] * down[0] + across[1] * down[1]) / (across[2] * down[2])
        low, high = (FOCAL[0] * max(shape[:2])) ** 2, (FOCAL[1] * max(shape[:2])) ** 2
        focal = float(np.sqrt(squared)) if low < squared < high else focal

    def length(side: Floats) -> float:
        return float(np.sqrt((side[0] ** 2 + side[1] ** 2) / focal**2 + side[2] ** 2))

    return length(across) / max(1e-9, length(down))
