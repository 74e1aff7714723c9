"""The numbers that judging turns on, in one place and with a version: every reading is stored with it."""

from __future__ import annotations

from dataclasses import dataclass

from yinjian.findings import Severity


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and what is accepted. Margins are natural-log probabilities (see `Lattice.margin`)."""

    version: str = "3"
    # An uncorroborated value read with less confidence (0 to 1, its least sure symbol) is looked at by a person.
    min_confidence: float = 0.75
    # Telephones have no check digit and stand on no copy.
    min_phone_confidence: float = 0.9
    # An expected text is on the paper when log P(expected) > log P(best) + margin.
    margin: float = -4.0
    # The same for the text round a seal, for each stretch that was read differently. Of 181 seals a quarter do not pass
    # for their own unit's at this bound; of 2,172 names with one symbol changed, 0.1 to 0.2 % do.
    ring_margin: float = -3.0
    # Share of the unit's name to be legible: in a seal that is stamped over print, and on blank paper.
    ring_share: float = 0.5
    ring_share_collected: float = 0.75
    # A symbol read with less probability may be a misreading, and contradicts nothing.
    ring_sure: float = 0.9
    # Symbols in a seal that contradict the unit's name, and the share of the name below which it is surely another's.
    ring_strangers: int = 2
    ring_another: float = 0.6
    # Red print and pictures are smaller; a unit's seal measures 38 mm and more.
    min_seal_mm: float = 30.0
    # Days from the date on the form to the day of judgement.
    max_age_days: int = 180
    # Likeness (`extractors.fingerprint`) of two pictures from which on they show one impression, and one copy.
    same_impression: float = 0.989
    same_copy: float = 0.97
    # What it weighs that a new certificate could not be looked up because no register was given. Where a register
    # exists this must be `BLOCKS`.
    new_without_register: Severity = Severity.NOTES


POLICY = Policy()
