"""From an approval to a token: in one go, and killed at every step."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from issuance import personalise
from issuance.authority import Authority, pem
from issuance.personalise import MadeKey
from issuance.reservation import Reservation, reserve
from issuance.station import OPEN_PROCESSES, SoftTokenStation
from issuance.tokens import KeyKind, Pins, TokenInfo
from tests.issuance.builder import CA_PINS, MODULE, NOW, PINS, an_approval, kinds, run
from tests.issuance.orchestrator import CALLS
from yinjian.approval import Usage
from yinjian.errors import TokenError

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = ["certificate"] * 3 + ["private_key", "public_key"]


@pytest.fixture
def station(tmp_path: Path) -> Iterator[SoftTokenStation]:
    with SoftTokenStation(tmp_path / "station") as opened:
        yield opened


@pytest.fixture
def reservation() -> Reservation:
    return reserve(an_approval(), Usage.BOTH, NOW)


def personalised(
    station: SoftTokenStation, ca: Authority, reservation: Reservation, kind: KeyKind = KeyKind.RSA_2048
) -> tuple[MadeKey, bytes]:
    made = personalise.make_key(station, reservation, kind, PINS)
    certificate = personalise.certify(ca, an_approval(), reservation, made)
    done = personalise.deliver(station, reservation, made.token, PINS.pin, certificate, ca.chain)
    assert done.token == made.token
    return made, certificate


def test_a_token_has_key_certificate_and_chain(
    station: SoftTokenStation, ca: Authority, ca_home: Path, reservation: Reservation, tmp_path: Path
) -> None:
    made, certificate = personalised(station, ca, reservation)
    assert kinds(station.contents(made.token, PINS.pin)) == COMPLETE
    assert station.tokens() == (made.token,)
    configuration = tmp_path / "station" / reservation.token_label / "softhsm2.conf"
    words = ("--type", "cert", "--id", reservation.key_id.hex(), "--output-file", tmp_path / "c.der")
    tool = ("pkcs11-tool", "--module", MODULE, "--read-object", *words)
    run(*tool, configuration=configuration)
    assert (tmp_path / "c.der").read_bytes() == certificate
    (tmp_path / "c.pem").write_bytes(pem(certificate))
    chain = ("-CAfile", ca_home / "root.pem", "-untrusted", ca_home / "issuing.pem", tmp_path / "c.pem")
    assert run("openssl", "verify", "-x509_strict", *chain).strip().endswith("OK")


def test_repeated_it_gives_the_same(station: SoftTokenStation, ca: Authority, reservation: Reservation) -> None:
    first = personalised(station, ca, reservation)
    assert personalised(station, ca, reservation) == first
    assert kinds(station.contents(first[0].token, PINS.pin)) == COMPLETE


def test_killed_after_every_call_it_ends_in_one_of_each(ca_home: Path, tmp_path: Path) -> None:
    """The same directory and reservation, the process killed after each call in turn."""
    words = ("-m", "tests.issuance.orchestrator", ca_home, tmp_path / "station", tmp_path / "state")
    for call in range(1, len(CALLS) + 1):
        killed = subprocess.run((sys.executable, *words, str(call)), cwd=ROOT, capture_output=True, check=False)
        assert killed.returncode == -9, killed.stderr
    first, second = (
        subprocess.run((sys.executable, *words, "0"), cwd=ROOT, capture_output=True, check=True) for _ in range(2)
    )
    assert first.stdout == second.stdout
    reservation = pickle.loads((tmp_path / "state").read_bytes())
    with SoftTokenStation(tmp_path / "station") as station:
        (token,) = station.tokens()
        assert token.label == reservation.token_label
        assert kinds(station.contents(token, PINS.pin)) == COMPLETE


def test_two_certificates_share_a_token(station: SoftTokenStation, ca: Authority, reservation: Reservation) -> None:
    other = reserve(an_approval(), Usage.BOTH, NOW, token_label=reservation.token_label)
    first, second = (personalised(station, ca, each)[0] for each in (reservation, other))
    assert first.token == second.token and first.public_key != second.public_key
    found = kinds(station.contents(first.token, PINS.pin))
    assert found == ["certificate"] * 4 + ["private_key"] * 2 + ["public_key"] * 2


def test_a_certificate_of_another_key_is_not_delivered(
    station: SoftTokenStation, ca: Authority, reservation: Reservation
) -> None:
    made = personalise.make_key(station, reservation, KeyKind.RSA_2048, PINS)
    other = reserve(an_approval(), Usage.BOTH, NOW)
    foreign = personalise.make_key(station, other, KeyKind.RSA_2048, PINS)
    certificate = personalise.certify(ca, an_approval(), reservation, foreign)
    with pytest.raises(TokenError, match="not the certificate's"):
        personalise.deliver(station, reservation, made.token, PINS.pin, certificate, ca.chain)


def test_a_token_without_the_key_is_not_delivered(
    station: SoftTokenStation, ca: Authority, reservation: Reservation
) -> None:
    _, certificate = personalised(station, ca, reservation)
    other = reserve(an_approval(), Usage.BOTH, NOW)
    blank = station.prepare(other.token_label, PINS.so_pin, PINS.pin)
    with pytest.raises(TokenError, match="other objects than one key pair"):
        personalise.deliver(station, other, blank, PINS.pin, certificate, ca.chain)


def test_a_wrong_pin_makes_nothing(station: SoftTokenStation, reservation: Reservation) -> None:
    made = personalise.make_key(station, reservation, KeyKind.P_256, PINS)
    with pytest.raises(TokenError, match="PIN is wrong"):
        personalise.make_key(station, dataclasses.replace(reservation, key_label="other"), KeyKind.P_256, CA_PINS)
    assert kinds(station.contents(made.token, PINS.pin)) == ["private_key", "public_key"]


def test_a_token_that_was_exchanged_is_not_taken(station: SoftTokenStation, reservation: Reservation) -> None:
    made = personalise.make_key(station, reservation, KeyKind.P_256, PINS)
    exchanged = TokenInfo(made.token.label, "0000000000000000", made.token.model)
    with pytest.raises(TokenError, match="another serial number"):
        station.contents(exchanged, PINS.pin)
    with pytest.raises(TokenError, match="directory is not there"):
        station.contents(TokenInfo("YJ-elsewhere", made.token.serial, ""), PINS.pin)


def children() -> set[int]:
    """The processes of tokens that this one has running."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = {int(pid) for file in found for pid in file.read_text().split()}
    return {pid for pid in pids if b"issuance.token_process" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_processes_of_many_tokens_do_not_pile_up(station: SoftTokenStation) -> None:
    before = children()
    tokens = [station.prepare(f"YJ-{number}", PINS.so_pin, PINS.pin) for number in range(OPEN_PROCESSES + 2)]
    assert len(station._devices) == OPEN_PROCESSES
    kept = {device.pid for device in station._devices.values()}
    assert kept == children() - before and None not in kept
    assert [station.contents(token, PINS.pin) for token in tokens] == [()] * len(tokens)
    assert station.tokens() == tuple(sorted(tokens, key=lambda token: token.label))


def test_pins_are_not_shown() -> None:
    assert "4321" not in repr(Pins("43214321", "12344321"))


def test_the_chain_on_the_token_is_the_cas(station: SoftTokenStation, ca: Authority, reservation: Reservation) -> None:
    made, _ = personalised(station, ca, reservation)
    for der in ca.chain:
        key_id = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        assert station.read_certificate(made.token, PINS.pin, key_id.value.digest) == der
