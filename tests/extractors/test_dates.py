"""Dates from the blanks before 年, 月 and 日."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from extractors.align import align
from extractors.engine import Engine
from extractors.page import Sheet, without_ruling
from extractors.ruling import Ruling
from extractors.textlines import TextLine
from extractors.values import _against, read_beside, read_blank, read_date
from samples.typefaces import glyph_mask
from tests.extractors.test_align import line
from yinjian.catalogue.layout import parse_line
from yinjian.catalogue.model import FieldKind
from yinjian.lattice import Lattice
from yinjian.records import FieldReading

TEMPLATE = parse_line("申请日期：{date:application_date}")
CELL = (0.0, 0.0, 800.0, 40.0)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("申请日期：2026年5月21日", "2026-05-21"),
        ("申请日期：年月日", ""),
        ("申请日期：年月0日", ""),  # a fleck in a blank date
        ("申请日期：年1月日", ""),
        ("申请日期：年5月21日", "年5月21日"),  # no whole date, and not blank
    ],
)
def test_a_date_is_read_blank_or_told_as_it_stands(engine: Engine, said: str, text: str) -> None:
    lines = [line(said)]
    blank = np.zeros((60, 800), np.float32)
    sheet = Sheet("x", 0, np.full((60, 800, 3), 255, np.uint8), 0, None, blank, blank, Ruling((), ()), (), tuple(lines))
    read = read_date("application_date", align(TEMPLATE, lines, "").blanks, lines, sheet, 0, CELL, engine)
    assert read.text == text


PITCH = 30  # px from one character to the next


def drawn(text: str) -> Sheet:
    """A line of characters at equal distances, on a page that is that line."""
    dark = np.zeros((40, PITCH * len(text)), np.float32)
    for n, character in enumerate(text):
        mask = glyph_mask(character, "hei", PITCH)
        top, left = (40 - mask.shape[0]) // 2, PITCH * n + (PITCH - mask.shape[1]) // 2
        dark[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    image = np.repeat((250 - 225 * dark).astype(np.uint8)[:, :, None], 3, axis=2)
    return Sheet("x", 0, image, 0, None, dark, np.zeros_like(dark), Ruling((), ()), (), ())


def in_doubt(text: str, place: int, other: str) -> TextLine:
    """A line of which one symbol is held a little likelier than another."""
    read = line(text)
    steps = list(read.read.lattice.steps)
    steps[place] = ((text[place], math.log(0.5)), (other, math.log(0.4)))
    return TextLine((0.0, 0.0, PITCH * len(text), 40.0), replace(read.read, lattice=Lattice("test", tuple(steps))))


def test_a_day_read_in_doubt_is_read_by_itself(engine: Engine) -> None:
    truth = "申请日期：2026年5月21日"
    sheet, lines = drawn(truth), [in_doubt("申请日期：2026年5月27日", len(truth) - 2, "1")]
    read = read_date("application_date", align(TEMPLATE, lines, "").blanks, lines, sheet, 0, CELL, engine)
    assert read.text == "2026-05-21"


def test_a_name_that_was_passed_over_between_two_lines_is_found_by_its_ink(engine: Engine) -> None:
    truth, template = "经办人郭明（身份证", parse_line("经办人{field:agent_name}（身份证")
    sheet, (left, right) = drawn(truth), (line("经办人"), line("（身份证"))
    lines = [
        TextLine((0.0, 0.0, 3.0 * PITCH, 40.0), left.read),
        TextLine((5.0 * PITCH, 0.0, 9.0 * PITCH, 40.0), right.read),
    ]
    (blank,) = align(template, lines, "").blanks

    def read(sheet: Sheet) -> FieldReading:
        ink = without_ruling(sheet) > 0.3
        return read_blank("agent_name", FieldKind.PERSON_NAME, blank, lines, sheet, 0, CELL, ink, engine)

    assert read(sheet).text == "郭明"
    empty = drawn("经办人一一（身份证")
    assert read(replace(empty, dark=np.zeros_like(empty.dark))).confidence == 1.0  # blank


@pytest.mark.parametrize("passed_over", ["经办人　明（身份证", "经办人郭　（身份证", "经办人郭明（身份证"])
def test_a_symbol_of_a_name_that_was_passed_over_is_found_by_its_ink(passed_over: str, engine: Engine) -> None:
    """However surely the rest of it was read."""
    truth, template = "经办人郭明（身份证", parse_line("经办人{field:agent_name}（身份证")
    sheet, seen = drawn(truth), line(passed_over)
    lines = [TextLine((0.0, 0.0, float(PITCH * len(truth)), 40.0), seen.read)]
    (blank,) = align(template, lines, "").blanks
    ink = without_ruling(sheet) > 0.3
    read = read_blank("agent_name", FieldKind.PERSON_NAME, blank, lines, sheet, 0, CELL, ink, engine)
    assert read.text == "郭明"


def test_of_two_looks_the_surer_is_believed_the_less_the_surer_the_other_is() -> None:
    believed = [0.9 * _against(0.9, less) for less in (0.05, 0.5, 0.8, 0.9)]
    assert believed == sorted(believed, reverse=True)
    assert believed[:2] == pytest.approx([0.9, 0.9])
    assert believed[-1] == pytest.approx(0.5)


def test_what_was_found_of_a_date_is_not_read_twice_when_all_of_it_is(engine: Engine) -> None:
    truth, found = "申请日期：2026年10月15日", "申请日期：2026年10"
    sheet, lines = drawn(truth), [TextLine((0.0, 0.0, float(PITCH * len(found)), 40.0), line(found).read)]
    label = align(TEMPLATE, lines, "").blanks[0].before
    assert label is not None
    cell = (0.0, 0.0, *map(float, sheet.size))
    whole = read_beside(label, lines, sheet, cell, without_ruling(sheet) > 0.3, engine)
    assert whole is not None and "".join(found.text for found in whole) == truth
    assert whole[0].rect[2] == pytest.approx(PITCH * 5, abs=PITCH / 2)
