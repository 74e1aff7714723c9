"""Streaks of a feeder are taken out of a scan; what was drawn there stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.streaks import without_streaks

Image = NDArray[np.uint8]


def form() -> Image:
    """A page with a table, a paragraph's strokes, and the grain of paper and scanner."""
    page = np.full((2339, 1654, 3), 240, np.uint8)
    cv2.rectangle(page, (150, 120), (1500, 2200), (40, 40, 40), 2)
    cv2.line(page, (700, 120), (700, 2200), (40, 40, 40), 2)
    for y in range(200, 2200, 60):
        cv2.line(page, (150, y), (1500, y), (40, 40, 40), 2)
        for x in range(180, 1480, 14):
            cv2.line(page, (x, y + 15), (x + 6, y + 40), (30, 30, 30), 3)
    noise = np.random.default_rng(1).normal(0, 3, page.shape)
    return np.asarray(np.clip(page + noise, 0, 255), np.uint8)


def streaked(page: Image, columns: slice, share: float) -> Image:
    dirty = page.copy()
    dirty[:, columns] = (dirty[:, columns] * share).astype(np.uint8)
    return dirty


@pytest.mark.parametrize("columns", [slice(400, 401), slice(1037, 1039), slice(820, 825)])
@pytest.mark.parametrize("share", [0.9, 0.75, 0.5])
@pytest.mark.parametrize("turned", [False, True])
def test_a_streak_is_taken_out_and_print_below_it_stays(columns: slice, share: float, turned: bool) -> None:
    page, dirty = form(), streaked(form(), columns, share)
    if turned:
        page, dirty = (np.ascontiguousarray(np.rot90(p)) for p in (page, dirty))
    clean = without_streaks(dirty)
    assert np.abs(clean.astype(int) - page).max() < 12
    assert np.abs(dirty.astype(int) - page).max() > 20


def test_a_page_without_streaks_stays_as_it_is() -> None:
    """Its table's lines run over most of it, not from edge to edge."""
    page = form()
    assert np.array_equal(without_streaks(page), page)


def test_what_lets_no_light_through_stays() -> None:
    """Nothing is known of what is below."""
    dirty = streaked(form(), slice(400, 402), 0.1)
    assert np.array_equal(without_streaks(dirty), dirty)


@pytest.mark.parametrize("shape", [(16, 16, 3), (20, 400, 3), (2000, 17, 3)])
@pytest.mark.parametrize("grey", [0, 255])
def test_pictures_of_any_size(shape: tuple[int, int, int], grey: int) -> None:
    page = np.full(shape, grey, np.uint8)
    assert np.array_equal(without_streaks(page), page)
