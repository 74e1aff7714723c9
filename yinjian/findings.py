"""Finding codes: stable words that other programs read. Severity is data, beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a finding does to a verdict: `blocks` and `warns` need a person, `notes` does not."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTES = "notes"


B, W, N = Severity.BLOCKS, Severity.WARNS, Severity.NOTES

# code -> severity unless a rule says otherwise.
CODES: dict[str, Severity] = {
    "scan.unreadable": B,
    "scan.encrypted": B,
    "scan.too_large": B,
    "scan.unsupported": B,
    "scan.low_resolution": W,
    "scan.blurred": W,
    "page.missing": B,
    "page.unexpected": W,
    "page.duplicate": W,
    "page.several_in_photo": B,
    "agreement.altered": B,
    "agreement.unclear": B,
    "form.unknown": B,
    "form.wrong_platform": B,
    "form.wrong_certificate": B,
    "claim.invalid": B,
    "field.missing": B,
    "field.unclear": B,
    "field.invalid": B,
    "field.inconsistent": B,
    "choice.none": B,
    "choice.multiple": B,
    "choice.unclear": B,
    "choice.not_offered": B,
    "seal.missing": B,
    "seal.unclear": B,
    "seal.clipped": B,
    "seal.overlaps_text": B,
    "seal.overlaps_line": B,
    "seal.not_red": B,
    "seal.name_mismatch": B,
    "seal.reused": B,
    "signature.missing": B,
    "signature.unclear": B,
    "signature.clipped": B,
    "signature.overlaps_text": B,
    "signature.overlaps_line": B,
    "signature.not_black": B,
    "signature.reused": B,
    "material.missing": B,
    "material.unsealed": B,
    "material.expired": B,
    "material.inconsistent": B,
    "material.reused": B,
    "business.no_certificate": B,
    "business.already_active": B,
    "rule.failed": B,
    "register.unavailable": B,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know; `where` names the field, choice group, mark, material or file."""

    code: str
    where: str
    message: str
    severity: Severity

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown finding code: {self.code}")


def finding(code: str, where: str, message: str, severity: Severity | None = None) -> Finding:
    """A finding with the severity of its code, unless another is given."""
    return Finding(code, where, message, severity or CODES[code])
