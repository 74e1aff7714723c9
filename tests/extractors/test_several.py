"""Two pages in one photograph are a finding; one page with much on it, or two cards, are not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from extractors.engine import Engine
from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from extractors.several import shows_several
from extractors.sheet import Paper

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"
DESK = (46, 78, 112)


@pytest.fixture(scope="module")
def pages() -> list[np.ndarray]:
    """The form and the agreement of a sample, as scanned."""
    scans = [scan.image for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan)]
    return [cv2.resize(image, (1000, 1414), interpolation=cv2.INTER_AREA) for image in scans[:2]]


def on_desk(places: list[tuple[np.ndarray, float, float, float]], width: int, height: int) -> np.ndarray:
    """Pages laid on a desk: each with its left top corner and its turn in degrees."""
    desk = np.random.default_rng(1).normal(DESK, 6, (height, width, 3)).clip(0, 255).astype(np.uint8)
    for page, x, y, turn in places:
        matrix = cv2.getRotationMatrix2D((page.shape[1] / 2, page.shape[0] / 2), turn, 1.0)
        matrix[:, 2] += (x, y)
        mask = cv2.warpAffine(np.full(page.shape[:2], 255, np.uint8), matrix, (width, height))
        desk = np.where(mask[:, :, None] > 127, cv2.warpAffine(page, matrix, (width, height)), desk)
    return desk


def several(picture: np.ndarray, engine: Engine) -> bool:
    return shows_several(picture, Paper(picture), engine)


def finding_codes(picture: np.ndarray) -> list[str]:
    reading = Reader().read("x", [Scan("x.jpg", 0, picture, None, False)])
    return [f.code for f in reading.findings]


@pytest.mark.parametrize("turn", [0.0, 4.0])
def test_two_pages_side_by_side_on_a_desk(pages: list[np.ndarray], engine: Engine, turn: float) -> None:
    picture = on_desk([(pages[0], 120, 120, turn), (pages[1], 1250, 140, -turn)], 2400, 1700)
    assert several(picture, engine)
    assert "page.several_in_photo" in finding_codes(picture)


def test_the_keys_of_a_keyboard_beside_a_page_are_no_page(pages: list[np.ndarray], engine: Engine) -> None:
    picture = on_desk([(pages[0], 420, 120, 1.0)], 1700, 1700)
    for n, key in enumerate("QWERTYUIOPASDFGHJKLZXCVBNM1234567890"):
        x, y = 40 + 100 * (n % 3), 80 + 130 * (n // 3)
        cv2.rectangle(picture, (x, y), (x + 84, y + 110), (30, 28, 28), -1)
        cv2.putText(picture, key, (x + 25, y + 70), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (225, 225, 225), 3)
    assert not several(picture, engine)


def test_two_pages_one_above_the_other(pages: list[np.ndarray], engine: Engine) -> None:
    assert several(on_desk([(pages[0], 120, 100, 1.0), (pages[1], 140, 1620, -2.0)], 1300, 3200), engine)


def test_two_pages_that_touch(pages: list[np.ndarray]) -> None:
    assert "page.several_in_photo" in finding_codes(on_desk([(np.hstack(pages), 150, 130, 1.0)], 2350, 1700))


def test_two_pages_that_touch_one_above_the_other(pages: list[np.ndarray]) -> None:
    assert "page.several_in_photo" in finding_codes(on_desk([(np.vstack(pages), 150, 130, 1.0)], 1300, 3100))


@pytest.mark.parametrize("quarters", [0, 1])
def test_the_edge_of_the_second_page_is_not_told_from_the_desk(
    pages: list[np.ndarray], engine: Engine, quarters: int
) -> None:
    """A page in shadow is as dark as the desk beside it."""
    picture = on_desk([(pages[0], 120, 120, 2.0), (pages[1], 1250, 140, -1.0)], 2400, 1700)
    beside = picture[:, 1200:].astype(float)
    beside[beside.min(2) > 120] = DESK
    picture[:, 1200:] = np.clip(beside, 0, 255).astype(np.uint8)
    picture[:, 1200:][(picture[:, 1200:] != DESK).all(2)] //= 3
    assert several(np.ascontiguousarray(np.rot90(picture, quarters)), engine)


def test_pages_apart_at_different_heights_on_a_desk_that_is_not_told_from_paper(pages: list[np.ndarray]) -> None:
    """No sheet is found: what the text stands like tells."""
    desk = np.full((2000, 3000, 3), 215, np.uint8)
    desk[60:1474, 700:1700], desk[420:1834, 1900:2900] = pages[1], pages[0]
    assert "page.several_in_photo" in finding_codes(desk)


def test_one_page_on_a_desk_is_one(pages: list[np.ndarray], engine: Engine) -> None:
    assert not several(on_desk([(pages[0], 150, 150, 3.0)], 1350, 1750), engine)


def test_two_cards_are_no_pages(engine: Engine) -> None:
    card = np.full((540, 860, 3), 235, np.uint8)
    for n in range(6):
        cv2.putText(card, "NAME 1234567", (60, 90 + 80 * n), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 40, 40), 3)
    picture = on_desk([(card, 100, 100, 2.0), (card, 120, 760, -1.0)], 1100, 1450)
    assert not several(picture, engine)
