"""What the bench holds the program to: shares, thresholds, growth, and impostors that differ by one symbol."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from bench.accuracy import NO_BOX_WRONG, Sure, growth, wrong_below
from bench.agreement import alter
from bench.bars import Bar, confidence, counted
from bench.report import drawn, save, table
from bench.score import BOXES, Score
from samples.lookalikes import impostor, impostors, like
from samples.profiles import DEFAULT, HELDOUT, PROFILES
from yinjian.catalogue import catalogue
from yinjian.share import Share


def test_a_bar_is_kept_or_missed_either_way() -> None:
    assert Bar("x", 0.9, 0.9).kept and not Bar("x", 0.9, 0.89).kept
    assert Bar("s", 1.0, 0.8, at_most=True).kept and not Bar("s", 1.0, 1.2, at_most=True).kept


def test_what_was_not_counted_has_no_row() -> None:
    rows = counted([Score(NO_BOX_WRONG, "a", "clear", "clear", True), Score(BOXES, "a", "clear", "clear", True)])
    assert {row.what for row in rows} == {NO_BOX_WRONG, BOXES}


def test_wrong_values_are_counted_below_the_threshold_that_keeps_95_of_100() -> None:
    values = [Sure(0.9 + n / 1000, True) for n in range(96)] + [Sure(0.1, False)] * 3 + [Sure(0.99, False)]
    threshold, below = wrong_below(values)
    assert threshold == pytest.approx(0.902)
    assert (sum(below), len(below)) == (3, 4)
    assert confidence(values).found == 0.75


def test_memory_that_stays_has_not_grown() -> None:
    assert growth([500, 900, *[1000] * 20]) == 0.0
    assert growth([500, *range(1000, 1100)]) > 0.03


def test_an_impostor_differs_by_one_symbol() -> None:
    draw = Random(1)
    for text in ("哈尔滨市日新木业有限公司", "91230103MA8117DW19", "王"):
        for false in (impostor(text, draw), *impostors(text, 5, draw)):
            assert sum(a != b for a, b in zip(text, false, strict=True)) == 1
    assert "末" in like("未") and "O" in like("0")
    assert len(set(impostors("哈尔滨市日新木业有限公司", 6, draw))) == 6


def test_an_altered_agreement_differs_in_one_place() -> None:
    own = catalogue().agreement("expert", "hpe")
    for seed in range(40):
        altered, what = alter(own, Random(seed))
        assert altered != own and what
        assert abs(sum(map(len, altered)) - sum(map(len, own))) <= 1


def test_held_out_profiles_share_no_font_hand_or_seal_with_the_others() -> None:
    rest = [PROFILES[name] for name in DEFAULT]
    for name in HELDOUT:
        own = PROFILES[name]
        if own.by_hand:
            assert not {hand for p in rest for hand in p.hands} & set(own.hands)
        else:
            assert not {font for p in rest for font in (*p.fonts, *p.fills)} & {*own.fonts, *own.fills}
        assert own.seal_style and not any(p.seal_style == own.seal_style for p in rest)


def test_results_are_kept_with_a_picture(tmp_path: Path) -> None:
    rows = [Bar("boxes", 0.99, 0.975, Share(39, 40)), Bar("seconds", 1.0, 0.5, at_most=True, unit=" s")]
    now = datetime(2026, 1, 2, tzinfo=UTC)
    paths = [save(tmp_path, {"seed": 1}, rows, [], [Score("boxes", "a", None, "x", False)], now) for _ in range(2)]
    assert [path.name for path in paths] == ["2026-01-02.json", "2026-01-02-2.json"]
    kept = json.loads(paths[0].read_text("utf-8"))
    assert kept["rows"][0]["interval"][0] == pytest.approx(0.871, abs=0.001) and not kept["rows"][0]["kept"]
    drawn(rows, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert table(rows, "x").row_count == 2
