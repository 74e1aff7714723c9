"""Electronic seals: those of another implementation, ours, and what somebody changed of them."""

from __future__ import annotations

import io
import random
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from asn1crypto.keys import EncryptedPrivateKeyInfo
from gmssl import sm2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from issuance import sm2authority
from issuance.der import NotDer, require_der
from issuance.eseal import asn1, maker
from issuance.eseal.check import check
from issuance.eseal.maker import Maker, NewSeal
from issuance.eseal.seal import Seal, SealSignature, parse
from issuance.linting import Linter
from issuance.sm2 import Sm2Key
from issuance.steps import is_valid
from issuance.trust import Trust
from tests.pipeline.papers import seal as picture
from yinjian.errors import InputError, Refused, SetupError, TokenError

VECTORS = Path(__file__).parents[1] / "data" / "eseal"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PASSPHRASE = "korrekt pferd"
SEALS = {"UserV1.esl": (1, True), "UserV4.esl": (4, True), "UserV5.esl": (5, True), "UserV5_ts.esl": (5, False)}
Change = tuple[int, bytes, int]  # where, what is put there, for how many bytes
CHANGE = st.tuples(st.integers(0, 2**16), st.binary(max_size=6), st.integers(0, 6))
SIGNATURES = {"SignedValueV4.dat": 4, "SignedValueV5.dat": 5}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("maker")
    assert sm2authority.create(path, "Test CA", PASSPHRASE, NOW)
    assert not sm2authority.create(path, "Test CA", PASSPHRASE, NOW)
    return path


@pytest.fixture(scope="module")
def opened(directory: Path) -> Maker:
    return maker.open_maker(directory, PASSPHRASE)


@pytest.fixture(scope="module")
def new(opened: Maker) -> NewSeal:
    """A seal for whoever has the maker's own certificate: what it is for does not matter here."""
    png, end = picture(), NOW + timedelta(days=365)
    return NewSeal("AB12" * 8, 1, "哈尔滨松北云杉软件有限公司", opened.chain[0], png, 40.01, 40.01, NOW, end)


@pytest.fixture(scope="module")
def made(opened: Maker, new: NewSeal) -> bytes:
    return opened.make(new)


@pytest.mark.parametrize("name", SEALS)
def test_seals_of_another_implementation_are_judged_rightly(name: str) -> None:
    version, valid = SEALS[name]
    seal = parse((VECTORS / name).read_bytes())
    assert isinstance(seal, Seal)
    steps = {step.name: step.holds for step in check(seal, NOW, Trust())}
    assert (seal.version, is_valid(check(seal, NOW, Trust()))) == (version, valid)
    assert steps["maker's signature"] is True
    assert steps.get("seal's time stamp", True) is valid
    assert steps["maker"] is None
    assert (seal.picture.width_mm, seal.picture.height_mm) == (40, 40)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_of_another_implementation_hold_and_are_on_no_document(name: str) -> None:
    made = parse((VECTORS / name).read_bytes())
    assert isinstance(made, SealSignature)
    assert made.version == SIGNATURES[name]
    assert is_valid(check(made, NOW, Trust()))
    assert not is_valid(check(made, NOW, Trust(), document=b""))
    assert not is_valid(check(made, NOW, Trust(), document=bytes(32)))


def test_our_seal_is_the_strict_form_of_v4(made: bytes, opened: Maker) -> None:
    seal = parse(made)
    assert isinstance(seal, Seal)
    assert (seal.version, seal.id, seal.kind, seal.name) == (4, "AB12" * 8, 1, "哈尔滨松北云杉软件有限公司")
    assert seal.certificates == (opened.chain[0],)
    assert seal.extensions == ()
    steps = check(seal, NOW, Trust(makers=opened.chain[1:]), strict=True)
    assert is_valid(steps)
    assert all(step.holds for step in steps)
    assert asn1.SealV4.load(made).dump(force=True) == made


def test_another_makers_seal_is_not_ours(opened: Maker) -> None:
    seal = parse((VECTORS / "UserV4.esl").read_bytes())
    assert not is_valid(check(seal, NOW, Trust(makers=opened.chain[1:]), strict=True))


