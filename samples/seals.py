"""Seals: the die as a mask at 600 dpi, and impressions of it, no two alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from samples.noise import elastic, field, resized, turned
from samples.typefaces import Mask, glyph_mask, text_mask

DPI = 600
SHAPES = ("round", "oval", "square")


@dataclass(frozen=True, slots=True)
class Seal:
    """A die. Sizes in mm: `width` x `height`, `rim` and `letter` heights; `span` of the ring text in degrees.

    `line` is a word like 财务专用章 under the star; `serial` the number along the lower edge; both may be empty.
    """

    shape: str
    text: str
    width: float
    height: float
    rim: float
    letter: float
    span: float
    font: str
    squeeze: float
    star: float
    inner: bool = False
    line: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True)
class Impression:
    """Ink of one stamping (600 dpi) and by how many degrees clockwise the stamp was turned."""

    ink: Mask
    angle: float


def make_seal(rng: Generator, text: str, shape: str = "round", style: str = "") -> Seal:
    """A seal for a unit's full name. `style` "double" is the held-out kind: Kai, inner ring, thin rim."""
    size = float(rng.uniform(38, 42)) if shape != "square" else float(rng.uniform(30, 36))
    held = style == "double"
    return Seal(
        shape=shape,
        text=text,
        width=size,
        height=size * (0.72 if shape == "oval" else 1),
        rim=float(rng.uniform(0.5, 0.7) if held else rng.uniform(0.8, 1.4)),
        letter=float(rng.uniform(4.2, 5.4)) * min(1.0, 18 / len(text)) ** 0.35,
        span=float(np.clip(len(text) * rng.uniform(14, 18), 130, 245)),
        font="kai" if held else str(rng.choice(("song", "song-bold", "song-bold", "hei", "ming"))),
        squeeze=float(rng.uniform(0.6, 0.85)),
        star=float(rng.uniform(11, 14)),
        inner=held or bool(rng.random() < 0.2),
        serial=f"2301{rng.integers(10**9):09d}" if rng.random() < 0.6 else "",
    )


def stamp(seal: Seal, rng: Generator, tilt: float = 14) -> Impression:
    """One impression: turned by about `tilt` degrees at most, inked unevenly, a little smeared."""
    die = _die(seal)
    worn = elastic(rng, np.pad(die, 24), 400, 5)
    spread = int(rng.choice((0, 0, 3, 3, 5)))
    if spread:
        worn = cv2.dilate(worn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (spread, spread)))
    ink = _inked(cv2.GaussianBlur(worn, (0, 0), float(rng.uniform(1.2, 2.4))), rng)
    angle = round(float(np.clip(rng.normal(0, tilt / 2), -tilt, tilt)), 1)
    return Impression(np.asarray(np.clip(turned(ink, angle), 0, 1), np.float32), angle)


def _inked(ink: Mask, rng: Generator) -> Mask:
    """Pressure over the whole, pale patches, grain of pad and paper, a slight double edge where the hand slid."""
    width = ink.shape[1]
    pressure = 0.85 + 0.13 * field(rng, ink.shape, width / 2)
    patches = np.clip(1.0 + 0.9 * (field(rng, ink.shape, width / 6) + float(rng.uniform(0.15, 0.6))), 0.35, 1.0)
    grain = field(rng, ink.shape, 3) + field(rng, ink.shape, 9)
    specks = np.clip(1.25 + grain * float(rng.uniform(0.25, 0.6)), 0.25, 1.0)
    slid = np.roll(ink, tuple(int(v) for v in rng.integers(-7, 8, 2)), axis=(0, 1)) * float(rng.uniform(0, 0.25))
    return np.asarray(np.maximum(ink, slid) * pressure * patches * specks, np.float32)


