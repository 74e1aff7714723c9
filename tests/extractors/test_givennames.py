"""A given name's doubtful character is more often the common one."""

from __future__ import annotations

import math

import pytest

from extractors.decode import decode
from extractors.givennames import as_named
from tests.extractors.test_grammar import seen
from yinjian.lattice import BLANK


def test_the_common_one_of_two_in_doubt_is_read() -> None:
    """敏 is borne by 29 times as many as 毓."""
    text, sure, lattices, *_ = decode([seen("梁兰毓", {2: {"敏": 0.3}})], "name")
    assert text == "梁兰敏" and 0.9 < sure < 1.0
    # Whether a claim's name stands there is asked of what was seen, not of what names there are.
    assert lattices[0].margin("梁兰毓") == pytest.approx(0.0)


def test_what_is_read_surely_stays_and_a_rare_one_in_doubt_is_less_sure() -> None:
    assert decode([seen("梁兰毓")], "name")[:2] == ("梁兰毓", pytest.approx(1.0, abs=0.02))
    text, sure, *_ = decode([seen("梁兰毓", {2: {"敏": 0.02}})], "name")
    assert text == "梁兰毓" and sure < 0.75


def test_a_surname_is_not_weighed_nor_any_other_text() -> None:
    assert decode([seen("霍敏", {0: {"雷": 0.4}})], "name")[0] == "霍敏"
    assert decode([seen("兰毓", {1: {"敏": 0.3}})], "text")[0] == "兰毓"


def test_what_a_step_holds_keeps_its_sum() -> None:
    lattice = seen("梁兰毓", {2: {"敏": 0.3, BLANK: 0.1}})
    for before, after in zip(lattice.steps, as_named(lattice).steps, strict=True):
        assert sum(math.exp(p) for _, p in after) == pytest.approx(sum(math.exp(p) for _, p in before), abs=1e-6)
