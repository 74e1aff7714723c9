"""Numbers and days are read by what they can be; what is plainly something else stays what it is."""

from __future__ import annotations

import math

import pytest

from extractors.alphabets import ALPHABETS
from extractors.decode import decode, restrict
from extractors.grammar import is_day, likely_days, likely_texts
from yinjian.lattice import Lattice
from yinjian.textfold import UNKNOWN

IDENTITY = "230104199309040524"  # a check character that holds


def seen(text: str, doubts: dict[int, dict[str, float]] | None = None, sure: float = 0.999) -> Lattice:
    """A lattice that reads `text`, with other symbols held possible at some places."""
    steps: list[tuple[tuple[str, float], ...]] = []
    for place, symbol in enumerate(text):
        others = (doubts or {}).get(place, {})
        own = sure - sum(others.values())
        found = [(symbol, own), *others.items()]
        steps.append(tuple((s, math.log(p)) for s, p in sorted(found, key=lambda item: -item[1])))
        steps.append((("", math.log(0.999)),))
    return Lattice("test", tuple(steps))


def test_a_digit_in_doubt_is_the_one_whose_check_holds() -> None:
    misread = IDENTITY[:5] + "9" + IDENTITY[6:]
    text, confidence, _, changes, *_ = decode([seen(misread, {5: {"4": 0.1}})], "identity_number")
    assert text == IDENTITY
    assert confidence > 0.9
    assert "5:9>4" in changes


def test_a_number_that_is_plainly_wrong_stays_wrong_and_unsure() -> None:
    wrong = IDENTITY[:5] + "9" + IDENTITY[6:]
    text, confidence, _, changes, *_ = decode([seen(wrong)], "identity_number")
    assert text == wrong and not changes
    assert confidence < 0.5


def test_a_telephone_is_a_mobiles_of_eleven_digits() -> None:
    text, confidence, *_ = decode([seen("7510920", {0: {"1": 0.2}}), seen("1174")], "phone")
    assert text == "15109201174" and confidence > 0.9


def test_a_day_is_one_of_the_calendars() -> None:
    parts = [[[seen("2026")]], [[seen("18", {1: {"0": 0.2}})]], [[seen("30")]]]
    text, confidence = likely_days(parts)[0]
    assert text == ("2026", "10", "30") and confidence > 0.9
    looks = [[[seen("2026")]], [[seen("10", {0: {"7": 0.2}})], [seen("70")]], [[seen("24")]]]
    text, confidence = likely_days(looks)[0]  # a look that is surer of what no month is counts for nothing
    assert text == ("2026", "10", "24") and confidence > 0.9
    hardly = [seen("1", sure=0.05)]  # of a look that took "11" for a character, next to nothing is left
    text, confidence = likely_days([[[seen("2026")]], [[seen("11", {1: {"": 0.1}})], hardly], [[seen("2")]]])[0]
    assert text == ("2026", "11", "2") and confidence > 0.75
    assert is_day("2024/2/29") and not is_day("2026/2/29") and not is_day("1026/1/1") and not is_day("2026//1")
    assert not is_day("2026/11/" + "1" * 20) and not is_day(f"2026/{10**12}/1")


def test_a_number_in_doubt_is_what_all_looks_hold_likely() -> None:
    said = seen("13912345678", {4: {"7": 0.45}})
    looks = [[seen("13912345678")], [seen("13912345678", {4: {"7": 0.2}})]]
    assert decode([said], "phone")[1] < 0.6
    assert decode([said], "phone", looks)[0] == "13912345678"
    assert decode([said], "phone", looks)[1] > 0.75


def test_symbols_of_one_meaning_count_together_and_those_beside_a_value_for_the_blank() -> None:
    step = tuple((s, math.log(p)) for s, p in (("l", 0.4), ("I", 0.3), ("日", 0.2), ("", 0.1)))
    alone, among = (restrict(Lattice("", (step,)), "digits", beside=b).steps[0] for b in ("", "月日"))
    assert dict(alone) == pytest.approx({"1": math.log(0.7), "": math.log(0.1)})
    assert dict(among) == pytest.approx({"1": math.log(0.7), "": math.log(0.3)})


def test_likely_texts_sum_over_alignments_and_keep_doubled_symbols() -> None:
    lattice = seen("88", {0: {"3": 0.3}})
    texts = dict(likely_texts(lattice))
    assert max(texts, key=texts.__getitem__) == "88"
    assert texts["88"] == pytest.approx(lattice.log_probability("88"), abs=1e-4)
    assert texts["38"] == pytest.approx(lattice.log_probability("38"), abs=1e-4)


@pytest.mark.parametrize("symbol", "黒戸説內眞龍國戶")
def test_shapes_of_other_lands_are_no_simplified_characters(symbol: str) -> None:
    assert not ALPHABETS["text"](symbol)


@pytest.mark.parametrize("symbol", "（）：，")
def test_marks_are_no_part_of_a_name(symbol: str) -> None:
    assert ALPHABETS["text"](symbol) and not ALPHABETS["name"](symbol)


@pytest.mark.parametrize("symbol", "黑户说内真龙国乾著喆堃")
def test_names_may_hold_rare_characters_and_those_that_are_both(symbol: str) -> None:
    assert ALPHABETS["text"](symbol)


def test_a_symbol_that_no_alphabet_has_does_not_vanish() -> None:
    rare = Lattice("test", (*seen("乔").steps, (("\u3b7e", math.log(0.001)), ("羹", math.log(1e-4))), (("", -0.001),)))
    for alphabet in ("name", "text"):
        text, sure, *_ = decode([rare], alphabet)
        assert (text, sure) == ("乔〓", 0.0)
    assert decode([seen("乔羹")], "name")[:2] == ("乔羹", pytest.approx(0.999, abs=1e-3))


def test_names_may_have_what_stands_for_another_elsewhere_and_is_standard() -> None:
    assert decode([seen("邓昇")], "name")[0] == "邓昇"


def test_names_may_have_traditional_forms_that_persons_bear() -> None:
    assert decode([seen("王濛")], "name")[0] == "王濛"


def test_a_sign_in_an_address_is_a_symbol_that_was_not_read() -> None:
    text, confidence, *_ = decode([seen("大街+32号", {2: {"4": 0.05}})], "address")
    assert text == f"大街{UNKNOWN}32号" and confidence == 0.0
    assert decode([seen("A座1-2层#3")], "address")[0] == "A座1-2层#3"
