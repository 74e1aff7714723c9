"""Reading never raises on a picture, and never says a wrong value surely: any turn, crop, flip, noise, or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from yinjian.records import Reading
from yinjian.textfold import fold

SAMPLES = Path(__file__).parents[2] / "samples"
SURE = 0.9


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def form() -> np.ndarray:
    """The form of a sample, at about 150 dpi."""
    scan = next(scan for scan in open_scans(SAMPLES / "applications" / "a01") if isinstance(scan, Scan))
    return np.asarray(cv2.resize(scan.image, (1240, 1754), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    expected = json.loads((SAMPLES / "expected" / "a01.json").read_text("utf-8"))
    return {name: field["text"] for name, field in expected["fields"].items()}


def read(reader: Reader, picture: np.ndarray) -> Reading:
    reading = reader.read("x", [Scan("x.png", 0, np.ascontiguousarray(picture), None, False)])
    assert "识别时出错" not in "".join(f.message for f in reading.findings)
    return reading


def surely_wrong(reading: Reading, truth: dict[str, str]) -> dict[str, str]:
    """Values that were read surely and are not the paper's; what a crop cut off is blank, not another value."""
    return {
        f.id: f.text
        for f in reading.fields
        if f.text and f.confidence > SURE and fold(f.text) != fold(truth.get(f.id, ""))
    }


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    turn=st.sampled_from((0, 1, 2, 3)),
    flip=st.booleans(),
    crop=st.tuples(*[st.floats(0.0, 0.3)] * 4),
    noise=st.floats(0.0, 40.0),
)
@example(turn=0, flip=True, crop=(0.0, 0.0, 0.0, 0.0), noise=0.0)
@example(turn=1, flip=False, crop=(0.0, 0.0, 0.0, 0.35), noise=10.0)
def test_any_treatment_of_a_form(
    reader: Reader,
    form: np.ndarray,
    truth: dict[str, str],
    turn: int,
    flip: bool,
    crop: tuple[float, ...],
    noise: float,
) -> None:
    height, width = form.shape[:2]
    left, top, right, bottom = (int(share * side) for share, side in zip(crop, (width, height) * 2, strict=True))
    picture = np.rot90(form[top : height - bottom, left : width - right], turn)
    picture = picture[:, ::-1] if flip else picture
    grain = np.random.default_rng(7).normal(0.0, noise, picture.shape)
    reading = read(reader, np.clip(picture + grain, 0, 255).astype(np.uint8))
    assert surely_wrong(reading, truth) == {}


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 3)])
def test_a_picture_too_small_to_show_anything_is_a_finding(reader: Reader, shape: tuple[int, int]) -> None:
    reading = read(reader, np.full((*shape, 3), 255, np.uint8))
    assert [f.code for f in reading.findings] == ["scan.unreadable"]
    assert "请" in reading.findings[0].message


@pytest.mark.parametrize("shape", [(20, 2000), (60, 60), (400, 300)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_without_anything(reader: Reader, shape: tuple[int, int], level: int) -> None:
    reading = read(reader, np.full((*shape, 3), level, np.uint8))
    assert [page.kind.value for page in reading.pages] == ["other"]
    assert not reading.fields and not reading.marks


def test_noise_alone(reader: Reader) -> None:
    reading = read(reader, np.random.default_rng(3).integers(0, 256, (900, 700, 3)).astype(np.uint8))
    assert not reading.fields and not reading.marks


def test_a_form_that_cannot_be_put_together_is_a_finding(
    reader: Reader, form: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a form's page may bring about: it is told of which page, and the others are kept."""
    monkeypatch.setattr("extractors.application.prepare", lambda *_: 1 // 0)
    reading = reader.read("x", [Scan("x.png", 0, form, None, False)])
    assert [page.kind.value for page in reading.pages] == ["form"] and not reading.fields
    assert [f.code for f in reading.findings] == ["scan.unreadable"]
    assert "ZeroDivisionError" in reading.findings[0].message
