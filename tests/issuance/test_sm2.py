"""The SM2 side: certificates that OpenSSL and gmssl accept, lists, envelopes, key management, and keys on tokens."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import core, crl, keys, pem, x509
from gmssl import sm2 as gmssl_sm2

from issuance import sm2, sm2authority
from issuance.certificate_check import check
from issuance.crl import Reason, Revoked
from issuance.der import parts
from issuance.device import Device
from issuance.issuer import Issuer
from issuance.keyenvelope import enveloped, opened
from issuance.keymanagement import LocalKeyManagement
from issuance.linting import Kind, Linter
from issuance.profiles import Profiles, profiles
from issuance.reservation import reserve
from issuance.signing import check_made, key_of, strong_key
from issuance.sm2 import Sm2Key
from issuance.softhsm import SoftTokens
from issuance.steps import is_valid
from issuance.tokens import KeyKind, Sm2Mechanism, TokenInfo
from issuance.trust import Trust
from tests.issuance.builder import NOW, PERSON, PINS, an_approval, run
from yinjian.approval import Usage
from yinjian.errors import InputError, Refused, SetupError, TokenError

PASSPHRASE = "korrekt pferd"
DISTID = "1234567812345678"
CKM_ECDSA = 0x1041


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sm2")
    assert sm2authority.create(made, "示例CA", PASSPHRASE, NOW)
    return made


@pytest.fixture(scope="module")
def issuer(directory: Path) -> Iterator[Issuer]:
    made = sm2authority.open_issuer(directory, PASSPHRASE)
    yield made
    made.close()


def by(certificate: str = "enterprise") -> Profiles:
    """The profiles as they are, but that one kind has two certificates for SM2 keys."""
    found = profiles().at("http://ca.example").with_key(certificate, KeyKind.SM2).for_sm2()
    usages = (Usage.SIGN, Usage.ENCRYPT)
    changed = [replace(one, usages=usages) if one.certificate == certificate else one for one in found.profiles]
    return replace(found, profiles=tuple(changed))


def issued(issuer: Issuer, usage: Usage = Usage.SIGN, key: Sm2Key | None = None, kind: str = "enterprise") -> bytes:
    approval = an_approval(kind)
    spki = (key or Sm2Key.generate()).public_key
    return issuer.issue(approval, reserve(approval, usage, NOW), spki, by(kind))


def verified(below: Path, above: Path) -> str:
    options = ("-vfyopt", f"distid:{DISTID}", "-no_check_time", "-partial_chain", "-trusted", above)
    return run("openssl", "verify", *options, below)


def test_openssl_accepts_every_certificate_step_by_step(directory: Path, issuer: Issuer, tmp_path: Path) -> None:
    for below, above in (("root", "root"), ("issuing", "root"), ("maker", "issuing"), ("holders", "root")):
        assert "OK" in verified(directory / f"{below}.pem", directory / f"{above}.pem")
    for usage in (Usage.SIGN, Usage.ENCRYPT):
        (tmp_path / "c.pem").write_bytes(pem.armor("CERTIFICATE", issued(issuer, usage)))
        assert "OK" in verified(tmp_path / "c.pem", directory / "holders.pem")
        text = run("openssl", "x509", "-in", tmp_path / "c.pem", "-noout", "-text")
        assert "SM2-with-SM3" in text and "ASN1 OID: SM2" in text


def test_gmssl_agrees(issuer: Issuer) -> None:
    for der in (*issuer.chain, issued(issuer)):
        above = issuer.chain[1] if der in issuer.chain else issuer.chain[0]
        point = bytes(x509.Certificate.load(above).public_key["public_key"])
        other = gmssl_sm2.CryptSM2(private_key="", public_key="", asn1=True)
        other.public_key = point[1:].hex()  # what it is given it strips of leading 0 and 4
        body, signature = parts(der)[0], x509.Certificate.load(der)["signature_value"].native
        assert other.verify_with_sm3(signature.hex(), body)
        assert not other.verify_with_sm3(signature.hex(), body + b"x")


@pytest.mark.parametrize("kind", ["enterprise", "legal_person"])
def test_they_are_of_the_same_profiles_as_the_others(kind: str, issuer: Issuer) -> None:
    der = issued(issuer, Usage.SIGN, kind=kind)
    read = x509.Certificate.load(der)
    usage, encryption = read.key_usage_value.native, x509.Certificate.load(issued(issuer, Usage.ENCRYPT, kind=kind))
    assert usage == {"digital_signature", "non_repudiation"}
    assert encryption.key_usage_value.native == {"key_agreement"}
    ids = [one["extn_id"].dotted for one in read["tbs_certificate"]["extensions"]]
    assert "1.2.156.10260.4.1.4" in ids
    assert ("1.2.156.10260.4.1.1" in ids) is (kind == "legal_person")
    assert [point.native["distribution_point"] for point in read.crl_distribution_points_value] == [
        ["http://ca.example/pki/sm2.crl"]
    ]
    assert read.issuer == x509.Certificate.load(issuer.chain[0]).subject
    assert key_of(der).kind is KeyKind.SM2


def test_pkilint_finds_nothing(issuer: Issuer, directory: Path) -> None:
    linter = Linter()
    listed = issuer.revocation_list(1, NOW, NOW + timedelta(hours=48), [])
    try:
        ders = [sm2authority.certificate(directory, level) for level in sm2authority.LEVELS]
        ders += [issued(issuer, usage, kind=kind) for usage in (Usage.SIGN, Usage.ENCRYPT) for kind in ("expert",)]
        found = [one for der in ders for one in linter.findings(der)] + list(linter.findings(listed, Kind.CRL))
        assert [one for one in found if one.severity not in ("INFO", "NOTICE", "DEBUG")] == []
    finally:
        linter.close()


def test_what_no_profile_allows_is_not_signed(issuer: Issuer) -> None:
    approval = an_approval()
    with pytest.raises(Refused, match="another kind"):  # a key on P-256
        from tests.issuance.test_issuing import KEY

        issuer.issue(approval, reserve(approval, Usage.SIGN, NOW), KEY, by())
    with pytest.raises(Refused, match="another kind"):  # an SM2 key, where the profile has RSA
        rsa = profiles().at("")
        issuer.issue(approval, reserve(approval, Usage.BOTH, NOW), Sm2Key.generate().public_key, rsa)
    broken = replace(by(), key_usage=replace(by().key_usage, encrypt_sm2=("key_encipherment",)))
    with pytest.raises(Refused, match="Nothing was signed"):
        issuer.issue(approval, reserve(approval, Usage.ENCRYPT, NOW), Sm2Key.generate().public_key, broken)
    person = an_approval("expert", replace(PERSON, id_number="23010219900101123X"))
    with pytest.raises(Refused, match="identity_number_check_digit"):
        issuer.issue(person, reserve(person, Usage.SIGN, NOW), Sm2Key.generate().public_key, by("expert"))


def test_its_list_is_signed_with_sm2_and_says_what_is_revoked(issuer: Issuer, tmp_path: Path) -> None:
    der = issued(issuer)
    serial = x509.Certificate.load(der).serial_number
    entry = Revoked(serial, NOW + timedelta(hours=1), Reason.KEY_COMPROMISE)
    listed = issuer.revocation_list(5, NOW, NOW + timedelta(hours=48), [entry])
    read = crl.CertificateList.load(listed)
    assert read["signature_algorithm"]["algorithm"].dotted == sm2.SM2_WITH_SM3
    (tmp_path / "key").write_bytes(pem.armor("PUBLIC KEY", key_of(issuer.chain[0]).spki))
    (tmp_path / "body").write_bytes(parts(listed)[0])
    (tmp_path / "signature").write_bytes(read["signature"].native)
    options = ("-sm3", "-verify", tmp_path / "key", "-sigopt", f"distid:{DISTID}", "-signature", tmp_path / "signature")
    assert "Verified OK" in run("openssl", "dgst", *options, tmp_path / "body")
    steps = tuple(check(der, NOW + timedelta(hours=2), Trust(issuer.chain, lists=(listed,))))
    assert not is_valid(steps) and "keyCompromise" in next(s.said for s in steps if s.name == "revocation").replace(
        "key_compromise", "keyCompromise"
    )
    other = tuple(check(issued(issuer), NOW + timedelta(hours=2), Trust(issuer.chain, lists=(listed,))))
    assert is_valid(other)


# ---- encryption keys


def test_a_key_comes_out_of_its_envelope_for_its_recipient_alone() -> None:
    key, recipient = Sm2Key.generate(), Sm2Key.generate()
    envelope = enveloped(key, recipient.public_key)
    assert opened(envelope, recipient).public_key == key.public_key
    with pytest.raises(TokenError):
        opened(envelope, Sm2Key.generate())
    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises((TokenError, InputError)):
            opened(bytes(changed), recipient)


def test_openssl_opens_the_envelope_too(tmp_path: Path) -> None:
    """SM2Cipher by the recipient's key, then two blocks of SM4."""
    key, recipient = Sm2Key.generate(), Sm2Key.generate()
    _, cipher, public, private = parts(enveloped(key, recipient.public_key))
    (tmp_path / "cipher").write_bytes(cipher)
    (tmp_path / "key").write_bytes(pem.armor("ENCRYPTED PRIVATE KEY", recipient.sealed(PASSPHRASE)))
    command = ("openssl", "pkeyutl", "-decrypt", "-inkey", tmp_path / "key", "-passin", f"pass:{PASSPHRASE}")
    once = subprocess.run((*command, "-in", tmp_path / "cipher"), capture_output=True, check=True).stdout
    assert len(once) == 16
    enc = ("openssl", "enc", "-d", "-sm4-ecb", "-nopad", "-K", once.hex())
    body = core.OctetBitString.load(private).native
    number = subprocess.run(enc, input=body, capture_output=True, check=True).stdout
    assert number == key.number
    point = bytes(keys.PublicKeyInfo.load(key.public_key)["public_key"])
    assert core.OctetBitString.load(public).native == point


