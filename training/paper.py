"""What lies under ink, and what a scanner or a telephone makes of both."""

from __future__ import annotations

from random import Random
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.machine import Machine, light, worn
from samples.noise import field
from samples.typefaces import Mask, crop, text_mask
from training import faces, words

Colour = NDArray[Any]  # float32 density, or a picture, (height, width, 3), red green blue
Image = NDArray[np.uint8]
DPIS = (150, 150, 180, 200, 200, 200, 240, 300)
DENSEST = 2.2
_CAPTURE = Machine(blur=(0.3, 1.25), noise=(0.2, 5.0))


def print_beneath(draw: Random, rng: Generator, shape: tuple[int, int], dpi: int) -> Mask:
    """Dark ink that a stamp may lie over: lines of print, rules, a grey picture; density, (height, width)."""
    height, width = shape
    ink = np.zeros(shape, np.float32)
    font, em = draw.choice(faces.PRINTED), max(9, round(rng.uniform(2.6, 5.2) * dpi / 25.4))
    pitch, density = em * rng.uniform(1.2, 3.2), float(rng.uniform(0.5, 1.5))
    for top in np.arange(float(rng.uniform(-em, pitch)), height, pitch):
        text = words.unit(draw) + words.characters(draw, 30) if draw.random() < 0.7 else words.digits(draw, 18)
        text = "".join(c for c in text[: width // em + 3] if faces.has(font, c))
        if text and draw.random() < 0.8:
            lay(ink, crop(text_mask(text, font, em, 0.02)) * density, int(rng.uniform(-0.3, 0.4) * width), int(top))
    for _ in range(draw.choice((0, 0, 1, 2))):
        thick = max(1, round(rng.uniform(0.12, 0.4) * dpi / 25.4))
        y, x = int(rng.uniform(0, height)), int(rng.uniform(0, width))
        ink[y : y + thick] = np.maximum(ink[y : y + thick], 1.0)
        if draw.random() < 0.4:
            ink[:, x : x + thick] = 1.0
    if draw.random() < 0.12:
        high, wide = int(height * rng.uniform(0.3, 0.8)), int(width * rng.uniform(0.3, 0.7))
        y, x = int(rng.uniform(0, height - high)), int(rng.uniform(0, width - wide))
        ink[y : y + high, x : x + wide] += np.clip(0.35 + 0.4 * field(rng, (high, wide), high / 4), 0, 1)
    return ink


def lay(ink: Mask, mask: Mask, x: int, y: int) -> None:
    """Put a mask on ink, as far as it lies on it."""
    x0, y0 = max(0, x), max(0, y)
    x1, y1 = min(ink.shape[1], x + mask.shape[1]), min(ink.shape[0], y + mask.shape[0])
    if x1 > x0 and y1 > y0:
        part = ink[y0:y1, x0:x1]
        np.maximum(part, mask[y0 - y : y1 - y, x0 - x : x1 - x], out=part)


def seen(draw: Random, rng: Generator, density: Colour, middle: tuple[float, float]) -> tuple[Image, float, float]:
    """The paper as a file holds it (BGR), and where its `middle` (x, y) is then."""
    height, width = density.shape[:2]
    picture = 255.0 * np.power(10.0, -np.clip(density, 0, DENSEST))
    x, y = middle
    if draw.random() < 0.5:
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        moved = corners + rng.uniform(-0.012, 0.012, (4, 2)).astype(np.float32) * width
        matrix = cv2.getPerspectiveTransform(corners, moved)
        size = (width, height)
        picture = cv2.warpPerspective(picture.astype(np.float32), matrix, size, borderMode=cv2.BORDER_REPLICATE)
        place = matrix @ np.array([x, y, 1.0])
        x, y = float(place[0] / place[2]), float(place[1] / place[2])
    if draw.random() < 0.4:
        picture = picture * light(rng, 0.3, height, width)
    bgr = np.ascontiguousarray(worn(np.asarray(picture, np.float32), _CAPTURE, rng)[:, :, ::-1])
    quality = draw.choice((35, 42, 50, 60, 70, 85))
    _, stored = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8), x, y
