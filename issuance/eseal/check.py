"""Checking an electronic seal, step by step, so that who reads the answer knows which one failed."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from PIL import Image

from issuance.eseal.algorithms import NAMES, SM3, verifies
from issuance.eseal.der import BROKEN, octets, require_der
from issuance.eseal.seal import Picture, Seal, SealSignature, Signed
from issuance.eseal.stamp import stamped
from yinjian.errors import InputError

MOST_PIXELS = 40_000_000
FORMATS = ("PNG", "JPEG", "GIF", "BMP")
_HASHES = {SM3: "sm3", "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "SM3": "sm3", "SHA256": "sha256"}


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


def check(
    seal: Seal | SealSignature,
    at: datetime,
    document: bytes | None = None,
    known: Sequence[bytes] = (),
    strict: bool = False,
) -> tuple[Step, ...]:
    """Every step, in order. `document`: what a signature is to be on.

    `known`: certificates (DER) of makers' CAs up to their roots; with `strict` no other maker's seal is valid.
    """
    if isinstance(seal, Seal):
        return tuple(_of_seal(seal, at, known, strict))
    return (*_of_seal(seal.seal, seal.time or at, known, strict), *_of_signature(seal, document))


def _of_seal(seal: Seal, at: datetime, known: Sequence[bytes], strict: bool) -> Iterator[Step]:
    yield _signature("maker's signature", seal.signed)
    yield _maker(seal, known, strict)
    yield from _stamp("seal's time stamp", seal.signed)
    yield _picture(seal.picture)
    yield _period(seal, at)
    yield _within_certificates(seal)


def _of_signature(made: SealSignature, document: bytes | None) -> Iterator[Step]:
    yield _signature("signer's signature", made.signed)
    yield from _stamp("signature's time stamp", made.signed)
    yield Step(
        "signer",
        _may_use(made),
        "named in the seal" if _may_use(made) else "not named in the seal: they may not use it",
    )
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


def _maker(seal: Seal, known: Sequence[bytes], strict: bool) -> Step:
    """Whether the maker's certificate leads to a root that is known, and was in force when the seal was made."""
    own = seal.signed.certificate
    try:
        path = path_of(own, known)
    except InputError as error:
        return Step("maker", False, f"{error.what} {error.remedy}", strict)
    if path is None:
        return Step("maker", False if strict else None, f"{subject(own)}, of no CA that is known here", strict)
    inside = all(begin <= seal.created <= end for begin, end in map(_life, (own, *path)))
    said = f"{subject(own)}, of {subject(path[-1])}" + ("" if inside else "; not in force when the seal was made")
    return Step("maker", inside, said)


def path_of(certificate: bytes, known: Sequence[bytes]) -> tuple[bytes, ...] | None:
    """The certificates above one, up to a known root; None where none leads there. Raises InputError."""
    path: list[bytes] = []
    below = certificate
    for _ in range(len(known)):
        read = _read(below)
        above = next((der for der in known if _read(der).subject == read.issuer and _signs(der, read)), None)
        if above is None:
            return None
        path.append(above)
        if _read(above).self_issued:
            return tuple(path)
        below = above
    return None


def _signs(above: bytes, below: asn1_x509.Certificate) -> bool:
    """Whether a CA's certificate made the one below."""
    constraints = _read(above).basic_constraints_value
    if constraints is None or not constraints["ca"].native:
        return False
    body, algorithm = below["tbs_certificate"].dump(), below["signature_algorithm"]["algorithm"].dotted
    if below["tbs_certificate"]["signature"].dump() != below["signature_algorithm"].dump():
        return False
    try:
        signature = octets(below["signature_value"])
    except BROKEN:
        return False
    return verifies(above, algorithm, signature, body)


def _read(certificate: bytes) -> asn1_x509.Certificate:
    require_der(certificate)
    try:
        read = asn1_x509.Certificate.load(certificate, strict=True)
        read.native  # noqa: B018 reads all of it: else what is wrong shows when it is asked for
    except BROKEN as error:
        raise InputError("A certificate cannot be read.", "Get the file again from where it was made.") from error
    return read


def _life(certificate: bytes) -> tuple[datetime, datetime]:
    validity = _read(certificate)["tbs_certificate"]["validity"]
    return validity["not_before"].native.astimezone(UTC), validity["not_after"].native.astimezone(UTC)


def _stamp(name: str, signed: Signed) -> Iterator[Step]:
    if signed.time_stamp is None:
        return
    try:
        instant = stamped(signed.time_stamp, signed.signature)
    except InputError as error:
        yield Step(name, False, f"{error.what} {error.remedy}")
    else:
        yield Step(name, True, f"{instant:%Y-%m-%d %H:%M:%S} UTC")


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


def _may_use(made: SealSignature) -> bool:
    signer, seal = made.signed.certificate, made.seal
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
