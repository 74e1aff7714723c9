"""The ruling of tables: low rows, and strokes that are no lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from extractors.cells import find_cells, in_rows
from extractors.ruling import find_ruling

PX = 200 / 25.4


def cells(height_mm: float, *, divided: tuple[float, float] = (0.0, 1.0)) -> int:
    """How many cells a table of three rows has whose middle one is divided, from and to these shares of its height."""
    ink = np.zeros((1200, 1600), np.float32)
    tops = [round(300 + n * height_mm * PX) for n in range(4)]
    cv2.rectangle(ink, (200, tops[0]), (1400, tops[3]), 1.0, 2)
    for top in tops[1:3]:
        cv2.line(ink, (200, top), (1400, top), 1.0, 2)
    y0, y1 = (round(tops[1] + share * (tops[2] - tops[1])) for share in divided)
    cv2.line(ink, (800, y0), (800, y1), 1.0, 2)
    return len(find_cells(find_ruling(ink, PX), ink.shape, PX))


@pytest.mark.parametrize("height_mm", [6.5, 7.3, 8.5, 12.0])
def test_a_line_that_divides_one_row(height_mm: float) -> None:
    assert cells(height_mm) == 4


@pytest.mark.parametrize("border_mm", [0.3, 1.0, 1.6])
@pytest.mark.parametrize("bow_mm", [0.0, 0.8])
def test_a_table_may_have_a_heavy_border(border_mm: float, bow_mm: float) -> None:
    """Word offers borders of up to 4.5 pt, and 6."""
    ink = np.zeros((1900, 1400), np.float32)
    course = np.linspace(150, 1250, 50)
    bow = bow_mm * PX * np.sin(np.linspace(0, np.pi, 50))
    for y, wide in ((200, border_mm), (800, 0.3), (1500, border_mm)):
        cv2.polylines(ink, [np.stack((course, y + bow), 1).astype(np.int32)], False, 1.0, max(2, round(wide * PX)))
    for x, wide in ((150, border_mm), (500, 0.3), (1250, border_mm)):
        cv2.line(ink, (x, 200), (x, 1500), 1.0, max(2, round(wide * PX)))
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 4


@pytest.mark.parametrize("height_mm", [6.5, 9.0, 11.5])
@pytest.mark.parametrize("over", [False, True])
def test_a_cell_that_spans_columns_is_not_divided_by_the_lines_above_and_below(height_mm: float, over: bool) -> None:
    """What is printed in the cell may stand just where these lines would meet."""
    ink = np.zeros((1200, 1600), np.float32)
    tops = [round(300 + n * height_mm * PX) for n in range(5)]
    for top in tops:
        cv2.line(ink, (200, top), (1400, top), 1.0, 2)
    for x in (200, 1400):
        cv2.line(ink, (x, tops[0]), (x, tops[-1]), 1.0, 2)
    for n in (0, 1, 3):
        cv2.line(ink, (800, tops[n]), (800, tops[n + 1]), 1.0, 2)
    if over:
        cv2.line(
            ink, (800, tops[2] + round(0.35 * height_mm * PX)), (800, tops[3] - round(0.3 * height_mm * PX)), 1.0, 3
        )
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 7


def test_a_line_that_a_bent_page_takes_aside_divides_its_rows() -> None:
    """The line through all of its pieces is a millimetre off where the sheet bends most: that is no cell that spans."""
    ink = np.zeros((2300, 1600), np.float32)
    tops = [round(200 + mm * PX) for mm in (0, 9, 18, 27, 36, 45, 54, 100, 170, 225)]

    def aside(y: int) -> int:
        return round(1.4 * PX * (2 * (y - tops[0]) / (tops[-1] - tops[0]) - 1) ** 2)

    for top in tops:
        cv2.line(ink, (200, top), (1400, top), 1.0, 2)
    for x in (200, 800, 1400):
        course = np.array([[x - aside(y), y] for y in range(tops[0], tops[-1] + 1)], np.int32)
        cv2.polylines(ink, [course], False, 1.0, 2)
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 18


@pytest.mark.parametrize("upright", [0.5, 0.65])
def test_print_above_a_line_does_not_make_it_longer(upright: float) -> None:
    """A symbol's upright stroke stands right on the line's end, and a circle round the words touches both."""
    ink = np.zeros((1200, 1600), np.float32)
    tops = [round(300 + n * 8.0 * PX) for n in range(5)]
    for top in tops:
        cv2.line(ink, (200, top), (1400, top), 1.0, 2)
    for x in (200, 1400):
        cv2.line(ink, (x, tops[0]), (x, tops[-1]), 1.0, 2)
    cv2.line(ink, (800, tops[2]), (800, tops[4]), 1.0, 2)
    cv2.line(ink, (800, tops[2] - round(upright * 8.0 * PX)), (800, tops[2]), 1.0, 3)
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 6


def test_a_long_stroke_within_a_row_divides_nothing() -> None:
    assert cells(8.5, divided=(0.14, 0.86)) == 3


def test_a_pens_upright_strokes_are_no_ruling() -> None:
    """Taken for ruling they would be wiped out of the signature that becomes an electronic one."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 700), 1.0, 2)
    for x, length_mm in ((500, 9.0), (700, 13.0), (900, 20.0)):
        cv2.line(ink, (x, 400), (x + 2, 400 + round(length_mm * PX)), 1.0, 3)
    assert len(find_ruling(ink, PX).vertical) == 2


