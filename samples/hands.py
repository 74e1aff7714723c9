"""Handwriting: characters of hand fonts, thinned to a pen's stroke, moved and bent one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.random import Generator

from samples.noise import elastic, field, resized, turned
from samples.typefaces import Mask, glyph_mask

_EM = 112  # pixels to the em while a character is being written
Shape = Callable[[str, int, Generator], Mask]  # a character's, solid, at so many pixels to the em


@dataclass(frozen=True, slots=True)
class Hand:
    """How one person writes. `weight`: pen width in ems; `slant`: shear; `restless`: how much characters differ."""

    family: str
    digits: str
    letters: str
    signature: str
    weight: float
    slant: float
    restless: float
    spacing: float
    blue: bool


def make_hand(rng: Generator, families: tuple[str, ...]) -> Hand:
    """`families`: fonts for text; a very cursive one is kept for signatures, digits need a legible one."""
    family = str(rng.choice(families))
    return Hand(
        family=family,
        digits=family,
        letters=family if family == "long-cang" else "kai",  # the brush fonts' capitals are too ornate for a code
        signature=family if family == "long-cang" else str(rng.choice(("liu-jian-mao-cao", "zhi-mang-xing", family))),
        weight=float(rng.uniform(0.034, 0.058)),
        slant=float(rng.uniform(-0.06, 0.22)),
        restless=float(rng.uniform(0.5, 1.1)),
        spacing=float(rng.uniform(0.06, 0.17)),
        blue=bool(rng.random() < 0.4),
    )


def write(text: str, hand: Hand, height: int, rng: Generator, shape: Shape | None = None) -> Mask:
    """A line of `text` in ink; characters about `height` pixels high. `shape`: of a character, else its font's."""
    glyphs = [_glyph(c, hand, rng, shape=shape) for c in text if c != " "]
    line = _assemble(glyphs, [hand.spacing + float(rng.normal(0, 0.02)) for _ in glyphs], hand, rng)
    return pressure(resized(line, max(4, round(line.shape[0] * height / _EM))), rng)


def sign(name: str, hand: Hand, height: int, rng: Generator) -> Mask:
    """A signature: larger, freer, characters run into one another."""
    free = replace(hand, weight=hand.weight * 1.1, restless=1.5)
    glyphs = [_glyph(c, free, rng, signing=True) for c in name]
    line = _assemble(glyphs, [float(rng.uniform(-0.2, 0.02)) for _ in glyphs], free, rng, joined=True)
    bent = elastic(rng, np.pad(line, 20), _EM, _EM * 0.07)
    whole = turned(bent, float(rng.uniform(-9, 4)), hand.slant + float(rng.uniform(-0.05, 0.2)))
    return pressure(resized(whole, max(4, round(whole.shape[0] * height / _EM))), rng)


def _glyph(character: str, hand: Hand, rng: Generator, signing: bool = False, shape: Shape | None = None) -> Mask:
    """One character on a canvas one em high (digits and letters narrower), bent and slanted."""
    name = hand.signature if signing else _face(character, hand)
    solid = glyph_mask(character, name, _EM) if shape is None else shape(character, _EM, rng)
    ink = np.pad(_penned(solid, hand, rng), 12)
    ink = elastic(rng, ink, _EM * 0.45, _EM * 0.035 * hand.restless)
    ink = turned(ink, float(rng.normal(0, 2.5 * hand.restless)), hand.slant + float(rng.normal(0, 0.04)))
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.1), np.flatnonzero(ink.max(axis=0) > 0.1)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 1 + float(np.clip(rng.normal(0, 0.06 * hand.restless), -0.15, 0.15))
    return resized(ink, max(3, round(ink.shape[0] * scale)), max(3, round(ink.shape[1] * scale)))


def _face(character: str, hand: Hand) -> str:
    if character.isdigit():
        return hand.digits
    return hand.letters if ord(character) < 0x2000 else hand.family


def _penned(ink: Mask, hand: Hand, rng: Generator) -> Mask:
    """A brush character as a ball pen would write it: its middle line, and a little of its own weight."""
    solid = (np.pad(ink, 6) > 0.5).astype(np.uint8) * 255
    line = cv2.ximgproc.thinning(cv2.medianBlur(solid, 5))
    width = max(3, round(_EM * hand.weight * float(rng.uniform(0.9, 1.1))))
    pen = cv2.dilate(line, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    body = cv2.erode(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    return np.asarray(cv2.GaussianBlur(np.maximum(pen, body), (0, 0), 1.2), np.float32) / 255


def _assemble(glyphs: list[Mask], gaps: list[float], hand: Hand, rng: Generator, joined: bool = False) -> Mask:
    """Characters side by side on a wavering line; `gaps` in ems. The canvas is cut to the ink."""
    width = sum(g.shape[1] for g in glyphs) + round(sum(abs(g) for g in gaps) * _EM) + 2 * _EM
    canvas = np.zeros((3 * _EM, width), np.float32)
    x, drift, previous = _EM // 2, float(rng.uniform(-0.012, 0.012)), None
    for glyph, gap in zip(glyphs, gaps, strict=True):
        middle = 1.5 * _EM + drift * (x - _EM) + float(rng.normal(0, 0.03 * _EM * hand.restless))
        y = round(middle - glyph.shape[0] / 2)
        part = canvas[y : y + glyph.shape[0], x : x + glyph.shape[1]]
        np.maximum(part, glyph, out=part)
        if joined and previous is not None:
            _join(canvas, previous, _first_ink(glyph, x, y), hand)
        previous = _last_ink(glyph, x, y)
        x += glyph.shape[1] + round(gap * _EM)
    rows, columns = np.flatnonzero(canvas.max(axis=1) > 0.1), np.flatnonzero(canvas.max(axis=0) > 0.1)
    return np.pad(canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 3)


def _first_ink(glyph: Mask, x: int, y: int) -> tuple[int, int]:
    """Where a character's first stroke may begin: its ink nearest the top left corner."""
    rows, columns = np.nonzero(glyph > 0.5)
    i = int(np.argmin(rows + columns))
    return x + int(columns[i]), y + int(rows[i])


def _last_ink(glyph: Mask, x: int, y: int) -> tuple[int, int]:
    rows, columns = np.nonzero(glyph > 0.5)
    i = int(np.argmax(rows * 1.0 + columns * 0.6))
    return x + int(columns[i]), y + int(rows[i])


def _join(canvas: Mask, start: tuple[int, int], end: tuple[int, int], hand: Hand) -> None:
    """A thin stroke in the air between two characters, bowed downwards."""
    bow = ((start[0] + end[0]) / 2, max(start[1], end[1]) + 0.05 * _EM)
    t = np.linspace(0, 1, 24)[:, None]
    points = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bow) + t**2 * np.array(end)
    width = max(2, round(_EM * hand.weight * 0.5))
    cv2.polylines(canvas, [np.round(points).astype(np.int32)], False, (0.8,), width, cv2.LINE_AA)


def pressure(ink: Mask, rng: Generator) -> Mask:
    """Ink is never even: slow changes of pressure and a fine grain."""
    slow = 0.88 + 0.12 * field(rng, ink.shape, max(8.0, ink.shape[0] * 0.7))
    grain = 1 - 0.12 * rng.random(ink.shape, np.float32)
    return np.asarray(np.clip(ink * slow * grain, 0, 1), np.float32)
