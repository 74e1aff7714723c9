"""What a seal says: the text round its ring, read on the unwrapped ring, or the text in the columns of a square one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.decode import best
from extractors.engine import Engine, Recognised
from extractors.grammar import likely_texts
from extractors.ink import as_print, stamp_ink, without_print
from extractors.page import Recognise, Sheet
from extractors.seals import RED_INK, Seal
from extractors.squaretext import lines_of_square
from yinjian.lattice import Lattice

Floats = NDArray[np.float32]

SURE = 0.9  # of the least sure symbol
SPREAD = 0.9  # of its width, a ring's text stands as close as a line's
CLOSER = 0.75  # of its width, for another look
NAME = 6  # symbols: no unit's name is shorter
GAP_WORTH = 2.5  # symbols: what the widest gap counts for as the name's end beside how well the strip reads
HOPELESS = -60.0  # log probability: one look cannot say more against a text
LIKELY = 6  # texts of each look that are weighed
MIDDLE = 0.2  # of the radius: where the text runs, inwards from the border
ENDS = "司心学院所站局社厂店会队部处行场馆园校章印"  # last characters of units' names and of seals
ORDERS = 3  # of the characters of a square seal that are read, of those glanced at
ENDED = 0.1  # of the sureness of a line: what such an end is worth


@dataclass(frozen=True, slots=True)
class SealText:
    """A seal's text, the lattice it was read from, and how far the seal is turned (degrees clockwise)."""

    text: str
    confidence: float
    lattice: Lattice | None
    angle: float | None


def read_seal(sheet: Sheet, seal: Seal, engine: Engine) -> SealText:
    """The text of a seal. Stamp ink is seen in three ways: by colour, by light, and without what is printed over it."""
    inks = _inks(sheet, seal)
    return _read_square(inks, seal, engine) if seal.shape == "square" else _read_ring(inks, seal, engine)


@dataclass(frozen=True, slots=True, eq=False)
class _Inks:
    """Densities of stamp ink round a seal, each (h, w), and the seal's centre there in pixels.

    `sharp` as the picture's light shows it, `clear` the same without the print over it, `coloured` by colour alone.
    """

    clear: Floats
    sharp: Floats
    coloured: Floats
    centre: tuple[float, float]


def _inks(sheet: Sheet, seal: Seal) -> _Inks:
    width, height = sheet.size
    room = 0.1 * max(seal.radii)
    x0, y0 = max(0, int(seal.rect[0] - room)), max(0, int(seal.rect[1] - room))
    x1, y1 = min(width, int(seal.rect[2] + room) + 1), min(height, int(seal.rect[3] + room) + 1)
    coloured = sheet.red[y0:y1, x0:x1]
    sharp = stamp_ink(sheet.image[y0:y1, x0:x1], coloured)
    clear = without_print(sharp, sheet.dark[y0:y1, x0:x1])
    return _Inks(clear, sharp, coloured, (seal.centre[0] - x0, seal.centre[1] - y0))


def _read_ring(inks: _Inks, seal: Seal, engine: Engine) -> SealText:
    """The widest gaps are tried as the text's ends; what is then in doubt is looked at in other ways too."""
    clear = _unwrap(inks.clear, inks.centre, seal)
    top, bottom = _text_band(clear.wheel)
    strip = clear.wheel[top:bottom]
    arcs = _arcs(strip)
    read = _read_arcs(strip, arcs, engine)
    if not read:
        return SealText("", 0.0, None, None)
    widest = max(1, strip.shape[1] - min(length for _, length in arcs))
    gaps = [(strip.shape[1] - length) / widest for _, length in arcs]
    chosen = max(range(len(read)), key=lambda i: _worth(read[i].lattice) + GAP_WORTH * gaps[i]) if len(read) > 1 else 0
    start, length = arcs[chosen]
    looks = [read[chosen].lattice]
    if read[chosen].confidence < SURE:
        for ink, spread in ((inks.sharp, SPREAD), (inks.coloured, CLOSER)):
            seen = _unwrap(ink, inks.centre, seal).wheel[top:bottom]
            looks.append(_look(_cut(seen, start, length), spread, engine).lattice)
    text, confidence, lattice = _agreed(looks)
    return SealText(text, confidence, lattice, _half_turn(clear.angle(start + length / 2) + seal.tilt))


