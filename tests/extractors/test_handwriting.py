"""A hand's digits that are mistaken for one another in numbers that are known make its other numbers doubtful."""

from __future__ import annotations

import math

from extractors.handwriting import believed
from yinjian.catalogue import catalogue
from yinjian.geometry import Box
from yinjian.lattice import BLANK, Lattice
from yinjian.records import FieldReading

IDENTITY, PHONE = "11010519491231002X", "13900001111"
PAGE = Box(0.0, 0.0, 1.0, 1.0)


def written(field_id: str, text: str, alike: dict[str, str]) -> FieldReading:
    """A number read surely, but for digits that `alike` holds one time in four to be others."""
    steps: list[tuple[tuple[str, float], ...]] = []
    for symbol in text:
        other = alike.get(symbol)
        steps += [((symbol, math.log(0.75)), (other, math.log(0.25))) if other else ((symbol, 0.0),), ((BLANK, 0.0),)]
    return FieldReading(field_id, text, 0.98, 0, PAGE, (Lattice("test", tuple(steps)),))


def confidence(identity: str, alike: dict[str, str]) -> float:
    fields = (written("authorization_agent_id", identity, alike), written("agent_phone", PHONE, {}))
    return believed(fields, catalogue())[1].confidence


def test_a_nine_is_doubted_where_fours_look_like_it() -> None:
    assert confidence(IDENTITY, {}) > 0.97
    assert 0.7 < confidence(IDENTITY, {"4": "9"}) < 0.85  # a quarter of the fours, one nine


def test_digits_that_the_number_does_not_have_are_no_matter() -> None:
    assert confidence(IDENTITY, {"2": "7"}) > 0.97


def test_a_number_that_is_not_known_says_nothing() -> None:
    assert confidence(IDENTITY[:-1] + "3", {"4": "9"}) > 0.97
