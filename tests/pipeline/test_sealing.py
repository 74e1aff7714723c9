"""The seal in use, on the command line: a PDF sealed by the token's key, and every kind of file checked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pymupdf
import pytest
from asn1crypto import pem
from PIL import Image
from sqlalchemy import select
from typer.testing import CliRunner

from bench.stores import free_port, serving
from pipeline import acceptance, operations, revocation
from pipeline.cli import app, bounds, sealwork
from pipeline.export import export
from pipeline.issue import issue_all
from pipeline.personalising import token_pins
from pipeline.store.issuing_tables import CertificateRow, Seal
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Event
from pipeline.verifying import known, verify
from pipeline.workshop import ca_directory, opened_ca, opened_station
from tests.conftest import store_with_ca
from tests.pipeline.flow import approved_case
from yinjian.errors import InputError, YinjianError
from yinjian.settings import Settings

VECTORS = Path(__file__).parents[1] / "data" / "eseal"
Say = Callable[..., str]


@dataclass(frozen=True)
class Desk:
    """A store with one seal whose certificate was handed over; its files are in `folder`."""

    store: Store
    settings: Settings
    folder: Path
    serial: str

    def say(self, *words: object, code: int = 0) -> str:
        with patch.dict(os.environ, self.settings.to_environment()):
            done = CliRunner().invoke(app, [str(word) for word in words])
        if isinstance(done.exception, YinjianError):
            assert done.exception.exit_code == code, done.exception
            return str(done.exception)
        assert done.exit_code == code, (done.output, done.exception)
        return done.output

    @property
    def seal(self) -> Path:
        return self.folder / "seal.esl"

    def apply(self, pdf: Path, out: str, *more: object, code: int = 0) -> str:
        place = ("--at", "1,120,200", "--out", self.folder / out, "--pin-file", self.folder / "pin")
        return self.say("seal", "apply", self.seal, pdf, *place, *more, code=code)

    def revoke(self) -> None:
        with self.store.writing() as session:
            asked = operations.ask_to_revoke(self.store, session, self.serial, "keyCompromise", "遗失", "iss")
            operations.confirm(self.store, session, asked.id, "adm")
        with opened_ca(self.settings) as authority:
            revocation.publish(self.store, authority, self.settings, "adm")


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory, authority: Path) -> Desk:
    """Issued once for all tests: each works on a copy."""
    base = tmp_path_factory.mktemp("desk")
    settings = store_with_ca(base, authority)
    store = open_store(settings)
    approved_case(store, settings, "clean-1")
    (result,) = issue_all(store, settings, "iss")
    serial = result.serials[0]
    with store.reading() as session:
        pin = token_pins(store, session.get_one(CertificateRow, serial)).pin
    with opened_station(settings) as station:
        acceptance.accept(store, station, serial, "iss")
    export(store, settings, base / "out")
    (folder,) = (base / "out" / "issued").iterdir()
    (folder / "pin").write_text(f"{pin}\n")
    with opened_ca(settings) as opened:
        revocation.publish(store, opened, settings, "adm")
    return Desk(store, settings, folder, serial)


@pytest.fixture
def desk(handed_over: Desk, tmp_path: Path) -> Desk:
    base, own = handed_over.settings.var_dir.parent, tmp_path / "desk"
    shutil.copytree(base, own)
    values = ((field.name, getattr(handed_over.settings, field.name)) for field in fields(Settings))
    moved = {n: own / v.relative_to(base) for n, v in values if isinstance(v, Path) and v.is_relative_to(base)}
    settings = replace(handed_over.settings, **moved)
    return replace(
        handed_over, store=open_store(settings), settings=settings, folder=own / handed_over.folder.relative_to(base)
    )


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    made = pymupdf.open()
    for _ in range(3):
        made.new_page().insert_text((72, 72), "contract")
    made.save(tmp_path / "contract.pdf")
    return tmp_path / "contract.pdf"


def test_a_pdf_is_sealed_and_checked(desk: Desk, pdf: Path) -> None:
    assert "Sealed" in desk.apply(pdf, "sealed.pdf", "--across")
    sealed = desk.folder / "sealed.pdf"
    said = desk.say("verify", sealed)
    assert said.rstrip().endswith("valid") and "✗" not in said and "TSA" in said
    found = json.loads(desk.say("verify", sealed, "--json"))
    assert found["valid"] and found["what"] == "sealed PDF"
    assert [step["step"] for step in found["signatures"][0]["steps"]] == [
        "signature",
        "document",
        "time stamp",
        "certificate",
    ]
    with desk.store.reading() as session:
        row = session.scalars(select(Seal)).one()
    opened = pymupdf.open(sealed)
    box = next(opened[0].widgets()).rect
    assert abs(box.width / 72 * 25.4 - row.width_mm) < 0.2 and abs(box.height / 72 * 25.4 - row.height_mm) < 0.2
    done = subprocess.run(("pdfsig", "-nocert", sealed), capture_output=True, text=True)
    assert "Signature is Valid" in done.stdout
    assert "there already" in desk.apply(pdf, "sealed.pdf", code=2)
    with desk.store.reading() as session:
        event = session.scalars(select(Event).where(Event.action == "sealed")).one()
    assert event.subject == f"seal:{desk.serial}" and len(event.hash) == 64
    # elsewhere, with nothing but the root
    bare = Settings(var_dir=desk.folder / "nowhere")
    elsewhere = Desk(desk.store, bare, desk.folder, desk.serial)
    assert "no root that is known" in elsewhere.say("verify", sealed, code=9)
    assert "NOT VALID" not in elsewhere.say("verify", sealed, "--trust", ca_directory(desk.settings) / "root.pem")


def test_any_file_is_signed_with_a_seal(desk: Desk, tmp_path: Path) -> None:
    data = tmp_path / "合同.txt"
    data.write_text("contract")
    words = ("seal", "put", desk.seal, data, "--pin-file", desk.folder / "pin")
    assert "Signed" in desk.say(*words)
    made = tmp_path / "合同.txt.ses"
    said = desk.say("verify", made, "--document", data, "--strict")
    assert said.rstrip().endswith("valid") and "✗" not in said and "as it was signed" in said
    data.write_text("another")
    assert "not what was signed" in desk.say("verify", made, "--document", data, code=9)
    assert "there already" in desk.say(*words, code=2)


def test_another_authority_may_stamp_by_http(desk: Desk, pdf: Path) -> None:
    own = replace(desk.settings, web_port=free_port())
    with serving(own) as url:
        away = replace(desk, settings=replace(own, tsa_url=f"{url}/tsa"))
        away.apply(pdf, "sealed.pdf")
    assert "✓ time stamp" in desk.say("verify", desk.folder / "sealed.pdf")
    assert "does not answer" in away.apply(pdf, "other.pdf", code=7)
    assert not (desk.folder / "other.pdf").exists()


def test_a_sealed_pdf_is_sealed_again_only_when_that_is_meant(desk: Desk, pdf: Path) -> None:
    desk.apply(pdf, "one.pdf")
    assert "signed already" in desk.apply(desk.folder / "one.pdf", "two.pdf", code=2)
    desk.apply(desk.folder / "one.pdf", "two.pdf", "--beside")
    found = json.loads(desk.say("verify", desk.folder / "two.pdf", "--json"))
    assert found["valid"] and len(found["signatures"]) == 2


def test_after_a_revocation_nothing_is_sealed_and_what_was_holds(desk: Desk, pdf: Path) -> None:
    desk.apply(pdf, "before.pdf")
    desk.revoke()
    assert "revoked" in desk.apply(pdf, "after.pdf", code=8)
    assert not (desk.folder / "after.pdf").exists()
    assert desk.say("verify", desk.folder / "before.pdf").rstrip().endswith("valid")
    said = desk.say("verify", desk.seal, code=9)
    assert "✗ standing: its certificate was revoked" in said and said.rstrip().endswith("NOT VALID")
    said = desk.say("verify", desk.folder / "certificate.pem", code=9)
    assert "✗ revocation: revoked on" in said and "✗ register: revoked" in said


def test_what_may_not_be_sealed_is_told_apart(desk: Desk, pdf: Path, tmp_path: Path) -> None:
    assert "no place" in desk.say("seal", "apply", desk.seal, pdf, "--at", "here", code=2)
    assert "--pin-file" in desk.say("seal", "apply", desk.seal, pdf, "--at", "1,100,100", code=4)
    place = ("--at", "1,60,60", "--pin-file", desk.folder / "pin")
    assert "may not be used (maker" in desk.say("seal", "apply", VECTORS / "UserV4.esl", pdf, *place, code=8)
    assert "no seal" in desk.say("seal", "apply", VECTORS / "SignedValueV4.dat", pdf, *place, code=2)
    (tmp_path / "no.pdf").write_text("no")
    assert "not a PDF" in desk.apply(tmp_path / "no.pdf", "x.pdf", code=2)
    (desk.folder / "pin").write_text("00000000\n")
    assert "PIN" in desk.apply(pdf, "x.pdf", code=7)
    assert not (desk.folder / "x.pdf").exists()


def test_each_kind_of_file_is_told_and_checked(desk: Desk, tmp_path: Path) -> None:
    certificate = desk.folder / "certificate.pem"
    said = desk.say("verify", certificate)
    assert "what         certificate" in said and "✓ revocation: not revoked" in said and "✓ register: active" in said
    (tmp_path / "c.cer").write_bytes(pem.unarmor(certificate.read_bytes())[2])
    assert json.loads(desk.say("verify", tmp_path / "c.cer", "--json"))["valid"]
    assert desk.say("verify", ca_directory(desk.settings) / "root.pem").rstrip().endswith("valid")
    said = desk.say("verify", desk.seal, "--strict")
    assert "electronic seal" in said and "✓ standing" in said
    assert "signature with an electronic seal" in desk.say("verify", VECTORS / "SignedValueV4.dat")
    found = json.loads(desk.say("verify", desk.seal, "--json"))
    assert found["valid"] is True and " to " in found["period"]
    assert json.loads(desk.say("seal", "verify", desk.seal, "--json"))["valid"] is True
    assert json.loads(desk.say("seal", "verify", VECTORS / "UserV5_ts.esl", "--json", code=9))["valid"] is False
    assert "✗ maker" in desk.say("verify", VECTORS / "UserV4.esl", "--strict", code=9)
    assert "time stamp" in desk.say("verify", VECTORS / "UserV5_ts.esl", code=9)
    image = tmp_path / "seal.png"
    desk.say("seal", "show", desk.seal, "--image", image)
    assert Image.open(image).mode == "RGBA"
    (tmp_path / "x").write_bytes(b"nothing")
    assert "well-formed" in desk.say("verify", tmp_path / "x", code=2)
    assert "cannot be read" in desk.say("verify", tmp_path / "not there", code=2)


def test_a_file_that_is_made_to_exhaust_is_stopped(desk: Desk, tmp_path: Path) -> None:
    """A cross-reference stream may say that it has as many entries as it likes."""
    entries = b"4 0 obj<</Type/XRef/W[0 0 0]/Index[0 30000000]/Size 9/Root 1 0 R/Length 0>>stream\nendstream endobj"
    (tmp_path / "bomb.pdf").write_bytes(b"%PDF-1.7\n" + entries + b"\nstartxref\n9\n%%EOF")
    with pytest.raises(InputError, match="longer than 1 s"), bounds.bounded(1):
        verify((tmp_path / "bomb.pdf").read_bytes(), known(desk.settings, None), None)
    with pytest.raises(InputError, match="more memory"), bounds.bounded(60, 64 * 1024 * 1024):
        bytearray(512 * 1024 * 1024)


def test_what_a_seal_says_cannot_look_like_what_is_said_of_it(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    sealwork._say("甲公司\n✓ standing: as it was made here\x1b[8m")
    assert capsys.readouterr().out == "甲公司 ✓ standing: as it was made here [8m\n"


def test_trust_is_for_what_it_is_given(desk: Desk, tmp_path: Path) -> None:
    """What is above holders makes no seals, unless that is said."""
    seal = ca_directory(desk.settings) / "seal"
    away = replace(desk, settings=Settings(var_dir=tmp_path / "nowhere"))
    given = ("--trust", seal / "root.pem", "--trust", seal / "issuing.pem")
    assert "✗ maker" in away.say("verify", desk.seal, "--strict", *given, code=9)
    makers = ("--trust-maker", seal / "root.pem", "--trust-maker", seal / "issuing.pem")
    assert "✓ maker" in away.say("verify", desk.seal, "--strict", *makers)
    (tmp_path / "junk").write_bytes(b"0\x03\x02\x01\x05")
    assert "holds no certificate" in away.say("verify", desk.seal, "--trust", tmp_path / "junk", code=2)
    assert "no revocation list" in away.say("verify", desk.seal, "--crl", tmp_path / "junk", code=2)


def test_a_certificate_that_was_changed_or_ended_is_told(desk: Desk, tmp_path: Path) -> None:
    der = bytearray(pem.unarmor((desk.folder / "certificate.pem").read_bytes())[2])
    der[-1] ^= 1
    (tmp_path / "changed.cer").write_bytes(der)
    assert "✗ issuer" in desk.say("verify", tmp_path / "changed.cer", code=9)
    with patch("pipeline.verifying.now", lambda: datetime(2035, 1, 1, tzinfo=UTC)):
        assert "it is over" in desk.say("verify", desk.folder / "certificate.pem", code=9)


def test_a_ca_from_before_gets_its_time_stamp_authority_later(desk: Desk, pdf: Path) -> None:
    (ca_directory(desk.settings) / "stamper.pem").unlink()
    shutil.rmtree(ca_directory(desk.settings) / "stamper")
    (ca_directory(desk.settings) / "stamper.json").unlink()
    assert "yinjian ca stamper" in desk.apply(pdf, "x.pdf", code=4)
    assert "Made a new time stamp authority" in desk.say("ca", "stamper", "--actor", "adm")
    assert "long enough" in desk.say("ca", "stamper", "--actor", "adm")
    desk.apply(pdf, "x.pdf")
