"""Checking an electronic seal, step by step, so that who reads the answer knows which one failed."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from PIL import Image

from issuance.algorithms import NAMES, verifies
from issuance.der import BROKEN, octets, parts, require_der
from issuance.eseal.seal import Picture, Seal, SealSignature, Signed
from issuance.eseal.stamp import stamped
from issuance.sm2 import SM3
from issuance.steps import Step
from yinjian.errors import InputError

MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "GIF", "BMP")
_HASHES = {SM3: "sm3", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "SM3": "sm3", "SHA256": "sha256"}


def check(
    seal: Seal | SealSignature,
    at: datetime,
    document: bytes | None = None,
    makers: Sequence[bytes] = (),
    strict: bool = False,
    known: Sequence[bytes] = (),
) -> tuple[Step, ...]:
    """Every step, in order. `document`: what a signature is to be on.

    `makers`: certificates (DER) of the CAs whose every certificate may make seals, up to their roots; with `strict` no
    other maker's seal is valid. `known`: the same of CAs that have time stamp authorities.
    """
    if isinstance(seal, Seal):
        return tuple(_of_seal(seal, at, makers, strict, known))
    made = _of_signature(seal, document, known, strict)
    return (*_of_seal(seal.seal, seal.time or at, makers, strict, known), *made)


def _of_seal(seal: Seal, at: datetime, makers: Sequence[bytes], strict: bool, known: Sequence[bytes]) -> Iterator[Step]:
    yield _signature("maker's signature", seal.signed)
    yield _maker(seal, makers, strict)
    yield from _stamp("seal's time stamp", seal.signed, known, strict)
    yield _picture(seal.picture)
    yield _period(seal, at)
    yield _within_certificates(seal)


def _of_signature(made: SealSignature, document: bytes | None, known: Sequence[bytes], strict: bool) -> Iterator[Step]:
    yield _signature("signer's signature", made.signed)
    yield from _stamp("signature's time stamp", made.signed, known, strict)
    named = may_use(made.seal, made.signed.certificate)
    yield Step("signer", named, "named in the seal" if named else "not named in the seal: they may not use it")
    yield _document(made, document)


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


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is asked of a certificate to find the one above it. Names as asn1crypto compares them; instants are UTC."""

    subject: str
    issuer: str
    begin: datetime
    end: datetime
    is_ca: bool
    algorithm: str
    body: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def path_of(certificate: bytes, known: Sequence[bytes]) -> tuple[bytes, ...] | None:
    """The certificates above one, up to a known root; None where none leads there. Raises InputError."""
    path: list[bytes] = []
    below = certificate
    for _ in range(len(known)):
        above = next((der for der in known if _signs(der, below)), None)
        if above is None:
            return None
        path.append(above)
        if read(above).subject == read(above).issuer:
            return tuple(path)
        below = above
    return None


def _signs(above: bytes, below: bytes) -> bool:
    """Whether a CA's certificate made the one below."""
    own, of = read(below), read(above)
    if not of.is_ca or of.subject != own.issuer:
        return False
    return verifies(above, own.algorithm, own.signature, own.body)


@lru_cache(maxsize=256)
def read(certificate: bytes) -> Certificate:
    """A certificate (DER), read to its last byte. Raises InputError."""
    require_der(certificate)
    try:
        found = asn1_x509.Certificate.load(certificate, strict=True)
        found.native  # noqa: B018 reads all of it: else what is wrong shows when it is asked for
        validity, constraints = found["tbs_certificate"]["validity"], found.basic_constraints_value
        body, algorithm, *_ = parts(certificate)
        if algorithm not in parts(body):  # the one inside is signed too
            raise ValueError("two algorithms")
        return Certificate(
            found.subject.hashable,
            found.issuer.hashable,
            validity["not_before"].native.astimezone(UTC),
            validity["not_after"].native.astimezone(UTC),
            constraints is not None and bool(constraints["ca"].native),
            found["signature_algorithm"]["algorithm"].dotted,
            body,
            octets(found["signature_value"]),
        )
    except BROKEN as error:
        raise InputError("A certificate cannot be read.", "Get the file again from where it was made.") from error


def period_of(certificate: bytes) -> tuple[datetime, datetime]:
    """From when to when a certificate (DER) says it runs, UTC. Raises InputError."""
    found = read(certificate)
    return found.begin, found.end


def _stamp(name: str, signed: Signed, known: Sequence[bytes], strict: bool) -> Iterator[Step]:
    """Whether a stamp holds; with `strict` also whether its authority is of a CA that is known, and was in force."""
    if signed.time_stamp is None:
        return
    try:
        found = stamped(signed.time_stamp, signed.signature)
        path = path_of(found.authority, known)
    except InputError as error:
        yield Step(name, False, f"{error.what} {error.remedy}")
        return
    said = f"{found.at:%Y-%m-%d %H:%M:%S} UTC, {subject(found.authority)}"
    if path is None:
        yield Step(name, not strict, f"{said}, of no CA that is known here")
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


def subject(certificate: bytes) -> str:
    """Whom a certificate names, as its own words have it; `?` where it cannot be read."""
    try:
        named = asn1_x509.Certificate.load(certificate, strict=True).subject.native
    except BROKEN:
        return "?"
    return str(named.get("common_name") or named.get("organization_name") or "?")
