"""Issuing: what was approved and reserved, and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from issuance import authority
from issuance.authority import Authority
from issuance.extensions import identity_digest
from issuance.profiles import IdentityPolicy, Profiles, profiles
from issuance.reservation import Reservation, reserve
from issuance.tokens import KeyKind
from tests.issuance.builder import CA_PINS, NOW, PERSON, UNIT, an_approval
from yinjian.approval import Subject, Usage
from yinjian.errors import Refused

ROOT = Path(__file__).resolve().parents[2]
# pytest sets aside the filter that issuance.subject has for this.
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")


def spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


KEY = spki(rsa.generate_private_key(65537, 2048).public_key())
BY = profiles().at("")
EC_KEY = spki(ec.generate_private_key(ec.SECP256R1()).public_key())


def issued(
    ca: Authority,
    certificate: str = "enterprise",
    subject: Subject | None = None,
    key: bytes = KEY,
    by: Profiles | None = None,
    usage: Usage = Usage.BOTH,
) -> x509.Certificate:
    approval = an_approval(certificate, subject)
    return x509.load_der_x509_certificate(ca.issue(approval, reserve(approval, usage, NOW), key, by))


def with_profile(certificate: str, **changes: object) -> Profiles:
    changed = (
        dataclasses.replace(profile, **changes) if profile.certificate == certificate else profile  # type: ignore[arg-type]
        for profile in BY.profiles
    )
    return dataclasses.replace(BY, profiles=tuple(changed))


def raw(certificate: x509.Certificate, oid: str) -> bytes:
    value = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def test_issued_twice_it_is_the_same_certificate(ca: Authority, ca_home: Path) -> None:
    approval = an_approval("expert")
    reservation = reserve(approval, Usage.BOTH, NOW)
    first = ca.issue(approval, reservation, KEY)
    with authority.open_authority(ca_home, CA_PINS.pin) as again:
        assert again.issue(approval, reservation, KEY) == first == ca.issue(approval, reservation, KEY)
    assert ca.issue(approval, reserve(approval, Usage.BOTH, NOW), KEY) != first


@pytest.mark.parametrize("certificate", [profile.certificate for profile in profiles().profiles])
def test_every_kind_of_the_catalogue_can_be_issued(certificate: str, ca: Authority) -> None:
    got = issued(ca, certificate)
    person = certificate in ("legal_person", "authorized_rep", "expert")
    name = PERSON.person_name if person else UNIT.unit_name
    assert got.subject.rfc4514_string() == f"CN={name},O={UNIT.unit_name},C=CN"
    assert got.version is x509.Version.v3
    got.verify_directly_issued_by(ca.issuing)
    ids = got.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert ids == ca.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    assert raw(got, "1.2.156.10260.4.1.4") == b"\x13\x12" + UNIT.uscc.encode()
    has_id = any(extension.oid.dotted_string == "1.2.156.10260.4.1.1" for extension in got.extensions)
    assert has_id is person
    critical = {extension.oid for extension in got.extensions if extension.critical}
    assert critical == {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE}


USAGES = {
    (Usage.SIGN, KeyKind.RSA_2048): {"digital_signature", "content_commitment"},
    (Usage.SIGN, KeyKind.P_256): {"digital_signature", "content_commitment"},
    (Usage.ENCRYPT, KeyKind.RSA_2048): {"key_encipherment", "data_encipherment"},
    (Usage.ENCRYPT, KeyKind.P_256): {"key_agreement"},
    (Usage.BOTH, KeyKind.RSA_2048): {
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
    },
    (Usage.BOTH, KeyKind.P_256): {"digital_signature", "content_commitment", "key_agreement"},
}


@pytest.mark.parametrize(("usage", "kind"), USAGES)
def test_key_usage_fits_usage_and_key(usage: Usage, kind: KeyKind, ca: Authority) -> None:
    by = with_profile("enterprise", usages=tuple(Usage), key=kind)
    got = issued(ca, key=KEY if kind.is_rsa else EC_KEY, by=by, usage=usage)
    bits = got.extensions.get_extension_for_class(x509.KeyUsage).value
    names = USAGES[Usage.BOTH, KeyKind.RSA_2048] | {"key_agreement", "key_cert_sign", "crl_sign"}
    assert {name for name in names if getattr(bits, name)} == USAGES[usage, kind]


def test_an_identity_number_is_never_readable_by_default(ca: Authority) -> None:
    approval = an_approval("expert")
    reservation = reserve(approval, Usage.BOTH, NOW)
    der = ca.issue(approval, reservation, KEY)
    assert PERSON.id_number.encode() not in der
    value = raw(x509.load_der_x509_certificate(der), "1.2.156.10260.4.1.1")
    salt = hashlib.sha256(b"yinjian-identity" + reservation.serial.to_bytes(20, "big")).digest()
    expected = hashlib.pbkdf2_hmac("sha256", PERSON.id_number.encode(), salt, 200_000).hex()
    assert value == b"\x80\x40" + expected.encode()
    assert identity_digest(PERSON.id_number.lower(), reservation.serial, 200_000) == expected
    assert identity_digest(PERSON.id_number, reservation.serial + 1, 200_000) != expected


def test_identity_numbers_follow_the_policy(ca: Authority) -> None:
    def by(policy: IdentityPolicy) -> Profiles:
        return dataclasses.replace(BY, identity_number=dataclasses.replace(BY.identity_number, policy=policy))

    plain = issued(ca, "expert", by=by(IdentityPolicy.PLAIN))
    assert raw(plain, "1.2.156.10260.4.1.1") == b"\x80\x12" + PERSON.id_number.encode()
    omitted = issued(ca, "expert", by=by(IdentityPolicy.OMIT))
    assert not any(extension.oid.dotted_string == "1.2.156.10260.4.1.1" for extension in omitted.extensions)


def test_the_old_registration_number_has_an_oid_of_its_own(ca: Authority) -> None:
    got = issued(ca, subject=dataclasses.replace(UNIT, uscc="230100100000013"))
    assert raw(got, "1.2.156.10260.4.1.3") == b"\x13\x0f230100100000013"


def test_pointers_come_from_the_profile(ca: Authority) -> None:
    der = issued(ca, by=profiles().at("http://ca.example/")).public_bytes(Encoding.DER)
    assert all(b"http://ca.example" + path in der for path in (b"/pki/issuing.crl", b"/ocsp", b"/pki/issuing.cer"))
    assert b"http" not in issued(ca, by=BY).public_bytes(Encoding.DER)


WIDE = "哈尔滨（示例）ＡＢＣ　有限公司"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (WIDE, WIDE),
        ("名" * 64, "名" * 64),
        (" 甲公司 ", "甲公司"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("𠮷野示例", "𠮷野示例"),
    ],
    ids=["full width", "64", "blanks", "NFC", "beyond the first plane"],
)
def test_names_are_kept_letter_by_letter(given: str, expected: str, ca: Authority) -> None:
    got = issued(ca, subject=dataclasses.replace(UNIT, unit_name=given))
    assert {row.value for row in got.subject} == {"CN", expected}


BAD_NAMES = {
    "65 characters": "名" * 65,
    "500 characters": "名" * 500,
    "line break": "甲\n公司",
    "null": "甲\0公司",
    "direction mark": "甲\u202e公司",
    "invisible": "甲\u200b公司",
    "private": "甲\ue000公司",
    "lone surrogate": "甲\ud800公司",
    "blank": " \u3000 ",
}


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
def test_names_that_cannot_stand_are_refused_without_being_repeated(name: str, ca: Authority) -> None:
    with pytest.raises(Refused, match="unit_name") as caught:
        issued(ca, subject=dataclasses.replace(UNIT, unit_name=name))
    assert "甲" not in str(caught.value) and "名" not in str(caught.value)


def test_a_person_needs_a_name_and_not_a_unit(ca: Authority) -> None:
    alone = issued(ca, "expert", Subject("", "", "王示例", "230102199001011230"))
    assert alone.subject.rfc4514_string() == "CN=王示例,C=CN"
    with pytest.raises(Refused, match="person_name"):
        issued(ca, "expert", UNIT)


@pytest.mark.parametrize("uscc", ["91230100", "91230100MA00000X0x", "9123010OMA00000X0＊"])
def test_a_unit_code_that_fits_nowhere_is_refused(uscc: str, ca: Authority) -> None:
    with pytest.raises(Refused, match="unit's code"):
        issued(ca, subject=dataclasses.replace(UNIT, uscc=uscc))


KEYS = {
    "RSA 1024": spki(rsa.generate_private_key(65537, 1024).public_key()),
    "RSA, exponent 3": spki(rsa.generate_private_key(3, 2048).public_key()),
    "P-256 in an RSA profile": EC_KEY,
    "P-384": spki(ec.generate_private_key(ec.SECP384R1()).public_key()),
    "none": b"0\x00",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_weak_and_foreign_keys_are_refused(key: bytes, ca: Authority) -> None:
    with pytest.raises(Refused, match="key"):
        issued(ca, key=key)


def forced(reservation: Reservation, **changes: object) -> Reservation:
    """A reservation that was not checked: from a database, say, that someone wrote into."""
    for name, value in changes.items():
        object.__setattr__(reservation, name, value)
    return reservation


@pytest.mark.parametrize("serial", [0, -5, 1 << 62, 1 << 159, (1 << 200) + 1])
def test_serials_out_of_bounds_are_refused(serial: int, ca: Authority) -> None:
    with pytest.raises(Refused, match="64 to 159"):
        ca.issue(an_approval(), forced(reserve(an_approval(), Usage.BOTH, NOW), serial=serial), KEY)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (NOW - timedelta(seconds=1), NOW + timedelta(days=365)),
        (NOW, NOW + timedelta(days=3660)),
        (NOW, NOW),
    ],
    ids=["before the CA", "after the CA", "never"],
)
def test_validity_outside_the_cas_is_refused(begin: datetime, end: datetime, ca: Authority) -> None:
    reservation = forced(reserve(an_approval(), Usage.BOTH, NOW), not_before=begin, not_after=end)
    with pytest.raises(Refused, match="issuing CA"):
        ca.issue(an_approval(), reservation, KEY)


def test_what_has_no_profile_is_refused(ca: Authority) -> None:
    approval = an_approval()
    with pytest.raises(Refused, match="no profile"):
        ca.issue(dataclasses.replace(approval, certificate="server"), reserve(approval, Usage.BOTH, NOW), KEY)
    with pytest.raises(Refused, match="usage"):
        ca.issue(approval, reserve(approval, Usage.SIGN, NOW), KEY)


@pytest.mark.parametrize("business", ["revoke", "unlock", "bind", ""])
def test_leave_to_do_something_else_gives_no_certificate(business: str, ca: Authority) -> None:
    approval = an_approval(business=business)
    with pytest.raises(Refused, match="gives no certificate"):
        ca.issue(approval, reserve(approval, Usage.BOTH, NOW), KEY)
