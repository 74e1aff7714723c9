"""Where a signature belongs: beside its own label, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from extractors.align import align
from extractors.engine import Engine
from extractors.formcell import _end_of_label
from extractors.formmarks import signature_place
from extractors.formpage import FormReading, prepare, read_form
from extractors.opening import Scan, open_scans
from extractors.page import Sheet, take_apart
from extractors.pagetext import read_lines
from extractors.ruling import Rect
from extractors.straighten import straighten
from extractors.table import match_form
from extractors.textlines import TextLine, reading_orders
from tests.extractors.test_materials import line
from yinjian.catalogue import catalogue
from yinjian.catalogue.layout import SlotKind, parse_line

CELL = (100.0, 100.0, 1500.0, 600.0)
ROW = parse_line("法人手写签名：{signature:one}经办人手写签名：{signature:two}申请日期：{date:application_date}")
SAMPLES = Path(__file__).parents[2] / "samples" / "applications"


def places(*lines: TextLine) -> dict[str, Rect | None]:
    blanks = align(ROW, lines, "").blanks
    found = (b for b in blanks if b.slot.kind is SlotKind.SIGNATURE)
    placed = {blank.slot.id: signature_place(blank, lines, CELL) for blank in found}
    return {slot: both and both[0] for slot, both in placed.items()}


ONE, TWO = line("法人手写签名：", 110, 400), line("经办人手写签名：", 800, 400)


def test_it_ends_at_the_next_label() -> None:
    one, two = places(ONE, TWO).values()
    assert one is not None and two is not None
    assert one[2] < 800 and two[0] > 1000


def test_a_signature_read_with_its_label_moves_nothing() -> None:
    tall = TextLine((800.0, 350.0, 1120.0, 460.0), TWO.read)
    one = places(ONE, tall)["one"]
    assert one is not None and one[2] < 800


def test_a_date_in_the_line_below_is_no_signature() -> None:
    two = places(ONE, TWO, line("申请日期：2026年11月7日", 110, 445))["two"]
    assert two is not None and two[3] <= 445


def test_a_label_that_was_not_read_has_no_place() -> None:
    assert places(line("申请日期：", 110, 445)) == {"one": None, "two": None}


def test_a_signature_taken_for_part_of_the_line_above_leaves_its_place() -> None:
    above = TextLine((110.0, 340.0, 900.0, 435.0), line("协议中的各项条款", 110, 340).read)
    one = places(above, ONE, TWO)["one"]
    assert one is not None and one[1] < 405 and one[3] > 440


def test_the_line_that_a_signature_made_taller_is_read_before_the_next() -> None:
    above = TextLine((110.0, 366.0, 460.0, 430.0), line("协议中的各项条款", 110, 366).read)
    label, seal = line("法人手写签名：", 105, 400), line("单位公章：", 620, 398)
    whole, *_, by_heads = reading_orders((above, label, seal))
    assert whole[0] is label  # both lie in one row then
    assert by_heads == (above, label, seal)


def test_signatures_that_were_read_beside_their_labels_are_no_lines_above_or_below() -> None:
    small = TextLine((400.0, 364.0, 500.0, 446.0), line("许千", 400, 372).read)
    large = TextLine((1060.0, 366.0, 1260.0, 450.0), line("罗思子", 1060, 380).read)
    both = places(ONE, small, TWO, large)
    assert both == places(ONE, TWO)


def test_a_label_in_whose_line_another_name_was_signed_ends_with_itself() -> None:
    whole = line("卢德经办人手写签名：", 400, 400)
    x0, _, x1, _ = _end_of_label(whole, 9)
    assert [s.text for s in whole.symbols() if x0 <= (s.x0 + s.x1) / 2 <= x1] == list("写签名：")


def test_a_signature_that_was_found_with_the_next_label_but_not_read_is_in_its_place() -> None:
    spans = tuple((0.5 + a / 2, 0.5 + b / 2) for a, b in TWO.read.spans)
    both = TextLine((480.0, 380.0, 1120.0, 450.0), replace(TWO.read, spans=spans))
    one = places(ONE, both)["one"]
    assert one is not None and 760 < one[2] < 800


@pytest.fixture(scope="module")
def whole(engine: Engine) -> Sheet:
    """A form of which the detector found every line."""
    scan = next(scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan))
    sheet, rects = take_apart("x", 0, straighten(scan.image, engine))
    return read_lines(sheet, rects, engine, catalogue())


def read_without(label: str, whole: Sheet, engine: Engine) -> FormReading:
    """The form as it is read when the line that begins with a label was passed over; with all lines for ""."""
    known, form = catalogue(), catalogue().form("enterprise")
    kept = tuple(one for one in whole.lines if not label or not one.text.startswith(label))
    assert len(kept) == len(whole.lines) - bool(label)
    seen = replace(whole, lines=kept)
    page = prepare(seen, 0, match_form(seen, form))
    return read_form([page], known.platforms_of(form.id)[0].name, known, engine)


@pytest.mark.parametrize("label", ["", "经办人手写签名"])
def test_a_label_between_two_signatures_that_the_detector_passed_over(label: str, whole: Sheet, engine: Engine) -> None:
    marks = read_without(label, whole, engine).marks
    assert {"signature_legal_person", "signature_agent"} <= {mark.id for mark in marks}


def test_a_rows_beginning_that_the_detector_passed_over(whole: Sheet, engine: Engine) -> None:
    """As it may where a hand runs into the row below: the blanks in it would be empty."""

    def blanks(label: str) -> list[str]:
        fields = read_without(label, whole, engine).fields
        return [field.text for field in fields if field.id.startswith("authorization_")]

    found = blanks("本单位授权经办人")
    assert all(found) and found == blanks("")
