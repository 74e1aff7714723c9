"""Finding the sheet of paper in a photograph."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.perspective import clockwise
from extractors.scaling import reduced

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

WORKING = 1000  # px on the long side for finding the sheet
STEP = 10.0  # grey levels: a sheet's edge is a step at least this high over a few pixels
EDGE = 4  # px from the picture's border, within which a scanner may leave anything
SMALL = 64  # px: a picture so narrow shows no sheet
SHORTEST = 0.25  # of the picture: a smaller sheet is not the page
CHANGE = 8.0  # of lightness and colour together, from paper to desk across the sheet's edge
LIGHT_MASKS = 2  # of the masks of paper: the quick ones, which hold all light areas and not only one
PRINTED = 25  # grey levels that print is darker than its paper, at least
CUTTING, CUT = 5, (0.008, 0.5)  # px on both sides of an edge; share of its length that print runs over
BESIDE = (0.1, 0.6)  # the same of print that stands close to it, within
SMALLEST = 0.1  # of the picture, where several sheets are looked for
SEEN = 0.7  # of the weakest side of one of several
SURE = 0.95  # of a sheet's weakest side: a better quadrilateral is not looked for
SEEDS = ((0.5, 0.35), (0.35, 0.5), (0.65, 0.5), (0.5, 0.7))  # fractions of the picture where the sheet is likely to be


class Paper:
    """A small copy of a picture (BGR), and where on it paper may be; told once, for all that ask.

    `small` (h, w, 3) BGR; `scale`: of the picture; `light` (h, w) its lightness without print.
    """

    def __init__(self, image: Image) -> None:
        self.small, self.scale = reduced(image, WORKING)
        self.light = _without_print(self.small)
        self.fills = _fills(self.light)
        self._found: list[Image] = []

    @cached_property
    def lab(self) -> Image:
        """Lightness and colour without text and ruling, (h, w, 3)."""
        return _smooth(self.small, self.light)

    @cached_property
    def printed(self) -> Image:
        """Where there is print, and whatever else is thin and dark, (h, w), 0 or 1."""
        lightness = cv2.cvtColor(self.small, cv2.COLOR_BGR2LAB)[:, :, 0]
        return np.asarray(lightness < self.light - np.minimum(self.light, PRINTED), np.uint8)

    @cached_property
    def sheet(self) -> Floats | None:
        """The sheet's corners in the picture's pixels, (4, 2), clockwise from the top left; None when it fills it."""
        return _find_sheet(self)

    def masks(self) -> Iterator[Image]:
        """Areas that may be paper, (h, w), 255 where they are."""
        yield from self._found
        for mask in islice(_paper_masks(self.small, self.light, self.lab), len(self._found), None):
            self._found.append(mask)
            yield mask


def _find_sheet(paper: Paper) -> Floats | None:
    """Of the areas that may be paper, the one along whose weakest side most of the edge is seen."""
    if paper.fills:
        return None
    best, seen = None, 0.0
    for mask in paper.masks():
        quad = _quad_of(mask)
        whole = quad is not None and _is_sheet(quad, paper.light) and not _cuts_print(quad, paper.printed)
        share = _seen(quad, paper.lab) if quad is not None and whole else 0.0
        if quad is not None and share > seen:
            best, seen = quad, share
        if seen > SURE:
            break
    return None if best is None else np.asarray(best / paper.scale, np.float32)


def areas_of_paper(paper: Paper) -> list[Floats]:
    """The corners of all areas of a picture that may each be a sheet, (4, 2) in its pixels."""
    if paper.fills:
        return []
    found = (quad for mask in islice(paper.masks(), LIGHT_MASKS) for quad in _quads_of(mask, SMALLEST))
    sheets = (q for q in found if _is_sheet(q, paper.light, SMALLEST) and _seen(q, paper.lab) > SEEN)
    return [np.asarray(quad / paper.scale, np.float32) for quad in sheets]


def _fills(light: Image) -> bool:
    """Whether the picture is paper up to all of its edges: then nothing darker lies round a sheet."""
    if min(light.shape) < SMALL:
        return True
    edge = np.concatenate([light[EDGE, :], light[-1 - EDGE, :], light[:, EDGE], light[:, -1 - EDGE]])
    return float(edge.min()) > float(np.percentile(light[::4, ::4], 90)) - STEP


def _without_print(small: Image) -> Image:
    """Lightness with text and ruling closed away, so that only large areas remain."""
    lightness = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)[:, :, 0]
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (15, 15))
    return np.asarray(cv2.medianBlur(cv2.morphologyEx(lightness, cv2.MORPH_CLOSE, kernel), 7), np.uint8)


def _smooth(small: Image, light: Image) -> Image:
    """Lightness and colour without text and ruling, (H, W, 3)."""
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2LAB)
    colour = [cv2.blur(lab[:, :, c], (9, 9)) for c in (1, 2)]
    return np.asarray(cv2.merge([light, *colour]), np.uint8)


def _paper_masks(small: Image, light: Image, lab: Image) -> Iterator[Image]:
    """Where paper may be: light areas; those without colour; those enclosed by edges; those without an edge."""
    level, bright = cv2.threshold(light, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    yield np.asarray(bright, np.uint8)
    colour = _colour(small)
    yield ((light > level * 0.8) & (colour < np.median(colour[light > level]) + 8)).astype(np.uint8) * 255
    edges = cv2.dilate(cv2.Canny(light, 20, 60), np.ones((5, 5), np.uint8))
    enclosed = cv2.bitwise_and(cv2.bitwise_not(edges), (light > level * 0.6).astype(np.uint8) * 255)
    yield np.asarray(cv2.morphologyEx(enclosed, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)), np.uint8)
    for step in (2, 1, 3):
        yield _reached(lab, step)


def _colour(small: Image) -> Floats:
    """How far from grey a place is, without print and grain, (h, w); at half the size, where a median costs little."""
    half = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    lab = cv2.medianBlur(cv2.cvtColor(half, cv2.COLOR_BGR2LAB), 5).astype(np.float32)
    return np.asarray(cv2.resize(np.hypot(lab[:, :, 1] - 128, lab[:, :, 2] - 128), small.shape[1::-1]), np.float32)


def _reached(lab: Image, step: int) -> Image:
    """What can be reached from the middle without a change of more than `step` from pixel to pixel.

    Light falls off slowly over a sheet, be it ever so much in all; at its edge it changes at once.
    """
    height, width = lab.shape[:2]
    masks = []
    for x, y in SEEDS:
        mask = np.zeros((height + 2, width + 2), np.uint8)
        place = (int(x * width), int(y * height))
        flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
        cv2.floodFill(lab, mask, place, 0, (step,) * 3, (step,) * 3, flags)
        masks.append(mask[1:-1, 1:-1])
    largest = max(masks, key=lambda mask: int(np.count_nonzero(mask)))
    return np.asarray(cv2.morphologyEx(largest, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)), np.uint8)


def _seen(quad: Floats, lab: Image) -> float:
    """The share of the weakest side along which lightness or colour changes; a side outside the picture is not one."""
    shares = []
    for outside, inside in _across(quad, lab.shape, 7, 80, 0.03):
        if len(outside) >= 20:
            change = np.abs(_at(lab, inside) - _at(lab, outside)).sum(1)
            shares.append(float((change > CHANGE).mean()))
    return min(shares, default=0.0)


def _cuts_print(quad: Floats, printed: Image) -> bool:
    """Whether print runs over one of the sides, or close along it: it is a fold of the sheet, and no edge.

    A shadow along an edge is not all over it, and what lies on a desk does not go on over the paper.
    """
    for side in zip(*(tuple(_across(quad, printed.shape, n, 400, 0.03)) for n in (2, CUTTING)), strict=True):
        if all(len(points) == 400 for pair in side for points in pair):
            inked = np.array([[_at(printed, points) > 0 for points in pair] for pair in side])  # near, far; out, in
            over, beside = inked.all((0, 1)).mean(), inked[:, 1].all(0).mean()
            if CUT[0] < over < CUT[1] or BESIDE[0] < beside < BESIDE[1]:
                return True
    return False


def _at(picture: Image, points: Floats) -> Floats:
    whole = points.astype(int)
    return np.asarray(picture[whole[:, 1], whole[:, 0]], np.float32)


def _across(
    quad: Floats, shape: tuple[int, ...], reach: int, count: int, ends: float
) -> Iterator[tuple[Floats, Floats]]:
    """Per side, points on both sides of it, `reach` px away, where both lie within the picture: outside, inside."""
    height, width = shape[:2]
    centre = quad.mean(0)
    for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
        normal = np.array([-(end - start)[1], (end - start)[0]]) / max(1.0, float(np.linalg.norm(end - start)))
        inward = normal if (centre - start) @ normal > 0 else -normal
        points = start + np.linspace(ends, 1 - ends, count)[:, None] * (end - start)
        outside, inside = points - reach * inward, points + reach * inward
        within = np.ones(count, bool)
        for part in (outside, inside):
            within &= (part >= 1).all(1) & (part[:, 0] < width - 1) & (part[:, 1] < height - 1)
        yield outside[within], inside[within]


def _quad_of(mask: Image) -> Floats | None:
    """Four straight sides fitted to the largest area of `mask`."""
    return next(iter(_quads_of(mask, SHORTEST)), None)


def _quads_of(mask: Image, smallest: float) -> Iterator[Floats]:
    """Four straight sides fitted to each area of `mask` that has a share of it, the largest first."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in sorted(contours, key=cv2.contourArea, reverse=True):
        hull = cv2.convexHull(contour)
        if cv2.contourArea(hull) < smallest * mask.size:
            return
        rough = _four_corners(hull)
        quad = None if rough is None else _fit_sides(rough, contour[:, 0].astype(np.float32))
        if quad is not None:
            yield quad


