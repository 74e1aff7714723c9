"""Check digits: the standards' own examples, and the errors that the standards promise to catch."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yinjian.checkdigits import (
    PROVINCES,
    USCC_ALPHABET,
    identity_check,
    is_identity_number,
    is_registration_number,
    is_uscc,
    registration_check,
    uscc_check,
)

TODAY = date(2026, 6, 1)
DIGITS = "0123456789"

usccs = st.text(USCC_ALPHABET, min_size=17, max_size=17).map(lambda s: s + uscc_check(s))
registrations = st.text(DIGITS, min_size=14, max_size=14).map(lambda s: s + registration_check(s))


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(sorted(PROVINCES))) + draw(st.text(DIGITS, min_size=4, max_size=4))
    born = draw(st.dates(date(1900, 1, 1), TODAY)).strftime("%Y%m%d")
    first17 = region + born + draw(st.text(DIGITS, min_size=3, max_size=3))
    return first17 + identity_check(first17)


def changed(code: str, at: int, by: str) -> str:
    return code[:at] + by + code[at + 1 :]


def swapped(code: str, at: int) -> str:
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


def test_examples_of_the_standards() -> None:
    assert is_uscc("91350100M000100Y43")  # GB 32100-2015, example in circulation
    assert is_registration_number("110108000000016")  # GS 15-2006
    assert is_identity_number("11010519491231002X", TODAY)  # GB 11643-1999
    assert is_identity_number("440524198001010013", TODAY)


@given(usccs, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_a_credit_code_with_one_symbol_changed_is_caught(code: str, at: int, by: str) -> None:
    assert is_uscc(code)
    assert is_uscc(changed(code, at, by)) == (code[at] == by)


@given(usccs, st.integers(0, 16))
def test_a_credit_code_with_neighbours_swapped_is_caught(code: str, at: int) -> None:
    assert is_uscc(swapped(code, at)) == (code[at] == code[at + 1])


@given(registrations, st.integers(0, 14), st.sampled_from(DIGITS))
def test_a_registration_number_with_one_digit_changed_is_caught(number: str, at: int, by: str) -> None:
    assert is_registration_number(number)
    assert is_registration_number(changed(number, at, by)) == (number[at] == by)


@given(identity_numbers(), st.integers(0, 16), st.sampled_from(DIGITS))
def test_an_identity_number_with_one_digit_changed_is_caught(number: str, at: int, by: str) -> None:
    assert is_identity_number(number, TODAY)
    assert is_identity_number(changed(number, at, by), TODAY) == (number[at] == by)


@given(identity_numbers(), st.integers(0, 16))
def test_an_identity_number_with_neighbours_swapped_is_caught(number: str, at: int) -> None:
    assert is_identity_number(swapped(number, at), TODAY) == (number[at] == number[at + 1])


def with_check(first17: str) -> str:
    return first17 + identity_check(first17)


@pytest.mark.parametrize(
    "number",
    [
        with_check("99010519491231002"),  # no such region
        with_check("11010519490231002"),  # 31 February
        with_check("11010520260602002"),  # born tomorrow
        with_check("11010518991231002"),  # born before 1900
        "11010519491231002x"[:17],
        "１１０１０５１９４９１２３１００２X",
        "",
    ],
)
def test_implausible_identity_numbers(number: str) -> None:
    assert not is_identity_number(number, TODAY)


@given(st.text(max_size=20))
def test_any_text_can_be_asked(text: str) -> None:
    assert is_uscc(text) in (True, False)
    assert is_registration_number(text) in (True, False)
    assert is_identity_number(text, TODAY) in (True, False)
