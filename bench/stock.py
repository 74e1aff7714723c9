"""Stock PaddleOCR over whole pages: the same weights, its own engine, all optional sub-modules off."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.weights import DETECTOR, RECOGNISER, model_directory


class Stock:
    """A warm pipeline. `side`: what the detector's picture is limited to, px of the long side; None is its default."""

    def __init__(self, threads: int, side: int | None = None) -> None:
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        from paddleocr import PaddleOCR  # takes seconds

        limited = {} if side is None else {"text_det_limit_side_len": side, "text_det_limit_type": "max"}
        self._pipeline: Any = PaddleOCR(
            text_detection_model_name=DETECTOR,
            text_detection_model_dir=str(model_directory(DETECTOR)),
            text_recognition_model_name=RECOGNISER,
            text_recognition_model_dir=str(model_directory(RECOGNISER)),
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            engine="onnxruntime",
            engine_config={"intra_op_num_threads": threads, "inter_op_num_threads": 1},
            **limited,
        )

    def lines(self, image: NDArray[np.uint8]) -> list[str]:
        """The lines of a BGR page, in the pipeline's order."""
        return [str(text) for result in self._pipeline.predict(image) for text in result["rec_texts"]]
