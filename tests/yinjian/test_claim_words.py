"""Texts and JSON from outside."""

from __future__ import annotations

import pytest

from yinjian import strictjson
from yinjian.textfold import fold, fold_code, print_forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("哈尔滨（北方）公司", "哈尔滨(北方)公司"),
        ("哈尔滨〔北方〕公司", "哈尔滨（北方）公司"),
        ("ＡＢＣ１２３", "ABC123"),
        ("王　小 明\u00a0", "王小明"),
        ("王\u200b小明", "王小明"),
    ],
)
def test_width_bracket_and_space_variants_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("己", "已"), ("未", "末"), ("黃", "黄"), ("Abc", "ABC"), ("O", "0"), ("㈱", "株")]
)
def test_nothing_else_is_folded(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_codes_and_print_forms() -> None:
    assert fold_code(" 1101-0519 4912 31002x") == "11010519491231002X"
    assert print_forms("甲(乙）") == ("甲(乙)", "甲（乙）")
    assert print_forms("甲乙") == ("甲乙",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'[{"a": -Infinity}]',
        b"[" * 100_000,
        b"9" * 10_000,
        b'"' + b"a" * 20_000 + b'"',
    ],
)
def test_json_that_cannot_be_trusted_is_a_problem(data: bytes) -> None:
    with pytest.raises(strictjson.JsonProblem):
        strictjson.load(data, limit=10_000 if data[:1] == b'"' else 1 << 20)


def test_a_byte_order_mark_is_no_problem() -> None:
    assert strictjson.load(b'\xef\xbb\xbf{"a": 1}', 100) == {"a": 1}


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x7f", "\ud800"])
def test_control_characters_and_surrogates_are_not_plain(text: str) -> None:
    assert not strictjson.is_plain(text)
