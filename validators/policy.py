"""The numbers that judging turns on, in one place and with a version: every reading is stored with it."""

from __future__ import annotations

from dataclasses import dataclass

from yinjian.findings import Severity


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and what is accepted. Margins are natural-log probabilities (see `Lattice.margin`)."""

    version: str = "1"
    # An uncorroborated value read with less confidence (0 to 1, its least sure symbol) is looked at by a person.
    min_confidence: float = 0.5
    # An expected text is on the paper when log P(expected) > log P(best) + margin.
    margin: float = -4.0
    # The same for the text round a seal, stricter, because there the whole name is weighed and not one symbol.
    ring_margin: float = -2.0
    # Share of the unit's name to be legible in the seal on a copy, which is stamped over print.
    ring_share: float = 0.5
    # Symbols in a seal that contradict the unit's name: from here on it is surely another's.
    ring_strangers: int = 2
    # Days from the date on the form to the day of judgement.
    max_age_days: int = 180
    # What it weighs that a new certificate could not be looked up because no register was given. Where a register
    # exists this must be `BLOCKS`.
    new_without_register: Severity = Severity.NOTES


POLICY = Policy()