@lru_cache(maxsize=8)
def _die(seal: Seal) -> Mask:
    """The clean die, ink 0..1, at 600 dpi. Drawn at double size, so that its edges are smooth."""
    if seal.shape == "square":
        return _square_die(seal)
    scale = DPI * 2 / 25.4
    size = (round(seal.width * scale), round(seal.height * scale))
    image = Image.new("L", size, 0)
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, size[0] - 1, size[1] - 1), outline=255, width=round(seal.rim * scale))
    if seal.inner:
        inset = round((seal.rim + 0.6) * scale)
        draw.ellipse((inset, inset, size[0] - inset, size[1] - inset), outline=255, width=round(0.2 * scale))
    if seal.star:
        _star(draw, size[0] / 2, size[1] / 2 - (0.1 * size[1] if seal.line else 0), seal.star * scale / 2)
    canvas = np.asarray(image, np.float32) / 255
    _ring(canvas, seal, scale)
    _words(canvas, seal, scale)
    return resized(canvas, canvas.shape[0] // 2)


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    angles = np.radians(np.arange(10) * 36 - 90)
    radii = np.where(np.arange(10) % 2 == 0, radius, radius * 0.382)
    points = [(float(p), float(q)) for p, q in zip(x + radii * np.cos(angles), y + radii * np.sin(angles), strict=True)]
    draw.polygon(points, fill=255)


def _ring(canvas: Mask, seal: Seal, scale: float) -> None:
    """The name over the top, feet to the centre; the serial number along the bottom, heads to the centre."""
    inset = seal.rim + (1.4 if seal.inner else 0.9)
    angles = np.linspace(-seal.span / 2, seal.span / 2, len(seal.text))
    for character, angle in zip(seal.text, angles, strict=True):
        _set(canvas, seal, character, seal.letter, float(angle), inset + seal.letter / 2, scale, heads_in=False)
    step = 5.6
    for i, digit in enumerate(seal.serial):
        _set(canvas, seal, digit, 1.7, 180 - (i - (len(seal.serial) - 1) / 2) * step, inset + 0.9, scale, heads_in=True)


def _set(
    canvas: Mask, seal: Seal, character: str, letter: float, angle: float, inset: float, scale: float, *, heads_in: bool
) -> None:
    """One character on the ring, `angle` degrees clockwise from the top, its middle `inset` mm from the outer edge.

    `heads_in`: its head points to the centre, as on a serial number along the bottom; names stand on the centre all
    the way round.
    """
    glyph = glyph_mask(character, "hei" if heads_in else seal.font, 200)
    height = round(letter * scale)
    wide = height * (0.55 if heads_in else seal.squeeze)
    glyph = turned(resized(glyph, height, round(wide)), angle + 180 if heads_in else _normal(seal, angle))
    theta, reach_x, reach_y = np.radians(angle), seal.width / 2 - inset, seal.height / 2 - inset
    x = canvas.shape[1] / 2 + np.sin(theta) * reach_x * scale
    y = canvas.shape[0] / 2 - np.cos(theta) * reach_y * scale
    left, top = round(x - glyph.shape[1] / 2), round(y - glyph.shape[0] / 2)
    part = canvas[top : top + glyph.shape[0], left : left + glyph.shape[1]]
    np.maximum(part, glyph[: part.shape[0], : part.shape[1]], out=part)


def _normal(seal: Seal, angle: float) -> float:
    """Degrees by which a character stands turned: on an oval its axis is the edge's normal."""
    theta = np.radians(angle)
    return float(np.degrees(np.arctan2(np.sin(theta) * seal.height, np.cos(theta) * seal.width)))


def _words(canvas: Mask, seal: Seal, scale: float) -> None:
    """The line under the star, like 财务专用章."""
    if not seal.line:
        return
    words = resized(text_mask(seal.line, seal.font, 120, 0.1), round(4.2 * scale))
    width = min(words.shape[1], round(seal.width * 0.55 * scale))
    words = resized(words, words.shape[0], width)
    left, top = (canvas.shape[1] - width) // 2, round(canvas.shape[0] * 0.66)
    part = canvas[top : top + words.shape[0], left : left + width]
    np.maximum(part, words, out=part)


def _square_die(seal: Seal) -> Mask:
    """A square seal: the name in columns from the right, in a thick frame."""
    scale = DPI / 25.4
    side, rim = round(seal.width * scale), round(seal.rim * scale)
    canvas = np.zeros((side, side), np.float32)
    cv2.rectangle(canvas, (rim // 2, rim // 2), (side - rim // 2 - 1, side - rim // 2 - 1), (1.0,), rim)
    columns = int(np.ceil(len(seal.text) ** 0.5))
    rows = int(np.ceil(len(seal.text) / columns))
    free = side - 4 * rim
    for i, character in enumerate(seal.text):
        width, height = free // columns, free // rows
        glyph = resized(glyph_mask(character, seal.font, 200), round(height * 0.88), round(width * 0.88))
        x = 2 * rim + (columns - 1 - i // rows) * width + round(width * 0.06)
        y = 2 * rim + (i % rows) * height + round(height * 0.06)
        canvas[y : y + glyph.shape[0], x : x + glyph.shape[1]] = glyph
    return canvas