def _look(strip: Floats, spread: float, engine: Engine) -> Recognised:
    return _shown(strip, spread, engine.recognise)


def _shown(strip: Floats, spread: float, recognise: Recognise) -> Recognised:
    return recognise([as_print(_enhanced(strip))], spread)[0]


def _agreed(looks: Sequence[Lattice]) -> tuple[str, float, Lattice]:
    """The text that all looks together hold likeliest, how sure they are, and the look that shows it best."""
    if len(looks) == 1:
        text, confidence = best(looks[0])
        return text.replace(" ", ""), confidence, looks[0]
    texts = sorted({text for look in looks for text, _ in likely_texts(look, LIKELY)})
    said = np.mean([np.maximum(HOPELESS, look.log_probabilities(texts)) for look in looks], axis=0)
    scores = dict(zip(texts, said.tolist(), strict=True))
    text = max(scores, key=scores.__getitem__)
    confidence = 1.0 / sum(math.exp(score - scores[text]) for score in scores.values())
    return text.replace(" ", ""), confidence, max(looks, key=lambda look: look.margin(text))


def _read_arcs(strip: Floats, arcs: Sequence[tuple[int, int]], engine: Engine) -> list[Recognised]:
    """The arcs read, as far as needed: one that is sure of a whole name is not bettered by one with a narrower gap."""
    read: list[Recognised] = []
    for start, length in arcs:
        read.append(_look(_cut(strip, start, length), SPREAD, engine))
        if read[-1].confidence > SURE and len(read[-1].text) >= NAME and all(map(_chinese, read[-1].text)):
            break
    return read


def _chinese(symbol: str) -> bool:
    return "\u4e00" <= symbol <= "\u9fff"


def _half_turn(angle: float) -> float:
    """An angle in degrees as -180 to 180."""
    return round((angle + 180.0) % 360.0 - 180.0, 1)


def _worth(lattice: Lattice) -> float:
    """Symbols read surely, less those that are not: a strip cut inside the name or upside down reads badly."""
    text, _ = best(lattice)
    chinese = sum(map(_chinese, text))
    return chinese + 0.2 * max(-20.0, lattice.log_probability(text)) - 0.5 * (len(text) - chinese)


@dataclass(frozen=True, slots=True, eq=False)
class _Wheel:
    """A seal's disc unrolled: rows from the border inwards, columns clockwise from the top, and each column's angle."""

    wheel: Floats
    angles: Floats

    def angle(self, column: float) -> float:
        """Degrees clockwise from the top, of the direction from the centre."""
        return float(self.angles[int(column) % len(self.angles)])


def _unwrap(ink: Floats, centre: tuple[float, float], seal: Seal) -> _Wheel:
    """Columns stand on the border at equal distances, at right angles to it, as the symbols on an oval seal do."""
    a, b = seal.radii
    height = int(max(40.0, min(a, b)))
    turn = np.linspace(0, 2 * np.pi, 721)
    inner_a, inner_b = a * (1 - MIDDLE), b * (1 - MIDDLE)
    pace = np.hypot(inner_a * np.cos(turn), inner_b * np.sin(turn))
    way = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2 * np.diff(turn))])
    t = np.interp(np.linspace(0, way[-1], max(80, int(way[-1])), endpoint=False), way, turn)
    depth = (np.arange(height) - 0.04 * height)[:, None] * (min(a, b) / height)
    slant = np.hypot(b * np.sin(t), a * np.cos(t))
    across = a * np.sin(t) - depth * b * np.sin(t) / slant
    along = -b * np.cos(t) + depth * a * np.cos(t) / slant
    c, s = np.cos(np.radians(seal.tilt)), np.sin(np.radians(seal.tilt))
    x, y = centre[0] + c * across - s * along, centre[1] + s * across + c * along
    wheel = cv2.remap(ink, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC, borderValue=0)
    angles = np.degrees(np.arctan2(a * np.sin(t), b * np.cos(t)))
    return _Wheel(np.asarray(wheel, np.float32), np.asarray(angles, np.float32))


