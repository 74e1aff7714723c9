"""Ink on paper as optical density: log10 of paper light over seen light. Inks that overlap add up there.

Black and blue-black ink take all of the light; red stamp ink takes green and blue and lets red through. What the red
channel misses is therefore the dark ink alone, and what green misses beyond that is the red ink.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.scaling import reduced

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Counts = NDArray[np.int16]  # density in steps of 1 / FINE

# The share of its own density that red stamp ink also takes from red light, unless the page's own ink shows another.
RED_IN_RED = 0.12
STRONG_RED = 0.30  # density of red ink that is surely ink
RED_PRESENT = 0.08  # density of red ink that may hide print
PRINTED = 0.3  # density of dark ink under which a stamp is not seen
HIDDEN = 3.0  # px round a hidden place that tell what is there
FAINTEST = 0.01  # density of red below which its hue is noise
FAINT = 0.18  # density: a pen's ink is darker
HALF, NEAR_MM = 0.5, 3.0  # of the darkest ink's density within this distance: the edge of a stroke
RESIDUE, RESIDUE_ROOM = 0.45, 0.15  # of red ink's density, and beyond: more than red ink leaves in red light
SMALLER = 4  # the darkest ink round a place is looked for on a picture so much smaller
DENSEST = 2.0
FINE = 4096  # whole numbers are several times faster over a page than floats
PAPER_SIDE = 250  # px of the long side: paper's light changes slowly
BLUE, GREEN, RED = range(3)


def paper(image: Image, reach: int = 61) -> Image:
    """The paper's own light, per channel and place, at most `PAPER_SIDE` px long: ink removed, uneven light kept.

    `reach`: pixels at 1000 px page height beyond which a dark area counts as paper in the shade.
    """
    small, _ = reduced(image, PAPER_SIDE)
    span = reach * PAPER_SIDE // 1000 | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (span, span))
    closed = cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, kernel)
    return np.asarray(cv2.GaussianBlur(closed, (0, 0), span / 4), np.uint8)


# Density of each level of light, against light of 255.
_DENSITY = (-np.log10((np.arange(256) + 4.0) / 259.0) * FINE).round().astype(np.int16)


def _density(image: Image, light: Image, channel: int) -> Counts:
    """Optical density of one channel: 0 for paper, about 1 for good black ink; (H, W)."""
    seen = cv2.LUT(cv2.extractChannel(image, channel), _DENSITY)
    bare = cv2.LUT(cv2.extractChannel(light, channel), _DENSITY)
    bare = cv2.resize(bare, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.min(cv2.max(cv2.subtract(seen, bare), 0), DENSEST * FINE), np.int16)


def separate(image: Image) -> tuple[Floats, Floats]:
    """The densities of dark ink and of red ink, each (H, W) float32."""
    light = paper(image)
    in_red, in_green = _density(image, light, RED), _density(image, light, GREEN)
    excess = np.asarray(cv2.max(cv2.subtract(in_green, in_red), 0), np.int16)
    excess = _of_stamps(excess, in_green, image, light)
    del in_green  # a page's worth of numbers is many megabytes
    share = _share_in_red(in_red, excess)
    dark = np.asarray(cv2.addWeighted(in_red, 1.0 / FINE, excess, -share / FINE, 0.0, dtype=cv2.CV_32F), np.float32)
    return np.maximum(dark, 0.0, out=dark), np.multiply(excess, np.float32(1.0 / FINE), dtype=np.float32)


def _of_stamps(excess: Counts, in_green: Counts, image: Image, light: Image) -> Counts:
    """Red without the orange and gold of printed borders: stamp ink takes green much as it takes blue.

    Written over `excess`.
    """
    coloured = excess > FAINTEST * FINE
    if not coloured.any():
        return excess
    in_blue = _density(image, light, BLUE)[coloured].astype(np.float32)
    hue = in_green[coloured] / np.maximum(in_blue, np.float32(0.02 * FINE))
    excess[coloured] = (excess[coloured] * np.clip((hue - 0.35) / 0.2, 0.0, 1.0)).astype(np.int16)
    return excess


def _share_in_red(red_light: Counts, excess: Counts) -> float:
    """How much of its density this page's red ink takes from red light: where it stands alone, the lower quartile."""
    strong = excess > STRONG_RED * FINE
    if strong.sum() < 400:
        return RED_IN_RED
    return float(np.clip(np.percentile(red_light[strong] / excess[strong], 40), 0.0, 0.6))


