"""The days of a card's term: a day is as sure as what it means, and the two bear one another out."""

from __future__ import annotations

import pytest

from extractors.card import _day_of
from extractors.decode import CLEAR
from extractors.grammar import likely_meanings
from extractors.terms import as_term, is_term
from tests.extractors.test_grammar import seen
from yinjian.geometry import Box
from yinjian.records import FieldReading

BOX = Box(0.0, 0.0, 1.0, 1.0)


def read(*held: tuple[str, float]) -> FieldReading:
    return FieldReading("id_valid_until", *held[0], 0, BOX, held=held if len(held) > 1 else ())


def test_a_dot_in_doubt_leaves_no_doubt_of_the_day() -> None:
    def day(text: str) -> str | None:
        digits = text.replace(".", "")
        return digits if len(digits) == 8 else None

    ((meant, likely),) = likely_meanings([seen("2033.07.09", {7: {"": 0.45}})], day)
    assert meant == "20330709" and likely > CLEAR
    (first, second) = likely_meanings([seen("2033.07.09", {9: {"8": 0.45}})], day)
    assert first[0] == "20330709" and second[0] == "20330708" and 0.4 < second[1] < first[1]


@pytest.mark.parametrize("text", ["-2041.02.10", "2041.02.1", "2041.02.31", "", "长"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert _day_of(text) is None


@pytest.mark.parametrize(
    ("first", "last", "lawful"),
    [
        ("2023-07-09", "2033-07-09", True),
        ("2023-07-09", "2028-07-09", True),
        ("2023-07-09", "长期", True),
        ("2020-02-29", "2030-03-01", True),
        ("2023-07-09", "2033-07-08", False),
        ("2023-07-09", "2038-07-09", False),
        ("长期", "2038-07-09", False),
    ],
)
def test_terms_of_the_law(first: str, last: str, lawful: bool) -> None:
    assert is_term(first, last) == lawful


def test_a_day_in_doubt_is_the_one_that_a_term_leads_to() -> None:
    first, last = as_term(read(("2023-07-09", 0.99)), read(("2038-07-09", 0.6), ("2033-07-09", 0.38)))
    assert (first.text, last.text) == ("2023-07-09", "2033-07-09")
    assert last.confidence > 0.95
    first, last = as_term(read(("2028-07-09", 0.6), ("2023-07-09", 0.4)), read(("2033-07-09", 1.0)))
    assert first.text == "2028-07-09" and first.confidence == pytest.approx(0.6)  # both are terms
    assert last.confidence == pytest.approx(1.0)


def test_a_term_that_the_law_has_not_stays_as_it_was_read() -> None:
    first, last = as_term(read(("2023-07-09", 0.99)), read(("2038-07-09", 0.98)))
    assert (first.text, last.text) == ("2023-07-09", "2038-07-09")
    assert last.confidence == pytest.approx(0.98)
