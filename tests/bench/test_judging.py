"""What the bench of judging counts, on true readings: every fault is made of a clean one, and none passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.judging import Trial, chosen, curve, trials
from bench.reading import Read
from samples.series import CERTIFICATES, Recipe
from tests.validators.test_samples import SAMPLES, reading_of

CLEAN = ("a01", "a03", "a07", "a12", "a14", "a21")


def read(name: str) -> Read:
    truth = json.loads((SAMPLES / "expected" / f"{name}.json").read_text("utf-8"))
    path: Path = SAMPLES / "applications" / name / "application.json"
    claim = path.read_bytes() if path.exists() else None
    recipe = Recipe(name, 0, truth["certificate"], truth["platform"], truth["business"], "", online=claim is not None)
    return Read(recipe, truth, reading_of(truth), {}, 0, 0, claim)


def all_trials() -> list[Trial]:
    return [trial for name in CLEAN for trial in trials(read(name))]


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_application_passes_and_its_faults_do_not(name: str) -> None:
    clean, *faulty = trials(read(name))
    assert clean.judged().decision == "pass"
    assert len(faulty) >= 2
    for trial in faulty:
        verdict = trial.judged()
        assert verdict.decision == "review"
        assert trial.expected in {f.code for f in verdict.findings}


def test_the_curve_lets_all_clean_ones_pass_at_every_threshold_when_reading_is_sure() -> None:
    points = curve(all_trials())
    assert {point.passes.right for point in points} == {len(CLEAN)}
    assert {point.wrong.right for point in points} == {0}
    best = chosen(points, 0.001)
    assert best is not None
    assert best.min_confidence == max(point.min_confidence for point in points)


def test_no_threshold_is_chosen_where_nothing_passes() -> None:
    assert chosen((), 0.001) is None
    assert set(CERTIFICATES) >= {read(name).recipe.certificate for name in CLEAN}
