"""What lies under ink, and what a scanner or a telephone makes of both."""

from __future__ import annotations

from random import Random
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from samples.noise import field
from samples.typefaces import Mask, crop, text_mask
from training import faces, words

Colour = NDArray[Any]  # float32 density, or a picture, (height, width, 3), red green blue
Image = NDArray[np.uint8]
DPIS = (150, 150, 180, 200, 200, 200, 240, 300)
DENSEST = 2.2


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


def waves(rng: Generator, shape: tuple[int, int], dpi: int) -> Colour:
    """A pale ground of wavy lines, as documents have; density."""
    v, u = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / dpi * 25.4
    ground = 0.35 + 0.5 * (0.5 + 0.5 * np.sin(rng.uniform(2, 5) * (v + 1.6 * np.sin(u / 6))))
    return np.asarray(ground[:, :, None] * np.asarray(rng.uniform(0, 0.12, 3), np.float32), np.float32)


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
    picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), float(rng.uniform(0.3, 1.25)))
    if draw.random() < 0.4:
        level = float(rng.uniform(0.7, 1)) + 0.15 * field(rng, (height, width), width / 2)
        lamp = np.array([1 + rng.uniform(-0.06, 0.06), 1, 1 + rng.uniform(-0.06, 0.06)], np.float32)
        picture = picture * level[:, :, None] * lamp
    picture = (picture - 255) * rng.uniform(0.88, 1.06) + 255 - rng.uniform(0, 14)
    picture = picture + rng.standard_normal(picture.shape, np.float32) * float(rng.uniform(0.2, 5))
    bgr = np.ascontiguousarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)[:, :, ::-1])
    quality = draw.choice((35, 42, 50, 60, 70, 85))
    _, stored = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_COLOR), np.uint8), x, y


def at_height(image: Image, scale: float) -> Image:
    """A line as the recogniser takes it: 48 px high, drawn at `scale` of its width."""
    width = int(np.clip(scale * image.shape[1] * 48 / image.shape[0], 16, 1300))
    smaller = image.shape[0] > 48
    drawn = cv2.resize(image, (width, 48), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.asarray(drawn, np.uint8)
