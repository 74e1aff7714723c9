"""Values that fill a cell."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from extractors.engine import Engine
from extractors.page import TABLE, Sheet, _missed, without_ruling
from extractors.ruling import Ruling
from extractors.textlines import TextLine
from extractors.values import read_cell
from tests.extractors.test_align import line
from tests.extractors.test_dates import PITCH, drawn
from yinjian.catalogue.model import FieldKind


def two_lines(first: str, second: str) -> Sheet:
    """A cell of two lines, of which the detector found the first."""
    above, below = drawn(first), drawn(second.ljust(len(first)))
    found = TextLine((0.0, 0.0, float(PITCH * len(first)), 42.0), line(first).read)
    return replace(
        above,
        image=np.vstack([above.image, below.image]),
        dark=np.vstack([above.dark, below.dark]),
        red=np.vstack([above.red, below.red]),
        lines=(found,),
    )


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (FieldKind.ID_NUMBER, "23010319900307123", "X"),
        (FieldKind.UNIT_NAME, "黑龙江省北安市农垦建设工程有限", "公司"),
        (FieldKind.UNIT_NAME, "黑龙江省北安市农垦建设工程有限公", "司"),
        (FieldKind.UNIT_NAME, "黑龙江省北安市农垦建设有限公司", ""),
    ],
)
def test_a_symbol_alone_on_a_second_line_is_a_part_of_the_value(
    engine: Engine, kind: FieldKind, first: str, second: str
) -> None:
    sheet = two_lines(first, second)
    cell = (0.0, 0.0, *map(float, sheet.size))
    read = read_cell("x", kind, sheet, 0, cell, without_ruling(sheet) > 0.3, engine)
    assert read.text == first + second


def test_a_line_that_a_signature_leans_on_is_found_without_it() -> None:
    text = drawn("请保证其清晰完整请勿贴边压字")
    height, width = 400, text.dark.shape[1] + 40
    dark = np.zeros((height, width), np.float32)
    dark[40:80, 20 : 20 + text.dark.shape[1]] = text.dark
    cv2.line(dark, (200, 70), (260, 330), 0.9, 6)
    cells = tuple((0.0, 0.0, float(width), float(height)) for _ in range(TABLE))
    image = np.repeat((250 - 225 * dark).astype(np.uint8)[:, :, None], 3, axis=2)
    sheet = Sheet("x", 0, image, 0, 200.0, dark, np.zeros_like(dark), Ruling((), ()), cells, ())
    found = _missed(sheet, [])
    assert all(35 < y0 < 45 and 75 < y1 < 85 for _, y0, _, y1 in found)
    assert sum(x1 - x0 for x0, _, x1, _ in found) > 0.8 * text.dark.shape[1]
