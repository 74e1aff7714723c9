"""Checking what somebody brings: a certificate, an electronic seal, a signature with one, a sealed PDF, an OFD file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import pem, x509  # type: ignore[import-untyped]
from sqlalchemy import select

from issuance import certificate_check
from issuance.der import BROKEN
from issuance.eseal import check as seal_check
from issuance.eseal import ofd
from issuance.eseal.seal import LARGEST, Seal, SealSignature, parse, seal_of
from issuance.paths import subject
from issuance.steps import Step, is_valid
from issuance.trust import Trust
from pipeline.clock import now, shown
from pipeline.published import authority_chain, current_list
from pipeline.registry import CertificateState
from pipeline.stamping import stampers
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.issuing_tables import Seal as SealRow
from pipeline.store.store import Store
from pipeline.workshop import seal_makers
from yinjian.errors import InputError
from yinjian.settings import Settings

PDF, ZIP, DER = b"%PDF-", b"PK\x03\x04", b"\x30"
_AGAIN = "Get the file again from where it was made."


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was checked: what it says of itself, and the steps."""

    said: dict[str, str]
    steps: tuple[Step, ...]

    @property
    def valid(self) -> bool:
        return is_valid(self.steps)


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was checked. `parts`: the signatures of a document, or the file itself."""

    what: str
    parts: tuple[Part, ...]

    @property
    def valid(self) -> bool:
        return all(part.valid for part in self.parts)


def known(
    settings: Settings,
    store: Store | None,
    more: Sequence[bytes] = (),
    lists: Sequence[bytes] = (),
    more_makers: Sequence[bytes] = (),
) -> Trust:
    """This CA's certificates, where there is one, its newest lists, and what else is given (DER).

    `more_makers`: those above other makers of seals; what is above holders makes none.
    """
    newest = [current_list(store, sm2) for sm2 in (False, True)] if store is not None else []
    return Trust(
        (*authority_chain(settings), *authority_chain(settings, sm2=True), *more),
        (*seal_makers(settings), *more_makers),
        (*lists, *(one.der for one in newest if one)),
        stampers(settings),
    )


def verify(
    data: bytes, trust: Trust, store: Store | None, document: bytes | None = None, strict: bool = False
) -> Verified:
    """What a file is and whether it holds. Raises InputError for what is none of those, or is broken.

    `document`: what a signature with a seal is to be on; `strict`: only seals of a maker that is known are valid.
    `store`: where seals and certificates were made, and say whether they were revoked.
    """
    if data.startswith(ZIP):
        return _ofd(data, trust, store, strict)
    if PDF in data[:1024] and not data.startswith(DER):
        return _pdf(data, trust)
    if len(data) > LARGEST:
        raise InputError("This is no PDF or OFD file, and too large for a seal or certificate.", _AGAIN)
    data = _unarmored(data)
    if certificate_check.is_certificate(data):
        steps = (*certificate_check.check(data, now(), trust), *_registered(store, data))
        return Verified("certificate", (Part(certificate_check.details(data), steps),))
    found = parse(data)
    return _sealed(found, trust, document, strict, _standing(store, found) if store is not None else ())


def verify_seal(data: bytes, trust: Trust, store: Store | None, document: bytes | None, strict: bool) -> Verified:
    """Whether a seal, or a signature made with one, holds. Raises InputError for what is neither.

    `store`: where the seal must have been made, and be in force.
    """
    found = parse(data)
    return _sealed(found, trust, document, strict, (standing(store, seal_of(found)),) if store is not None else ())


def _sealed(
    found: Seal | SealSignature, trust: Trust, document: bytes | None, strict: bool, stands: tuple[Step, ...]
) -> Verified:
    said = of_seal(found)
    steps = (*seal_check.check(found, now(), trust, document, strict), *stands)
    return Verified(said["what"], (Part(said, steps),))


def of_seal(found: Seal | SealSignature) -> dict[str, str]:
    """What a seal, or a signature made with one, says of itself."""
    seal = seal_of(found)
    said = {
        "what": "electronic seal" if isinstance(found, Seal) else "signature with an electronic seal",
        "version": str(found.version),
        "id": seal.id,
        "name": seal.name,
        "holder": ", ".join(subject(der) for der in seal.certificates) or "named by digest",
        "period": f"{shown(seal.valid_from)} to {shown(seal.valid_until)}",
        "size": f"{seal.picture.width_mm} x {seal.picture.height_mm} mm",
    }
    if isinstance(found, SealSignature) and found.time is not None:
        said |= {"signed at": shown(found.time), "signer": subject(found.signed.certificate)}
    return said


def standing(store: Store, seal: Seal) -> Step:
    """Whether a seal is the one that was made here for its certificate, and that certificate is in force."""
    with store.reading() as session:
        row = session.get(CertificateRow, seal.id)
        kept = session.scalars(select(SealRow.eseal).where(SealRow.serial == seal.id)).first()
    if row is None or kept is None:
        return Step("standing", False, "no seal of this id was made here")
    if store.blobs.get(kept) != seal.der:
        return Step("standing", False, "another seal of this id was made here")
    if row.state == CertificateState.REVOKED:
        return Step("standing", False, f"its certificate was {_revoked(row)}")
    return Step("standing", True, f"as it was made here; its certificate is {row.state}")


def _standing(store: Store, found: Seal | SealSignature) -> tuple[Step, ...]:
    """Of a seal that was made here; another maker's has none."""
    seal = seal_of(found)
    with store.reading() as session:
        if session.get(CertificateRow, seal.id) is None:
            return ()
    return (standing(store, seal),)


def _registered(store: Store | None, certificate: bytes) -> tuple[Step, ...]:
    """What the register says of a certificate that was made here: it knows at once what a list says later."""
    if store is None:
        return ()
    with store.reading() as session:
        row = session.get(CertificateRow, f"{x509.Certificate.load(certificate).serial_number:X}")
    if row is None or row.blob is None or store.blobs.get(row.blob) != certificate:
        return ()
    if row.state == CertificateState.REVOKED:
        return (Step("register", False, _revoked(row)),)
    held = row.state != CertificateState.ACTIVE
    return (Step("register", not held, f"{row.state}{': its holder has not accepted it yet' if held else ''}"),)


def _revoked(row: CertificateRow) -> str:
    return f"revoked on {shown(row.revoked_at) if row.revoked_at else '?'} ({row.reason})"


def _pdf(data: bytes, trust: Trust) -> Verified:
    from issuance.pdf.checking import check

    parts = [
        Part({"place": one.field, "signer": one.signer, "sealed at": shown(one.at) if one.at else "?"}, one.steps)
        for one in check(data, now(), trust)
    ]
    return Verified("sealed PDF", tuple(parts))


def _ofd(data: bytes, trust: Trust, store: Store | None, strict: bool) -> Verified:
    parts = []
    for one in ofd.check(data, now(), trust, strict):
        stands = _standing(store, one.made) if store is not None and one.made is not None else ()
        drawn = ", ".join(f"page {place.page}: {' '.join(f'{n:g}' for n in place.boundary)} mm" for place in one.drawn)
        seal = of_seal(one.made) if one.made is not None else {"what": "plain signature"}
        parts.append(Part({"place": one.path, **seal, "drawn": drawn or "nowhere"}, (*one.steps, *stands)))
    return Verified("signed OFD", tuple(parts))


def _unarmored(data: bytes) -> bytes:
    """DER of a PEM file; DER as it is."""
    if not pem.detect(data):
        return data
    try:
        return bytes(pem.unarmor(data)[2])
    except BROKEN as error:
        raise InputError("The PEM file cannot be read.", _AGAIN) from error
