"""The reference engine: PaddleOCR as it comes, with the same weights. What another engine reads is held against it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.engine import BEST, SIDE, Engine
from extractors.inference import BLANK_CLASS, Best, allowed, spaces, symbols
from extractors.weights import DETECTOR, RECOGNISER, model_directory

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

OPENVINO, PADDLEOCR = "openvino", "paddleocr"
_NAME = f"{RECOGNISER}/{PADDLEOCR}"


def engine_called(name: str, threads: int) -> Engine:
    """The engine of a setting: the fastest that gives the same texts, or the reference."""
    return ReferenceEngine(threads) if name == PADDLEOCR else Engine(threads)


class ReferenceEngine(Engine):
    """Detection and recognition by PaddleOCR's own predictors on ONNX Runtime, in single precision."""

    name = _NAME

    @cached_property
    def _detector(self) -> Any:
        from paddleocr import TextDetection  # takes seconds

        made = TextDetection(
            model_name=DETECTOR, model_dir=str(model_directory(DETECTOR)), limit_side_len=SIDE, limit_type="max",
            engine="onnxruntime", engine_config=self._config(),
        )  # fmt: skip
        return _Detector(made.paddlex_predictor)

    @cached_property
    def _quick(self) -> Any:
        from paddleocr import TextRecognition  # takes seconds

        made = TextRecognition(
            model_name=RECOGNISER, model_dir=str(model_directory(RECOGNISER)),
            engine="onnxruntime", engine_config=self._config(),
        )  # fmt: skip
        return _Recogniser(made.paddlex_predictor.runner)

    @property
    def _exact(self) -> Any:
        return self._quick

    _glancer = _exact  # nothing is read with less than all weights

    def _config(self) -> dict[str, int]:
        return {"intra_op_num_threads": 1, "inter_op_num_threads": 1}


class _Detector:
    """A BGR image to quadrilaterals, (n, 4, 2)."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor

    def __call__(self, image: Image) -> Floats:
        steps, runner, collect = self._predictor.pre_tfs, self._predictor.runner, self._predictor.post_op
        resized, shapes = steps["Resize"](imgs=[image])
        normal = steps["Normalize"](imgs=resized)
        polygons, _ = collect(runner(x=steps["ToBatch"](imgs=steps["ToCHW"](imgs=normal))), shapes)
        return np.asarray(polygons[0], np.float32).reshape(-1, 4, 2)


class _Recogniser:
    """A line, (1, 3, 48, width), to the best classes of each time step."""

    name = _NAME

    def __init__(self, runner: Any) -> None:
        self._runner, self.symbols = runner, symbols(RECOGNISER)
        self._allowed, self._spaces = allowed(self.symbols), spaces(self.symbols)

    def __call__(self, line: Floats) -> Best:
        told = np.asarray(self._runner(x=[line])[0][0], np.float32)
        steps = told * self._allowed
        steps[:, BLANK_CLASS] += told[:, self._spaces].sum(1)
        best = np.argpartition(steps, -BEST, axis=1)[:, -BEST:]
        order = np.argsort(-np.take_along_axis(steps, best, axis=1), axis=1)
        classes = np.take_along_axis(best, order, axis=1)
        return classes.astype(np.int32), np.take_along_axis(steps, classes, axis=1)