@pytest.mark.parametrize("x", [500, 1180, 1290])
def test_a_signature_written_over_a_line_does_not_interrupt_it(x: int) -> None:
    """Beside its strokes a thin line stands out too little; the rows would run together, and their marks be lost."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.5, 2)
    cv2.line(ink, (200, 600), (1400, 600), 0.5, 2)
    for n in range(13):
        lean = 9 * (-1) ** n
        cv2.line(ink, (x + 9 * n, 566), (x + 9 * n + lean, 634), 1.0, 4)
    assert len(find_cells(find_ruling(cv2.GaussianBlur(ink, (0, 0), 1.2), PX), ink.shape, PX)) == 2


def test_writing_along_the_rest_of_a_line_does_not_end_it() -> None:
    """Between two lines of writing it stands out nowhere: a row and the paragraph below it would be one."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.3, 2)
    cv2.line(ink, (200, 600), (1400, 600), 0.3, 2)
    for x in range(700, 1380, 12):
        cv2.line(ink, (x, 565), (x + 4, 597), 1.0, 4)
        cv2.line(ink, (x, 603), (x + 4, 635), 1.0, 4)
    assert len(find_cells(find_ruling(cv2.GaussianBlur(ink, (0, 0), 1.0), PX), ink.shape, PX)) == 2


