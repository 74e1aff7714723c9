"""Impressions: one that is seen again is known, others of the same die are told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from extractors.fingerprint import SIDE, Plate, SealPrint, likeness, plate, vector
from samples.hands import make_hand, sign
from samples.noise import resized, turned
from samples.seals import Seal, make_seal, stamp
from samples.typefaces import text_mask
from validators.policy import POLICY

Floats = NDArray[np.float32]
UNIT = "哈尔滨松北云杉软件有限公司"


@dataclass(frozen=True, slots=True)
class Scanned:
    """How a mark is scanned: dots per inch, degrees, grey levels of noise as a share."""

    dpi: int
    angle: float
    noise: float


FIRST = Scanned(300, 0.0, 0.02)
AGAIN = (Scanned(300, 90.0, 0.02), Scanned(200, 1.7, 0.03), Scanned(150, -2.4, 0.04), Scanned(240, 181.0, 0.02))


def scanned(ink: Floats, how: Scanned, rng: Generator) -> Plate:
    """The plate of ink (600 dpi) as a scanner sees it."""
    seen = turned(resized(ink, round(ink.shape[0] * how.dpi / 600)), how.angle)
    seen = cv2.GaussianBlur(np.pad(seen, 8), (0, 0), 0.6)
    noisy = seen + how.noise * rng.standard_normal(seen.shape, np.float32) * (seen > 0.05)
    rows, columns = np.flatnonzero(seen.max(1) > 0.2), np.flatnonzero(seen.max(0) > 0.2)
    middle = (float(columns[0] + columns[-1]) / 2, float(rows[0] + rows[-1]) / 2)
    made = plate(np.asarray(np.clip(noisy, 0, 1), np.float32), np.zeros(seen.shape, np.bool_), middle)
    assert made is not None
    return made


def die(shape: str) -> Seal:
    return make_seal(default_rng(4), UNIT, shape)


@pytest.mark.parametrize("shape", ["round", "oval", "square"])
@pytest.mark.parametrize("how", AGAIN, ids=lambda how: f"{how.dpi}dpi{how.angle}")
def test_one_impression_scanned_again_is_known(shape: str, how: Scanned) -> None:
    rng = default_rng(11)
    ink = stamp(die(shape), rng).ink
    assert likeness(scanned(ink, FIRST, rng), scanned(ink, how, rng)) > POLICY.same_impression


@pytest.mark.parametrize("shape", ["round", "oval", "square"])
def test_other_impressions_of_a_die_are_told_apart(shape: str) -> None:
    rng = default_rng(12)
    plates = [scanned(stamp(die(shape), rng, tilt=2.0).ink, FIRST, rng) for _ in range(6)]
    scores = [likeness(one, other) for n, one in enumerate(plates) for other in plates[n + 1 :]]
    assert max(scores) < POLICY.same_impression


def test_signatures_of_one_hand_are_told_apart_and_a_pasted_one_is_known() -> None:
    rng = default_rng(13)
    hand = make_hand(rng, ("ma-shan-zheng",))
    first, other = (sign("葛小禾", hand, 300, rng) for _ in range(2))
    seen = scanned(first, FIRST, rng)
    assert likeness(seen, scanned(first, AGAIN[1], rng)) > POLICY.same_impression
    assert likeness(seen, scanned(other, FIRST, rng)) < POLICY.same_impression


def even(text: str, rng: Generator) -> Floats:
    """A nearly even impression (600 dpi): a broad rim, a large star, thin text, here a little more ink, there less."""
    side = 960
    ink = np.zeros((side, side), np.float32)
    cv2.circle(ink, (480, 480), 440, 1.0, 26)
    points = [(480 + r * np.sin(n * np.pi / 5), 480 - r * np.cos(n * np.pi / 5)) for n, r in enumerate((130, 50) * 5)]
    cv2.fillPoly(ink, [np.rint(points).astype(np.int32)], 1.0)
    for top, part in ((170, text[: len(text) // 2]), (650, text[len(text) // 2 :])):
        line = text_mask(part, "song", 90)
        left = (side - line.shape[1]) // 2
        ink[top : top + line.shape[0], left : left + line.shape[1]] = 0.6 * line
    field = cv2.resize(rng.standard_normal((12, 12), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(ink * (0.8 + 0.1 * field), 0, 1), np.float32)


def test_evenly_inked_seals_of_strangers_are_not_alike_by_rim_and_star() -> None:
    rng = default_rng(21)
    one, other = (scanned(even(text, rng), FIRST, rng) for text in (UNIT, "佳木斯市衍启区第九中学校"))
    assert likeness(one, other) > POLICY.same_impression
    assert SealPrint(one).likeness(other)[0] < POLICY.same_impression


@pytest.mark.parametrize("count", [2, 3])
def test_evenly_inked_impressions_are_told_by_what_they_show_beyond_their_die(count: int) -> None:
    rng = default_rng(22)
    first, second, *rest = (even(UNIT, rng) for _ in range(2 + count))
    die = tuple(scanned(ink, FIRST, rng) for ink in rest)
    seen = scanned(first, FIRST, rng)
    score, in_common = SealPrint(seen, die).likeness(scanned(second, FIRST, rng))
    assert score > POLICY.same_impression
    assert in_common is not None
    assert in_common < POLICY.same_ink
    score, in_common = SealPrint(seen, die).likeness(scanned(first, AGAIN[1], rng))
    assert score > POLICY.same_impression
    assert in_common is not None
    assert in_common > POLICY.same_ink


def test_what_is_pasted_everywhere_tells_no_die() -> None:
    """Who has one picture of a seal puts it on form and copies: there is nothing that it shows beyond the others."""
    rng = default_rng(23)
    ink = stamp(die("round"), rng).ink
    one, other, *pasted = (scanned(ink, replace(FIRST, angle=angle), rng) for angle in (0.0, 3.0, -5.0, 1.0))
    score, in_common = SealPrint(one, tuple(pasted)).likeness(other)
    assert score > POLICY.same_impression
    assert in_common == 1.0


def test_what_print_hides_does_not_count() -> None:
    """A pasted seal lies over other print than the first: only what is seen of both is compared."""
    rng = default_rng(14)
    ink = stamp(die("round"), rng).ink
    seen = scanned(ink, FIRST, rng)
    hidden = np.ones((SIDE, SIDE), np.float32)
    hidden[60:72] = hidden[108:120] = 0.0
    drawn_on = np.where(hidden > 0, seen.ink, cv2.blur(seen.ink, (9, 9)))
    spoilt = Plate(np.asarray(drawn_on, np.float32), hidden)
    assert likeness(seen, spoilt) > POLICY.same_impression
    assert likeness(seen, replace(spoilt, seen=np.ones_like(hidden))) < likeness(seen, spoilt)


def test_a_turn_does_not_change_the_vector() -> None:
    rng = default_rng(15)
    one, other = stamp(die("round"), rng).ink, stamp(make_seal(rng, "佳木斯市衍启区第九中学"), rng).ink
    asked = vector(scanned(one, FIRST, rng))
    assert asked @ vector(scanned(one, AGAIN[0], rng)) > asked @ vector(scanned(other, FIRST, rng))
    assert np.isclose(np.linalg.norm(asked), 1.0)


def test_a_plate_is_kept_as_it_is() -> None:
    rng = default_rng(16)
    made = scanned(stamp(die("oval"), rng).ink, FIRST, rng)
    assert likeness(made, Plate.from_bytes(made.to_bytes())) > 0.999


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_what_is_no_plate(data: bytes) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        Plate.from_bytes(data)


def test_no_ink_no_plate() -> None:
    assert plate(np.zeros((50, 50), np.float32), np.zeros((50, 50), np.bool_)) is None
