"""What several looks at one seal say together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.random import default_rng

from extractors.engine import Engine
from extractors.formmarks import seal_mark
from extractors.ring import cut
from extractors.seals import find_seals
from extractors.sealtext import _agreed, _gaps_beside, _held_alone
from samples.seals import make_seal
from tests.extractors.test_grammar import seen
from tests.extractors.test_special_seals import stamped
from validators.policy import POLICY
from yinjian.records import Mark


def sureness(looks: list[tuple[str, dict[int, dict[str, float]]]]) -> dict[str, float]:
    """What is told, and how surely, by the look that shows it best."""
    _, _, lattice = _agreed([seen(text, doubts) for text, doubts in looks])
    return {symbol: math.exp(p) for symbol, p in lattice.best_path()}


def marks_of(engine: Engine, unit: str, seed: int) -> list[Mark]:
    """The seals found on a sheet with one stamp, as collected ones."""
    sheet = stamped(make_seal(default_rng(seed), unit, "round"), seed)
    return [seal_mark("seal_collection", sheet, 0, seal, engine) for seal in find_seals(sheet)]


def test_a_symbol_is_no_surer_than_all_looks_hold_it() -> None:
    alone = sureness([("鹤闵市", {})])
    assert alone["闵"] > 0.99
    together = sureness([("鹤闵市", {1: {"岗": 0.05}}), ("鹤闵市", {1: {"岗": 0.2}}), ("鹤岗市", {1: {"闵": 0.2}})])
    assert together["闵"] < 0.9  # one look is sure of it, and not all are
    assert min(together["鹤"], together["市"]) > 0.99


def test_what_else_is_possible_stays_as_much_less_likely() -> None:
    looks = [seen("鹤闵市", {1: {"岗": 0.02}}), seen("鹤岗市", {1: {"闵": 0.3}})]
    text, confidence, lattice = _agreed(looks)
    assert text == "鹤闵市" and confidence < 0.9
    margin = lattice.log_probability("鹤岗市") - lattice.log_probability("鹤闵市")
    assert margin == pytest.approx(math.log(0.02 / 0.979), abs=0.05)


@pytest.mark.parametrize(("share", "read"), [(0.02, "北林有限责任公司"), (1e-5, "北林有限责仟公司")])
def test_a_companys_form_is_read_where_the_ink_allows_it(share: float, read: str) -> None:
    """And where it does not, the seal says what no company's does."""
    text, _, _ = _agreed([seen("北林有限责仟公司", {5: {"任": share}})])
    assert text == read


def test_a_companys_name_before_its_form_is_no_part_of_it() -> None:
    doubts = {1: {"技": 0.3}}
    assert _agreed([seen("科枝有限公司", doubts)])[0] == "科枝有限公司"


def test_two_exchanged_symbols_are_not_likelier_than_one() -> None:
    doubts = {4: {"贵": 0.3}, 5: {"任": 0.01}}
    assert _agreed([seen("北林有限责仟公司", doubts)])[0] == "北林有限责任公司"


@pytest.mark.parametrize(("length", "shown"), [(60, 80), (96, 100), (100, 100)])
def test_a_ring_cut_in_a_narrow_gap_shows_nothing_twice(length: int, shown: int) -> None:
    strip = np.arange(1, 101, dtype=np.float32)[None].repeat(40, 0)
    columns = cut(strip, 30, length)[0]
    assert len(columns) == length + 20
    assert len(columns[columns > 0]) == shown == len(set(columns[columns > 0].tolist()))


def test_a_symbol_by_itself_is_held_as_likely_as_what_speaks_most_against_it_allows() -> None:
    assert _held_alone("心", [seen("心"), seen("心")]) == 1.0
    doubted = _held_alone("心", [seen("心", {0: {"必": 0.45}}), seen("必", {0: {"心": 0.01}})])
    assert doubted < 0.05
    # Weights that know a symbol seldom take it for a common one; others are sure of it.
    assert _held_alone("夭", [seen("夭", {0: {"天": 0.03}}), seen("天")]) > 0.2


@pytest.mark.parametrize("seed", range(6))
def test_the_symbols_of_a_collected_seal_are_told_by_themselves_too(seed: int, engine: Engine) -> None:
    (mark,) = marks_of(engine, "黑龙江省水文水资源中心", seed)
    assert mark.ring_text.startswith("黑龙江省水文水资源中心") and mark.ring_lattice is not None
    assert min(mark.ring_lattice.best_path()[:11], key=lambda told: told[1])[1] > math.log(POLICY.ring_alone)


def test_symbols_are_cut_out_where_there_is_paper_between_them() -> None:
    strip = np.zeros((20, 90), np.float32)
    strip[:, 5:25] = strip[:, 32:52] = strip[:, 52:72] = 1.0  # two of them touch
    gaps = _gaps_beside(strip, [(0.1, 0.2), (0.4, 0.5), (0.65, 0.75)])
    assert gaps[2] is None
    assert all(gap is not None and strip[:, gap].max() == 0 for gap in (gaps[0], gaps[1], gaps[3]))
