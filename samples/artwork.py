"""Pictures that documents carry: the emblem, a portrait, a frame, a tint, a square code."""

from __future__ import annotations

import cv2
import numpy as np
import segno
from numpy.random import Generator
from numpy.typing import NDArray

from samples.noise import field
from samples.paper import Ink, Sheet
from samples.typefaces import Mask

EMBLEM_RED: Ink = (0.08, 0.95, 0.85)
EMBLEM_GOLD: Ink = (0.05, 0.18, 0.75)


def emblem(sheet: Sheet, x_mm: float, y_mm: float, size_mm: float) -> None:
    """A national emblem as a copy shows it: a red disc with stars, a gold wreath and ribbons. Middle at (x, y)."""
    side = 400
    red, gold = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    cv2.circle(red, (200, 190), 150, (1.0,), -1, cv2.LINE_AA)
    cv2.circle(gold, (200, 190), 170, (1.0,), 34, cv2.LINE_AA)
    for i in range(44):
        angle = np.radians(i * 360 / 44)
        cv2.circle(gold, (int(200 + 186 * np.cos(angle)), int(190 + 186 * np.sin(angle))), 8, (0.6,), -1, cv2.LINE_AA)
    _star(gold, 200, 105, 34)
    for x, y in ((125, 150), (165, 172), (235, 172), (275, 150)):
        _star(gold, x, y, 14)
    cv2.rectangle(gold, (110, 240), (290, 268), (1.0,), -1)
    cv2.rectangle(gold, (150, 205), (250, 240), (1.0,), -1)
    cv2.fillPoly(red, [np.array([(60, 330), (340, 330), (310, 390), (200, 350), (90, 390)], np.int32)], (1.0,))
    red *= gold < 0.5
    width = sheet.pixels(size_mm)
    for ink, colour in ((red, EMBLEM_RED), (gold, EMBLEM_GOLD)):
        small = cv2.resize(ink, (width, width), interpolation=cv2.INTER_AREA)
        sheet.add_centred(small, sheet.pixels(x_mm), sheet.pixels(y_mm), colour)


def _star(canvas: Mask, x: int, y: int, radius: int) -> None:
    angles = np.radians(np.arange(10) * 36 - 90)
    radii = np.where(np.arange(10) % 2 == 0, radius, radius * 0.382)
    points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1)
    cv2.fillPoly(canvas, [np.round(points).astype(np.int32)], (1.0,), cv2.LINE_AA)


def portrait(sheet: Sheet, x_mm: float, y_mm: float, width_mm: float, long_hair: bool, rng: Generator) -> None:
    """A grey head and shoulders before a white ground; nobody in particular. Top left corner at (x, y)."""
    height, width = 320, 250
    grey = np.full((height, width), 0.06, np.float32)
    middle = width // 2 + int(rng.integers(-6, 7))
    if long_hair:
        cv2.ellipse(grey, (middle, 165), (88, int(rng.integers(105, 140))), 0, 0, 360, (0.95,), -1, cv2.LINE_AA)
    cv2.ellipse(grey, (middle, 330), (112, 100), 0, 180, 360, (float(rng.uniform(0.75, 1.0)),), -1, cv2.LINE_AA)
    cv2.rectangle(grey, (middle - 24, 190), (middle + 24, 250), (0.28,), -1)
    cv2.ellipse(grey, (middle, 138), (62, 78), 0, 0, 360, (0.22,), -1, cv2.LINE_AA)
    cv2.ellipse(grey, (middle, 105), (68, int(rng.integers(52, 66))), 0, 180, 360, (0.95,), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.ellipse(grey, (middle + side * 24, 134), (10, 5), 0, 0, 360, (0.8,), -1, cv2.LINE_AA)
        cv2.ellipse(grey, (middle + side * 24, 121), (15, 4), 0, 180, 360, (0.7,), 3, cv2.LINE_AA)
    cv2.ellipse(grey, (middle, 182), (18, 6), 0, 0, 180, (0.5,), 3, cv2.LINE_AA)
    cv2.line(grey, (middle, 140), (middle - 4, 160), (0.4,), 3, cv2.LINE_AA)
    uneven = 0.05 * field(rng, (height, width), 90) + 0.03 * field(rng, (height, width), 3)
    blurred = cv2.GaussianBlur(grey, (0, 0), 3) + uneven
    small = cv2.resize(blurred, (sheet.pixels(width_mm), sheet.pixels(width_mm * 1.28)), interpolation=cv2.INTER_AREA)
    sheet.add(np.clip(small, 0, 1), sheet.pixels(x_mm), sheet.pixels(y_mm), (0.9, 0.95, 1.0))


def tint(sheet: Sheet, colour: Ink, rng: Generator, strength: float = 1.0) -> None:
    """A pale ground of wavy lines, as documents have against copying."""
    v, u = np.mgrid[0 : sheet.height, 0 : sheet.width].astype(np.float32) / sheet.dpi * 25.4
    phase = float(rng.uniform(0, 6))
    fine = float(rng.uniform(2.4, 5))
    waves = 0.5 + 0.5 * np.sin(fine * (v + 1.6 * np.sin(u / 6 + phase)))
    sheet.density += (0.35 + 0.5 * waves)[:, :, None] * np.asarray(colour, np.float32) * strength


def frame(sheet: Sheet, inset_mm: float, thick_mm: float, colour: Ink) -> None:
    """An ornamental frame: two lines with a chain of loops between them."""
    canvas = np.zeros((sheet.height, sheet.width), np.float32)
    for inset, line in ((inset_mm, 0.5), (inset_mm + thick_mm, 0.35)):
        a = sheet.pixels(inset)
        corner = (sheet.width - a, sheet.height - a)
        cv2.rectangle(canvas, (a, a), corner, (1.0,), sheet.pixels(line))
    for x, y in _round_the_edge(sheet, inset_mm + thick_mm / 2, thick_mm * 0.8):
        cv2.circle(canvas, (x, y), sheet.pixels(thick_mm * 0.42), (0.8,), sheet.pixels(0.3), cv2.LINE_AA)
    sheet.add(canvas, 0, 0, colour)


def _round_the_edge(sheet: Sheet, inset_mm: float, step_mm: float) -> list[tuple[int, int]]:
    a, step = sheet.pixels(inset_mm), sheet.pixels(step_mm)
    xs, ys = range(a, sheet.width - a + 1, step), range(a, sheet.height - a + 1, step)
    along = [(x, y) for x in xs for y in (a, sheet.height - a)]
    return along + [(x, y) for y in ys for x in (a, sheet.width - a)]


def square_code(sheet: Sheet, text: str, x_mm: float, y_mm: float, size_mm: float) -> None:
    """A QR code, top left corner at (x, y)."""
    cells: NDArray[np.uint8] = np.array([list(row) for row in segno.make(text, error="m").matrix], np.uint8)
    side = sheet.pixels(size_mm)
    ink = cv2.resize((cells > 0).astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST)
    sheet.add(ink, sheet.pixels(x_mm), sheet.pixels(y_mm), (1.3, 1.3, 1.3))
