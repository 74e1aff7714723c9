"""The numbers that judging turns on, as data with a version: every verdict is stored with it. See `policy.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from importlib.resources import files

from yinjian.errors import SettingsError
from yinjian.findings import Severity

REMEDY = "Mend validators/policy.toml, or bring it back from the version before."


@dataclass(frozen=True, slots=True)
class Chosen:
    """What thresholds were chosen for: the share of passes with a wrong value, and where that was measured."""

    target: float
    measured: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and what is accepted; `policy.toml` says what each is. Margins are natural-log probabilities."""

    version: str
    min_confidence: float
    min_phone_confidence: float
    margin: float
    overruled_below: float
    ring_margin: float
    ring_share: float
    ring_share_collected: float
    ring_sure: float
    ring_alone: float
    ring_strangers: int
    ring_another: float
    min_seal_mm: float
    max_age_days: int
    misdated: float
    misclaimed: float
    same_impression: float
    same_on_sheet: float
    same_ink: float
    same_ink_on_sheet: float
    same_copy: float
    new_without_register: Severity
    chosen: Chosen

    def settles(self, likely: float, against: float) -> bool:
        """Whether what is this likely outweighs what speaks against it, by as much as a confidence must be."""
        return likely > self.min_confidence * (likely + against)

    @staticmethod
    def from_toml(text: str) -> Policy:
        """SettingsError for a file that is no TOML, lacks a number, has one that is not known, or of another kind."""
        try:
            read = tomllib.loads(text)
            read["new_without_register"] = Severity(read["new_without_register"])
            read["chosen"] = Chosen(**read["chosen"])
            policy = Policy(**read)
        except (tomllib.TOMLDecodeError, TypeError, KeyError, ValueError) as error:
            raise SettingsError(f"The policy of judging cannot be used: {error}.", REMEDY) from error
        _require_kinds(policy)
        return policy


def _require_kinds(policy: Policy) -> None:
    kinds: dict[str, tuple[type, ...]] = {"str": (str,), "float": (float,), "int": (int,)}
    for item in fields(policy):
        value = getattr(policy, item.name)
        if not isinstance(value, kinds.get(str(item.type), (object,))):
            raise SettingsError(f"{item.name} in the policy of judging must be a {item.type}.", REMEDY)


POLICY = Policy.from_toml(files("validators").joinpath("policy.toml").read_text("utf-8"))
