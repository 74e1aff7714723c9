"""The recogniser: PaddleOCR with the PP-OCRv6 small weights on OpenVINO, all local.

One warm `Engine` a process. Detection gives the quadrilaterals of text lines; recognition gives for each line crop the
best symbols per time step (the lattice) and where along the crop each symbol stands.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.alphabets import ALPHABETS
from extractors.inference import EXACT, Best, Detector, Recogniser, quick
from extractors.weights import DETECTOR, RECOGNISER, alphabet, model_directory
from yinjian.lattice import BLANK, Lattice

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

BEST = 8  # symbols kept per time step
LEAST = 1e-6  # probability: what is less likely is the lattice's floor
STEP = 64  # crop widths are padded to multiples of this many pixels at height 48: each new width costs a preparation
HEIGHT = 48
TAIL = 2  # time steps behind a line's end: there its last symbol may be told, when it is drawn narrow
LONGEST = 3200  # at height 48; PaddleOCR's own limit
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
    def _detector(self) -> Any:
        from paddleocr import TextDetection  # takes seconds

        directory, unused = str(model_directory(DETECTOR)), {"graph_optimization_level": 0}
        made = TextDetection(
            model_name=DETECTOR, model_dir=directory, limit_side_len=SIDE, limit_type="max",
            engine="onnxruntime", engine_config=unused,
        )  # fmt: skip
        predictor = made.paddlex_predictor
        predictor.runner = Detector(DETECTOR, self._threads, quick())
        return predictor

    @cached_property
    def _quick(self) -> Recogniser:
        return self._recogniser(quick())

    @cached_property
    def _exact(self) -> Recogniser:
        return self._quick if quick() == EXACT else self._recogniser(EXACT)

    def _recogniser(self, precision: str) -> Recogniser:
        return Recogniser(RECOGNISER, self._threads, precision, self._allowed, BEST)

    @cached_property
    def _allowed(self) -> NDArray[np.bool_]:
        """Classes that may stand on a page, (18,710,)."""
        return np.array([s == BLANK or ALPHABETS["text"](s) for s in self._symbols])

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        return (BLANK, *alphabet(), " ")

    def detect(self, image: Image) -> Floats:
        """Text lines of a BGR image as quadrilaterals, shape (n, 4, 2), in pixels, clockwise from the top left.

        Larger images than `SIDE` are reduced to it.
        """
        steps, runner, collect = self._detector.pre_tfs, self._detector.runner, self._detector.post_op
        resized, shapes = steps["Resize"](imgs=[image])
        polygons, _ = collect(
            runner(x=steps["ToBatch"](imgs=steps["ToCHW"](imgs=steps["Normalize"](imgs=resized)))), shapes
        )
        return np.asarray(polygons[0], np.float32).reshape(-1, 4, 2)

    def recognise(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops (BGR, any size). `scale`: how wide they are drawn, of their true width at height 48."""
        return [self._read(self._quick, crop, scale) for crop in crops]

    def recognise_exactly(self, crops: Sequence[Image], scale: float = 1.0) -> list[Recognised]:
        """Read line crops in full precision, drawn at `scale` of their true width."""
        return [self._read(self._exact, crop, scale) for crop in crops]

    def _read(self, recogniser: Recogniser, crop: Image, scale: float) -> Recognised:
        width = min(LONGEST, max(8, round(scale * crop.shape[1] * HEIGHT / max(1, crop.shape[0]))))
        best = recogniser(_input(crop, width))
        return self._decode(best, max(1, round(len(best[0]) * width / _padded(width))))

    def _decode(self, best: Best, steps: int) -> Recognised:
        """`steps`: those of the crop itself; behind them is padding."""
        told = np.flatnonzero(best[0][: steps + TAIL, 0])
        steps = max(steps, int(told[-1]) + 1) if len(told) else steps
        classes, probabilities = best[0][:steps], best[1][:steps]
        text, spans, confidences = [], [], []
        for first, last, symbol in _runs(classes[:, 0]):
            if symbol:
                text.append(self._symbols[symbol])
                spans.append((first / steps, last / steps))
                confidences.append(float(probabilities[first:last, 0].max()))
        lattice = self._lattice(classes, probabilities)
        return Recognised("".join(text), min(confidences, default=0.0), lattice, tuple(spans), sum(confidences))

    def _lattice(self, classes: NDArray[np.int32], probabilities: Floats) -> Lattice:
        logs = np.log(np.maximum(probabilities, LEAST)).astype(float).round(3).tolist()
        kept = (probabilities > LEAST).sum(1).tolist()
        rows = zip(classes.tolist(), logs, kept, strict=True)
        steps = (tuple((self._symbols[c], p) for c, p in zip(cs[:n], ps[:n], strict=True)) for cs, ps, n in rows)
        return Lattice(self.name, tuple(steps))


def _padded(width: int) -> int:
    return -(-width // STEP) * STEP


def _input(crop: Image, width: int) -> Floats:
    """A crop as the recogniser takes it, (1, 3, 48, width): scaled, -1 to 1, grey beyond its end."""
    smaller = crop.shape[0] > HEIGHT
    resized = cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    line = np.zeros((1, 3, HEIGHT, _padded(width)), np.float32)
    line[0, :, :, :width] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
    return line


def _runs(best: NDArray[np.int32]) -> list[tuple[int, int, int]]:
    """Equal neighbours as `(first, end, class)`."""
    edges = np.flatnonzero(np.diff(best)) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), len(best)]
    return [(s, e, int(best[s])) for s, e in zip(starts, ends, strict=True)]
