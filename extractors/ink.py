"""Ink on paper as optical density: log10 of paper light over seen light. Inks that overlap add up there.

Black and blue-black ink take all of the light; red stamp ink takes green and blue and lets red through. What the red
channel misses is therefore the dark ink alone, and what green misses beyond that is the red ink.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

# The share of its own density that red stamp ink also takes from red light, unless the page's own ink shows another.
RED_IN_RED = 0.12
STRONG_RED = 0.30  # density of red ink that is surely ink


def paper(image: Image, reach: int = 61) -> Image:
    """The paper's own light, per channel and place: ink removed, shadows and uneven light kept.

    `reach`: pixels at 1000 px page height beyond which a dark area counts as paper in the shade.
    """
    scale = 500 / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach // 2 | 1, reach // 2 | 1))
    closed = cv2.morphologyEx(cv2.medianBlur(small, 5), cv2.MORPH_CLOSE, kernel)
    smooth = cv2.GaussianBlur(closed, (0, 0), reach / 8)
    return np.asarray(cv2.resize(smooth, image.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def density(image: Image) -> Floats:
    """Optical density per channel (BGR), 0 for paper, about 1 for good black ink; shape as `image`, float32."""
    table = -np.log10((np.arange(256, dtype=np.float32) + 4.0) / 259.0)
    inked = cv2.LUT(image, table) - cv2.LUT(paper(image), table)
    return np.asarray(np.clip(inked, 0.0, 2.0), np.float32)


def separate(image: Image) -> tuple[Floats, Floats]:
    """The densities of dark ink and of red ink, each (H, W) float32."""
    inks = density(image)
    excess = np.clip(inks[:, :, 1] - inks[:, :, 2], 0.0, None) * _not_orange(inks)
    share = _share_in_red(inks[:, :, 2], excess)
    dark = np.clip(inks[:, :, 2] - share * excess, 0.0, None)
    return dark, excess


def _not_orange(inks: Floats) -> Floats:
    """1 for stamp ink, which takes green much as it takes blue; 0 for the orange and gold of printed borders."""
    return np.asarray(np.clip((inks[:, :, 1] / np.maximum(inks[:, :, 0], 0.02) - 0.35) / 0.2, 0.0, 1.0), np.float32)


def _share_in_red(red_light: Floats, excess: Floats) -> float:
    """How much of its density this page's red ink takes from red light: where it stands alone, the lower quartile."""
    strong = excess > STRONG_RED
    if strong.sum() < 400:
        return RED_IN_RED
    return float(np.clip(np.percentile(red_light[strong] / excess[strong], 40), 0.0, 0.6))


def as_print(ink: Floats) -> Image:
    """Ink density drawn as black on white (BGR), for the recogniser."""
    light = (255.0 * np.power(10.0, -np.clip(ink, 0.0, 2.0))).astype(np.uint8)
    return np.asarray(cv2.cvtColor(light, cv2.COLOR_GRAY2BGR), np.uint8)


def dark_threshold(dark: Floats) -> float:
    """The density above which a place holds dark ink: between paper's grain and the ink's own (Otsu's method).

    Otsu on the pixels that are more than grain, so that an almost empty page has a sensible threshold too.
    """
    values = dark[dark > 0.08]
    if values.size < 100:
        return 0.25
    scaled = np.clip(values * 127.0, 0, 255).astype(np.uint8).reshape(-1, 1)
    level, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return float(np.clip(level / 127.0 * 0.8, 0.12, 0.5))