def test_every_flip_of_a_byte_is_refused(made: bytes, opened: Maker) -> None:
    drawn = random.Random(7)
    body = len(made)
    # The picture is most of a seal: its structure, certificates and signatures are flipped as often.
    places = {drawn.randrange(body) for _ in range(150)} | {body - 1 - drawn.randrange(700) for _ in range(150)}
    places |= set(range(120))
    for place in sorted(places):
        changed = bytearray(made)
        changed[place] ^= 1 << drawn.randrange(8)
        assert not accepted(bytes(changed), opened), place


def accepted(data: bytes, opened: Maker) -> bool:
    try:
        return is_valid(check(parse(data), NOW, Trust(makers=opened.chain[1:]), strict=True))
    except InputError:
        return False


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    changes=st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=6), st.integers(0, 6)), min_size=1, max_size=4)
)
def test_mutated_seals_neither_crash_nor_pass(
    made: bytes, opened: Maker, changes: list[tuple[int, bytes, int]]
) -> None:
    data = bytearray(made)
    for place, put, cut in changes:
        at = place % (len(data) + 1)
        data[at : at + cut] = put
    assert bytes(data) == made or not accepted(bytes(data), opened)


@pytest.mark.parametrize("kept", [0, 1, 4, 100, 900, -1])
def test_what_is_cut_short_or_goes_on_is_told(made: bytes, kept: int) -> None:
    with pytest.raises(InputError, match=r"cut short|is empty"):
        parse(made[:kept])
    with pytest.raises(InputError, match="bytes follow its end"):
        parse(made + b"\0")


@pytest.mark.parametrize(
    "data, why",
    [
        (b"not a seal", "well-formed DER"),
        (b"\x30\x80\x00\x00", "not definite"),
        (b"\x30\x81\x02\x05\x00", "not the shortest"),
        (b"\x02\x02\x00\x01", "not the shortest"),
        (b"\x01\x01\x01", "neither"),
        (b"\x03\x02\x01\x01", "loose ends"),
        (b"\x30\x02" * 30 + b"\x05\x00", "cut short"),
        (b"\x30\x03\x02\x01\x01", "neither an electronic seal"),
    ],
)
def test_what_is_no_seal_is_told_apart(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why):
        parse(data)


def test_nesting_has_an_end() -> None:
    deep = b"\x05\x00"
    for _ in range(40):
        deep = b"\x30" + bytes([len(deep)]) + deep
    with pytest.raises(NotDer, match="too deeply"):
        require_der(deep)


def test_an_unknown_version_is_told(made: bytes) -> None:
    at = made.index(b"\x02\x01\x04")
    with pytest.raises(InputError, match="version 7"):
        parse(made[: at + 2] + b"\x07" + made[at + 3 :])


def test_a_picture_that_is_none_or_a_bomb_is_told(opened: Maker, new: NewSeal) -> None:
    stream = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(stream, "PNG")
    for png, said in ((b"no picture", "none that can be shown"), (stream.getvalue(), "larger than any")):
        seal = parse(opened.make(replace(new, png=png)))
        step = next(step for step in check(seal, NOW, Trust()) if step.name == "picture")
        assert step.holds is False
        assert said in step.said


def test_a_seal_does_not_outlive_its_holders_certificate(opened: Maker, new: NewSeal) -> None:
    ends = asn1_x509.Certificate.load(opened.chain[0]).not_valid_after
    with pytest.raises(Refused, match="longer than"):
        opened.make(replace(new, valid_until=ends + timedelta(seconds=1)))
    with pytest.raises(Refused):
        opened.make(replace(new, valid_until=NOW))


