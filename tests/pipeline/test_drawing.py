"""The picture of a reading: labels beside the page, none on another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.drawing import COLUMN, MARGIN, RED, _spread, draw, labels, save
from tests.pipeline.records import a_reading, a_verdict
from yinjian.errors import InputError

PAGE = np.full((1000, 700, 3), 255, np.uint8)


def test_every_place_has_its_label_and_findings_are_red() -> None:
    found = labels(a_reading(), a_verdict(), 0)
    assert len(found) == 6 and labels(a_reading(), a_verdict(), 1) == ()
    assert [label.text for label in found if label.colour == RED] == ["address  （空）  1.00\n× field.missing"]


def test_labels_keep_their_order_and_do_not_meet() -> None:
    assert _spread([50, 50, 52, 300], [20, 20, 20, 20], 0) == [40, 60, 80, 290]


def test_the_picture_is_wider_than_the_page_by_the_column(tmp_path: Path) -> None:
    picture = draw(a_reading(), a_verdict(), (PAGE,), only=1)
    assert picture.width == MARGIN + 700 + COLUMN
    save(picture, tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == picture.size


def test_a_page_that_is_not_there() -> None:
    with pytest.raises(InputError):
        draw(a_reading(), a_verdict(), (PAGE,), only=2)
