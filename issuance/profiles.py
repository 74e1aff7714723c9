"""Certificate profiles: `profiles.toml` as records, checked when it is loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TypeVar

from cryptography import x509

from issuance.tokens import KeyKind
from yinjian.approval import Subject, Usage
from yinjian.catalogue import Catalogue, catalogue
from yinjian.catalogue.decode import decode
from yinjian.catalogue.model import Holder
from yinjian.errors import CatalogueError, Refused

FILE = Path(__file__).parent / "profiles.toml"
_BASE = "{base}"
_REMEDY = "Correct the profile file and try again."
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
)
ONLY_RSA, ONLY_EC = {"key_encipherment", "data_encipherment"}, {"key_agreement"}  # RFC 8813, RFC 3279


Places = TypeVar("Places", "Common", "Pointers")


class IdentityPolicy(StrEnum):
    """How the holder's identity number gets into the certificate."""

    OMIT = "omit"
    HASHED = "hashed"
    PLAIN = "plain"


class StringKind(StrEnum):
    PRINTABLE = "printable"
    UTF8 = "utf8"


@dataclass(frozen=True, slots=True)
class Common:
    """What all certificates share. `policy` is an OID; the URLs are pointers for those who check, `{base}` in them."""

    businesses: tuple[str, ...]
    validity_years: int
    policy: str
    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    issuer_urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where those who check find what the SM2 issuing CA publishes; as in `Common`."""

    crl_urls: tuple[str, ...]
    ocsp_urls: tuple[str, ...]
    issuer_urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyUsages:
    """Names of RFC 5280's bits. "both" is the union of sign and encrypt."""

    sign: tuple[str, ...]
    encrypt_rsa: tuple[str, ...]
    encrypt_ec: tuple[str, ...]
    encrypt_sm2: tuple[str, ...]

    def of(self, usage: Usage, kind: KeyKind) -> frozenset[str]:
        own = self.encrypt_sm2 if kind is KeyKind.SM2 else self.encrypt_ec
        encrypt = self.encrypt_rsa if kind.is_rsa else own
        parts = {Usage.SIGN: self.sign, Usage.ENCRYPT: encrypt, Usage.BOTH: self.sign + encrypt}
        return frozenset(parts[usage])


@dataclass(frozen=True, slots=True)
class ExtendedKeyUsages:
    """OIDs; "both" is the union."""

    sign: tuple[str, ...]
    encrypt: tuple[str, ...]

    def of(self, usage: Usage) -> tuple[str, ...]:
        parts = {Usage.SIGN: self.sign, Usage.ENCRYPT: self.encrypt, Usage.BOTH: self.sign + self.encrypt}
        return tuple(dict.fromkeys(parts[usage]))