def _text_band(wheel: Floats) -> tuple[int, int]:
    """Rows between the border and the middle: from where the border's ink ends to the gap above the star."""
    height = len(wheel)
    profile = cv2.GaussianBlur((wheel > RED_INK).mean(1, keepdims=True).astype(np.float32), (1, 5), 0)[:, 0]
    outer = profile[: int(0.22 * height)]
    border = int(outer.argmax())
    inner_edge = border + int(np.argmax(profile[border : int(0.3 * height)] < 0.55 * outer.max()))
    top = (
        inner_edge + int(profile[inner_edge : int(0.26 * height) + 1].argmin())
        if inner_edge <= int(0.26 * height)
        else inner_edge
    )
    low = slice(int(0.42 * height), int(0.66 * height))
    bottom = low.start + int(profile[low].argmin())
    return max(0, top - 1), max(bottom + 1, top + 8)


def _arcs(strip: Floats) -> list[tuple[int, int]]:
    """Candidate stretches `(start, length)` of the name: the whole ring but one of its three widest gaps.

    A serial number along the lower border is lower than the name's characters: where only it stands, the inner half
    of the band is empty.
    """
    width = strip.shape[1]
    inner = strip[int(0.5 * len(strip)) :]
    inked = (inner > RED_INK).mean(0) > 0.06
    if not inked.any():
        return []
    widest = sorted(_gaps(inked), key=lambda g: -g[1])[:3]
    return [((start + length) % width, width - length) for start, length in widest] or [(0, width)]


def _gaps(inked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs without ink as `(start, length)`, the ring closed."""
    width = len(inked)
    first = int(np.flatnonzero(inked)[0])
    turned = np.roll(inked, -first)
    edges = np.flatnonzero(np.diff(turned.astype(np.int8)))
    starts = [int(e) + 1 for e in edges if turned[e]]
    ends = [int(e) + 1 for e in edges if not turned[e]]
    if len(starts) > len(ends):
        ends.append(width)
    return [((s + first) % width, e - s) for s, e in zip(starts, ends, strict=True)]


def _cut(strip: Floats, start: int, length: int) -> Floats:
    """A stretch of the closed strip with a little room at both ends."""
    room = strip.shape[0] // 4
    columns = np.arange(start - room, start + length + room) % strip.shape[1]
    return np.asarray(strip[:, columns], np.float32)


def _enhanced(strip: Floats) -> Floats:
    """Ink brought to the density of good black print: pale stamps read as well as strong ones."""
    strong = float(np.percentile(strip[strip > RED_INK], 85)) if (strip > RED_INK).any() else 1.0
    return np.asarray(np.clip(strip / max(0.1, strong), 0, 1.2), np.float32)


def _read_square(inks: _Inks, seal: Seal, engine: Engine) -> SealText:
    """The order of the characters that reads best, told at a glance and then read."""
    orders = list(lines_of_square(inks.clear, inks.centre, seal))
    glimpses = [_order_worth(_shown(line, SPREAD, engine.glance), count) for line, count in orders]
    likeliest = sorted(range(len(orders)), key=lambda n: -glimpses[n])[:ORDERS]
    read = [(_look(orders[n][0], SPREAD, engine), orders[n][1]) for n in likeliest]
    if not read:
        return SealText("", 0.0, None, seal.tilt)
    chosen, _ = max(read, key=lambda pair: _order_worth(*pair))
    text, confidence = best(chosen.lattice)
    return SealText(text.replace(" ", ""), confidence, chosen.lattice, _half_turn(seal.tilt))


def _order_worth(seen: Recognised, count: int) -> float:
    """How surely the characters are read; a unit's name ends in a word for a unit."""
    ends = ENDED if seen.text and seen.text[-1] in ENDS else 0.0
    return seen.sureness / max(1, count, len(seen.text)) + ends
