"""Whatever stands in application.json: the paper it was filed with passes only with a claim that says the same."""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples.lookalikes import impostor
from tests.validators.builder import ALL, TODAY, application, claim
from validators.judge import judge
from yinjian.claim import parse_claim
from yinjian.records import Claim, Verdict
from yinjian.textfold import fold

PAPER = application()
SAID = claim(PAPER)
TYPED: dict[str, str] = dict(SAID.fields)
GOOD: dict[str, Any] = {
    "platform": SAID.platform,
    "certificate": SAID.certificate,
    "business": SAID.business,
    "fields": TYPED,
    "submitted_on": "2026-05-21",
}
absurd = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)
near = st.builds(lambda text, n: impostor(text, Random(n)), st.sampled_from([*TYPED.values()]), st.integers(0, 99))


def judged(value: object, as_of: date = TODAY) -> Verdict:
    said, intake = parse_claim(json.dumps(value).encode("utf-8", "surrogatepass"))
    return judge(PAPER, said, (), as_of, ALL, intake=intake)


def test_the_claim_that_the_paper_bears_out_passes() -> None:
    assert judged(GOOD).decision == "pass"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*TYPED]), absurd | near)
def test_one_value_changed(field_id: str, value: object) -> None:
    if judged(GOOD | {"fields": TYPED | {field_id: value}}).decision == "pass":
        assert isinstance(value, str)
        assert fold(value) in ("", fold(TYPED[field_id]))  # what was left out is taken from the paper


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*GOOD]), absurd)
def test_one_key_changed(key: str, value: object) -> None:
    if value != GOOD[key] and (key, value) != ("submitted_on", None):
        assert judged(GOOD | {key: value}).decision == "review"


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([*GOOD, "other"]) | st.text(max_size=5), absurd, max_size=6))
def test_any_object_at_all(value: dict[str, Any]) -> None:
    assert judged(value).decision == "review"


def test_a_megabyte_in_one_value() -> None:
    assert judged(GOOD | {"fields": TYPED | {"address": "长" * (1 << 20)}}).decision == "review"


@pytest.mark.parametrize("field_id", ["unit_name", "uscc", "authorization_agent_name", "authorization_agent_id"])
@pytest.mark.parametrize("seed", range(40))
def test_a_character_that_looks_alike_is_another_value(field_id: str, seed: int) -> None:
    """Also where the paper's recogniser cannot tell the two apart in print: here the paper reads surely."""
    other = impostor(TYPED[field_id], Random(seed))
    found = [(f.code, f.where) for f in judged(GOOD | {"fields": TYPED | {field_id: other}}).findings]
    assert fold(other) != fold(TYPED[field_id])
    assert ("field.inconsistent", field_id) in found


@pytest.mark.parametrize("days", [-10_000, -400, -30, 400, 10_000])
def test_a_clock_that_is_wrong_passes_nothing(days: int) -> None:
    assert judged(GOOD, TODAY + timedelta(days=days)).decision == "review"


def test_a_claim_of_nothing_but_its_kind_adds_nothing() -> None:
    said = Claim(SAID.platform, SAID.certificate, SAID.business, (), SAID.submitted_on)
    assert judge(PAPER, said, (), TODAY, ALL).decision == judge(PAPER, None, (), TODAY, ALL).decision
