"""Inks apart: what black, red and orange leave on paper of an even or uneven light."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.ink import as_print, separate
from extractors.scaling import reduced

Image = NDArray[np.uint8]
BLACK, RED, ORANGE = (25, 25, 25), (80, 70, 215), (60, 150, 235)


def paper(light: int = 250) -> Image:
    return np.full((900, 640, 3), light, np.uint8)


def with_bar(image: Image, colour: tuple[int, int, int]) -> Image:
    image = image.copy()
    image[400:412, 100:500] = colour
    return image


def bar(density: NDArray[np.float32]) -> float:
    return float(density[403:409, 120:480].mean())


def test_black_ink_is_dark_and_not_red() -> None:
    dark, red = separate(with_bar(paper(), BLACK))
    assert bar(dark) == pytest.approx(np.log10(254 / 29), abs=0.03)
    assert bar(red) < 0.01
    assert float(dark[:300].max()) < 0.01


def test_stamp_ink_is_red_and_leaves_little_in_the_dark() -> None:
    dark, red = separate(with_bar(paper(), RED))
    assert bar(red) > 0.4
    assert bar(dark) < 0.05


def test_orange_of_a_printed_border_is_no_stamp() -> None:
    _, red = separate(with_bar(paper(), ORANGE))
    assert bar(red) < 0.05


def test_shade_is_paper() -> None:
    shaded = (paper() * np.linspace(1.0, 0.6, 640)[None, :, None]).astype(np.uint8)
    dark, red = separate(shaded)
    assert float(dark.mean()) < 0.01
    assert float(red.max()) < 0.05


def test_print_is_darker_where_ink_is_denser() -> None:
    levels = as_print(np.linspace(0, 2, 50, dtype=np.float32)[None, :])[0, :, 0].astype(int)
    assert levels[0] == 255
    assert (np.diff(levels) <= 0).all()
    assert levels[-1] == pytest.approx(255 * 10**-2.0, abs=1)


@pytest.mark.parametrize(("height", "width"), [(3508, 2480), (1754, 1240), (900, 640), (2001, 37)])
def test_a_reduced_picture_keeps_its_proportion(height: int, width: int) -> None:
    small, scale = reduced(np.zeros((height, width, 3), np.uint8), 960)
    assert max(small.shape[:2]) == min(960, height)
    assert small.shape[1] == pytest.approx(width * scale, abs=1)
