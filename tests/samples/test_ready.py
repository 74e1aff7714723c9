"""The ready applications: as many and as different as promised, small, and nothing given away."""

from __future__ import annotations

import json

from samples.ready import READY
from samples.series import HERE, UNIT_FORMS

SCANS, EXPECTED = HERE / "applications", HERE / "expected"


def _expected():
    return [json.loads((EXPECTED / f"{recipe.name}.json").read_text()) for recipe in READY]


def test_every_recipe_has_its_folder_and_its_truth_elsewhere():
    assert {p.name for p in SCANS.iterdir()} == {r.name for r in READY}
    for recipe, truth in zip(READY, _expected(), strict=True):
        files = {p.name for p in (SCANS / recipe.name).iterdir()}
        assert files == {p["file"] for p in truth["pages"]} | ({"application.json"} if recipe.online else set())


def test_all_forms_platforms_and_kinds_of_file():
    truths = _expected()
    assert len(truths) >= 18
    assert len({t["form"] for t in truths}) == 7
    assert {t["platform"] for t in truths} == {"hpe", "ggzy"}
    assert {p.suffix for p in SCANS.rglob("*.*")} >= {".pdf", ".jpg", ".tif", ".png", ".json"}


def test_enough_pass_and_enough_fail_each_for_its_own_reason():
    unit = [t for t in _expected() if t["certificate"] in UNIT_FORMS]
    reasons = [(t["findings"][0]["code"], t["findings"][0]["where"]) for t in unit if t["decision"] == "review"]
    assert len(unit) - len(reasons) >= 6
    assert len(reasons) == len(set(reasons)) >= 8


def test_they_are_small():
    assert sum(p.stat().st_size for d in (SCANS, EXPECTED) for p in d.rglob("*.*")) < 20e6
