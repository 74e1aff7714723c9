"""PINs, passphrases and private keys are nowhere in database, files or logs: canaries are planted and looked for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bench.stores import PASSPHRASE, PIN, SO_PIN, make_ca
from issuance.tokens import Pins
from pipeline import acceptance, pins
from pipeline.cli.certificates import print_envelope
from pipeline.issue import issue_all
from pipeline.personalising import require_pin
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import open_store
from pipeline.users import Role, add_user
from pipeline.workshop import opened_station, token_directory
from tests.conftest import prepared
from tests.pipeline.flow import approved_case
from tests.pipeline.papers import claim_of

# How the DER of a private key begins.
PRIVATE = {
    "PKCS#8 RSA": bytes.fromhex("020100300d06092a864886f70d010101"),
    "PKCS#8 EC": bytes.fromhex("020100301306072a8648ce3d0201"),
    "PKCS#1 2048": bytes.fromhex("0201000282010100"),
    "PKCS#1 3072": bytes.fromhex("0201000282018100"),
    "SEC 1": bytes.fromhex("0201010420"),
    "PEM": b"PRIVATE KEY-----",
}
CANARIES = ("31415926", "2718281828459045", "16180339", "1414213562373095", "57721566", "6931471805599453")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Pins]:
    """PINs that are drawn are known ones."""
    left = [Pins(CANARIES[i + 1], CANARIES[i]) for i in (0, 2, 4)]
    given: list[Pins] = []

    def draw() -> Pins:
        given.append(left[len(given) % len(left)])
        return given[-1]

    monkeypatch.setattr(pins, "draw", draw)
    return given


def everything(folder: Path) -> Iterator[tuple[Path, bytes]]:
    yield from ((path, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def test_no_secret_is_found_anywhere(
    tmp_path: Path, drawn: list[Pins], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    settings = prepared(tmp_path)
    make_ca(settings)
    store = open_store(settings)
    with store.writing() as session:
        for name, roles in (("rev", (Role.REVIEWER,)), ("both", (Role.REVIEWER,)), ("iss", (Role.ISSUER,))):
            add_user(session, name, roles)
    approved_case(store, settings, "clean-1")
    (result,) = issue_all(store, settings, "iss")
    print_envelope(store, result.serials[0], "iss")
    assert capfdbinary.readouterr().out.startswith(b"%PDF")
    with opened_station(settings) as station:
        acceptance.accept(store, station, result.serials[0], "iss")
    approved_case(store, settings, "unlock-1", claim_of("unlock-1"))
    issue_all(store, settings, "iss")
    assert len(drawn) >= 2
    secrets = {text.encode() for text in (PASSPHRASE, PIN, SO_PIN, *CANARIES)} | set(PRIVATE.values())
    own = {settings.passphrase_file, settings.ca_pin_file}  # where they are meant to be
    seen = 0
    for path, data in everything(tmp_path):
        if path not in own:
            seen += 1
            assert not {secret for secret in secrets if secret in data}, path
    told = b"".join(capfdbinary.readouterr())
    assert seen > 20 and not any(secret in told for secret in secrets)


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    key = tmp_path / "key.der"
    for kind in (("RSA", "rsa_keygen_bits:2048"), ("RSA", "rsa_keygen_bits:3072"), ("EC", "ec_paramgen_curve:P-256")):
        command = [
            "openssl",
            "genpkey",
            "-algorithm",
            kind[0],
            "-pkeyopt",
            kind[1],
            "-outform",
            "DER",
            "-out",
            str(key),
        ]
        subprocess.run(command, check=True, capture_output=True)
        assert any(head in key.read_bytes() for head in PRIVATE.values())


def test_pkcs11_tool_shows_every_private_key_closed(tmp_path: Path) -> None:
    """Those of the CA and the responder, too."""
    settings = prepared(tmp_path)
    make_ca(settings)
    store = open_store(settings)
    with store.writing() as session:
        add_user(session, "iss", (Role.ISSUER,))
        add_user(session, "rev", (Role.REVIEWER,))
    approved_case(store, settings, "clean-1")
    issue_all(store, settings, "iss")
    with store.reading() as session:
        row = session.scalars(select(CertificateRow)).one()
    ca = settings.var_dir / "ca"
    found = {
        "CA": (next((ca / "token").glob("*/softhsm2.conf")), PIN, 3),
        "responder": (next((ca / "responder").glob("*/softhsm2.conf")), PIN, 1),
        "holder": (token_directory(settings) / row.token_label / "softhsm2.conf", require_pin(store, row), 1),
    }
    for conf, pin, keys in found.values():
        tool = [
            "pkcs11-tool",
            "--module",
            str(settings.pkcs11_module),
            "--login",
            "--pin",
            pin,
            "-O",
            "--type",
            "privkey",
        ]
        listed = subprocess.run(
            tool, env={"SOFTHSM2_CONF": str(conf)}, capture_output=True, text=True, check=True
        ).stdout
        assert listed.count("Private Key Object") == keys
        assert listed.count("sensitive, always sensitive, never extractable, local") == keys, listed
