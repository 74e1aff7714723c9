"""Stamps over print, unrolled to strips by the reader's own hands."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from extractors.engine import at_height
from extractors.ink import as_print, separate, stamp_ink, without_print
from extractors.ring import Wheel, cut, enhanced, text_band, unroll
from extractors.seals import Seal
from extractors.sealtext import CLOSER, SPREAD
from samples import seals
from samples.artwork import tint
from samples.noise import resized
from samples.paper import Sheet
from training import faces, words
from training.paper import DPIS, Image, print_beneath, seen

CIRCLE = 360.0


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """A stamp's ring in the three ways that its ink is seen, and the text on it, first to last.

    `starts`, `length`: columns of the wheel that are cut out.
    """

    wheels: tuple[NDArray[Any], ...]
    start: int
    length: int
    text: str

    def look(self, number: int) -> Image:
        """As print, by ink `number`."""
        return as_print(enhanced(cut(self.wheels[number], self.start, self.length)))


def example(draw: Random, rng: Generator) -> tuple[Image, str]:
    """A strip as the recogniser takes it, and its text. Raises ValueError for a stamp that is not to be seen."""
    strip = stamped(draw, rng)
    number = draw.choice((0, 0, 1, 2))
    spread = CLOSER if number == 2 else SPREAD
    return at_height(strip.look(number), spread * float(rng.uniform(0.88, 1.12)))[:, :, 0], strip.text


def stamped(draw: Random, rng: Generator) -> Strip:
    """A unit's stamp on paper, seen and unrolled."""
    seal, dpi = _seal(draw, rng), draw.choice(DPIS)
    impression = seals.stamp(seal, rng, tilt=20)
    ink = resized(impression.ink, max(40, round(impression.ink.shape[0] * dpi / seals.DPI)))
    room = int(0.15 * ink.shape[0])
    shape = (ink.shape[0] + 2 * room, ink.shape[1] + 2 * room)
    density = np.zeros((*shape, 3), np.float32)
    if draw.random() < 0.75:
        density += print_beneath(draw, rng, shape, dpi)[:, :, None]
    if draw.random() < 0.15:
        tint(Sheet(dpi, "", density), tuple(rng.uniform(0, 0.12, 3).tolist()), rng)
    red = np.array([rng.uniform(0.03, 0.16), rng.uniform(0.7, 1.0), rng.uniform(0.55, 0.85)], np.float32)
    inside = density[room : room + ink.shape[0], room : room + ink.shape[1]]
    inside += ink[:, :, None] * red * float(rng.uniform(0.45, 1.25))
    image, x, y = seen(draw, rng, density, (shape[1] / 2, shape[0] / 2))
    radius = seal.width / 2 * dpi / 25.4
    turned = impression.angle if seal.shape == "oval" else 0.0
    found = _found(rng, seal, (x, y), radius, turned, shape)
    dark, coloured = separate(image)
    sharp = stamp_ink(image, coloured)
    wheels = [unroll(ink, found.centre, found) for ink in (without_print(sharp, dark), sharp, coloured)]
    top, bottom = text_band(wheels[0].wheel)
    start, length, text = _stretch(draw, rng, seal, wheels[0], impression.angle - turned)
    return Strip(tuple(wheel.wheel[top:bottom] for wheel in wheels), start, length, text)


def _seal(draw: Random, rng: Generator) -> seals.Seal:
    while True:
        text, font = words.unit(draw), draw.choice(faces.STAMPED)
        if faces.has(font, text):
            break
    shape, size = "oval" if draw.random() < 0.12 else "round", float(rng.uniform(36, 44))
    lined = shape == "oval" or draw.random() < 0.15
    return seals.Seal(
        shape=shape,
        text=text,
        width=size,
        height=size * (float(rng.uniform(0.66, 0.8)) if shape == "oval" else 1),
        rim=float(rng.uniform(0.5, 1.5)),
        letter=float(rng.uniform(3.6, 5.8)) * min(1.0, 18 / len(text)) ** 0.35,
        span=float(np.clip(len(text) * rng.uniform(12, 20), 110, 260)),
        font=font,
        squeeze=float(rng.uniform(0.5, 0.95)),
        star=float(rng.uniform(9, 15)) if draw.random() < 0.85 else 0,
        inner=draw.random() < 0.25,
        line=draw.choice(("", "", "", "财务专用章", "合同专用章", "公章")) if lined else "",
        serial=words.digits(draw, 13) if draw.random() < 0.6 else "",
    )


def _found(
    rng: Generator, seal: seals.Seal, centre: tuple[float, float], radius: float, tilt: float, shape: tuple[int, int]
) -> Seal:
    """The stamp as finding places it: a little aside."""
    aside = rng.normal(0, 0.012 * radius, 4)
    radii = (radius + aside[0], radius * seal.height / seal.width + aside[1])
    place = (centre[0] + aside[2], centre[1] + aside[3])
    return Seal((0.0, 0.0, float(shape[1]), float(shape[0])), seal.shape, place, radii, tilt, 1.0, 0.0)


def _stretch(draw: Random, rng: Generator, seal: seals.Seal, wheel: Wheel, turn: float) -> tuple[int, int, str]:
    """Which columns are cut out, and the text in them.

    Mostly the name. Now and then more of the ring, or a stretch that begins at another gap: the number along the lower
    edge is among it then, upside down, and is no text.
    """
    columns = len(wheel.angles)
    angles = (wheel.angles - turn + 540) % CIRCLE - 180
    letter = np.degrees(seal.letter * seal.squeeze / 2 / (seal.width / 2 - 4))  # half of one
    step = seal.span / max(1, len(seal.text) - 1)
    chance = draw.random()
    if chance < 0.22 and len(seal.text) > 3:
        first = draw.randrange(1, len(seal.text))
        border = -seal.span / 2 + (first - 0.5) * step
        nearest = int(np.abs((angles - border + 180) % CIRCLE - 180).argmin())
        gap = int(columns * max(0.5, step - 2 * letter) / CIRCLE * 0.5)
        return (nearest + gap // 2) % columns, columns - gap, seal.text[first:] + seal.text[:first]
    inside = np.flatnonzero(np.abs(angles) <= seal.span / 2 + letter + rng.uniform(0.5, 3))
    if len(inside) < 20:
        raise ValueError("no ring")
    gaps = np.flatnonzero(np.diff(np.append(inside, inside[0] + columns)) > 1)
    start, length = int(inside[(gaps[0] + 1) % len(inside)]) if len(gaps) else int(inside[0]), len(inside)
    if chance < 0.42:
        more = int(length * rng.uniform(0, 0.25))
        start = (start - int(more * rng.random())) % columns
        length = min(columns - 2, length + more)
    return start, length, seal.text
