"""The extensions of a holder's certificate, after its profile."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from asn1crypto import core  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from issuance.profiles import KEY_USAGES, IdentityNumber, IdentityPolicy, Profile, Profiles, StringKind, UnitCode
from issuance.reservation import Reservation
from issuance.tokens import KeyKind
from yinjian.approval import Subject
from yinjian.catalogue.model import Holder
from yinjian.errors import Refused

Extension = tuple[x509.ExtensionType, bool]  # with its criticality


def extensions(
    profiles: Profiles, profile: Profile, subject: Subject, reservation: Reservation, kind: KeyKind
) -> Iterator[Extension]:
    """All but the key identifiers. `kind` is that of the holder's key. Raises Refused for codes that fit nowhere."""
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield key_usage(profiles.key_usage.of(reservation.usage, kind)), True
    purposes = profiles.extended_key_usage.of(reservation.usage)
    if purposes:
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in purposes]), False
    policy = x509.PolicyInformation(x509.ObjectIdentifier(profiles.common.policy), None)
    yield x509.CertificatePolicies([policy]), False
    yield from _pointers(profiles)
    if subject.uscc:
        yield _unit_code(profiles.unit_codes, subject.uscc), False
    if profile.holder is Holder.PERSON and subject.id_number:
        yield from _identity(profiles.identity_number, subject.id_number, reservation.serial)


def key_usage(names: frozenset[str]) -> x509.KeyUsage:
    """The extension with these bits of RFC 5280, and no others."""
    bits = {name: name in names for name in (*KEY_USAGES, "key_cert_sign", "crl_sign")}
    return x509.KeyUsage(**bits, encipher_only=False, decipher_only=False)


def identity_digest(id_number: str, serial: int, iterations: int) -> str:
    """What stands for an identity number in the certificate with this serial: 64 hex digits (see profiles.toml)."""
    salt = hashlib.sha256(b"yinjian-identity" + serial.to_bytes(20, "big")).digest()
    return hashlib.pbkdf2_hmac("sha256", id_number.upper().encode("utf-8"), salt, iterations).hex()


def list_pointer(urls: tuple[str, ...]) -> x509.CRLDistributionPoints:
    """Where the revocation list is."""
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


def _pointers(profiles: Profiles) -> Iterator[Extension]:
    """Where revocation and issuer can be looked up, as far as there are such places."""
    common = profiles.common
    if common.crl_urls:
        yield list_pointer(common.crl_urls), False
    places = [
        *((AuthorityInformationAccessOID.OCSP, url) for url in common.ocsp_urls),
        *((AuthorityInformationAccessOID.CA_ISSUERS, url) for url in common.issuer_urls),
    ]
    if places:
        described = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in places]
        yield x509.AuthorityInformationAccess(described), False


def _unit_code(codes: tuple[UnitCode, ...], uscc: str) -> x509.UnrecognizedExtension:
    for code in codes:
        if code.length == len(uscc) and re.fullmatch(r"[0-9A-Z]+", uscc):
            string = core.PrintableString if code.string is StringKind.PRINTABLE else core.UTF8String
            return x509.UnrecognizedExtension(x509.ObjectIdentifier(code.oid), string(uscc).dump())
    raise Refused(
        "The unit's code has a length or characters that no profile knows.",
        "Have a reviewer correct the reading; codes have 18 characters, or 15 digits.",
    )


def _identity(number: IdentityNumber, text: str, serial: int) -> Iterator[Extension]:
    if number.policy is IdentityPolicy.OMIT:
        return
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", text):
        raise Refused("The identity number holds other characters than letters and digits.", "Correct the reading.")
    if number.policy is IdentityPolicy.HASHED:
        text = identity_digest(text, serial, number.iterations)
    # GM/T 0015 IdentifyCode: residenterCardNumber [0] PrintableString
    value = core.PrintableString(text, implicit=0).dump()
    yield x509.UnrecognizedExtension(x509.ObjectIdentifier(number.oid), value), False
