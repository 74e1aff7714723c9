"""A printed name in a signature's place is no signature; a pen's is one, however neat."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors import typefaces
from extractors.engine import Engine
from extractors.signatures import Strokes, is_printed
from extractors.typefaces import LIKE_TYPE, TYPE, likeness_to_type
from samples.hands import make_hand, sign, write
from samples.typefaces import crop, text_mask

LABEL = "经办人手写签名："
HEIGHT = 30
HANDS = ("ma-shan-zheng", "zhi-mang-xing", "kai")


def page_with(name: np.ndarray, top: int) -> tuple[np.ndarray, tuple[float, ...], tuple[float, ...]]:
    """Ink of a label in 30 px print with a name beside it, and the rectangles of both."""
    label = text_mask(LABEL, "song", HEIGHT)
    page = np.zeros((120, 900), np.float32)
    page[40 : 40 + label.shape[0], 20 : 20 + label.shape[1]] = label
    left = 60 + label.shape[1]
    part = page[top : top + name.shape[0], left : left + name.shape[1]]
    np.maximum(part, name[: part.shape[0], : part.shape[1]], out=part)
    # The colon at the label's end stands lower than its characters, which does not matter: their ink is higher.
    return page > 0.5, (20, 35, 20 + label.shape[1], 85), (left - 4, 20, left + name.shape[1] + 4, 110)


@pytest.mark.parametrize("font", ["song", "hei"])
@pytest.mark.parametrize("name", ["王勇华", "欧阳娟敏", "李涛"])
def test_a_name_in_print_is_told(name: str, font: str) -> None:
    ink, label, place = page_with(text_mask(name, font, HEIGHT), 40)
    assert is_printed(label, place, name, 0.99, ink)


@pytest.mark.parametrize("seed", range(30))
def test_a_pen_is_no_print(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height = int(rng.integers(26, 48))
    written = write("王勇华", make_hand(rng, ("ma-shan-zheng", "kai")), height, rng)
    ink, label, place = page_with(written, int(rng.integers(28, 48)))
    assert not is_printed(label, place, "王勇华", 0.99, ink)


def test_what_cannot_be_read_is_no_print() -> None:
    ink, label, place = page_with(text_mask("王勇华", "song", HEIGHT), 40)
    assert not is_printed(label, place, "王勇华", 0.5, ink)
    assert not is_printed(label, place, "2026", 0.99, ink)


NAMES = ("傅源欣", "王勇华", "欧阳娟敏", "刘建国", "李一", "沈大")


def strokes_of(ink: np.ndarray, level: float = 0.3) -> tuple[np.ndarray, Strokes]:
    """A page of density with a name's ink on it, a little blurred, and its strokes: what is denser than `level`."""
    dark = cv2.GaussianBlur(np.pad(np.asarray(ink, np.float32), 12), (0, 0), 0.8)
    drawn = dark > level
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    rect = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return dark, Strokes(rect, cut, 10.0, 0.8, True)


@pytest.mark.parametrize("font", ["song-bold", "hei-bold", "kai", "microhei", "ming"])
@pytest.mark.parametrize("height", [30, 44, 110])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_type_of_any_size_is_told(name: str, font: str, height: int, engine: Engine) -> None:
    dark, strokes = strokes_of(text_mask(name, font, height))
    assert likeness_to_type(dark, strokes, engine) > TYPE


@pytest.mark.parametrize("font", ["song", "ming", "kai"])
@pytest.mark.parametrize("name", NAMES)
def test_type_whose_hairlines_are_paler_than_a_pen_is_told(name: str, font: str, engine: Engine) -> None:
    """Of a light face that is set small a pen's ink has the stems alone."""
    dark, strokes = strokes_of(text_mask(name, font, 32), 0.7)
    assert likeness_to_type(dark, strokes, engine) > TYPE


