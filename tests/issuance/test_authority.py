"""The CA: created once, whatever happens, and opened only whole."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import authority, authority_plan
from issuance.authority import Authority
from issuance.authority_plan import Names
from issuance.issuer import pem
from issuance.profiles import profiles
from issuance.signing import key_of, signed
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyKind, TokenInfo
from tests.issuance.builder import CA_PINS, MODULE, NAMES, NOW, UNIT, kinds, run
from tests.issuance.test_issuing import issued
from yinjian.errors import InputError, Refused, SetupError, TokenError

ROOT = Path(__file__).resolve().parents[2]
# pytest sets aside the filter that issuance.subject has for this.
pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")


def test_openssl_accepts_the_chain(ca: Authority, ca_home: Path, tmp_path: Path) -> None:
    longest = dataclasses.replace(UNIT, unit_name="名" * 64)
    kinds = [(profile.certificate, None) for profile in profiles().profiles]
    for certificate, subject in (*kinds, ("enterprise", longest)):
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
    key = key_of(ca.chain[0])
    builder = x509.CertificateBuilder(ca.issuing.subject, ca.issuing.subject, key.encoded, 1 << 64, NOW, NOW)

    @dataclass(frozen=True)
    class Wrong:
        """It signs something else."""

        public_key: bytes = key.spki

        def sign(self, data: bytes) -> bytes:
            return ca._signer.sign(data + b"x")

    with pytest.raises(TokenError, match="does not hold"):
        signed(builder, key, Wrong(), lambda draft: None)


def test_the_issuing_key_is_closed(ca_home: Path) -> None:
    plan = authority_plan.read(ca_home)
    token = TokenInfo(plan.token_label, plan.token_serial, "")
    with SoftTokens(ca_home / authority.TOKENS).device(plan.token_label) as device:
        private = [item for item in device.contents(token, CA_PINS.pin) if item.kind == "private_key"]
    assert [(item.sensitive, item.extractable) for item in private] == [(True, False)] * 2


def test_names_of_a_ca_are_held_to_the_same(tmp_path: Path) -> None:
    with pytest.raises((Refused, InputError)):
        authority.create(tmp_path, Names("甲" * 65, "根", "签发"), CA_PINS.so_pin, CA_PINS.pin, datetime.now(UTC))
    assert not (tmp_path / authority_plan.FILE).exists()