def test_a_seal_that_ended_still_has_its_makers_signature(made: bytes, opened: Maker) -> None:
    steps = check(parse(made), NOW + timedelta(days=400), Trust(makers=opened.chain[1:]), strict=True)
    assert is_valid(steps)
    assert next(step for step in steps if step.name == "period").holds is False


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_openssl_accepts_each_certificate_and_the_seals_signature(directory: Path, made: bytes, tmp_path: Path) -> None:
    for below, above in (("root", "root"), ("issuing", "root"), ("maker", "issuing")):
        own, trusted = directory / f"{below}.pem", directory / f"{above}.pem"
        distid = ("-vfyopt", "distid:1234567812345678")
        assert "OK" in run("openssl", "verify", *distid, "-partial_chain", "-trusted", trusted, own)
    seal = asn1.SealV4.load(made)
    certificate = asn1_x509.Certificate.load(seal["cert"].native)
    (tmp_path / "key").write_bytes(pem.armor("PUBLIC KEY", certificate.public_key.dump()))
    (tmp_path / "data").write_bytes(seal["info"].dump())
    (tmp_path / "signature").write_bytes(seal["signed_value"].native)
    ask = ("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
    files = ("-pubin", "-inkey", tmp_path / "key", "-in", tmp_path / "data", "-sigfile", tmp_path / "signature")
    assert "Verified Successfully" in run(*ask, *files)
    (tmp_path / "data").write_bytes(seal["info"].dump() + b"x")
    assert "Verified Successfully" not in run(*ask, *files)


def test_a_second_implementation_of_sm2_agrees(made: bytes, opened: Maker) -> None:
    seal = asn1.SealV4.load(made)
    point = bytes(asn1_x509.Certificate.load(opened.chain[0]).public_key["public_key"])
    other = sm2.CryptSM2(private_key="", public_key="", asn1=True)
    other.public_key = point[1:].hex()  # what it is given it strips of leading 0 and 4
    signature, covered = seal["signed_value"].native.hex(), seal["info"].dump()
    assert other.verify_with_sm3(signature, covered)
    assert not other.verify_with_sm3(signature, covered + b"x")


def test_pkilint_finds_nothing_in_the_makers_certificates(opened: Maker) -> None:
    linter = Linter()
    try:
        found = [one for der in opened.chain for one in linter.findings(der)]
        assert [one for one in found if one.severity not in ("INFO", "NOTICE")] == []
    finally:
        linter.close()


def test_keys_lie_encrypted_and_open_with_their_passphrase_alone(directory: Path, tmp_path: Path) -> None:
    for level in sm2authority.LEVELS:
        sealed = (directory / f"{level}.key").read_bytes()
        assert EncryptedPrivateKeyInfo.load(sealed, strict=True)["encryption_algorithm"]["algorithm"].native == "pbes2"
        with pytest.raises(TokenError, match="cannot be opened"):
            Sm2Key.load(sealed, "another one")
    with pytest.raises(TokenError, match="too short"):
        Sm2Key.generate().sealed("short")
    with pytest.raises(SetupError, match="no seal maker"):
        maker.open_maker(tmp_path, PASSPHRASE)
    with pytest.raises(TokenError):
        maker.open_maker(directory, "another one")


def test_making_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    sm2authority.create(tmp_path, "Test CA", PASSPHRASE, NOW)
    root = (tmp_path / "root.pem").read_bytes()
    (tmp_path / "maker.pem").unlink()  # killed between key and certificate
    assert sm2authority.create(tmp_path, "Test CA", PASSPHRASE, NOW)
    assert (tmp_path / "root.pem").read_bytes() == root
    chain = maker.open_maker(tmp_path, PASSPHRASE).chain
    assert asn1_x509.Certificate.load(chain[0]).issuer == asn1_x509.Certificate.load(chain[1]).subject


def test_a_signature_said_with_unused_bits_is_refused(opened: Maker, new: NewSeal) -> None:
    """One bit that is left out, where it is 0 anyhow, makes another file of the same octets."""
    made = next(one for one in iter(lambda: opened.make(new), b"") if not one[-1] & 1)
    signature = asn1.SealV4.load(made)["signed_value"].contents
    at = len(made) - len(signature)
    assert made[at] == 0
    changed = made[:at] + b"\1" + made[at + 1 :]
    require_der(changed)
    assert not accepted(changed, opened)
