"""The policy of judging as data."""

from __future__ import annotations

from importlib.resources import files

import pytest

from validators.policy import POLICY, Policy
from yinjian.errors import SettingsError
from yinjian.findings import Severity

TEXT = files("validators").joinpath("policy.toml").read_text("utf-8")


def test_the_policy_in_force_is_the_file() -> None:
    assert Policy.from_toml(TEXT) == POLICY
    assert POLICY.new_without_register is Severity.NOTES


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("min_confidence = 0.75\n", ""),
        ("margin = -4.0", "margin = -4.0\nmargins = -4.0"),
        ("margin = -4.0", 'margin = "-4.0"'),
        ("max_age_days = 180", "max_age_days = 180.5"),
        ('new_without_register = "notes"', 'new_without_register = "never"'),
        ("[chosen]", "[chosen"),
        ("target = 0.0\n", ""),
    ],
)
def test_what_is_no_policy_is_refused_with_its_remedy(before: str, after: str) -> None:
    assert before in TEXT
    with pytest.raises(SettingsError, match=r"policy") as raised:
        Policy.from_toml(TEXT.replace(before, after, 1))
    assert "policy.toml" in raised.value.remedy
