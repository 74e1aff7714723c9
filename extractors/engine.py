"""The recogniser: PaddleOCR with the PP-OCRv6 small weights on ONNX Runtime, all local.

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
from extractors.weights import DETECTOR, RECOGNISER, model_directory
from yinjian.lattice import BLANK, Lattice

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

BEST = 8  # symbols kept per time step
BATCH = 16  # lines per run of the recogniser
BUCKET = 160  # crop widths are padded to multiples of this many pixels at height 48, so that shapes repeat
HEIGHT = 48
LONGEST = 3200  # at height 48; PaddleOCR's own limit


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
    """Detection and recognition with warm models. `threads`: per process."""

    def __init__(self, threads: int = 1, detector_side: int = 1280) -> None:
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        self._threads = threads
        self._side = detector_side

    name = f"{RECOGNISER}/onnxruntime"

    @cached_property
    def _options(self) -> dict[str, Any]:
        # Without the arena, memory follows the largest batch and does not grow with every new shape.
        config = {"intra_op_num_threads": self._threads, "inter_op_num_threads": 1, "enable_cpu_mem_arena": False}
        return {"engine": "onnxruntime", "engine_config": config}

    @cached_property
    def _detector(self) -> Any:
        from paddleocr import TextDetection  # takes seconds

        directory = str(model_directory(DETECTOR))
        return TextDetection(
            model_name=DETECTOR, model_dir=directory, limit_side_len=self._side, limit_type="max", **self._options
        )

    @cached_property
    def _recogniser(self) -> Any:
        from paddleocr import TextRecognition  # takes seconds

        directory = str(model_directory(RECOGNISER))
        return TextRecognition(model_name=RECOGNISER, model_dir=directory, **self._options).paddlex_predictor

    @cached_property
    def _symbols(self) -> tuple[str, ...]:
        return (BLANK, *self._recogniser.post_op.character[1:])

    @cached_property
    def _masks(self) -> dict[str, NDArray[np.bool_]]:
        """Per alphabet, which classes are allowed; the blank always is."""
        return {
            name: np.array([s == BLANK or allowed(s) for s in self._symbols]) for name, allowed in ALPHABETS.items()
        }

    def detect(self, image: Image) -> Floats:
        """Text lines of a BGR image as quadrilaterals, shape (n, 4, 2), in pixels, clockwise from the top left."""
        polygons = self._detector.predict(image)[0]["dt_polys"]
        return np.asarray(polygons, np.float32).reshape(-1, 4, 2)

    def recognise(self, crops: Sequence[Image], alphabet: str | Sequence[str] = "text") -> list[Recognised]:
        """Read line crops (BGR, any size). `alphabet`: a name of `ALPHABETS`, for all or one per crop."""
        names = [alphabet] * len(crops) if isinstance(alphabet, str) else list(alphabet)
        widths = [min(LONGEST, max(8, round(c.shape[1] * HEIGHT / max(1, c.shape[0])))) for c in crops]
        order = sorted(range(len(crops)), key=lambda i: widths[i])
        results: list[Recognised | None] = [None] * len(crops)
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            probabilities, width = self._run([crops[i] for i in chosen], [widths[i] for i in chosen])
            for i, probability in zip(chosen, probabilities, strict=True):
                results[i] = self._decode(probability, names[i], widths[i] / width)
        return [r for r in results if r is not None]

    def _run(self, crops: Sequence[Image], widths: Sequence[int]) -> tuple[Floats, int]:
        padded = -(-max(widths) // BUCKET) * BUCKET
        batch = np.zeros((len(crops), 3, HEIGHT, padded), np.float32)
        for row, (crop, width) in enumerate(zip(crops, widths, strict=True)):
            shrink = crop.shape[0] > HEIGHT
            resized = cv2.resize(crop, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
            batch[row, :, :, :width] = resized.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1.0
        return self._recogniser.runner(x=[batch])[0], padded

    def _decode(self, probability: Floats, alphabet: str, used: float) -> Recognised:
        """`probability`: (steps, classes); `used`: the part of the padded width that the crop fills."""
        steps = max(1, round(len(probability) * used))
        probability = probability[:steps]
        masked = np.where(self._masks[alphabet], probability, 0.0)
        best = masked.argmax(1)
        text, spans, confidences = [], [], []
        for first, last, symbol in _runs(best):
            if symbol:
                text.append(self._symbols[symbol])
                spans.append((first / steps, last / steps))
                confidences.append(float(probability[first:last, symbol].max()))
        lattice = self._lattice(masked)
        return Recognised("".join(text), min(confidences, default=0.0), lattice, tuple(spans), sum(confidences))

    def _lattice(self, masked: Floats) -> Lattice:
        top = np.argpartition(masked, -BEST, axis=1)[:, -BEST:]
        steps = []
        for row, classes in zip(masked, top, strict=True):
            # Symbols below a millionth are the floor's business.
            kept = sorted(((float(row[c]), c) for c in classes if row[c] > 1e-6), reverse=True)
            steps.append(tuple((self._symbols[c], round(float(np.log(p)), 3)) for p, c in kept))
        return Lattice(self.name, tuple(steps))


def _runs(best: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Equal neighbours as `(first, end, class)`."""
    edges = np.flatnonzero(np.diff(best)) + 1
    starts = [0, *edges.tolist()]
    ends = [*edges.tolist(), len(best)]
    return [(s, e, int(best[s])) for s, e in zip(starts, ends, strict=True)]
