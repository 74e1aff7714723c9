"""PaddleOCR's text detection round its weights: the same lines, without a framework that is loaded for three steps.

Differentiable binarization (Liao et al. 2020, "Real-time Scene Text Detection with Differentiable Binarization"): the
weights tell of each pixel how likely it is the inside of a line, shrunk; each patch of these is a line, grown again by
`D = A * r / L` (A area, L length of its outline, r `unclip_ratio`).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor

import cv2
import numpy as np
import pyclipper
from numpy.typing import NDArray

from extractors.weights import DETECTOR, configuration

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

MULTIPLE = 32  # px: the sides that the weights take
LEAST_SUM = 64  # px of both sides: a smaller picture is put on a black one first
SMALLEST = 3  # px of a patch's short side, and two more of the line's
MOST = 1000  # patches


def as_input(image: Image, side: int) -> Floats:
    """A BGR image as the weights take it, (1, 3, height, width): no longer than `side` px, each channel normalised."""
    height, width = image.shape[:2]
    if height + width < LEAST_SUM:
        image = cv2.copyMakeBorder(
            image, 0, max(0, MULTIPLE - height), 0, max(0, MULTIPLE - width), cv2.BORDER_CONSTANT
        ).astype(np.uint8)
        height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = [max(MULTIPLE, round(int(v * scale) / MULTIPLE) * MULTIPLE) for v in (width, height)]
    small = image if size == [width, height] else cv2.resize(image, size)
    normal = configuration(DETECTOR)["PreProcess"]["transform_ops"][2]["NormalizeImage"]
    mean, deviation = (np.array(normal[name], np.float32)[:, None, None] for name in ("mean", "std"))
    return np.asarray((small.transpose(2, 0, 1) / np.float32(255.0) - mean) / deviation, np.float32)[None]


def lines_in(likely: Floats, shape: tuple[int, ...]) -> Floats:
    """Lines as quadrilaterals, (n, 4, 2), clockwise from the top left, in pixels of a picture of `shape`.

    `likely`: of each pixel, at the scale of the input, how likely it lies inside a line, (height, width).
    """
    scale = np.array((shape[1] / likely.shape[1], shape[0] / likely.shape[0]))
    found = [np.clip(np.round(quad * scale), 0, shape[1::-1]) for quad in _quads(likely)]
    return np.array(found, np.float32).reshape(-1, 4, 2)


def _quads(likely: Floats) -> Iterator[Floats]:
    """In pixels of the input."""
    settings = configuration(DETECTOR)["PostProcess"]
    inside = (likely > settings["thresh"]).astype(np.uint8)
    patches, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for patch in patches[:MOST]:
        quad, short = _rectangle(patch)
        if short < SMALLEST or _mean_within(likely, quad) < settings["box_thresh"]:
            continue
        grown, short = _rectangle(_grown(quad, settings["unclip_ratio"]))
        if short >= SMALLEST + 2:
            yield grown


def _rectangle(outline: NDArray[np.int32]) -> tuple[Floats, float]:
    """The least rectangle round an outline, clockwise from the top left, and its short side."""
    around = cv2.minAreaRect(outline)
    corners = sorted(cv2.boxPoints(around).tolist())
    (top_left, bottom_left), (top_right, bottom_right) = (
        sorted(p, key=lambda c: c[1]) for p in (corners[:2], corners[2:])
    )
    return np.array((top_left, top_right, bottom_right, bottom_left), np.float32), min(around[1])


def _mean_within(likely: Floats, quad: Floats) -> float:
    height, width = likely.shape
    x0, x1 = (int(np.clip(v, 0, width - 1)) for v in (floor(quad[:, 0].min()), ceil(quad[:, 0].max())))
    y0, y1 = (int(np.clip(v, 0, height - 1)) for v in (floor(quad[:, 1].min()), ceil(quad[:, 1].max())))
    within = np.zeros((y1 - y0 + 1, x1 - x0 + 1), np.uint8)
    cv2.fillPoly(within, [(quad - (x0, y0)).astype(np.int32)], (1,))
    return float(cv2.mean(likely[y0 : y1 + 1, x0 : x1 + 1], within)[0])


def _grown(quad: Floats, ratio: float) -> NDArray[np.int32]:
    offset = pyclipper.PyclipperOffset()
    offset.AddPath(quad, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return np.array(offset.Execute(cv2.contourArea(quad) * ratio / cv2.arcLength(quad, True))[0], np.int32)
