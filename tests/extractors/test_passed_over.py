"""Lines of running text that the detector did not find at first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from extractors.engine import Engine
from extractors.passedover import _joined, with_left_out, with_passed_over
from tests.extractors.test_dates import PITCH, drawn

TEXT = "用户应当妥善保管数字证书和密码不得泄露或交付他人如因故意过失导致数字证书被盗"
LINES, ROW = 8, 48  # and px from one to the next


def test_a_line_among_others_that_was_passed_over_is_found_where_its_ink_is(engine: Engine) -> None:
    one = drawn(TEXT)
    height, width = ROW * LINES + 200, one.size[0] + 2 * ROW
    dark = np.zeros((height, width), np.float32)
    for n in range(LINES):
        dark[100 + ROW * n : 140 + ROW * n, ROW : ROW + one.size[0]] = one.dark
    image = np.repeat((250 - 225 * dark).astype(np.uint8)[:, :, None], 3, axis=2)
    page = replace(one, image=image, dark=dark, red=np.zeros_like(dark), dpi=150.0)
    every = [(float(ROW), 100.0 + ROW * n, float(ROW + one.size[0]), 140.0 + ROW * n) for n in range(LINES)]
    found = with_passed_over(page, [*every[:3], *every[4:]], engine)
    (new,) = [line for line in found if line not in every]
    assert all(abs(a - b) < PITCH for a, b in zip(new, every[3], strict=True))
    half = (every[3][0], every[3][1], every[3][0] + one.size[0] / 3, every[3][3])
    again = with_passed_over(page, [*every[:3], half, *every[4:]], engine)
    assert half not in again and len(again) == LINES
    assert with_passed_over(page, every, engine) == every


def test_pieces_that_lie_over_one_another_are_one_line() -> None:
    pieces = [(0.0, 0.0, 50.0, 10.0), (45.0, 2.0, 100.0, 12.0), (0.0, 20.0, 40.0, 30.0), (60.0, 20.0, 90.0, 30.0)]
    whole = [(0.0, 0.0, 100.0, 12.0), (0.0, 20.0, 40.0, 30.0), (60.0, 20.0, 90.0, 30.0)]
    assert sorted(_joined(pieces)) == whole


def test_parts_of_lines_and_short_lines_that_were_left_out_are_found_by_their_ink(engine: Engine) -> None:
    one = drawn(TEXT)
    wide = one.size[0]
    height, width = ROW * LINES + 200, wide + 2 * ROW
    dark = np.zeros((height, width), np.float32)
    for n in range(LINES):
        shown = wide if n != 3 else round(0.08 * wide)  # a paragraph's last words
        dark[100 + ROW * n : 140 + ROW * n, ROW : ROW + shown] = one.dark[:, :shown]
    page = replace(one, image=np.zeros((height, width, 3), np.uint8), dark=dark, red=np.zeros_like(dark), dpi=150.0)
    every = [(float(ROW), 100.0 + ROW * n, float(ROW + wide), 140.0 + ROW * n) for n in range(LINES)]
    whole = [*every[:3], *every[4:]]
    (short,) = [line for line in with_left_out(page, whole) if line not in whole]
    assert (
        short[0] < ROW + PITCH
        and short[2] > ROW + 0.06 * wide
        and every[2][3] < (short[1] + short[3]) / 2 < every[4][1]
    )
    x0, y0, x1, y1 = every[5]
    parts = [(x0, y0, x0 + 0.4 * wide, y1), (x0 + 0.7 * wide, y0, x1, y1)]
    found = with_left_out(page, [*every[:3], short, every[4], *parts, *every[6:]])
    (part,) = [line for line in found if line not in (*every, short, *parts)]
    assert part == (parts[0][2], y0, parts[1][0], y1)
    assert with_left_out(page, [*every[:3], short, *every[4:]]) == [*every[:3], short, *every[4:]]


def test_what_is_no_running_text_is_left_as_it_is() -> None:
    one = drawn("协议")
    for rects in ([], [(0.0, 0.0, 20.0, 10.0)], [(0.0, 0.0, 200.0, 10.0), (300.0, 0.0, 500.0, 10.0)]):
        assert with_left_out(one, rects)[: len(rects)] == rects
