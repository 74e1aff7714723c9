"""A row that a sheet's end divides: its beginning stands on one sheet, its end at the head of the next."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.opening import Scan, open_scans
from extractors.page import Sheet, take_apart
from extractors.reader import Reader
from extractors.straighten import straighten
from yinjian.records import Reading

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"
Image = NDArray[np.uint8]
HEAD = 220  # px from a sheet's upper edge to its text


@pytest.fixture(scope="module")
def reader() -> Reader:
    """One for all: its models take hundreds of megabytes."""
    return Reader()


def whole(reader: Reader, sample: str) -> tuple[Reading, Sheet]:
    """A whole form's page as it is read, set straight and taken apart."""
    for scan in open_scans(SAMPLES / sample):
        if isinstance(scan, Scan):
            upright = straighten(scan.image, Engine())
            once = reader.read("x", [Scan("x.png", 0, upright.image, None, False)])
            if once.form is not None:
                return once, take_apart("", 0, upright)[0]
    raise AssertionError(f"{sample} has no form")


def divided(sheet: Sheet, y: int, *, closed: bool) -> list[Scan]:
    """The page as two sheets, whose border lies at `y`; the second row begins with a line of its own where `closed`."""
    paper = np.median(sheet.image, axis=(0, 1)).astype(np.uint8)
    left, right = min(c[0] for c in sheet.cells) - 2, max(c[2] for c in sheet.cells) + 2
    first, second = sheet.image.copy(), np.empty_like(sheet.image)
    first[y:], second[:] = paper, paper
    cv2.line(first, (round(left), y), (round(right), y), (40, 40, 40), 2)
    rest = sheet.image[y : min(len(sheet.image), y + len(sheet.image) - HEAD)]
    second[HEAD : HEAD + len(rest)] = rest
    if closed:
        cv2.line(second, (round(left), HEAD), (round(right), HEAD), (40, 40, 40), 2)
    return [Scan("a.png", 0, first, None, False), Scan("b.png", 0, second, None, False)]


def said(reading: Reading) -> tuple[object, ...]:
    fields = {field.id: field.text for field in reading.fields}
    marks = {mark.id: mark.ring_text for mark in reading.marks}
    return fields, marks, {(choice.group, choice.label): choice.state for choice in reading.choices}, reading.findings


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
@pytest.mark.parametrize(("sample", "alone"), [("a07", False), ("a21", True)], ids=["some lines", "the date alone"])
def test_each_value_is_read_where_it_stands(sample: str, alone: bool, closed: bool, reader: Reader) -> None:
    once, sheet = whole(reader, sample)
    date, seal = once.field("application_date"), once.mark("seal_declaration")
    assert date is not None
    first = date.box if alone or seal is None else seal.box
    _, top, _, _ = first.to_pixels(*sheet.size)
    both = reader.read("x", divided(sheet, border(sheet, top), closed=closed))
    assert said(both) == said(once)
    moved = [read.page for read in (both.field("application_date"), both.mark("seal_declaration")) if read is not None]
    assert set(moved) == {1}


def test_the_end_of_a_row_alone_is_read_as_far_as_it_goes(reader: Reader) -> None:
    """The sheet before it was not handed in."""
    once, sheet = whole(reader, "a07")
    seal = once.mark("seal_declaration")
    assert seal is not None
    _, top, _, _ = seal.box.to_pixels(*sheet.size)
    alone = reader.read("x", divided(sheet, border(sheet, top), closed=True)[1:])
    assert alone.findings == ()
    assert alone.text("application_date") == once.text("application_date")
    assert alone.mark("seal_declaration") is not None


def border(sheet: Sheet, above: int) -> int:
    """A row of pixels without print in the last row's value, `above` what must not be divided."""
    last = max((c for c in sheet.cells if c[2] - c[0] > 0.5 * sheet.size[0]), key=lambda c: c[1])
    part = sheet.dark[int(last[1]) : above, int(last[0]) + 8 : int(last[2]) - 8]
    bare = np.flatnonzero(part.max(1) < 0.2)
    inked = np.flatnonzero(part.max(1) >= 0.2)
    return int(last[1]) + int(bare[(bare > inked.min()) & (bare < inked.max())].max())
