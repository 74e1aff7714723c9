"""What a seal says: the text round its ring, read on the unwrapped ring, or the text in the columns of a square one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import chain, pairwise
from operator import itemgetter

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.decode import best
from extractors.engine import Engine, Recognised
from extractors.grammar import likely_texts
from extractors.ink import as_print, stamp_ink, without_print
from extractors.page import Recognise, Sheet
from extractors.ring import arcs_of, cut, enhanced, text_band, unroll
from extractors.seals import RED_INK, Seal
from extractors.squaretext import lines_of_square
from yinjian.lattice import Lattice
from yinjian.textfold import is_chinese

Floats = NDArray[np.float32]

SURE = 0.9  # of the least sure symbol
SPREAD = 0.9  # of its width, a ring's text stands as close as a line's
CLOSER = 0.75  # of its width, for another look
NAME = 6  # symbols: no unit's name is shorter
GAP_WORTH = 2.5  # symbols: what the widest gap counts for as the name's end beside how well the strip reads
LEAST = 1e-6  # probability of a symbol that no look holds
LOG_LEAST, MOST_SAID = math.log(LEAST), 4.0  # the same as a logarithm; what one look at a symbol alone can say
HOPELESS = -60.0  # log probability: one look cannot say more against a text
LIKELY = 6  # texts of each look that are weighed
# Companies' forms, and how much less likely a text is for each symbol that is exchanged in one.
FORMS, MISWORDED = ("有限公司", "有限责任公司"), math.log(1000.0)
ENDS = "司心学院所站局社厂店会队部处行场馆园校章印"  # last characters of units' names and of seals
SPECIAL, PURPOSES, FEWEST_OF_PURPOSE = "专用", frozenset("合同财务发票专用章业投标报关"), 3  # what such seals say
TURNS = (0.0, -12.0, 12.0)  # degrees: stamps stand nearly upright
ASIDE = 0.35  # of a symbol's width: so far from where it was told may the gap beside it lie
INSIDE = 0.68  # of the radius: the ring's text stands beyond
BELOW, AMID = (0.28, 0.66), (-0.35, 0.6)  # of the radius: the line below a star, and that of an oval seal without one
THIN, LEAST_LINE = 0.02, 0.1  # of a row, or a column, that is inked; of the radius, a line is high
ORDERS = 3  # of the characters of a square seal that are read, of those glanced at
ENDED = 0.1  # of the sureness of a line: what such an end is worth


@dataclass(frozen=True, slots=True)
class SealText:
    """A seal's text, the lattice it was read from, and how far the seal is turned (degrees clockwise)."""

    text: str
    confidence: float
    lattice: Lattice | None
    angle: float | None


def read_seal(inks: Inks, seal: Seal, engine: Engine, *, on_blank: bool = False) -> SealText:
    """The text of a seal. `on_blank`: nothing lies under it, so that each symbol can be told by itself."""
    if seal.shape == "square":
        return _read_square(inks, seal, engine)
    return _read_ring(inks, seal, engine, on_blank=on_blank)


def is_special(inks: Inks, seal: Seal, angle: float, engine: Engine) -> bool:
    """Whether a round or oval seal says across its middle that it is for one purpose (合同专用章), and no unit's 公章.

    `angle`: degrees clockwise by which it is taken to be turned; such a line may have been taken for a part of its
    ring, so that others are tried as well.
    """
    if seal.shape == "square":
        return False
    lines = (_across_middle(inks.clear, inks.centre, seal, turn) for turn in dict.fromkeys((angle, *TURNS)))
    said = (_look(line, 1.0, engine.recognise).text for line in lines if line is not None)
    return any(SPECIAL in text or sum(map(PURPOSES.__contains__, text)) >= FEWEST_OF_PURPOSE for text in said)


