"""Lines of handwriting and of print, cut as the reader cuts them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from random import Random
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from extractors.ink import as_print, separate
from samples.noise import elastic, field, resized, turned
from samples.paper import BLACK_PEN, BLUE_PEN, TONER, Ink
from samples.typefaces import Mask, crop, glyph_mask, text_mask
from training import faces, words
from training.paper import Image, at_height, lay, seen

EM = 96  # pixels to the em while a line is being drawn
BOX = 1024  # units of the strokes' own square; their baseline lies at 900
EDGE = 6  # pixels cut off again, so that nothing at a picture's border is seen
RED: Ink = (0.08, 0.85, 0.7)
Points = NDArray[Any]  # (n, 2)


@dataclass(frozen=True, slots=True)
class _Hand:
    """How one person writes. `family`: a font, or `""`: strokes, each drawn anew; `latin`: its digits and capitals."""

    family: str
    latin: str
    weight: float
    slant: float
    restless: float
    spacing: float
    loose: float
    joining: float
    rounding: float
    digits: float


def written(draw: Random, rng: Generator) -> tuple[Image, str] | None:
    """A hand-written value and its text; None where the hand lacks a character."""
    text = words.value(draw)
    hand = _hand(draw, rng, text)
    if hand is None:
        return None
    blue = draw.random() < 0.4
    density = float(rng.uniform(0.7 if blue else 0.6, 1.1))
    em = rng.uniform(4.2, 7.5) * draw.choice((150, 200, 200, 240, 300)) / 25.4
    return _on_paper(draw, rng, _line(text, hand, rng), BLUE_PEN if blue else BLACK_PEN, density, em), text


def printed(draw: Random, rng: Generator) -> tuple[Image, str] | None:
    """A printed value and its text; None where the font lacks a character."""
    text = words.value(draw) if draw.random() < 0.7 else words.characters(draw, draw.randint(3, 14), 0.2)
    font = draw.choice(faces.PRINTED)
    if not faces.has(font, text):
        return None
    ink = crop(text_mask(text, font, EM, float(rng.uniform(0, 0.1))))
    em = rng.uniform(3.2, 4.8) * draw.choice((150, 200, 200, 240, 300)) / 25.4
    return _on_paper(draw, rng, ink, TONER, float(rng.uniform(0.5, 1)), em), text


def _hand(draw: Random, rng: Generator, text: str) -> _Hand | None:
    chinese = "".join(c for c in text if not c.isascii())
    latin = "".join(c for c in text if c.isascii())
    family = draw.choice(faces.WRITTEN) if draw.random() < 0.6 else ""
    if family and not faces.has(family, chinese):
        family = ""
    if not family and not all(_strokes(c) for c in chinese):
        return None
    digits = draw.choice(faces.hands()) if not family or draw.random() < 0.6 else family
    if not faces.has(digits, latin):
        return None
    return _Hand(
        family=family,
        latin=digits,
        weight=float(rng.uniform(0.03, 0.065)),
        slant=float(rng.uniform(-0.1, 0.28)),
        restless=float(rng.uniform(0.4, 1.3)),
        spacing=float(rng.uniform(-0.02, 0.2)),
        loose=float(rng.uniform(0.4, 1.6)),
        joining=float(rng.uniform(0, 0.6)),
        rounding=float(rng.uniform(0, 0.8)),
        digits=float(rng.uniform(0.62, 0.95)),
    )


def _line(text: str, hand: _Hand, rng: Generator) -> Mask:
    glyphs = [_glyph(character, hand, rng) for character in text]
    width = sum(glyph.shape[1] for glyph in glyphs) + round(len(glyphs) * (abs(hand.spacing) + 0.1) * EM) + 2 * EM
    canvas = np.zeros((3 * EM, width), np.float32)
    x, drift = EM // 2, float(rng.uniform(-0.015, 0.015))
    for glyph in glyphs:
        y = round(1.5 * EM + drift * x + rng.normal(0, 0.03 * EM * hand.restless) - glyph.shape[0] / 2)
        lay(canvas, glyph, x, max(0, min(y, 3 * EM - glyph.shape[0])))
        x = max(1, x + glyph.shape[1] + round((hand.spacing + rng.normal(0, 0.02)) * EM))
    return crop(canvas, 2)


def _glyph(character: str, hand: _Hand, rng: Generator) -> Mask:
    """One character in pen, bent and slanted."""
    pen = max(2, round(EM * hand.weight * rng.uniform(0.9, 1.1)))
    latin = character.isascii()
    if not latin and not hand.family:
        ink = _drawn(character, hand, pen, rng)
    else:
        bones, body = _bones(character, hand.latin if latin else hand.family)
        thick = cv2.dilate(bones, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (pen, pen)))
        whole = np.maximum(thick, body) if rng.random() < 0.5 else thick
        ink = np.asarray(cv2.GaussianBlur(whole, (0, 0), 1.0), np.float32) / 255
    ink = elastic(rng, np.pad(ink, 8), EM * 0.45, EM * 0.035 * hand.restless)
    ink = crop(turned(ink, float(rng.normal(0, 2.5 * hand.restless)), hand.slant + float(rng.normal(0, 0.04))))
    scale = 1 + float(np.clip(rng.normal(0, 0.07 * hand.restless), -0.18, 0.18))
    scale *= hand.digits * EM / ink.shape[0] if latin else 1.0
    return resized(ink, max(3, round(ink.shape[0] * scale)), max(3, round(ink.shape[1] * scale)))


@lru_cache(8000)
def _bones(character: str, font: str) -> tuple[Any, Any]:
    """A font's character thinned to its middle lines, and its own weight."""
    solid = (np.pad(glyph_mask(character, font, EM), 10) > 0.5).astype(np.uint8) * 255
    body = cv2.erode(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return cv2.ximgproc.thinning(cv2.medianBlur(solid, 3)), body


@cache
def _strokes(character: str) -> tuple[Points, ...]:
    """A character's strokes as lines through their middles, in writing order; none for one that is not known."""
    path = faces.folder() / "strokes" / f"{character}.json"
    if not path.is_file():
        return ()
    return tuple(np.array(points, float) for points in json.loads(path.read_bytes())["medians"])


def _drawn(character: str, hand: _Hand, pen: int, rng: Generator) -> Mask:
    """A character from its strokes, each a little elsewhere, some run into the next."""
    canvas, last = np.zeros((round(EM * 1.3), round(EM * 1.3)), np.uint8), None
    for stroke in _strokes(character):
        points = (stroke * (1, -1) + (0, 900)) / BOX * EM + EM * 0.15
        middle, angle = points.mean(0), rng.normal(0, 0.05 * hand.loose)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = (points - middle) @ turn.T * (1 + rng.normal(0, 0.06 * hand.loose))
        points = points + middle + rng.normal(0, 0.02 * EM * hand.loose, 2)
        if len(points) > 3 and rng.random() < hand.rounding:
            inner = rng.choice(np.arange(1, len(points) - 1), max(1, (len(points) - 2) // 2), replace=False)
            points = points[[0, *sorted(inner.tolist()), -1]]
        _polyline(canvas, points, 255, pen)
        if last is not None and rng.random() < hand.joining:
            between = np.array([last, (last + points[0]) / 2 + rng.normal(0, 2, 2), points[0]])
            _polyline(canvas, between, int(rng.integers(120, 255)), max(1, int(pen * 0.6)))
        last = points[-1]
    return np.asarray(canvas, np.float32) / 255


def _polyline(canvas: Any, points: Points, grey: int, pen: int) -> None:
    """A smooth line (Chaikin 1974, corner cutting)."""
    for _ in range(2):
        cut = np.empty((2 * len(points) - 2, 2))
        cut[0::2], cut[1::2] = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.vstack([points[:1], cut, points[-1:]])
    cv2.polylines(canvas, [np.round(points * 8).astype(np.int32)], False, (grey,), pen, cv2.LINE_AA, 3)


def _on_paper(draw: Random, rng: Generator, ink: Mask, colour: Ink, strength: float, em: float) -> Image:
    """The line seen, at `em` pixels to the em, and cut out with some room; one with a stamp over it without the red."""
    ink = resized(ink, max(8, round(ink.shape[0] * em / EM)))
    high, wide = ink.shape
    above, below = (int(high * rng.uniform(0.02, 0.32)) for _ in range(2))
    left, right = (int(high * rng.uniform(0.02, 0.3)) for _ in range(2))
    shape = (high + above + below + 2 * EDGE, wide + left + right + 2 * EDGE)
    density = np.zeros((*shape, 3), np.float32)
    pressure = 0.86 + 0.14 * field(rng, ink.shape, max(8.0, high * 0.7))
    pressure *= 1 - 0.12 * rng.random(ink.shape, np.float32)
    top, side = EDGE + above, EDGE + left
    density[top : top + high, side : side + wide] += (ink * pressure)[:, :, None] * np.array(colour) * strength
    if draw.random() < 0.2:
        _rule(draw, rng, density, high)
    stamped = draw.random() < 0.18
    if stamped:
        density += _stamp_over(draw, rng, shape, high)[:, :, None] * np.array(RED, np.float32) * rng.uniform(0.4, 1)
    image, _, _ = seen(draw, rng, density, (0.0, 0.0))
    image = as_print(separate(image)[0]) if stamped else image
    inside = np.ascontiguousarray(image[EDGE:-EDGE, EDGE:-EDGE])
    return at_height(inside, draw.choice((0.8, 1.0, 1.0, 1.0, 1.5)) * float(rng.uniform(0.93, 1.07)))


def _rule(draw: Random, rng: Generator, density: Any, high: int) -> None:
    """The cell's own lines, cut along."""
    thick = max(1, round(high * 0.03))
    if draw.random() < 0.6:
        y = EDGE + int(rng.uniform(0, 0.12) * high)
        y = y if draw.random() < 0.5 else density.shape[0] - y - thick
        density[y : y + thick] += 1.0
    else:
        x = EDGE if draw.random() < 0.5 else density.shape[1] - EDGE - thick
        density[:, x : x + thick] += 1.0


def _stamp_over(draw: Random, rng: Generator, shape: tuple[int, int], high: int) -> Mask:
    """A part of a stamp: its border, some characters."""
    ink = np.zeros(shape, np.float32)
    centre = (int(rng.uniform(-0.3, 1.3) * shape[1]), int(rng.uniform(-2, 3) * high))
    cv2.circle(ink, centre, int(rng.uniform(1.5, 4) * high), (1.0,), max(1, int(high * 0.12)), cv2.LINE_AA)
    letter = resized(glyph_mask(draw.choice(words.COMMON), "song-bold", 100), int(high * rng.uniform(0.6, 1.1)))
    for _ in range(draw.randint(0, 4)):
        turned_letter = turned(letter, float(rng.uniform(0, 360)))
        lay(ink, turned_letter, int(rng.uniform(0, shape[1])), int(rng.uniform(-0.3, 0.8) * high))
    return ink
