"""Checking an electronic seal, step by step, so that who reads the answer knows which one failed."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from PIL import Image

from issuance.algorithms import NAMES, verifies
from issuance.certificate_check import revoked
from issuance.der import BROKEN
from issuance.eseal.seal import Picture, Seal, SealSignature, Signed
from issuance.eseal.stamp import stamped
from issuance.paths import path_of, period_of, subject
from issuance.sm2 import SM3
from issuance.steps import Step
from issuance.trust import Trust
from yinjian.errors import InputError

MOST_PIXELS = 40_000_000
EARLIER, LATER = timedelta(minutes=5), timedelta(days=1)  # of a time stamp beside the stated time
FORMATS = ("PNG", "JPEG", "GIF", "BMP")
_HASHES = {SM3: "sm3", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "SM3": "sm3", "SHA256": "sha256"}


@dataclass(frozen=True, slots=True)
class _By:
    """What `check` was given."""

    at: datetime
    trust: Trust
    strict: bool


def check(
    seal: Seal | SealSignature, at: datetime, trust: Trust, document: bytes | None = None, strict: bool = False
) -> tuple[Step, ...]:
    """Every step, in order. `document`: what a signature is to be on.

    `strict`: only a seal of a maker that is known is valid, with time stamps of authorities that are.
    """
    by = _By(at, trust.for_stamps, strict)
    if isinstance(seal, Seal):
        return (*_of_seal(seal, by), *_holders(seal, by))
    signed = replace(by, at=_instant(seal, by))
    return (*_of_seal(seal.seal, signed, signed=True), *_of_signature(seal, document, by))


def _of_seal(seal: Seal, by: _By, signed: bool = False) -> Iterator[Step]:
    """`signed`: with `strict` it must have been in force at the instant when somebody signed with it."""
    yield _signature("maker's signature", seal.signed)
    yield _maker(seal, by.trust.makers, by.strict)
    yield from _stamp("seal's time stamp", seal.signed, by)
    yield _picture(seal.picture)
    yield replace(_period(seal, by.at), decides=signed and by.strict)
    yield _within_certificates(seal)


def _of_signature(made: SealSignature, document: bytes | None, by: _By) -> Iterator[Step]:
    yield _signature("signer's signature", made.signed)
    stamp = tuple(_stamp("signature's time stamp", made.signed, by))
    yield from stamp
    if stamp and made.time is not None:
        yield _contradiction(made.time, _instant(made, by))
    named = may_use(made.seal, made.signed.certificate)
    yield Step("signer", named, "named in the seal" if named else "not named in the seal: they may not use it")
    yield _signer(made, bool(stamp) and all(step.holds for step in stamp), by)
    yield _document(made, document)


def _instant(made: SealSignature, by: _By) -> datetime:
    """When it was signed: as a time stamp has it that holds, else as the signer says, else now."""
    if made.signed.time_stamp is not None:
        try:
            return stamped(made.signed.time_stamp, made.signed.signature).at
        except InputError:
            pass
    return made.time or by.at


def _contradiction(stated: datetime, proven: datetime) -> Step:
    """A stamp comes after the signature, and soon: who states another time was there at neither."""
    holds = -EARLIER <= proven - stated <= LATER
    said = f"stated {stated:%Y-%m-%d %H:%M:%S} UTC, stamped {proven:%Y-%m-%d %H:%M:%S} UTC"
    return Step("stated time", holds, said if holds else f"{said}: they contradict each other")


def _holders(seal: Seal, by: _By) -> Iterator[Step]:
    """Whether a certificate that may use the seal was revoked: then the seal is not valid any more."""
    for der in seal.certificates:
        when = revoked(der, by.trust)
        if when is not None:
            yield Step("revocation", False, f"{subject(der)}: revoked on {when:%Y-%m-%d %H:%M:%S} UTC")


def _signer(made: SealSignature, stamped_rightly: bool, by: _By) -> Step:
    """Whether the signer's certificate was in force: with `strict` it must, signatures in the field break it.

    Only a time stamp proves that one signed before a revocation.
    """
    der, name = made.signed.certificate, "signer's certificate"
    try:
        begin, end = period_of(der)
    except InputError as error:
        return Step(name, False, f"{error.what} {error.remedy}")
    at, who = _instant(made, by), subject(der)
    if not begin <= at <= end:
        return Step(name, False, f"{who}: not in force on {at:%Y-%m-%d %H:%M:%S} UTC", by.strict)
    when = revoked(der, by.trust)
    if when is not None and not (stamped_rightly and at < when):
        proven = "" if stamped_rightly else ", and no time stamp proves that it was signed before"
        return Step(name, False, f"{who}: revoked on {when:%Y-%m-%d %H:%M:%S} UTC{proven}")
    return Step(name, True, f"{who}, in force on {at:%Y-%m-%d %H:%M:%S} UTC")


def _signature(name: str, signed: Signed) -> Step:
    try:
        holds = verifies(signed.certificate, signed.algorithm, signed.signature, signed.covered)
    except InputError as error:
        return Step(name, False, f"{error.what} {error.remedy}")
    who = subject(signed.certificate)
    return Step(
        name, holds, f"{who}, {NAMES[signed.algorithm]}{'' if holds else ': it does not hold, something was changed'}"
    )


def _maker(seal: Seal, makers: Sequence[bytes], strict: bool) -> Step:
    """Whether the maker's certificate leads to a root that is known, and was in force when the seal was made."""
    own = seal.signed.certificate
    try:
        path = path_of(own, makers)
    except InputError as error:
        return Step("maker", False, f"{error.what} {error.remedy}", strict)
    if path is None:
        return Step("maker", False if strict else None, f"{subject(own)}, of no CA that is known here", strict)
    inside = all(begin <= seal.created <= end for begin, end in map(period_of, (own, *path)))
    said = f"{subject(own)}, of {subject(path[-1])}" + ("" if inside else "; not in force when the seal was made")
    return Step("maker", inside, said)