@dataclass(frozen=True, slots=True)
class UnitCode:
    """Where a unit's code of this length goes, and as which kind of string."""

    length: int
    oid: str
    string: StringKind


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    oid: str
    policy: IdentityPolicy
    iterations: int


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """One attribute of the subject: fixed text, or a field of `yinjian.approval.Subject`."""

    attribute: str
    text: str = ""
    field: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SubjectTemplate:
    holder: Holder
    rows: tuple[SubjectRow, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate. `usages`: one certificate (and key) for each."""

    certificate: str
    holder: Holder
    usages: tuple[Usage, ...] = (Usage.BOTH,)
    key: KeyKind = KeyKind.RSA_2048


@dataclass(frozen=True, slots=True)
class Profiles:
    """All of the file."""

    common: Common
    sm2: Pointers
    key_usage: KeyUsages
    extended_key_usage: ExtendedKeyUsages
    unit_codes: tuple[UnitCode, ...]
    identity_number: IdentityNumber
    profiles: tuple[Profile, ...]
    subjects: tuple[SubjectTemplate, ...]

    def of(self, certificate: str) -> Profile:
        """Raises Refused for a kind of certificate that has no profile."""
        for profile in self.profiles:
            if profile.certificate == certificate:
                return profile
        raise Refused("There is no profile for this kind of certificate.", "Add one to issuance/profiles.toml.")

    def check_business(self, business: str) -> None:
        """Raises Refused for a business that gives no certificate, an approved revocation say."""
        if business not in self.common.businesses:
            raise Refused("What was approved gives no certificate.", "Carry out the business that was applied for.")

    def at(self, base: str) -> Profiles:
        """The same for an installation that is found at `base` (an http URL); `""`: without the pointers to it."""
        return replace(self, common=_at(self.common, base), sm2=_at(self.sm2, base))

    def with_key(self, certificate: str, key: KeyKind | str) -> Profiles:
        """The same, but that this kind of certificate is for keys of that kind."""
        changed = [replace(one, key=KeyKind(key)) if one.certificate == certificate else one for one in self.profiles]
        return replace(self, profiles=tuple(changed))

    def for_sm2(self) -> Profiles:
        """The same for certificates of the SM2 issuing CA."""
        crl, ocsp, issuer = self.sm2.crl_urls, self.sm2.ocsp_urls, self.sm2.issuer_urls
        return replace(self, common=replace(self.common, crl_urls=crl, ocsp_urls=ocsp, issuer_urls=issuer))

    def rows(self, holder: Holder) -> tuple[SubjectRow, ...]:
        return next(template.rows for template in self.subjects if template.holder is holder)


def load(path: Path = FILE, of: Catalogue | None = None) -> Profiles:
    """The profiles of a file. Raises CatalogueError naming the key, or what contradicts the catalogue `of`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {error}.", "Restore or correct the profile file.") from error
    found = decode(Profiles, table, path.name)
    for problem in _problems(found, of or catalogue()):
        raise CatalogueError(f"{path.name}: {problem}.", _REMEDY)
    return found


@cache
def profiles() -> Profiles:
    """The profiles of the file, read once; pointers still without their place (`Profiles.at`)."""
    return load()


def _problems(found: Profiles, known: Catalogue) -> Iterator[str]:
    yield from _against_catalogue(found, known)
    yield from _key_usage_problems(found.key_usage)
    yield from _subject_problems(found.subjects)
    yield from _value_problems(found)


def _against_catalogue(found: Profiles, known: Catalogue) -> Iterator[str]:
    holders = {certificate.id: certificate.holder for certificate in known.certificates}
    named = [profile.certificate for profile in found.profiles]
    if sorted(named) != sorted(holders):
        odd = set(named) ^ set(holders) | {name for name in named if named.count(name) > 1}
        yield f"profiles: exactly one for each certificate of the catalogue, but not so for {', '.join(sorted(odd))}"
    unknown = set(found.common.businesses) - {business.id for business in known.businesses}
    if unknown:
        yield f"common.businesses: not in the catalogue: {', '.join(sorted(unknown))}"
    for profile in found.profiles:
        if holders.get(profile.certificate) is not profile.holder:
            yield f"profiles: {profile.certificate}: holder is not the catalogue's"
        if not profile.usages or len(set(profile.usages)) != len(profile.usages):
            yield f"profiles: {profile.certificate}: usages are none or repeated"


def _key_usage_problems(usages: KeyUsages) -> Iterator[str]:
    for item in fields(usages):
        names = set(getattr(usages, item.name))
        if not names or names - set(KEY_USAGES):
            yield f"key_usage.{item.name}: none, or not of {', '.join(KEY_USAGES)}"
    if ONLY_EC & {*usages.sign, *usages.encrypt_rsa}:
        yield "key_usage: key_agreement is for P-256 only"
    if ONLY_RSA & {*usages.sign, *usages.encrypt_ec, *usages.encrypt_sm2}:
        yield "key_usage: key_encipherment and data_encipherment are for RSA only"


def _subject_problems(subjects: tuple[SubjectTemplate, ...]) -> Iterator[str]:
    if sorted(template.holder for template in subjects) != sorted(Holder):
        yield "subjects: exactly one for each holder"
    known = {item.name for item in fields(Subject)}
    for row in (row for template in subjects for row in template.rows):
        if row.attribute not in ("C", "O", "OU", "CN"):
            yield f"subjects: attribute {row.attribute} is none of C, O, OU, CN"
        if bool(row.text) == bool(row.field) or (row.field and row.field not in known):
            yield f"subjects: {row.attribute}: exactly one of text and field, the latter of {', '.join(sorted(known))}"
        if row.field in ("id_number",):
            yield f"subjects: {row.attribute}: an identity number is no name"


def _value_problems(found: Profiles) -> Iterator[str]:
    oids = (
        found.common.policy,
        found.identity_number.oid,
        *(code.oid for code in found.unit_codes),
        *found.extended_key_usage.sign,
        *found.extended_key_usage.encrypt,
    )
    yield from (f"{oid} is no OID" for oid in oids if not _is_oid(oid))
    if not 1 <= found.common.validity_years <= 5:
        yield "common.validity_years: 1 to 5"  # 电子签名法 keeps records by expiry; no process gives more
    if found.identity_number.iterations < 1:
        yield "identity_number.iterations: 1 or more"
    urls = [url for of in (found.common, found.sm2) for url in (*of.crl_urls, *of.ocsp_urls, *of.issuer_urls)]
    yield from (f"{url} is no http URL" for url in urls if not url.startswith(("http://", f"{_BASE}/")))


def _at(of: Places, base: str) -> Places:
    crl, ocsp, issuer = (tuple(_filled(urls, base.rstrip("/"))) for urls in (of.crl_urls, of.ocsp_urls, of.issuer_urls))
    return replace(of, crl_urls=crl, ocsp_urls=ocsp, issuer_urls=issuer)


def _filled(urls: tuple[str, ...], base: str) -> Iterator[str]:
    return (url.replace(_BASE, base) for url in urls if base or _BASE not in url)


def _is_oid(text: str) -> bool:
    try:
        x509.ObjectIdentifier(text)
    except ValueError:
        return False
    return True