@pytest.mark.parametrize("name", ["黎雨艳", "何建国", "刘一鸣"])
def test_type_of_which_the_first_parts_are_too_pale_for_strokes_is_told(name: str, engine: Engine) -> None:
    dark, strokes = strokes_of(text_mask(name, "kai", 32))
    dark[:, : int(strokes.rect[0]) + 12] *= 0.45
    dark[:, int(strokes.rect[0]) + 12 : int(strokes.rect[0]) + 15] = 0.0
    x0, y0, x1, y1 = strokes.rect
    behind = replace(strokes, rect=(x0 + 21, y0, x1, y1), drawn=strokes.drawn[:, 21:])
    assert likeness_to_type(dark, behind, engine) > LIKE_TYPE


@pytest.mark.parametrize("font", ["song", "kai", "hei"])
@pytest.mark.parametrize("what", ["speck", "hair", "both"])
def test_dust_beside_type_makes_it_no_signature(what: str, font: str, engine: Engine) -> None:
    """Neither a speck far away nor a hair beside it, which is longer than a stroke."""
    name = text_mask(NAMES[0], font, 60)
    ink = np.zeros((name.shape[0] + 160, name.shape[1] + 600), np.float32)
    ink[80 : 80 + name.shape[0], 400 : 400 + name.shape[1]] = name
    if what != "hair":
        ink[150:154, 20:24] = 1.0
    if what != "speck":
        cv2.ellipse(ink, (330, 100), (16, 40), 20, 0, 150, 1.0, 2)
    dark, strokes = strokes_of(ink)
    assert likeness_to_type(dark, strokes, engine) > TYPE


@pytest.mark.parametrize("seed", range(60))
def test_a_pen_is_no_type(seed: int, engine: Engine) -> None:
    rng = np.random.default_rng(seed)
    dark, strokes = strokes_of(sign(NAMES[seed % 6], make_hand(rng, HANDS), int(rng.integers(40, 110)), rng))
    assert likeness_to_type(dark, strokes, engine) < LIKE_TYPE


@pytest.mark.parametrize("lean", [0.0, 0.05])
def test_upright_strokes_of_type_lean_one_way_and_a_hands_each_its_own(lean: float) -> None:
    def leaning(ink: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = ink.shape
        matrix = np.array([[1.0, -lean, lean * height], [0.0, 1.0, 0.0]])
        return np.asarray(cv2.warpAffine(ink, matrix, (round(width + lean * height), height)), np.float32)

    rng = np.random.default_rng(4)
    typed = [typefaces._lean_alike(leaning(crop(text_mask(n, f, 60)))) for n in NAMES for f in ("song", "kai", "hei")]
    hands = [
        typefaces._lean_alike(leaning(crop(sign(n, make_hand(rng, HANDS), 60, rng)))) for n in NAMES for _ in "123"
    ]
    assert np.median(typed) > typefaces.USUAL > np.median(hands)


def test_a_kind_of_face_that_is_not_installed_is_told_by_its_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same character in another face of its kind: what is printed elsewhere need not be in a face of ours."""
    installed = typefaces._faces()
    for font, own in (("ming", "uming"), ("song", "NotoSerif"), ("hei", "NotoSans")):
        monkeypatch.setattr(typefaces, "_faces", lambda own=own: tuple(f for f in installed if own not in f[0]))
        told = [typefaces.likeness(crop(text_mask(name, font, 44)), name) > LIKE_TYPE for name in NAMES]
        assert all(told), (font, told)


@pytest.mark.parametrize("name", NAMES[:3])
def test_characters_that_do_not_stand_on_one_line_are_less_like_type(name: str) -> None:
    """Their strokes may follow a face's as they will."""
    apart = [text_mask(character, "kai", 60) for character in name]
    high, wide = max(len(one) for one in apart) + 6, sum(one.shape[1] for one in apart)

    def alike(off: int) -> float:
        page, left = np.zeros((high, wide), np.float32), 0
        for n, one in enumerate(apart):
            top = off * (n % 2)
            page[top : top + len(one), left : left + one.shape[1]] = one
            left += one.shape[1]
        rows, columns = np.flatnonzero(page.any(1)), np.flatnonzero(page.any(0))
        return typefaces.likeness(page[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], name)

    assert alike(6) < alike(0) - 0.035  # what their shapes alone tell is 0.03 at most