def _stamp(name: str, signed: Signed, by: _By) -> Iterator[Step]:
    """Whether a stamp holds; with `strict` also whether its authority is of a CA that is known, and was in force."""
    if signed.time_stamp is None:
        return
    try:
        found = stamped(signed.time_stamp, signed.signature)
        path = path_of(found.authority, by.trust.known)
    except InputError as error:
        yield Step(name, False, f"{error.what} {error.remedy}")
        return
    said = f"{found.at:%Y-%m-%d %H:%M:%S} UTC, {subject(found.authority)}"
    if path is None:
        yield Step(name, False if by.strict else None, f"{said}, of no CA that is known here", by.strict)
        return
    inside = all(begin <= found.at <= end for begin, end in map(period_of, (found.authority, *path)))
    yield Step(name, inside, said + ("" if inside else "; not in force then"))


def _picture(picture: Picture) -> Step:
    try:
        width, height = decoded(picture).size
    except InputError as error:
        return Step("picture", False, f"{error.what} {error.remedy}")
    said = f"{picture.type}, {width} x {height} pixels, {picture.width_mm} x {picture.height_mm} mm"
    return Step("picture", True, said)


def decoded(picture: Picture) -> Image.Image:
    """The picture, decoded. Raises InputError for none, and for one that is larger than any seal before it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(picture.data), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            image.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(
            "The picture is larger than any seal's.", "It may be made to exhaust whoever opens it."
        ) from error
    except Exception as error:  # Pillow raises much for what is broken
        raise InputError("The seal's picture is none that can be shown.", f"Known are {', '.join(FORMATS)}.") from error
    return image


def _period(seal: Seal, at: datetime) -> Step:
    said = f"{seal.valid_from:%Y-%m-%d} to {seal.valid_until:%Y-%m-%d}"
    if at < seal.valid_from:
        return Step("period", False, f"{said}, it has not begun", decides=False)
    return Step(
        "period", at <= seal.valid_until, said if at <= seal.valid_until else f"{said}, it is over", decides=False
    )


def _within_certificates(seal: Seal) -> Step:
    """The seal's end is not after its holder's certificate's; seals that break it exist in the field."""
    ends = [_ends(der) for der in seal.certificates]
    known = [end for end in ends if end is not None]
    if not known:
        return Step("holder's certificate", None, "none that can be read", decides=False)
    holds = all(seal.valid_until <= end for end in known)
    said = f"{subject(seal.certificates[0])}" + ("" if holds else "; it ends before the seal does")
    return Step("holder's certificate", holds, said, decides=False)


def may_use(seal: Seal, signer: bytes) -> bool:
    """Whether a seal names a certificate (DER) among those that may use it."""
    if seal.certificates:
        return signer in seal.certificates
    return any(_digest(kind, signer) == value for kind, value in seal.digests)


def _digest(kind: str, data: bytes) -> bytes | None:
    name = _HASHES.get(kind)
    return None if name is None else hash_of(name, data)


def hash_of(name: str, data: bytes) -> bytes:
    """By the name that hashlib gives it; SM3 comes with OpenSSL 3."""
    return hashlib.new(name, data, usedforsecurity=False).digest()


def _document(made: SealSignature, document: bytes | None) -> Step:
    if not any(made.data_hash):
        return Step(
            "document",
            None if document is None else False,
            "its hash is all zero: it is on no document",
            document is not None,
        )
    if document is None:
        return Step("document", None, "not compared: no document was given", decides=False)
    holds = any(hash_of(name, document) == made.data_hash for name in ("sm3", "sha256"))
    return Step("document", holds, "as it was signed" if holds else "not what was signed")


def _ends(certificate: bytes) -> datetime | None:
    try:
        read = asn1_x509.Certificate.load(certificate, strict=True)
        end: datetime = read["tbs_certificate"]["validity"]["not_after"].native
    except BROKEN:
        return None
    return end.astimezone(UTC)
