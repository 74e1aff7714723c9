"""What the bench of judging counts, on true readings: every fault is made of a clean one, and none passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.judging import POLICY_FILE, Point, Trial, chosen, curve, proposed, trials
from bench.reading import Read
from samples.series import CERTIFICATES, Recipe
from tests.validators.test_samples import SAMPLES, reading_of
from validators.policy import POLICY, Policy
from yinjian.share import Share

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


def test_a_chosen_target_makes_the_next_version_of_the_policy() -> None:
    text = POLICY_FILE.read_text("utf-8")
    point = Point(0.95, Share(45, 50), Share(0, 45))
    policy = Policy.from_toml(proposed(text, point, 0.001, "seed 7, 100 applications"))
    assert int(policy.version) == int(POLICY.version) + 1
    assert (policy.min_confidence, policy.min_phone_confidence) == (0.95, 0.95)
    assert (policy.chosen.target, policy.chosen.measured) == (0.001, "seed 7, 100 applications")
    assert policy.margin == POLICY.margin