def test_a_bent_line_is_followed_between_lines_of_writing() -> None:
    """Straight on from where it stands out one would leave it."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.3, 2)
    bent = [(x, 600 + round(10 * ((x - 200) / 1200) ** 3)) for x in range(200, 1401, 10)]
    cv2.polylines(ink, [np.array(bent, np.int32)], False, 0.3, 2)
    for x in range(800, 1380, 24):
        cv2.line(ink, (x, 570), (x + 4, 597), 1.0, 4)
        cv2.line(ink, (x + 12, 613), (x + 16, 640), 1.0, 4)
    assert len(find_cells(find_ruling(cv2.GaussianBlur(ink, (0, 0), 1.0), PX), ink.shape, PX)) == 2


def test_cells_whose_lines_lean_stand_in_one_row() -> None:
    """On a bent page the rectangle of a wide cell reaches up beside the row above it."""
    rows = [
        [(20.8, 27.8, 41.6, 35.0), (42.1, 25.4, 195.3, 34.7)],
        [(20.7, 35.1, 41.6, 42.3), (42.1, 32.9, 195.3, 42.0)],
    ]
    tall, beside = (20.7, 49.9, 41.7, 64.0), [(42.1, 49.6, 195.3, 56.8), (42.1, 57.0, 195.3, 63.9)]
    cells = tuple(sorted((*rows[0], *rows[1], tall, *beside), key=lambda cell: (cell[1], cell[0])))
    assert in_rows(cells, 1.0) == (*map(tuple, rows), (beside[0],), (tall,), (beside[1],))


@pytest.mark.parametrize("bow_mm", [0.0, 1.5, 2.5])
def test_the_plumb_lines_of_a_bent_page_are_lines(bow_mm: float) -> None:
    ink, tops = np.zeros((1700, 1600), np.float32), [round(100 + 40 * n * PX) for n in range(6)]
    for top in tops:
        cv2.line(ink, (200, top), (1400, top), 1.0, 2)
    along = np.arange(tops[0], tops[-1] + 1)
    bow = bow_mm * PX * np.sin(np.pi * (along - tops[0]) / (tops[-1] - tops[0]))
    for x in (200, 600, 1400):
        cv2.polylines(ink, [np.c_[np.rint(x - bow), along].astype(np.int32)], False, 1.0, 2)
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 10


@pytest.mark.parametrize(("outer", "gap", "inner"), [(4, 3, 3), (3, 4, 3), (6, 3, 2), (2, 2, 2)])
@pytest.mark.parametrize("lean", [0.0, 0.004])
def test_a_double_border_encloses_the_outer_rows_as_well(outer: int, gap: int, inner: int, lean: float) -> None:
    ink = np.zeros((1200, 1600), np.float32)
    x0, y0, x1, y1 = 200, 300, 1400, 900
    cv2.rectangle(ink, (x0 - gap - outer, y0 - gap - outer), (x1 + gap + outer, y1 + gap + outer), 1.0, -1)
    cv2.rectangle(ink, (x0 - gap, y0 - gap), (x1 + gap, y1 + gap), 0.0, -1)
    cv2.rectangle(ink, (x0, y0), (x1, y1), 1.0, -1)
    cv2.rectangle(ink, (x0 + inner, y0 + inner), (x1 - inner, y1 - inner), 0.0, -1)
    for y in (450, 700):
        cv2.line(ink, (x0, y), (x1, y), 1.0, 2)
    cv2.line(ink, (500, y0), (500, y1), 1.0, 2)
    leaning = np.array([[1.0, -lean, 0.0], [lean, 1.0, 0.0]])
    ink = cv2.warpAffine(ink, leaning, ink.shape[::-1])
    found = find_cells(find_ruling(ink, PX), ink.shape, PX)
    assert len(found) == 6
    assert all(x0 - outer <= c[0] and c[3] <= y1 + outer + 5 for c in found)


@pytest.mark.parametrize("density", [0.09, 0.14])
def test_a_hairline_that_a_small_photograph_spreads_is_a_line(density: float) -> None:
    """Drawn anew on a bent page it is spread over three pixels, each hardly darker than a tenth."""
    ink = np.random.default_rng(3).normal(0.0, 0.01, (1200, 1600)).astype(np.float32).clip(0.0)
    cv2.rectangle(ink, (200, 300), (1400, 700), 0.5, 2)
    for off, share in ((-1, 0.6), (0, 1.0), (1, 0.6)):
        ink[500 + off, 200:1400] += density * share
    assert len(find_cells(find_ruling(ink, PX), ink.shape, PX)) == 2


@pytest.mark.parametrize("folds", [((), (500,)), ((820,), ()), ((820,), (500,)), ((360, 1000), (200, 640))])
def test_folds_of_the_sheet_are_no_lines_of_the_table(folds: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    """A fold runs to an edge of the sheet, whatever it crosses."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.6, 2)
    for y in (450, 700):
        cv2.line(ink, (200, y), (1400, y), 0.6, 2)
    cv2.line(ink, (620, 300), (620, 900), 0.6, 2)
    expected = find_cells(find_ruling(ink, PX), ink.shape, PX)
    for x in folds[0]:
        cv2.line(ink, (x, 0), (x, 900 if len(folds[0]) == 1 else 1199), 0.5, 2)
    for y in folds[1]:
        cv2.line(ink, (0, y), (1599, y), 0.5, 2)
    assert find_cells(find_ruling(ink, PX), ink.shape, PX) == expected


def test_a_line_that_is_worn_off_within_the_table_is_no_fold() -> None:
    """It ends between two lines that it would cross, as no line beside it does."""
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.6, 2)
    cv2.line(ink, (200, 450), (1400, 450), 0.6, 2)
    for x in (420, 800, 1100):
        cv2.line(ink, (x, 300), (x, 900), 0.6, 2)
    cv2.line(ink, (310, 700), (1400, 700), 0.6, 2)
    assert any(abs(rule.a - 700) < 3 for rule in find_ruling(ink, PX).horizontal)


def test_a_line_that_is_worn_off_goes_on_to_the_next_that_it_would_cross() -> None:
    ink = np.zeros((1200, 1600), np.float32)
    cv2.rectangle(ink, (200, 300), (1400, 900), 0.6, 2)
    for x in (420, 800, 1100):
        cv2.line(ink, (x, 300), (x, 900), 0.6, 2)
    for y in (450, 700):
        cv2.line(ink, (200, y), (1400, y), 0.6, 2)
    expected = find_cells(find_ruling(ink, PX), ink.shape, PX)
    ink[690:710, 205 : 200 + round(6 * PX)] = 0.0
    assert find_cells(find_ruling(ink, PX), ink.shape, PX) == expected
