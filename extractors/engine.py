"""The recogniser: PaddleOCR with its PP-OCR weights on OpenVINO, all local.

One warm `Engine` a process. Detection gives the quadrilaterals of text lines; recognition gives for each line crop the
best symbols per time step (the lattice) and where along the crop each symbol stands. The small weights read; the tiny
ones glance at what is likely known already.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.inference import EXACT, AnyRecogniser, Best, Detector, Recogniser, Together, quick
from extractors.weights import DETECTOR, GLANCER, RECOGNISER, TRAINED
from yinjian.lattice import BLANK, Lattice

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

BEST = 8  # symbols kept per time step
LEAST = 1e-6  # probability: what is less likely is the lattice's floor
HEIGHT = 48
TAIL = 2  # time steps behind a line's end: there its last symbol may be told, when it is drawn narrow
LONGEST = 3200  # px at height 48; PaddleOCR's own limit
WIDER = 1.12  # from one width that lines are padded to, to the next: each costs a preparation, and memory for it
SIDE = 960  # px of the long side that lines are detected at


@dataclass(frozen=True, slots=True)
class Recognised:
    """One line: its text, how sure (0 to 1, the least sure symbol), the lattice, and each symbol's span along the crop.

    `spans[i]` is `(start, end)` of symbol i as fractions of the crop's width.
    """

    text: str
    confidence: float
    lattice: Lattice
    spans: tuple[tuple[float, float], ...]
    sureness: float = 0.0  # the sum of the symbols' probabilities: how much was read, and how surely


class Engine:
    """Detection and recognition with warm models. `threads`: how many may call it side by side."""

    def __init__(self, threads: int = 1) -> None:
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        self._threads = threads

    name = f"{RECOGNISER}/openvino"

    @cached_property
    def _detector(self) -> Detector:
        return Detector(DETECTOR, self._threads, quick(), SIDE)

    @cached_property
    def _glancer(self) -> Recogniser:
        return Recogniser(GLANCER, self._threads, quick(), BEST)

    @cached_property
    def _quick(self) -> Recogniser:
        return Recogniser(RECOGNISER, self._threads, quick(), BEST)

    @cached_property
    def _exact(self) -> Recogniser:
        return self._quick if quick() == EXACT else Recogniser(RECOGNISER, self._threads, EXACT, BEST)

    @cached_property
    def _trained(self) -> Recogniser:
        return Recogniser(TRAINED, self._threads, quick(), BEST)

    @cached_property
    def _together(self) -> Together:
        return Together(self._exact, self._trained)

    def detect(self, image: Image) -> Floats:
        """Text lines of a BGR image as quadrilaterals, shape (n, 4, 2), in pixels, clockwise from the top left.

        Larger images than `SIDE` are reduced to it.
        """
        return self._detector(image)

    def glance(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops (BGR, any size) in little time: to tell what is known from what has to be read.

        `scale`: how wide they are drawn, of their true width at height 48.
        """
        return [self._read(self._glancer, crop, scale) for crop in crops]

    def recognise(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops, drawn at `scale` of their true width."""
        return [self._read(self._quick, crop, scale) for crop in crops]

    def recognise_exactly(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops in full precision, drawn at `scale` of their true width."""
        return [self._read(self._exact, crop, scale) for crop in crops]

    def recognise_doubtful(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops as surely as can be: in full precision, and with the weights that were trained on."""
        return [self._read(self._together, crop, scale) for crop in crops]

    def recognise_apart(self, crops: Sequence[Image], scale: float = 1.0) -> list[tuple[Recognised, ...]]:
        """Read line crops in full precision with each set of weights: what both hold likely is for whole texts.

        The mean of their steps may hold what neither does: of "11" and one letter like it, "1" is left.
        """
        return [tuple(self._read(each, crop, scale) for each in (self._exact, self._trained)) for crop in crops]

    def recognise_stamps(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read crops of stamps unrolled to lines, drawn at `scale` of their true width."""
        return [self._read(self._trained, crop, scale) for crop in crops]

    def _read(self, recogniser: AnyRecogniser, crop: Image, scale: float) -> Recognised:
        line = at_height(crop, scale)
        best = recogniser(_input(line))
        return _decode(recogniser, best, max(1, round(len(best[0]) * line.shape[1] / _padded(line.shape[1]))))


def with_part(line: Recognised, first: int, last: int, part: Recognised) -> Recognised:
    """A line with its symbols from `first` to `last` as they were read by themselves."""
    steps = line.lattice.steps
    start, end = (round(v * len(steps)) for v in (line.spans[first][0], line.spans[last][1]))
    between = ((BLANK, 0.0),)  # symbols that were read apart are two, be they the same
    whole = (*steps[:start], between, *part.lattice.steps, between, *steps[end:])
    inside, moved = len(part.lattice.steps), len(whole) - len(steps)

    def placed(spans: Sequence[tuple[float, float]], length: int, shift: int) -> list[tuple[float, float]]:
        return [((a * length + shift) / len(whole), (b * length + shift) / len(whole)) for a, b in spans]

    before, behind = placed(line.spans[:first], len(steps), 0), placed(line.spans[last + 1 :], len(steps), moved)
    return Recognised(
        line.text[:first] + part.text + line.text[last + 1 :],
        min(line.confidence, part.confidence),
        Lattice(line.lattice.model, whole, line.lattice.floor),
        (*before, *placed(part.spans, inside, start + 1), *behind),
        line.sureness,
    )


def _decode(recogniser: AnyRecogniser, best: Best, steps: int) -> Recognised:
    """`steps`: those of the crop itself; behind them is padding."""
    told = np.flatnonzero(best[0][: steps + TAIL, 0])
    steps = max(steps, int(told[-1]) + 1) if len(told) else steps
    classes, probabilities = best[0][:steps], best[1][:steps]
    text, spans, confidences = [], [], []
    for first, last, symbol in _runs(classes[:, 0]):
        if symbol:
            text.append(recogniser.symbols[symbol])
            spans.append((first / steps, last / steps))
            confidences.append(float(probabilities[first:last, 0].max()))
    lattice = _lattice(recogniser, classes, probabilities)
    return Recognised("".join(text), min(confidences, default=0.0), lattice, tuple(spans), sum(confidences))


def _lattice(recogniser: AnyRecogniser, classes: NDArray[np.int32], probabilities: Floats) -> Lattice:
    logs = np.log(np.maximum(probabilities, LEAST)).astype(float).round(3).tolist()
    kept = (probabilities > LEAST).sum(1).tolist()
    rows = zip(classes.tolist(), logs, kept, strict=True)
    named = recogniser.symbols
    steps = (tuple((named[c], p) for c, p in zip(cs[:n], ps[:n], strict=True)) for cs, ps, n in rows)
    return Lattice(recogniser.name, tuple(steps))


def _widths() -> Iterator[int]:
    """The widths that lines are padded to, in multiples of 32 px at height 48."""
    width = 32
    while width < LONGEST:
        yield width
        width = -(-int(WIDER * width + 1) // 32) * 32
    yield LONGEST


WIDTHS = tuple(_widths())


def _padded(width: int) -> int:
    return WIDTHS[bisect_left(WIDTHS, width)]


def at_height(crop: Image, scale: float) -> Image:
    """A line crop (BGR) at the recogniser's height, drawn at `scale` of its true width there."""
    width = min(LONGEST, max(8, round(scale * crop.shape[1] * HEIGHT / max(1, crop.shape[0]))))
    method = cv2.INTER_AREA if crop.shape[0] > HEIGHT else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (width, HEIGHT), interpolation=method), np.uint8)


def _input(line: Image) -> Floats:
    """A line as the recogniser takes it, (1, 3, 48, width): -1 to 1, grey beyond its end."""
    width = line.shape[1]
    taken = np.zeros((1, 3, HEIGHT, _padded(width)), np.float32)
    taken[0, :, :, :width] = line.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
    return taken


def _runs(best: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """Equal neighbours as `(first, end, class)`."""
    edges = np.flatnonzero(np.diff(best)) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), len(best)]
    return [(s, e, int(best[s])) for s, e in zip(starts, ends, strict=True)]
