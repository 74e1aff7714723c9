"""Finding the sheet of paper in a photograph, and taking the perspective out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.scaling import reduced

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

A4 = 297 / 210
WORKING = 1000  # px on the long side for finding the sheet
STEP = 10.0  # grey levels: a sheet's edge is a step at least this high over a few pixels
EDGE = 4  # px from the picture's border, within which a scanner may leave anything
SHORTEST = 0.25  # of the picture: a smaller sheet is not the page


def find_sheet(image: Image) -> Floats | None:
    """The sheet's corners in pixels, (4, 2), clockwise from the top left; None when the page fills the picture."""
    small, scale = reduced(image, WORKING)
    light = _without_print(small)
    if _fills(light):
        return None
    for mask in _paper_masks(small, light):
        quad = _quad_of(mask)
        if quad is not None and _is_sheet(quad, light):
            return np.asarray(quad / scale, np.float32)
    return None


def _fills(light: Image) -> bool:
    """Whether the picture is paper up to all of its edges: then nothing darker lies round a sheet."""
    edge = np.concatenate([light[EDGE, :], light[-1 - EDGE, :], light[:, EDGE], light[:, -1 - EDGE]])
    return float(edge.min()) > float(np.percentile(light[::4, ::4], 90)) - STEP


def _without_print(small: Image) -> Image:
    """Lightness with text and ruling closed away, so that only large areas remain."""
    lightness = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[:, :, 0]
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (15, 15))
    return np.asarray(cv2.medianBlur(cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, kernel), 7), np.uint8)


def _paper_masks(small: Image, light: Image) -> list[Image]:
    """Where paper may be: light areas; light areas without colour; areas enclosed by edges."""
    level, bright = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    lab = cv2.medianBlur(cv2.cvtColor(small, cv2.COLOR_BGR2LAB), 9).astype(np.int16)
    colour = np.hypot(lab[:, :, 1] - 128, lab[:, :, 2] - 128)
    plain = ((light > level * 0.8) & (colour < np.median(colour[light > level]) + 8)).astype(np.uint8) * 255
    edges = cv2.dilate(cv2.Canny(light, 20, 60), np.ones((5, 5), np.uint8))
    enclosed = cv2.bitwise_and(cv2.bitwise_not(edges), (light > level * 0.6).astype(np.uint8) * 255)
    enclosed = cv2.morphologyEx(enclosed, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    return [np.asarray(m, np.uint8) for m in (bright, plain, enclosed)]


def _quad_of(mask: Image) -> Floats | None:
    """Four straight sides fitted to the largest area of `mask`."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    hull = cv2.convexHull(max(contours, key=cv2.contourArea))
    if cv2.contourArea(hull) < SHORTEST * mask.size:
        return None
    rough = _four_corners(hull)
    return None if rough is None else _fit_sides(rough, max(contours, key=cv2.contourArea)[:, 0].astype(np.float32))


def _four_corners(hull: NDArray[np.int32]) -> Floats | None:
    length = cv2.arcLength(hull, True)
    for tolerance in np.arange(0.01, 0.08, 0.005):
        corners = cv2.approxPolyDP(hull, float(tolerance) * length, True)
        if len(corners) == 4:
            return clockwise(corners[:, 0].astype(np.float32))
        if len(corners) < 4:
            return None
    return None


def clockwise(corners: Floats) -> Floats:
    """Corners ordered clockwise from the top left."""
    centre = corners.mean(0)
    angles = np.arctan2(corners[:, 1] - centre[1], corners[:, 0] - centre[0])
    ordered = corners[np.argsort(angles)]
    first = int(np.argmin(ordered.sum(1)))
    return np.roll(ordered, -first, axis=0)


def _fit_sides(corners: Floats, contour: Floats) -> Floats | None:
    """The sides as lines through the contour's points, robust to dog-ears, thumbs and rounded corners."""
    lines = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = (contour - start) @ (end - start) / max(1.0, float(np.sum((end - start) ** 2)))
        normal = np.array([-(end - start)[1], (end - start)[0]]) / max(1.0, float(np.linalg.norm(end - start)))
        near = contour[(along > 0.08) & (along < 0.92) & (np.abs((contour - start) @ normal) < 12)]
        if len(near) < 20:
            return None
        vx, vy, x, y = cv2.fitLine(near, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append(np.array([-vy, vx, vy * x - vx * y]))
    fitted = []
    for before, after in zip(np.roll(lines, 1, axis=0), lines, strict=True):
        point = np.cross(before, after)
        if abs(point[2]) < 1e-9:
            return None
        fitted.append(point[:2] / point[2])
    return np.asarray(fitted, np.float32)


def _is_sheet(quad: Floats, light: Image) -> bool:
    """Opposite sides of like length, and a step in lightness along the sides that lie within the picture."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    if min(sides[0], sides[2]) < 0.55 * max(sides[0], sides[2]) or min(sides[1], sides[3]) < 0.55 * max(
        sides[1], sides[3]
    ):
        return False
    if cv2.contourArea(quad) < SHORTEST * light.size or not cv2.isContourConvex(quad):
        return False
    steps = [s for s in _side_steps(quad, light) if s is not None]
    return len(steps) >= 2 and sorted(steps)[len(steps) // 4] > STEP


def _side_steps(quad: Floats, light: Image) -> list[float | None]:
    """Per side the median step from outside to inside in grey levels; None for a side on the picture's border."""
    height, width = light.shape
    centre = quad.mean(0)
    steps: list[float | None] = []
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        normal = np.array([-(end - start)[1], (end - start)[0]]) / max(1.0, float(np.linalg.norm(end - start)))
        inward = normal if (centre - start) @ normal > 0 else -normal
        points = start + np.linspace(0.1, 0.9, 60)[:, None] * (end - start)
        outside, inside = points - 9 * inward, points + 9 * inward
        within = (outside >= 1).all(1) & (outside[:, 0] < width - 1) & (outside[:, 1] < height - 1)
        within &= (inside >= 0).all(1) & (inside[:, 0] < width) & (inside[:, 1] < height)
        if within.sum() < 30:
            steps.append(None)
            continue
        o, i = outside[within].astype(int), inside[within].astype(int)
        steps.append(float(np.median(light[i[:, 1], i[:, 0]].astype(float) - light[o[:, 1], o[:, 0]].astype(float))))
    return steps


def flatten(image: Image, quad: Floats, longest: int = 3508) -> tuple[Image, Floats]:
    """The sheet seen from straight above, and the (3, 3) homography from picture to sheet, both in pixels.

    Sides near the proportion of A4 are taken for A4: perspective hides the true one.
    """
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    width, height = float(max(sides[0], sides[2])), float(max(sides[1], sides[3]))
    portrait = height >= width
    long, short = (height, width) if portrait else (width, height)
    ratio = long / short if long / short > 1.52 else A4
    long = min(max(long, short * ratio), longest)
    size = (round(long / ratio), round(long)) if portrait else (round(long), round(long / ratio))
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    flat = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8), np.asarray(matrix, np.float32)
