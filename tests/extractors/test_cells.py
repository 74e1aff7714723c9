"""Values that fill a cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from extractors.engine import Engine
from extractors.page import Sheet
from extractors.signatures import ink_mask
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
    read = read_cell("x", kind, sheet, 0, cell, ink_mask(sheet, 0.3), engine)
    assert read.text == first + second
