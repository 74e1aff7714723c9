"""What was looked at when something was checked, so that who reads the answer knows which step failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `holds`: None where it cannot be told; `decides`: without it nothing is valid.

    `said`: in plain words.
    """

    name: str
    holds: bool | None
    said: str
    decides: bool = True


def is_valid(steps: Sequence[Step]) -> bool:
    """Whether everything that decides holds."""
    return all(step.holds for step in steps if step.decides)
