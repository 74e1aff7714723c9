"""Scoring texts on a lattice, against sums over all alignments worked out by brute force."""

from __future__ import annotations

import math
from itertools import groupby, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yinjian.lattice import BLANK, Lattice

SYMBOLS = ("甲", "乙", BLANK)


def lattice_of(text: str, log_probability: float = -0.01) -> Lattice:
    """A sure reading of `text`: each symbol once, with a blank behind it."""
    return Lattice("test", tuple(step for s in text for step in (((s, log_probability),), ((BLANK, -0.01),))))


def brute_force(rows: list[list[float]], text: str) -> float:
    paths = product(range(len(SYMBOLS)), repeat=len(rows))
    return sum(
        math.prod(row[i] for row, i in zip(rows, path, strict=True))
        for path in paths
        if "".join(s for s, _ in groupby(SYMBOLS[i] for i in path)) == text
    )


@st.composite
def rows(draw: st.DrawFn) -> list[list[float]]:
    weights = draw(st.lists(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3), min_size=1, max_size=5))
    return [[w / sum(row) for w in row] for row in weights]


@settings(max_examples=60, deadline=None)
@given(rows(), st.text(alphabet="甲乙", max_size=4))
def test_the_forward_algorithm_sums_all_alignments(table: list[list[float]], text: str) -> None:
    lattice = Lattice(
        "test", tuple(tuple((s, math.log(p)) for s, p in zip(SYMBOLS, row, strict=True)) for row in table)
    )
    expected = brute_force(table, text)
    assert math.exp(lattice.log_probability(text)) == pytest.approx(expected, abs=1e-9)


def test_the_expected_text_scores_best_and_an_impostor_far_below() -> None:
    lattice = lattice_of("哈尔滨")
    assert lattice.best_text() == "哈尔滨"
    assert lattice.margin("哈尔滨") == 0.0
    assert lattice.margin("哈尔宾") < -4


def test_a_doubtful_symbol_leaves_both_readings_close() -> None:
    doubt = (("日", math.log(0.55)), ("曰", math.log(0.44)))
    lattice = Lattice("test", (doubt, ((BLANK, -0.01),)))
    assert lattice.best_text() == "日"
    assert -1 < lattice.margin("曰") < 0


def test_a_doubled_symbol_needs_a_blank_between() -> None:
    assert lattice_of("天天").best_text() == "天天"
    assert Lattice("test", ((("天", -0.1),), (("天", -0.1),))).best_text() == "天"


@pytest.mark.parametrize(("text", "score"), [("", 0.0), ("甲", -math.inf)])
def test_an_empty_lattice_holds_only_the_empty_text(text: str, score: float) -> None:
    assert Lattice("test", ()).log_probability(text) == score


def test_a_text_longer_than_the_line_is_impossible() -> None:
    assert Lattice("test", ((("甲", -0.1),),)).margin("甲乙丙") == -math.inf
