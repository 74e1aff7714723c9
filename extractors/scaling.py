"""Small copies of pictures."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def reduced(image: Image, longest: int) -> tuple[Image, float]:
    """The picture with a long side of at most `longest` px, and its scale: by halves first, which costs least."""
    scale = min(1.0, longest / max(image.shape[:2]))
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    while max(image.shape[:2]) >= 2 * longest:
        image = _halved(image)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _halved(image: Image) -> Image:
    even = image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2]
    return np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