def _four_corners(hull: NDArray[np.int32]) -> Floats | None:
    length = cv2.arcLength(hull, True)
    for tolerance in np.arange(0.01, 0.08, 0.005):
        corners = cv2.approxPolyDP(hull, float(tolerance) * length, True)
        if len(corners) == 4:
            return clockwise(corners[:, 0].astype(np.float32))
        if len(corners) < 4:
            return None
    return None


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


def _is_sheet(quad: Floats, light: Image, smallest: float = SHORTEST) -> bool:
    """Opposite sides of like length, and a step in lightness along the sides that lie within the picture."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    if min(sides[0], sides[2]) < 0.55 * max(sides[0], sides[2]) or min(sides[1], sides[3]) < 0.55 * max(
        sides[1], sides[3]
    ):
        return False
    if cv2.contourArea(quad) < smallest * light.size or not cv2.isContourConvex(quad):
        return False
    steps = [s for s in _side_steps(quad, light) if s is not None]
    # Beside a fold the paper may be lighter than what was taken for the sheet.
    return len(steps) >= 2 and sorted(steps)[len(steps) // 4] > STEP and min(steps) > -STEP


def _side_steps(quad: Floats, light: Image) -> list[float | None]:
    """Per side the median step from outside to inside in grey levels; None for a side on the picture's border."""
    return [
        float(np.median(_at(light, inside) - _at(light, outside))) if len(outside) >= 30 else None
        for outside, inside in _across(quad, light.shape, 9, 60, 0.1)
    ]
