"""Dates from the blanks before 年, 月 and 日."""

from __future__ import annotations

import numpy as np
import pytest

from extractors.align import align
from extractors.page import Sheet
from extractors.ruling import Ruling
from extractors.values import read_date
from tests.extractors.test_align import line
from yinjian.catalogue.layout import parse_line

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
def test_a_date_is_read_blank_or_told_as_it_stands(said: str, text: str) -> None:
    lines = [line(said)]
    blank = np.zeros((60, 800), np.float32)
    sheet = Sheet("x", 0, np.full((60, 800, 3), 255, np.uint8), 0, None, blank, blank, Ruling((), ()), (), tuple(lines))
    read = read_date("application_date", align(TEMPLATE, lines, "").blanks, lines, sheet, 0, CELL)
    assert read.text == text
