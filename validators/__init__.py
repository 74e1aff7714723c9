"""Judging: what was read, claimed and registered becomes findings and a verdict. Pure functions, no input or output."""

from validators.case import Case
from validators.judge import Outcome, examine, judge, open_case
from validators.policy import POLICY, Policy

__all__ = ["POLICY", "Case", "Outcome", "Policy", "examine", "judge", "open_case"]