def _across_middle(ink: Floats, centre: tuple[float, float], seal: Seal, angle: float) -> Floats | None:
    """The line of text below a seal's star, upright, without its ring; None where there is none."""
    a, b = seal.radii
    size = (round(2 * a), round(2 * b))
    turn = cv2.getRotationMatrix2D(centre, angle, 1.0)
    turn[:, 2] += np.array(size) / 2 - centre
    upright = cv2.warpAffine(ink, turn, size, flags=cv2.INTER_CUBIC)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32)
    inside = np.hypot((x - size[0] / 2) / a, (y - size[1] / 2) / b) < INSIDE
    top, foot = (round((1 + share) * b) for share in (BELOW if seal.shape == "round" else AMID))
    band = np.asarray((upright * inside)[top:foot], np.float32)
    inked = np.flatnonzero((band > RED_INK).mean(1) > THIN)
    if len(inked) < LEAST_LINE * b:
        return None
    room = round(0.04 * b)
    rows = band[max(0, int(inked[0]) - room) : int(inked[-1]) + room + 1]
    columns = np.flatnonzero((rows > RED_INK).any(0))
    return np.asarray(rows[:, max(0, int(columns[0]) - room) : int(columns[-1]) + room + 1], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Inks:
    """Densities of stamp ink round a seal, seen in three ways, each (h, w), and the seal's centre there in pixels.

    `sharp` as the picture's light shows it, `clear` the same without the print over it, `coloured` by colour alone.
    """

    clear: Floats
    sharp: Floats
    coloured: Floats
    centre: tuple[float, float]


def inks_of(sheet: Sheet, seal: Seal) -> Inks:
    """The ink of a seal on its page."""
    x0, y0, x1, y1 = sheet.around(seal.rect, 0.1 * max(seal.radii) / sheet.px_per_mm)
    coloured = sheet.red[y0:y1, x0:x1]
    sharp = stamp_ink(sheet.image[y0:y1, x0:x1], coloured)
    clear = without_print(sharp, sheet.dark[y0:y1, x0:x1])
    return Inks(clear, sharp, coloured, (seal.centre[0] - x0, seal.centre[1] - y0))


def _read_ring(inks: Inks, seal: Seal, engine: Engine, *, on_blank: bool) -> SealText:
    """The widest gaps are tried as the text's ends; what is then in doubt is looked at in other ways too."""
    clear = unroll(inks.clear, inks.centre, seal)
    top, bottom = text_band(clear.wheel)
    strip = clear.wheel[top:bottom]
    arcs = arcs_of(strip)
    read = _read_arcs(strip, arcs, engine)
    if not read:
        return SealText("", 0.0, None, None)
    widest = max(1, strip.shape[1] - min(length for _, length in arcs))
    gaps = [(strip.shape[1] - length) / widest for _, length in arcs]
    chosen = max(range(len(read)), key=lambda i: _worth(read[i].lattice) + GAP_WORTH * gaps[i]) if len(read) > 1 else 0
    start, length = arcs[chosen]
    # The recogniser tells the name from the number on the lower edge; what was trained with stamps then reads it. They
    # are mistaken about other symbols: where that is in doubt, or they differ, both count.
    piece = cut(strip, start, length)
    look = _look(piece, SPREAD, engine.recognise_stamps)
    looks = [look.lattice]
    if look.confidence < SURE or look.text != read[chosen].text:
        for ink, spread in ((inks.sharp, SPREAD), (inks.coloured, CLOSER)):
            seen = unroll(ink, inks.centre, seal).wheel[top:bottom]
            looks.append(_look(cut(seen, start, length), spread, engine.recognise_stamps).lattice)
        looks.append(read[chosen].lattice)
    text, confidence, lattice = _agreed(looks)
    if on_blank and len(lattice.best_path()) == len(look.spans) >= NAME:
        lattice = _at_most(lattice, _each_alone(piece, look.spans, lattice.best_text(), engine))
    return SealText(text, confidence, lattice, _half_turn(clear.angle(start + length / 2) + seal.tilt))


def _each_alone(strip: Floats, spans: Sequence[tuple[float, float]], text: str, engine: Engine) -> list[float]:
    """How likely each symbol of a text is when it is read by itself, cut out of the strip.

    In a line a symbol is read with what mostly stands beside it: a 必 behind 中 as 心. Brackets alone are strokes, and
    what is not apart from its neighbours cannot be cut out.
    """
    gaps = _gaps_beside(strip, spans)
    room = ((0, 0), (len(strip) // 2,) * 2)
    ways = (engine.recognise_stamps, engine.recognise)
    held = []
    for symbol, (start, end) in zip(text, pairwise(gaps), strict=True):
        alone = None if start is None or end is None else np.pad(strip[:, start:end], room)
        looks = [] if alone is None or not is_chinese(symbol) else [_look(alone, SPREAD, way).lattice for way in ways]
        held.append(_held_alone(symbol, looks))
    return held


def _gaps_beside(strip: Floats, spans: Sequence[tuple[float, float]]) -> list[int | None]:
    """Columns without ink: before, midway between, and behind the symbols of a strip. None where there is none."""
    inked = (strip > RED_INK).mean(0)
    middles = [(start + end) / 2 * strip.shape[1] for start, end in spans]
    pitch = float(np.median(np.diff(middles)))
    gaps: list[int | None] = []
    for midway in (middles[0] - pitch / 2, *np.convolve(middles, (0.5, 0.5), "valid"), middles[-1] + pitch / 2):
        start = max(0, round(midway - ASIDE * pitch))
        near = inked[start : round(midway + ASIDE * pitch) + 1]
        free = np.flatnonzero(near < THIN)
        gaps.append(start + int(free[np.abs(free + start - midway).argmin()]) if len(free) else None)
    return gaps


def _held_alone(symbol: str, looks: Sequence[Lattice]) -> float:
    """How likely a symbol is beside the one that speaks most against it, of what looks at it alone hold possible.

    No look says more than `MOST_SAID`: the weights that PaddleOCR comes with know common symbols best.
    """
    # Of each symbol the greatest of its steps, which comes last.
    seen = [dict(sorted(chain.from_iterable(look.steps), key=itemgetter(1))) for look in looks]

    def against(other: str) -> float:
        said = (held.get(other, LOG_LEAST) - held.get(symbol, LOG_LEAST) for held in seen)
        return sum(max(-MOST_SAID, min(MOST_SAID, each)) for each in said)

    others = {told for held in seen for told in held if is_chinese(told) and told != symbol}
    return 1.0 / (1.0 + math.exp(max(map(against, others)))) if others else 1.0


def _look(strip: Floats, spread: float, recognise: Recognise) -> Recognised:
    return recognise([as_print(enhanced(strip))], spread)[0]


def _agreed(looks: Sequence[Lattice]) -> tuple[str, float, Lattice]:
    """The text that all looks together hold likeliest, how sure they are, and the look that shows it best.

    In that look no symbol is surer than all of them hold it together.
    """
    if len(looks) == 1:
        text, confidence = best(looks[0])
        if not _misworded(text):
            return text.replace(" ", ""), confidence, looks[0]
    texts = sorted({text for look in looks for text, _ in likely_texts(look, LIKELY)})
    said = np.mean([np.maximum(HOPELESS, look.log_probabilities(texts)) for look in looks], axis=0)
    weighed = (score - MISWORDED * _misworded(text) for score, text in zip(said.tolist(), texts, strict=True))
    scores = dict(zip(texts, weighed, strict=True))
    text = max(scores, key=scores.__getitem__)
    whole = sum(math.exp(score - scores[text]) for score in scores.values())
    held = {other: math.exp(score - scores[text]) / whole for other, score in scores.items()}
    shown = max(looks, key=lambda look: look.margin(text))
    return text.replace(" ", ""), held[text], _no_surer(shown, held)


def _misworded(text: str) -> int:
    """How many symbols are exchanged in the words for a company's form that a text has (有限责仟公司)."""
    parts = [(form, text[at : at + len(form)]) for form in FORMS for at in range(len(text) - len(form) + 1)]
    exchanged = ((form, sum(a != b for a, b in zip(form, part, strict=True))) for form, part in parts)
    return sum(count for form, count in exchanged if count <= len(form) // 3)


def _no_surer(look: Lattice, held: Mapping[str, float]) -> Lattice:
    """A look in which no symbol told is likelier than the texts that have it there are `held` to be."""
    told = look.best_text()
    most = [0.0] * len(told)
    for text, share in held.items():
        for block in SequenceMatcher(None, told, text, autojunk=False).get_matching_blocks():
            for n in range(block.a, block.a + block.size):
                most[n] += share
    return _at_most(look, most)


def _at_most(look: Lattice, most: Sequence[float]) -> Lattice:
    """A look in which no symbol that is told is likelier than `most` has it.

    What else is possible in its place stays as much less likely as it was.
    """
    steps = list(look.steps)
    for t, place in enumerate(look.telling()):
        if place is not None:
            less = min(0.0, math.log(max(most[place], LEAST)) - steps[t][0][1])
            steps[t] = tuple((symbol, p + less) for symbol, p in steps[t])
    return replace(look, steps=tuple(steps))


def _read_arcs(strip: Floats, arcs: Sequence[tuple[int, int]], engine: Engine) -> list[Recognised]:
    """The arcs read, as far as needed: one that is sure of a whole name is not bettered by one with a narrower gap."""
    read: list[Recognised] = []
    for start, length in arcs:
        read.append(_look(cut(strip, start, length), SPREAD, engine.recognise))
        if read[-1].confidence > SURE and len(read[-1].text) >= NAME and all(map(is_chinese, read[-1].text)):
            break
    return read


def _half_turn(angle: float) -> float:
    """An angle in degrees as -180 to 180."""
    return round((angle + 180.0) % 360.0 - 180.0, 1)


def _worth(lattice: Lattice) -> float:
    """Symbols read surely, less those that are not: a strip cut inside the name or upside down reads badly."""
    text, _ = best(lattice)
    chinese = sum(map(is_chinese, text))
    return chinese + 0.2 * max(-20.0, lattice.log_probability(text)) - 0.5 * (len(text) - chinese)


def _read_square(inks: Inks, seal: Seal, engine: Engine) -> SealText:
    """The order of the characters that reads best, told at a glance and then read."""
    orders = list(lines_of_square(inks.clear, inks.centre, seal))
    glimpses = [_order_worth(_look(line, SPREAD, engine.glance), count) for line, count in orders]
    likeliest = sorted(range(len(orders)), key=lambda n: -glimpses[n])[:ORDERS]
    read = [(_look(orders[n][0], SPREAD, engine.recognise), orders[n][1]) for n in likeliest]
    if not read:
        return SealText("", 0.0, None, seal.tilt)
    chosen, _ = max(read, key=lambda pair: _order_worth(*pair))
    text, confidence = best(chosen.lattice)
    return SealText(text.replace(" ", ""), confidence, chosen.lattice, _half_turn(seal.tilt))


def _order_worth(seen: Recognised, count: int) -> float:
    """How surely the characters are read; a unit's name ends in a word for a unit."""
    ends = ENDED if seen.text and seen.text[-1] in ENDS else 0.0
    return seen.sureness / max(1, count, len(seen.text)) + ends
