"""What the commands about electronic seals do and print."""

from __future__ import annotations

import io
import json
from pathlib import Path

from asn1crypto import pem  # type: ignore[import-untyped]
from rich.console import Console
from sqlalchemy import select

from issuance.eseal.check import Step, check, decoded, is_valid, subject
from issuance.eseal.maker import LEVELS
from issuance.eseal.seal import LARGEST, Seal, SealSignature, parse
from pipeline.clock import now, shown
from pipeline.registry import CertificateState
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.issuing_tables import Seal as SealRow
from pipeline.store.store import Store
from pipeline.workshop import seal_directory
from yinjian.errors import InputError
from yinjian.files import write_whole
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)
INVALID = 9  # exit code
MARKS = {True: "✓", False: "✗", None: "?"}


def verify_file(
    settings: Settings, file: Path, document: Path | None, strict: bool, as_json: bool, store: Store | None = None
) -> int:
    """Print each step; the exit code. `store`: where the seal should have been made."""
    found = parse(_read(file))
    original = _read(document) if document else None
    steps = check(found, now(), original, known_makers(settings), strict)
    if store is not None:
        steps = (*steps, standing(store, _seal(found)))
    valid = is_valid(steps)
    if as_json:
        OUT.print(json.dumps(_as_json(found, steps, valid), ensure_ascii=False, indent=1))
    else:
        for name, value in _said(found).items():
            OUT.print(f"{name:12} {value}")
        for step in steps:
            OUT.print(f"{MARKS[step.holds]} {step.name}: {step.said}")
        OUT.print("valid" if valid else "NOT VALID")
    return 0 if valid else INVALID


def show_file(file: Path, image: Path | None) -> None:
    """What it says, and its picture as PNG."""
    found = parse(_read(file))
    for name, value in _said(found).items():
        OUT.print(f"{name:12} {value}")
    if image is not None:
        stream = io.BytesIO()
        decoded(_seal(found).picture).save(stream, "PNG")
        write_whole(image, stream.getvalue())


def standing(store: Store, seal: Seal) -> Step:
    """Whether a seal is the one that was made here for its certificate, and that certificate is in force."""
    with store.reading() as session:
        row = session.get(CertificateRow, seal.id)
        kept = session.scalars(select(SealRow.eseal).where(SealRow.serial == seal.id)).first()
    if row is None or kept is None:
        return Step("standing", False, "no seal of this id was made here")
    own = parse(store.blobs.get(kept))
    if not isinstance(own, Seal) or own.signed != seal.signed:
        return Step("standing", False, "another seal of this id was made here")
    if row.state == CertificateState.REVOKED:
        when = shown(row.revoked_at) if row.revoked_at else "?"
        return Step("standing", False, f"its certificate was revoked on {when} ({row.reason})")
    return Step("standing", True, f"as it was made here; its certificate is {row.state}")


def known_makers(settings: Settings) -> tuple[bytes, ...]:
    """The certificates of this CA's seal maker's CAs (DER); none where there is no CA."""
    there = (seal_directory(settings) / f"{level}.pem" for level in LEVELS[:-1])
    return tuple(bytes(pem.unarmor(path.read_bytes())[2]) for path in there if path.is_file())


def _seal(found: Seal | SealSignature) -> Seal:
    return found if isinstance(found, Seal) else found.seal


def _said(found: Seal | SealSignature) -> dict[str, str]:
    seal = _seal(found)
    said = {
        "what": "electronic seal" if isinstance(found, Seal) else "signature with an electronic seal",
        "version": str(found.version),
        "id": seal.id,
        "name": seal.name,
        "holder": ", ".join(subject(der) for der in seal.certificates) or "named by digest",
        "valid": f"{shown(seal.valid_from)} to {shown(seal.valid_until)}",
        "size": f"{seal.picture.width_mm} x {seal.picture.height_mm} mm",
    }
    if isinstance(found, SealSignature) and found.time is not None:
        said |= {"signed at": shown(found.time), "signer": subject(found.signed.certificate)}
    return said


def _as_json(found: Seal | SealSignature, steps: tuple[Step, ...], valid: bool) -> dict[str, object]:
    listed = [{"step": s.name, "holds": s.holds, "decides": s.decides, "said": s.said} for s in steps]
    return {"valid": valid, **_said(found), "steps": listed}


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Name a file that is there.") from error