def test_key_management_makes_a_key_once_and_keeps_it_encrypted(tmp_path: Path) -> None:
    centre, holder = LocalKeyManagement(tmp_path / "keys", PASSPHRASE), Sm2Key.generate()
    made = centre.encryption_key("AB12")
    assert strong_key(made).kind is KeyKind.SM2
    assert centre.encryption_key("AB12") == made and centre.encryption_key("AB13") != made
    assert opened(centre.envelope("AB12", holder.public_key), holder).public_key == made
    (file,) = (tmp_path / "keys").glob("AB12.key")
    assert file.stat().st_mode & 0o077 == 0
    assert opened(centre.envelope("AB12", holder.public_key), holder).number not in file.read_bytes()
    with pytest.raises(TokenError, match="cannot be opened"):
        LocalKeyManagement(tmp_path / "keys", "another one").encryption_key("AB12")
    with pytest.raises(SetupError, match="not in the key store"):
        centre.envelope("FF", holder.public_key)
    with pytest.raises(InputError, match="serial number"):
        centre.encryption_key("../x")


# ---- keys on tokens


@pytest.fixture
def key_on_token(soft: SoftTokens) -> Iterator[tuple[SoftTokens, TokenInfo, bytes]]:
    device, token = soft.prepare("YJ-sm2", PINS.so_pin, PINS.pin)
    with device:
        spki = device.make_key(token, PINS.pin, "k", b"1", KeyKind.SM2)
        assert device.make_key(token, PINS.pin, "k", b"1", KeyKind.SM2) == spki
        with pytest.raises(TokenError, match="another kind"):
            device.make_key(token, PINS.pin, "k", b"1", KeyKind.P_256)
    yield soft, token, spki


