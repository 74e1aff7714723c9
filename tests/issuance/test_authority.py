"""The CA: created once whatever happens, and issuing what was approved and nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from issuance import authority, authority_plan
from issuance.authority import Authority, pem
from issuance.authority_plan import Names
from issuance.extensions import identity_digest
from issuance.profiles import IdentityPolicy, Profiles, profiles
from issuance.reservation import Reservation, reserve
from issuance.signing import checked_key, signed
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyKind, TokenInfo
from tests.issuance.builder import CA_PINS, MODULE, NAMES, NOW, PERSON, UNIT, an_approval, kinds, run
from yinjian.approval import Subject, Usage
from yinjian.errors import InputError, Refused, SetupError, TokenError

ROOT = Path(__file__).resolve().parents[2]
# pytest sets aside the filter that issuance.subject has for this.
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")


def spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


KEY = spki(rsa.generate_private_key(65537, 2048).public_key())
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
        for profile in profiles().profiles
    )
    return dataclasses.replace(profiles(), profiles=tuple(changed))


def raw(certificate: x509.Certificate, oid: str) -> bytes:
    value = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


# Creating it.


def test_openssl_accepts_the_chain(ca: Authority, ca_home: Path, tmp_path: Path) -> None:
    longest = dataclasses.replace(UNIT, unit_name="名" * 64)
    for certificate, subject in (("enterprise", None), ("enterprise", longest), ("expert", None)):
        (tmp_path / "c.pem").write_bytes(issued(ca, certificate, subject).public_bytes(Encoding.PEM))
        words = ("-CAfile", ca_home / "root.pem", "-untrusted", ca_home / "issuing.pem", tmp_path / "c.pem")
        at = ("-attime", str(int(NOW.timestamp()) + 3600))
        policy = ("-policy", profiles().common.policy, "-explicit_policy")
        assert run("openssl", "verify", "-x509_strict", *at, *policy, *words).strip().endswith("OK")


def test_the_levels_are_what_they_should_be(ca: Authority) -> None:
    issuing, root = (x509.load_der_x509_certificate(der) for der in ca.chain)
    for certificate, below, years in ((root, 1, 20), (issuing, 0, 10)):
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical and constraints.value.ca and constraints.value.path_length == below
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey) and key.key_size == 3072
        assert certificate.not_valid_before_utc == NOW
        assert certificate.not_valid_after_utc.year == NOW.year + years
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.key_cert_sign and usage.crl_sign and not usage.digital_signature
    assert issuing.issuer == root.subject == root.issuer != issuing.subject
    assert ca.chain_pem == pem(ca.chain[0]) + pem(ca.chain[1])


def test_a_complete_one_is_not_created_again(ca_home: Path) -> None:
    before = {path.name: path.read_bytes() for path in ca_home.glob("*.*") if path.is_file()}
    with pytest.raises(Refused, match="exists"):
        authority.create(ca_home, NAMES, CA_PINS.so_pin, CA_PINS.pin, NOW)
    assert {path.name: path.read_bytes() for path in ca_home.glob("*.*") if path.is_file()} == before


def test_killed_again_and_again_it_ends_in_one(tmp_path: Path) -> None:
    """Killed a little later each time, until it is done: one plan, one token, two key pairs, two certificates."""
    script = (
        "import sys; from pathlib import Path; from issuance import authority; from tests.issuance.builder import *;"
        "authority.create(Path(sys.argv[1]), NAMES, CA_PINS.so_pin, CA_PINS.pin, NOW).close()"
    )
    delay, kills, plans = 0.45, 0, set()
    while True:
        process = subprocess.Popen((sys.executable, "-c", script, tmp_path / "ca"), cwd=ROOT)
        try:
            assert process.wait(delay) == 0
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            delay, kills = delay * 1.25, kills + 1
        if (tmp_path / "ca" / authority.ISSUING_FILE).exists():
            break  # killed after all was done
        if (tmp_path / "ca" / authority_plan.FILE).exists():
            plans.add(authority_plan.read(tmp_path / "ca").root)
    assert kills and len(plans) <= 1
    plan = authority_plan.read(tmp_path / "ca")
    assert plan.root in plans or not plans
    with SoftTokens(tmp_path / "ca" / authority.TOKENS).device(plan.token_label) as device:
        (token,) = device.tokens()
        assert token.serial == plan.token_serial
        found = kinds(device.contents(token, CA_PINS.pin))
        assert found == ["certificate"] * 2 + ["private_key"] * 2 + ["public_key"] * 2
    with authority.open_authority(tmp_path / "ca", CA_PINS.pin) as opened:
        assert opened.issuing.serial_number == plan.issuing.number


def test_one_that_was_begun_is_not_finished_under_other_names(tmp_path: Path) -> None:
    authority_plan.take_up(tmp_path, NAMES, NOW)
    with pytest.raises(Refused, match="other names"):
        authority.create(tmp_path, Names("别的公司", "根", "签发"), CA_PINS.so_pin, CA_PINS.pin, NOW)


@pytest.mark.parametrize("file", ["authority.json", "root.pem", "issuing.pem"])
@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_damaged_one_is_told(file: str, damage: str, ca_home: Path, tmp_path: Path) -> None:
    for name in ("authority.json", "root.pem", "issuing.pem"):
        (tmp_path / name).write_bytes((ca_home / name).read_bytes())
    (tmp_path / file).unlink() if damage == "missing" else (tmp_path / file).write_bytes(b"{]")
    with pytest.raises(SetupError):
        authority.open_authority(tmp_path, CA_PINS.pin)


def test_a_ca_without_its_token_or_pin_does_not_open(ca_home: Path, tmp_path: Path) -> None:
    for name in ("authority.json", "root.pem", "issuing.pem"):
        (tmp_path / name).write_bytes((ca_home / name).read_bytes())
    with pytest.raises(TokenError, match="directory is not there"):
        authority.open_authority(tmp_path, CA_PINS.pin)
    with pytest.raises(TokenError, match="PIN is wrong"):
        authority.open_authority(ca_home, "00000000")


def test_a_copy_uses_its_own_token_and_that_must_have_the_key(ca_home: Path, tmp_path: Path) -> None:
    shutil.copytree(ca_home, tmp_path / "copy")
    authority.open_authority(tmp_path / "copy", CA_PINS.pin).close()
    plan = authority_plan.read(ca_home)
    token = TokenInfo(plan.token_label, plan.token_serial, "")
    soft, key = SoftTokens(tmp_path / "copy" / authority.TOKENS), plan.issuing.key
    configuration = soft.directory / plan.token_label / "softhsm2.conf"
    tool = ("pkcs11-tool", "--module", MODULE, "--login", "--pin", CA_PINS.pin, "--delete-object", "--type")
    for kind in ("privkey", "pubkey", "cert"):
        run(*tool, kind, "--id", key.id.hex(), configuration=configuration)
    with soft.device(plan.token_label) as device:
        device.make_key(token, CA_PINS.pin, key.label, key.id, KeyKind.RSA_3072)
    with pytest.raises(TokenError, match="right label"):
        authority.open_authority(tmp_path / "copy", CA_PINS.pin)
    authority.open_authority(ca_home, CA_PINS.pin).close()


def test_a_signature_that_does_not_hold_is_never_given_out(ca: Authority) -> None:
    key = checked_key(ca.issuing.public_key())
    builder = x509.CertificateBuilder(ca.issuing.subject, ca.issuing.subject, key, 1 << 64, NOW, NOW)
    with pytest.raises(TokenError, match="does not hold"):
        signed(builder, lambda data: ca.sign(data + b"x"), key)


def test_the_issuing_key_is_closed(ca_home: Path) -> None:
    plan = authority_plan.read(ca_home)
    token = TokenInfo(plan.token_label, plan.token_serial, "")
    with SoftTokens(ca_home / authority.TOKENS).device(plan.token_label) as device:
        private = [item for item in device.contents(token, CA_PINS.pin) if item.kind == "private_key"]
    assert [(item.sensitive, item.extractable) for item in private] == [(True, False)] * 2


# Issuing.


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
        return dataclasses.replace(
            profiles(), identity_number=dataclasses.replace(profiles().identity_number, policy=policy)
        )

    plain = issued(ca, "expert", by=by(IdentityPolicy.PLAIN))
    assert raw(plain, "1.2.156.10260.4.1.1") == b"\x80\x12" + PERSON.id_number.encode()
    omitted = issued(ca, "expert", by=by(IdentityPolicy.OMIT))
    assert not any(extension.oid.dotted_string == "1.2.156.10260.4.1.1" for extension in omitted.extensions)


def test_the_old_registration_number_has_an_oid_of_its_own(ca: Authority) -> None:
    got = issued(ca, subject=dataclasses.replace(UNIT, uscc="230100100000012"))
    assert raw(got, "1.2.156.10260.4.1.3") == b"\x13\x0f230100100000012"


def test_pointers_come_from_the_profile(ca: Authority) -> None:
    urls = {"crl_urls": ("http://crl.example/1.crl",), "ocsp_urls": ("http://ocsp.example",)}
    common = dataclasses.replace(profiles().common, issuer_urls=("http://ca.example/i.cer",), **urls)  # type: ignore[arg-type]
    got = issued(ca, by=dataclasses.replace(profiles(), common=common))
    der = got.public_bytes(Encoding.DER)
    assert all(url in der for url in (b"http://crl.example/1.crl", b"http://ocsp.example", b"http://ca.example/i.cer"))
    assert b"http" not in issued(ca).public_bytes(Encoding.DER)


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
    alone = issued(ca, "expert", Subject("", "", "王示例", "23010219900101123X"))
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


def test_names_of_a_ca_are_held_to_the_same(tmp_path: Path) -> None:
    with pytest.raises((Refused, InputError)):
        authority.create(tmp_path, Names("甲" * 65, "根", "签发"), CA_PINS.so_pin, CA_PINS.pin, datetime.now(UTC))
    assert not (tmp_path / authority_plan.FILE).exists()