def stamp_ink(image: Image, red: Floats) -> Floats:
    """Density of stamp ink over a part of a page (BGR), as sharp as the picture's light is; (H, W).

    JPEG keeps colour at half the resolution, so the density that colour alone shows, `red`, is soft. Where it shows a
    stamp at all, what is missing from green light is the stamp's.
    """
    light = np.percentile(image.reshape(-1, 3), 90, axis=0).astype(np.uint8)
    in_green = _density(image, np.broadcast_to(light, (2, 2, 3)).copy(), GREEN).astype(np.float32) / FINE
    near = cv2.GaussianBlur(red, (0, 0), 1.0) / np.maximum(cv2.GaussianBlur(in_green, (0, 0), 1.0), 0.05)
    return np.asarray(in_green * np.clip((near - 0.25) / 0.25, 0.0, 1.0), np.float32)


def without_print(ink: Floats, dark: Floats) -> Floats:
    """Density of stamp ink where print hides it, drawn on from what lies round about (Telea 2004)."""
    hidden = cv2.dilate((dark > PRINTED).astype(np.uint8), np.ones((3, 3), np.uint8))
    levels = np.clip(ink / DENSEST * 255.0, 0, 255).astype(np.uint8)
    drawn = cv2.inpaint(levels, hidden, HIDDEN, cv2.INPAINT_TELEA).astype(np.float32) * (DENSEST / 255.0)
    return np.asarray(np.where(hidden > 0, drawn, ink), np.float32)


# Light that a density lets through, in steps of 1 / 100 of density.
_LIGHT = (255.0 * np.power(10.0, -np.arange(256) / 100.0)).astype(np.uint8)


def as_print(ink: Floats) -> Image:
    """Ink density drawn as black on white (BGR), for the recogniser."""
    steps = cv2.convertScaleAbs(np.clip(ink, 0.0, DENSEST), alpha=100.0)
    return np.asarray(cv2.cvtColor(cv2.LUT(steps, _LIGHT), cv2.COLOR_GRAY2BGR), np.uint8)


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


def residue(red: Floats) -> Floats:
    """The density in red light that red ink of a density may leave: what is darker is another ink."""
    return np.asarray(RESIDUE * red + RESIDUE_ROOM, np.float32)


def thin_ink(dark: Floats, red: Floats, threshold: float, px_per_mm: float) -> NDArray[np.bool_]:
    """Where dark ink is, thin strokes too: what has half the density of the darkest ink near it; (H, W) bool.

    `dark`, `red`: densities, of dark ink with or without the ruling. `threshold`: the page's own, which heavy print may
    raise above the strokes of a pen or of a light typeface; beside heavy print it holds, or print would grow by what
    the lens blurs. Under a stamp, what its red leaves in red light is no ink.
    """
    near = 2 * round(NEAR_MM * px_per_mm / SMALLER) + 1
    small = cv2.dilate(dark, np.ones((SMALLER, SMALLER), np.uint8))[::SMALLER, ::SMALLER]
    darkest = cv2.dilate(np.ascontiguousarray(small), np.ones((near, near), np.uint8))
    local = cv2.resize(np.clip(HALF * darkest, FAINT, max(FAINT, threshold)), dark.shape[::-1])
    return np.asarray(dark > np.minimum(np.maximum(local, residue(red)), threshold), bool)
