"""What a PDF that was never a picture states of its page: used where the picture bears it out, and nowhere else.

A text layer can be garbage, or say another name than the eye sees. So a line takes the PDF's words only where the
recogniser held them possible, and the PDF's rules only where there is ink along them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Recognised
from extractors.linepieces import Rule
from extractors.ruling import Ruling
from extractors.textlines import Rect, TextLine
from yinjian.lattice import BLANK, Lattice
from yinjian.textfold import fold

Floats = NDArray[np.float32]

MODEL = "words of the PDF"
MARGIN = -5.0  # log probability a symbol: a word that the recogniser held less likely is not what is seen
MOSTLY = 0.6  # of a line's symbols were read as the PDF has them: else the words belong elsewhere
MOST_STEPS = 4000
CERTAIN = math.log(0.999)
INKED = 0.8  # of a rule's length
FEWEST_RULES = 8
THIN = 0.004  # of the page: thicker is no rule but an area
SHORT = 0.006  # of the page


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its box in fractions of the page as it came."""

    text: str
    box: Rect


@dataclass(frozen=True, slots=True)
class Printed:
    """Words, and ruled lines as flat boxes, in fractions of the page as it came."""

    words: tuple[Word, ...] = ()
    rules: tuple[Rect, ...] = ()


def parse_printed(value: dict[str, Any]) -> Printed:
    """From the decoder's JSON. Raises KeyError, TypeError or ValueError for anything else."""
    words = tuple(Word(str(text), _box(box)) for text, box in value["words"])
    return Printed(words, tuple(_box(box) for box in value["rules"]))


def _box(values: Sequence[float]) -> Rect:
    x0, y0, x1, y1 = (float(v) for v in values)
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ValueError("a box without a place")
    return x0, y0, x1, y1


def on_page(printed: Printed, shape: tuple[int, ...], matrix: Floats) -> Printed:
    """The same in pixels of the upright page. `shape`: of the picture as it came; `matrix`: picture to page, (3, 3)."""
    size = (shape[1], shape[0])
    words = tuple(Word(word.text, _moved(word.box, size, matrix)) for word in printed.words)
    return Printed(words, tuple(_moved(rule, size, matrix) for rule in printed.rules))


def _moved(box: Rect, size: tuple[int, int], matrix: Floats) -> Rect:
    corners = np.array([[box[0], box[1]], [box[2], box[3]]], np.float32) * np.array(size, np.float32)
    (x0, y0), (x1, y1) = cv2.perspectiveTransform(corners[:, None], matrix)[:, 0].tolist()
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def with_words(lines: Sequence[TextLine], printed: Printed) -> tuple[TextLine, ...]:
    """The lines, those with the PDF's words where the picture bears them out."""
    return tuple(_with_words(line, printed.words) for line in lines) if printed.words else tuple(lines)


def _with_words(line: TextLine, words: Sequence[Word]) -> TextLine:
    x0, y0, x1, y1 = line.rect
    own = [w for w in words if y0 < (w.box[1] + w.box[3]) / 2 < y1 and x0 < (w.box[0] + w.box[2]) / 2 < x1]
    own.sort(key=lambda word: word.box[0])
    text = "".join(word.text for word in own)
    if not text or any(word.box[2] <= word.box[0] for word in own) or not _borne_out(line.read, text):
        return line
    return TextLine(line.rect, _as_read(own, line.rect))


def _borne_out(read: Recognised, text: str) -> bool:
    """Whether the picture may show the text: most of it was read so, and the rest was held possible."""
    seen, stated = fold(read.text), fold(text)
    if seen == stated:
        return True
    same = sum(a == b for a, b in zip(seen, stated, strict=False))
    if len(seen) != len(stated) or same < MOSTLY * len(stated):
        return False
    changed = "".join(b if fold(a) != fold(b) else a for a, b in zip(seen, stated, strict=True))
    return read.lattice.margin(changed) > MARGIN * max(1, len(stated) - same)


def _as_read(words: Sequence[Word], rect: Rect) -> Recognised:
    """Words as if they had been read: along the line, blank but for one time step at the middle of each symbol."""
    left, width = rect[0], max(1.0, rect[2] - rect[0])
    places = [
        (symbol, (word.box[0] + n * pitch - left) / width, (word.box[0] + (n + 1) * pitch - left) / width)
        for word in words
        for pitch in ((word.box[2] - word.box[0]) / max(1, len(word.text)),)
        for n, symbol in enumerate(word.text)
    ]
    narrowest = min(end - start for _, start, end in places)
    steps: list[tuple[tuple[str, float], ...]] = [((BLANK, CERTAIN),)] * min(MOST_STEPS, math.ceil(3.5 / narrowest))
    for symbol, start, end in places:
        steps[min(len(steps) - 1, max(0, int((start + end) / 2 * len(steps))))] = ((symbol, CERTAIN),)
    text, spans = "".join(symbol for symbol, _, _ in places), tuple((start, end) for _, start, end in places)
    return Recognised(text, math.exp(CERTAIN), Lattice(MODEL, tuple(steps)), spans, float(len(text)))


def printed_ruling(printed: Printed, dark: Floats) -> Ruling | None:
    """The PDF's own lines where there is ink along them; None where there are too few to be a table."""
    height, width = dark.shape
    level = [(y0 + y1) / 2 for _, y0, _, y1 in printed.rules]
    rules = [
        _rule(rect, middle, horizontal)
        for rect, middle in zip(printed.rules, level, strict=True)
        for horizontal in (True, False)
        if _is_rule(rect, (width, height), horizontal) and _inked(dark, rect) > INKED
    ]
    ruling = Ruling(tuple(r for r, level_ in rules if level_), tuple(r for r, level_ in rules if not level_))
    return ruling if min(len(ruling.horizontal), len(ruling.vertical)) * 2 >= FEWEST_RULES else None


def _is_rule(rect: Rect, size: tuple[int, int], horizontal: bool) -> bool:
    along, across = (rect[2] - rect[0], rect[3] - rect[1]) if horizontal else (rect[3] - rect[1], rect[2] - rect[0])
    return across < THIN * max(size) and along > SHORT * max(size)


def _rule(rect: Rect, middle: float, horizontal: bool) -> tuple[Rule, bool]:
    if horizontal:
        return Rule(middle, 0.0, rect[0], rect[2], max(1.0, rect[3] - rect[1])), True
    return Rule((rect[0] + rect[2]) / 2, 0.0, rect[1], rect[3], max(1.0, rect[2] - rect[0])), False


def _inked(dark: Floats, rect: Rect) -> float:
    """The share of a rule's length that has dark ink within two pixels."""
    height, width = dark.shape
    x0, y0 = max(0, int(rect[0]) - 2), max(0, int(rect[1]) - 2)
    part = dark[y0 : min(height, int(rect[3]) + 3), x0 : min(width, int(rect[2]) + 3)] > 0.1
    if part.size == 0:
        return 0.0
    return float(part.any(0 if part.shape[1] > part.shape[0] else 1).mean())
