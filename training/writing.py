"""Lines of handwriting and of print, cut as the reader cuts them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from extractors.engine import at_height
from extractors.ink import as_print, separate
from samples.hands import Hand, Shape, pressure, write
from samples.noise import resized, turned
from samples.paper import BLACK_PEN, BLUE_PEN, TONER, Ink
from samples.typefaces import Mask, crop, glyph_mask, text_mask
from training import faces, words
from training.paper import Image, lay, seen

BOX, BASELINE = 1024, 900  # units: of the strokes' own square, and where its baseline lies
PEN = 0.06  # ems: the strokes are thinned to their middle lines again
DPIS = (150, 200, 200, 240, 300)
EDGE = 6  # pixels cut off again, so that nothing at a picture's border is seen
RED: Ink = (0.08, 0.85, 0.7)
IN_PRINT = 0.25  # of what is written, as far as it is short: on the line of a printed sentence
DATES = 0.12  # of what is written
LONGEST_BLANK = 18  # symbols
Points = NDArray[Any]  # (n, 2)
Density = NDArray[Any]  # float32, (height, width, 3)


@dataclass(frozen=True, slots=True)
class _Strokes:
    """How a hand moves that draws each character anew: how far strokes go astray, join, and lose their corners."""

    loose: float
    joining: float
    rounding: float

    def __call__(self, character: str, em: int, rng: Generator) -> Mask:
        """A character from its strokes, solid, cut to its ink."""
        canvas, last = np.zeros((round(em * 1.3), round(em * 1.3)), np.uint8), None
        pen = round(em * PEN)
        for stroke in _strokes(character):
            points = (stroke * (1, -1) + (0, BASELINE)) / BOX * em + em * 0.15
            middle, angle = points.mean(0), rng.normal(0, 0.05 * self.loose)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            points = (points - middle) @ turn.T * (1 + rng.normal(0, 0.06 * self.loose))
            points = points + middle + rng.normal(0, 0.02 * em * self.loose, 2)
            if len(points) > 3 and rng.random() < self.rounding:
                inner = rng.choice(np.arange(1, len(points) - 1), max(1, (len(points) - 2) // 2), replace=False)
                points = points[[0, *sorted(inner.tolist()), -1]]
            _polyline(canvas, points, pen)
            if last is not None and rng.random() < self.joining:
                _polyline(canvas, np.array([last, (last + points[0]) / 2 + rng.normal(0, 2, 2), points[0]]), pen)
            last = points[-1]
        return crop(np.asarray(canvas, np.float32) / 255)


def written(draw: Random, rng: Generator) -> tuple[Image, str] | None:
    """A hand-written value and its text, now and then in a printed sentence; None where a font lacks a character."""
    texts = words.date(draw) if draw.random() < DATES else (words.value(draw),)
    drawn = _hand(draw, rng, "".join(texts))
    if drawn is None:
        return None
    hand, shape = drawn
    dpi = draw.choice(DPIS)
    high, strength = round(rng.uniform(4.2, 7.5) * dpi / 25.4), rng.uniform(0.7 if hand.blue else 0.6, 1.1)
    ink = BLUE_PEN if hand.blue else BLACK_PEN
    pens = [_coloured(write(text, hand, high, rng, shape), ink, strength) for text in texts]
    if len(texts) > 1 or (draw.random() < IN_PRINT and len(texts[0]) <= LONGEST_BLANK):
        return _in_print(draw, rng, pens, texts, dpi)
    return _on_paper(draw, rng, pens[0]), texts[0]


def printed(draw: Random, rng: Generator) -> tuple[Image, str] | None:
    """A printed value and its text; None where the font lacks a character."""
    text = words.value(draw) if draw.random() < 0.7 else words.characters(draw, draw.randint(3, 14), 0.2)
    font = draw.choice(faces.PRINTED)
    if not faces.has(font, text):
        return None
    em = round(rng.uniform(3.2, 4.8) * draw.choice(DPIS) / 25.4)
    ink = pressure(crop(text_mask(text, font, em, float(rng.uniform(0, 0.1)))), rng)
    return _on_paper(draw, rng, _coloured(ink, TONER, rng.uniform(0.5, 1))), text


def _in_print(
    draw: Random, rng: Generator, pens: Sequence[Density], texts: Sequence[str], dpi: int
) -> tuple[Image, str] | None:
    """What was written into the blanks of a printed sentence, and the print between; three are those of a date."""
    font = draw.choice(faces.PRINTED)
    before = words.characters(draw, draw.randint(1, 9), 0.05) + draw.choice(("", "：", "（", "，"))
    after = draw.choice(("", "）", "（", "，")) + words.characters(draw, draw.randint(1, 9), 0.05)
    between = (before, *"年月日") if len(texts) > 1 else (before, after)
    if not faces.has(font, "".join(between)):
        return None
    em, strength = round(rng.uniform(3.2, 4.2) * dpi / 25.4), rng.uniform(0.5, 1)
    sides = [_coloured(crop(text_mask(side, font, em, 0.03)), TONER, strength) for side in between]
    parts = [part for pair in zip(sides, pens, strict=False) for part in pair] + [sides[-1]]
    gaps = [int(em * max(0.0, rng.uniform(-0.3, 1.5))) for _ in parts[1:]]
    high = max(part.shape[0] for part in parts) + em // 2
    line = np.zeros((high, sum(part.shape[1] for part in parts) + sum(gaps), 3), np.float32)
    x = 0
    for part, gap in zip(parts, (*gaps, 0), strict=True):
        room = high - part.shape[0]
        y = min(room, max(0, room // 2 + int(rng.normal(0, 0.1) * em)))
        line[y : y + part.shape[0], x : x + part.shape[1]] = part
        x += part.shape[1] + gap
    inked = np.flatnonzero(line.max(axis=(1, 2)) > 0.1)
    text = "".join(part for pair in zip(between, texts, strict=False) for part in pair) + between[-1]
    return _on_paper(draw, rng, line[inked[0] : inked[-1] + 1]), text


def _coloured(ink: Mask, colour: Ink, strength: float) -> Density:
    return np.asarray(ink[:, :, None] * np.array(colour, np.float32) * strength, np.float32)


def _hand(draw: Random, rng: Generator, text: str) -> tuple[Hand, Shape] | None:
    """A hand and the shapes of its characters; None where it lacks one."""
    chinese = "".join(c for c in text if not c.isascii())
    family = draw.choice(faces.WRITTEN) if draw.random() < 0.6 else ""
    if family and not faces.has(family, chinese):
        family = ""
    if not family and not all(_strokes(c) for c in chinese):
        return None
    latin = draw.choice(faces.hands()) if not family or draw.random() < 0.6 else family
    if not faces.has(latin, "".join(c for c in text if c.isascii())):
        return None
    strokes = _Strokes(float(rng.uniform(0.4, 1.6)), float(rng.uniform(0, 0.6)), float(rng.uniform(0, 0.8)))
    height = float(rng.uniform(0.62, 0.95))  # of a digit or capital, in ems: fonts differ by half

    def shape(character: str, em: int, rng: Generator) -> Mask:
        if character.isascii():
            return resized(glyph_mask(character, latin, em), round(height * em))
        return glyph_mask(character, family, em) if family else strokes(character, em, rng)

    hand = Hand(
        family=family,
        digits=latin,
        letters=latin,
        signature=family,
        weight=float(rng.uniform(0.03, 0.065)),
        slant=float(rng.uniform(-0.1, 0.28)),
        restless=float(rng.uniform(0.4, 1.3)),
        spacing=float(rng.uniform(-0.02, 0.2)),
        blue=draw.random() < 0.4,
    )
    return hand, shape


@cache
def _strokes(character: str) -> tuple[Points, ...]:
    """A character's strokes as lines through their middles, in writing order; none for one that is not known."""
    path = faces.folder() / "strokes" / f"{character}.json"
    if not path.is_file():
        return ()
    return tuple(np.array(points, float) for points in json.loads(path.read_bytes())["medians"])


def _polyline(canvas: Any, points: Points, pen: int) -> None:
    """A smooth line (Chaikin 1974, corner cutting)."""
    for _ in range(2):
        cut = np.empty((2 * len(points) - 2, 2))
        cut[0::2], cut[1::2] = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.vstack([points[:1], cut, points[-1:]])
    cv2.polylines(canvas, [np.round(points * 8).astype(np.int32)], False, (255,), pen, cv2.LINE_AA, 3)


def _on_paper(draw: Random, rng: Generator, ink: Density) -> Image:
    """The line seen and cut out with some room; one with a stamp over it without the red."""
    high, wide = ink.shape[:2]
    above, below = (int(high * rng.uniform(0.02, 0.32)) for _ in range(2))
    left, right = (int(high * rng.uniform(0.02, 0.3)) for _ in range(2))
    shape = (high + above + below + 2 * EDGE, wide + left + right + 2 * EDGE)
    density = np.zeros((*shape, 3), np.float32)
    top, side = EDGE + above, EDGE + left
    density[top : top + high, side : side + wide] += ink
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
