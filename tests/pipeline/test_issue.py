"""Issuing on real tokens: the guards, once and only once, and the way back from the certificate."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from PIL import Image
from sqlalchemy import select

from issuance.eseal.check import check
from issuance.eseal.seal import Seal as ElectronicSeal
from issuance.eseal.seal import parse
from issuance.station import SEAL
from issuance.steps import is_valid
from issuance.trust import Trust
from pipeline import operations, orders, personalising
from pipeline.approvals import Word, rule
from pipeline.cases import find_certificate, trail
from pipeline.ceremony import make_seal_maker
from pipeline.clock import now, today
from pipeline.export import export
from pipeline.intake import submit
from pipeline.issue import issue_all, issue_one
from pipeline.personalising import token_of, token_pins
from pipeline.registry import import_register, register, subject_of
from pipeline.states import State
from pipeline.store.check import problems
from pipeline.store.issuing_tables import CertificateRow, Order, Seal
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Application, ApprovalRow, Event, Lease, Submission
from pipeline.verifying import standing
from pipeline.workshop import opened_station, seal_directory, seal_makers, token_directory, workshop
from tests.pipeline.flow import approved_case, finished_case, settle_all, work_all
from tests.pipeline.papers import AS_OF, folder
from tests.validators import builder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, Refused, SetupError, TokenError
from yinjian.settings import Settings


@pytest.fixture
def settings(with_ca: Settings) -> Settings:
    return with_ca


def paid_case(store: Store, settings: Settings, name: str = "clean-1") -> str:
    application = finished_case(store, name, settings)
    with store.writing() as session:
        orders.pay(session, application, orders.Method.COUNTER, "iss", "R-1")
    return application


def certificates(store: Store) -> list[CertificateRow]:
    with store.reading() as session:
        return list(session.scalars(select(CertificateRow)))


@pytest.mark.parametrize("with_ca", ["sqlite", "postgresql"], indirect=True)
def test_from_approval_to_files_that_openssl_accepts(store: Store, settings: Settings, tmp_path: Path) -> None:
    application = paid_case(store, settings)
    (result,) = issue_all(store, settings, "iss")
    assert result.waits is None and issue_all(store, settings, "iss") == ()
    assert export(store, settings, tmp_path / "out") == 1
    made = tmp_path / "out" / "issued" / "clean-1"
    chain, certificate = made / "chain.pem", made / "certificate.pem"
    (tmp_path / "root.pem").write_bytes(b"-----BEGIN" + chain.read_bytes().split(b"-----BEGIN")[2])
    command = ["openssl", "verify", "-x509_strict", "-CAfile", tmp_path / "root.pem", "-untrusted", chain, certificate]
    assert subprocess.run(command, capture_output=True).returncode == 0
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == builder.UNIT
    assert f"{found.serial_number:X}" == result.serials[0]
    assert 364 <= (found.not_valid_after_utc - found.not_valid_before_utc).days <= 366
    picture = Image.open(made / "seal.png")
    assert picture.mode == "RGBA" and [round(d) for d in picture.info["dpi"]] == [600, 600]
    assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]
    with store.reading() as session:
        assert session.get_one(Application, application).state == State.ISSUED
        assert session.scalars(select(Lease)).all() == []
        assert len(session.scalars(select(Seal)).all()) == 1
        certificate = find_certificate(session, result.serials[0].lower())
        assert certificate is not None
        way = trail(session, certificate)
        assert [f.size for f in way.files] and way.submission.application_id == application
        assert [e.action for e in way.events] == [
            "submitted", "read", "judged", "ordered", "approved", "paid", "reserved", "signed", "made", "issued"
        ]  # fmt: skip


def test_the_key_on_the_token_is_sensitive_and_never_extractable(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    issue_all(store, settings, "iss")
    (row,) = certificates(store)
    conf = token_directory(settings) / row.token_label / "softhsm2.conf"
    tool = ["pkcs11-tool", "--module", str(settings.pkcs11_module), "--login", "--list-objects", "--type", "privkey"]
    pin = token_pins(store, row).pin
    listed = subprocess.run([*tool, "--pin", pin], env={"SOFTHSM2_CONF": str(conf)}, capture_output=True, text=True)
    assert listed.returncode == 0 and "sensitive, always sensitive, never extractable" in listed.stdout
    assert listed.stdout.count("Private Key Object") == 1


def test_what_another_process_issued_in_between_is_left_alone(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    with store.reading() as session:
        approval = session.scalars(select(ApprovalRow.id)).one()
    issue_all(store, settings, "iss")
    with workshop(store, settings, "iss") as shop, pytest.raises(Refused, match="is issued"):
        issue_one(shop, approval)
    assert len(certificates(store)) == 1


def test_nothing_is_issued_unpaid_or_by_who_may_not(store: Store, settings: Settings) -> None:
    finished_case(store, "clean-1", settings)
    (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "360 yuan are due" in result.waits.what
    with pytest.raises(Refused, match="no issuer"):
        issue_all(store, settings, "rev")
    with pytest.raises(Refused, match="no user"):
        issue_all(store, settings, "nobody")
    assert certificates(store) == []


def test_who_approved_never_issues(store: Store, settings: Settings) -> None:
    application = finished_case(store, "faulty-1", settings)
    settle_all(store, application, "rev", "both")
    with store.writing() as session:
        word = Word(Ruling.APPROVE, "rev", "已电话核实")
        rule(store, session, session.get_one(Application, application), word, catalogue())
        orders.pay(session, application, orders.Method.COUNTER, "iss", "R-1")
    (result,) = issue_all(store, settings, "both")
    assert isinstance(result.waits, Refused) and "cannot issue it too" in result.waits.what
    (result,) = issue_all(store, settings, "iss")
    assert result.waits is None


def test_a_person_decides_with_a_role_and_a_reason_only(store: Store, settings: Settings) -> None:
    application = finished_case(store, "faulty-1", settings)
    for actor, reason, error in (("iss", "x", Refused), ("rev", " ", InputError)):
        with pytest.raises(error), store.writing() as session:
            row = session.get_one(Application, application)
            rule(store, session, row, Word(Ruling.APPROVE, actor, reason), catalogue())
    with store.writing() as session:
        row = session.get_one(Application, application)
        rule(store, session, row, Word(Ruling.REJECT, "rev", "伪造"), catalogue())
    with pytest.raises(Refused), store.writing() as session:
        row = session.get_one(Application, application)
        rule(store, session, row, Word(Ruling.APPROVE, "rev", "x"), catalogue())


def test_changed_evidence_is_not_issued(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    with store.writing() as session:
        session.scalars(select(Submission)).one().content = "0" * 64
        row = session.scalars(select(ApprovalRow)).one()
        row.evidence = "0" * 64
    (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "not what was approved" in result.waits.what


@pytest.mark.parametrize("column", ["picture_blob", "picture_kind", "picture_width_mm"])
def test_the_seals_picture_is_frozen_with_the_approval(column: str, store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    with store.writing() as session:
        row = session.scalars(select(ApprovalRow)).one()
        assert row.picture_blob and row.picture_kind == "seal"
        setattr(row, column, {"picture_width_mm": 12.0}.get(column, "0" * 20))
    (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "not what was approved" in result.waits.what


def test_lost_scans_are_not_issued_on(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    for path in Path(str(store.blobs.root)).rglob("*"):
        if path.is_file():
            path.unlink()
    (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "lost" in result.waits.what


def test_a_second_new_certificate_for_the_same_holder_is_refused(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    for place in ("a", "b"):
        submit(store, folder(tmp_path / place, "clean-1", '{"x": 1}' if place == "b" else None), "i", settings, AS_OF)
    # The second came without a claim that could be read: nothing stops it but the register.
    work_all(store, settings)
    with store.reading() as session:
        waiting = session.scalars(select(Application.id).where(Application.state == State.REVIEW)).all()
    for application in waiting:
        settle_all(store, application, "rev", "both")
    with store.writing() as session:
        for application in waiting:
            row = session.get_one(Application, application)
            rule(store, session, row, Word(Ruling.APPROVE, "rev", "核实"), catalogue())
        for order in session.scalars(select(Order)).all():
            orders.pay(session, order.application_id, orders.Method.COUNTER, "iss", "R-1")
    results = issue_all(store, settings, "iss")
    assert [r.waits is None for r in results] == [True, False]
    assert "active certificate" in str(results[1].waits)


def test_an_issued_certificate_is_in_the_register(store: Store, settings: Settings, tmp_path: Path) -> None:
    from pathlib import Path as P

    import_register(store, P("samples/register.json"), "operator")
    assert import_register(store, P("samples/register.json"), "operator") == 0
    paid_case(store, settings)
    issue_all(store, settings, "iss")
    with store.reading() as session:
        entries = register(store, session, today())
    assert [e.status for e in entries if e.unit_name == builder.UNIT] == ["active"]


@contextmanager
def broken_off(at: str) -> Iterator[None]:
    """Stops issuing at one of its steps, as a kill would."""
    before = getattr(personalising, at)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    setattr(personalising, at, stop)
    try:
        yield
    finally:
        setattr(personalising, at, before)


@pytest.mark.parametrize("at", ["_certify", "_deliver", "_finish"])
def test_issuing_that_was_broken_off_goes_on_with_what_was_reserved(at: str, store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    with broken_off(at), pytest.raises(KeyboardInterrupt):
        issue_all(store, settings, "iss")
    (before,) = certificates(store)
    (result,) = issue_all(store, settings, "iss")
    (after,) = certificates(store)
    assert result.serials == (before.serial,) == (after.serial,)
    assert [path.name for path in token_directory(settings).iterdir()] == [after.token_label]


def test_a_kill_between_signing_and_keeping_gives_the_same_certificate(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    issue_all(store, settings, "iss")
    (row,) = certificates(store)
    with store.writing() as session:
        again = session.get_one(CertificateRow, row.serial)
        again.blob, again.state = None, "reserved"
        session.get_one(Application, session.scalars(select(ApprovalRow.application_id)).one()).state = State.APPROVED
        session.delete(session.scalars(select(Seal)).one())
    issue_all(store, settings, "iss")
    assert certificates(store)[0].blob == row.blob


def test_a_missing_token_and_a_wrong_pin_say_what_to_do(store: Store, settings: Settings, tmp_path: Path) -> None:
    paid_case(store, settings)
    wrong = tmp_path / "wrong"
    wrong.write_text("99999999\n")
    with pytest.raises(TokenError, match="PIN"):
        issue_all(store, replace(settings, ca_pin_file=wrong), "iss")
    with pytest.raises(SetupError, match="YINJIAN_CA_PIN_FILE"):
        issue_all(store, replace(settings, ca_pin_file=tmp_path / "none"), "iss")
    with pytest.raises(SetupError, match="softhsm2"):
        issue_all(store, replace(settings, pkcs11_module=tmp_path / "none.so"), "iss")
    shutil.rmtree(next((settings.var_dir / "ca" / "token").rglob("tokens")))
    with pytest.raises(TokenError):
        issue_all(store, settings, "iss")
    shutil.rmtree(settings.var_dir / "ca")
    with pytest.raises(SetupError, match="ca ceremony"):
        issue_all(store, settings, "iss")
    with store.reading() as session:
        assert session.scalars(select(Lease)).all() == [] and not certificates(store)


def test_events_name_every_step_with_its_hash(store: Store, settings: Settings) -> None:
    paid_case(store, settings)
    issue_all(store, settings, "iss")
    with store.reading() as session:
        rows = session.scalars(select(Event).where(Event.application_id.is_not(None))).all()
    assert all(row.actor and row.subject for row in rows)
    assert all(len(row.hash) == 64 for row in rows if row.action not in ("paid",))
    assert os.environ.get("HOME", "x") not in "".join(row.detail for row in rows)


def test_the_electronic_seal_is_made_kept_exported_and_on_the_token(with_ca: Settings, tmp_path: Path) -> None:
    store = open_store(with_ca)
    approved_case(store, with_ca, "clean-1")
    (result,) = issue_all(store, with_ca, "iss")
    with store.reading() as session:
        row = session.get_one(CertificateRow, result.serials[0])
        kept = session.scalars(select(Seal)).one()
        assert list(problems(store, session)) == []
    data = store.blobs.get(kept.eseal or "")
    seal = parse(data)
    assert isinstance(seal, ElectronicSeal)
    assert (seal.id, seal.name) == (row.serial, subject_of(store, row).unit_name)
    assert seal.certificates == (store.blobs.get(row.blob or ""),)
    assert seal.picture.data == store.blobs.get(kept.blob)
    assert seal.valid_until == row.not_after.replace(microsecond=0)
    assert is_valid(check(seal, now(), Trust(makers=seal_makers(with_ca)), strict=True))
    with opened_station(with_ca) as station:
        held = station.device(row.token_label).read_data(token_of(row), token_pins(store, row).pin, SEAL)
    assert held == data
    assert standing(store, seal).holds
    assert standing(store, replace(seal, id="AB12")).said == "no seal of this id was made here"
    changed = replace(seal, der=seal.der + b"x")
    assert standing(store, changed).said == "another seal of this id was made here"
    export(store, with_ca, tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("seal.esl")
    assert file.read_bytes() == data
    with store.writing() as session:
        asked = operations.ask_to_revoke(store, session, row.serial, "keyCompromise", "遗失", "iss")
        operations.confirm(store, session, asked.id, "adm")
    assert "revoked" in standing(store, seal).said
    assert not standing(store, seal).holds


def test_a_ca_from_before_gets_its_seal_maker_later(with_ca: Settings) -> None:
    store = open_store(with_ca)
    shutil.rmtree(seal_directory(with_ca))
    approved_case(store, with_ca, "clean-1")
    assert issue_all(store, with_ca, "iss")[0].serials
    with store.reading() as session:
        assert session.scalars(select(Seal.eseal)).one() is None
    assert make_seal_maker(store, with_ca, "Test CA", "adm")
    assert not make_seal_maker(store, with_ca, "Test CA", "adm")
    approved_case(store, with_ca, "clean-2")
    assert issue_all(store, with_ca, "iss")[0].serials
    with store.reading() as session:
        assert len([seal for seal in session.scalars(select(Seal.eseal)) if seal]) == 1