def by_number(soft: SoftTokens, number: int, hashed: bool = True) -> Device:
    return replace(soft, sm2=Sm2Mechanism(number, hashed)).device("YJ-sm2")


def test_without_the_vendors_number_it_is_said(key_on_token: tuple[SoftTokens, TokenInfo, bytes]) -> None:
    soft, token, spki = key_on_token
    assert strong_key(spki).kind is KeyKind.SM2
    with soft.device("YJ-sm2") as device, pytest.raises(TokenError, match="YINJIAN_SM2_MECHANISM"):
        device.sign(token, PINS.pin, "k", b"1", b"data")
    with by_number(soft, 0x80000301) as device, pytest.raises(TokenError, match="does not sign with SM2"):
        device.sign(token, PINS.pin, "k", b"1", b"data")


def test_the_number_reaches_the_module_and_the_digest_is_that_of_sm2(
    key_on_token: tuple[SoftTokens, TokenInfo, bytes],
) -> None:
    """SoftHSM2 has no SM2: by its number for ECDSA it signs what it is given, on the SM2 curve. What it is given is
    SM3(Z || M) of GB/T 32918.2, and a signature that is none of SM2 is never passed on."""
    soft, token, spki = key_on_token
    with by_number(soft, CKM_ECDSA) as device:
        made = device.sign(token, PINS.pin, "k", b"1", b"data")
    with pytest.raises(TokenError, match="does not hold"):
        check_made(strong_key(spki), made, b"data")
    r, s = (number.native for number in core.SequenceOf.load(made, spec=core.Integer))
    point = bytes(keys.PublicKeyInfo.load(spki)["public_key"])
    head = hashlib.new("sm3", bytes.fromhex("0080") + DISTID.encode() + CURVE + point[1:]).digest()
    digest = int.from_bytes(hashlib.new("sm3", head + b"data").digest(), "big")
    assert is_ecdsa(digest, r, s, point)
    with by_number(soft, CKM_ECDSA, hashed=False) as device:  # the whole message: as long as a digest here
        made = device.sign(token, PINS.pin, "k", b"1", b"d" * 32)
    r, s = (number.native for number in core.SequenceOf.load(made, spec=core.Integer))
    assert is_ecdsa(int.from_bytes(b"d" * 32, "big"), r, s, point)


P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
CURVE = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
Point = tuple[int, int] | None


def added(one: Point, other: Point) -> Point:
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    if one == other:
        slope = (3 * one[0] ** 2 + A) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    x = (slope**2 - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number: int, point: Point) -> Point:
    found: Point = None
    while number:
        if number & 1:
            found = added(found, point)
        point, number = added(point, point), number >> 1
    return found


def is_ecdsa(digest: int, r: int, s: int, public: bytes) -> bool:
    key = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
    inverse = pow(s, -1, N)
    found = added(times(digest * inverse % N, G), times(r * inverse % N, key))
    return found is not None and found[0] % N == r
