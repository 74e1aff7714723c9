"""What goes before and after the detector's weights is what PaddleOCR does, to the pixel."""

from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.detection import as_input, lines_in
from extractors.engine import SIDE
from extractors.weights import DETECTOR, configuration


@pytest.fixture(scope="module")
def steps() -> Any:
    from paddlex.inference.models.text_detection import processors  # takes seconds

    return processors


@pytest.mark.parametrize("shape", [(3508, 2480), (960, 704), (40, 900), (20, 30), (1500, 31)])
def test_a_picture_is_made_ready_as_paddleocr_does(steps: Any, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    resized, _ = steps.DetResizeForTest(limit_side_len=SIDE, limit_type="max")([image])
    normal = configuration(DETECTOR)["PreProcess"]["transform_ops"][2]["NormalizeImage"]
    expected = np.stack(steps.NormalizeImage(**normal)(resized)).transpose(0, 3, 1, 2)
    assert np.allclose(as_input(image, SIDE), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1400, 1000), (2800, 2000), (333, 777)])
def test_lines_are_those_that_paddleocr_finds(steps: Any, shape: tuple[int, int]) -> None:
    likely = _patches(np.random.default_rng(2))
    after = {k: v for k, v in configuration(DETECTOR)["PostProcess"].items() if k != "name"}
    ratios = (likely.shape[0] / shape[0], likely.shape[1] / shape[1])
    (expected,), _ = steps.DBPostProcess(**after)(likely[None, None, None], [np.array((*shape, *ratios))])
    found = lines_in(likely, shape)
    assert len(found) > 20
    assert np.array_equal(found, expected.astype(np.float32))


def test_a_picture_without_lines_has_none() -> None:
    assert lines_in(np.zeros((64, 96), np.float32), (64, 96)).shape == (0, 4, 2)


def test_the_framework_is_not_loaded_to_read() -> None:
    """It takes a second and a half, and 130 MB in each process."""
    detects = "Engine().detect(np.zeros((64, 64, 3), np.uint8)); sys.exit('paddlex' in sys.modules)"
    run([sys.executable, "-c", f"import sys, numpy as np; from extractors.engine import Engine; {detects}"], check=True)


def _patches(draw: np.random.Generator) -> NDArray[np.float32]:
    """Bars of all lengths, heights and turns, some faint, some no more than specks."""
    likely = np.zeros((1400, 1000), np.float32)
    for _ in range(60):
        centre, size = draw.uniform((0, 0), (1000, 1400)), draw.uniform((2, 1), (150, 25))
        corners = cv2.boxPoints((tuple(centre), tuple(size), float(draw.uniform(0, 180))))
        cv2.fillPoly(likely, [corners.astype(np.int32)], (float(draw.uniform(0.2, 1.0)),))
    return likely
