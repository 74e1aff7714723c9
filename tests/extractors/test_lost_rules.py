"""A ruled line that a copier lost lets two cells become one: what is then read is nobody's sure value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors.cells import in_rows
from extractors.engine import Engine
from extractors.opening import Scan, open_scans
from extractors.page import Sheet, take_apart
from extractors.reader import Reader
from extractors.straighten import Upright, straighten

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"


@pytest.fixture(scope="module")
def reader() -> Reader:
    """One for all: its models take hundreds of megabytes."""
    return Reader()


def form_page(engine: Engine) -> tuple[Upright, Sheet]:
    """A whole form's page, set straight, and taken apart."""
    scan = next(scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan))
    upright = straighten(scan.image, engine)
    return upright, take_apart("", 0, upright)[0]


@pytest.mark.parametrize("row", [0, 1])
def test_a_lost_line_between_a_value_and_the_next_label(engine: Engine, reader: Reader, row: int) -> None:
    upright, sheet = form_page(engine)
    four = [cells for cells in in_rows(sheet.cells, sheet.px_per_mm) if len(cells) == 4]
    value, label = four[row][1], four[row][2]
    lost = upright.image.copy()
    across, thick = int((value[2] + label[0]) / 2), int(sheet.px_per_mm)
    lost[int(value[1]) + 4 : int(value[3]) - 4, across - thick : across + thick] = np.median(lost, axis=(0, 1))
    whole, merged = (reader.read("x", [Scan("x.png", 0, page, None, False)]) for page in (upright.image, lost))
    for field in merged.fields:
        true = whole.field(field.id)
        assert true is not None and (field.text == true.text or field.confidence < 0.5), field.id


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_lost_border_is_where_the_other_lines_end(engine: Engine, reader: Reader, side: str) -> None:
    upright, sheet = form_page(engine)
    lost, bare, thick = upright.image.copy(), np.median(upright.image, axis=(0, 1)), int(sheet.px_per_mm)
    if side in ("left", "right"):
        x = int(max(c[2] for c in sheet.cells)) if side == "right" else int(min(c[0] for c in sheet.cells))
        lost[:, x - thick : x + thick] = bare
    else:
        y = int(max(c[3] for c in sheet.cells)) if side == "bottom" else int(min(c[1] for c in sheet.cells))
        lost[y - thick : y + thick] = bare
    assert len(take_apart("", 0, replace(upright, image=lost))[0].cells) == len(sheet.cells)
    whole, open_ = (reader.read("x", [Scan("x.png", 0, page, None, False)]) for page in (upright.image, lost))
    assert [(f.id, f.text) for f in open_.fields] == [(f.id, f.text) for f in whole.fields]
    assert [(m.id, m.ring_text) for m in open_.marks] == [(m.id, m.ring_text) for m in whole.marks]
    assert [(c.label, c.state) for c in open_.choices] == [(c.label, c.state) for c in whole.choices]


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_border_that_fades_within_a_row_runs_to_its_end(engine: Engine, side: str) -> None:
    upright, sheet = form_page(engine)
    lost, bare, thick = upright.image.copy(), np.median(upright.image, axis=(0, 1)), int(sheet.px_per_mm)
    x = int(max(c[2] for c in sheet.cells)) if side == "right" else int(min(c[0] for c in sheet.cells))
    top = int(min(c[1] for c in sheet.cells)) - thick
    outer = [c for c in sheet.cells if abs((c[2] if side == "right" else c[0]) - x) < 2 * thick]
    tallest = max(outer, key=lambda c: c[3] - c[1])
    lost[top : int(tallest[1] + 0.25 * (tallest[3] - tallest[1])), x - thick : x + thick] = bare
    assert len(take_apart("", 0, replace(upright, image=lost))[0].cells) == len(sheet.cells)


def test_a_mark_is_cut_anew_from_the_page_as_it_was_read(engine: Engine, reader: Reader) -> None:
    """A streak is taken out before a page is read; left in, it would be one of the table's lines across the seal."""
    upright, _ = form_page(engine)
    dirty = upright.image.copy()
    middle = int(0.4 * dirty.shape[1])  # through the seal that is collected
    dirty[:, middle : middle + 3] = (0.7 * dirty[:, middle : middle + 3]).astype(np.uint8)
    scan = Scan("x.png", 0, dirty, None, False)
    read = reader.read("x", [scan]).mark("seal_collection")
    assert read is not None
    again = reader.recut(scan, read.id, 0, read.box)
    assert again is not None
    assert again.faults == read.faults == ()
