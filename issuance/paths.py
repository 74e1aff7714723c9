"""From a certificate up to a root that is known, whatever the algorithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]

from issuance.algorithms import verifies
from issuance.der import BROKEN, octets, parts, require_der
from yinjian.errors import InputError


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


def subject(certificate: bytes) -> str:
    """Whom a certificate names, as its own words have it; `?` where it cannot be read."""
    try:
        named = asn1_x509.Certificate.load(certificate, strict=True).subject.native
    except BROKEN:
        return "?"
    return str(named.get("common_name") or named.get("organization_name") or "?")
