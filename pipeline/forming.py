"""`yinjian form`: a form of the catalogue as a file."""

from __future__ import annotations

from pathlib import Path

from yinjian.claim import MAX_BYTES, parse_claim
from yinjian.errors import InputError
from yinjian.records import Claim


def write_form(form_id: str, platform: str, output: Path, fill: Path | None, reference: str | None = None) -> None:
    """Write a form, filled with what `fill` (an application.json) says; `reference` goes into a QR code."""
    import forms

    forms.write_form(form_id, platform, output, _claim(fill) if fill else None, reference)


def _claim(path: Path) -> Claim:
    try:
        with path.open("rb") as file:
            claim, findings = parse_claim(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path given to --fill.") from error
    if claim is None:
        raise InputError(f"{path} is no valid application.", " ".join(f.message for f in findings))
    return claim
