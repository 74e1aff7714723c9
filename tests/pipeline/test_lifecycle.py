"""What becomes of certificates: each service of the table, hand-over, revocation, reconciliation; on real tokens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from sqlalchemy import select

from issuance import personalise, services
from issuance.crl import Reason, Revoked
from issuance.eseal.seal import Seal as ElectronicSeal
from issuance.eseal.seal import parse
from issuance.ocsp import Unknown
from issuance.profiles import profiles
from pipeline import acceptance, notices, operations, orders, personalising, revocation
from pipeline.clock import CHINA
from pipeline.export import export
from pipeline.issue import Choices, Result, issue_all
from pipeline.personalising import require_pin, token_of, token_pins
from pipeline.reconcile import reconcile
from pipeline.registry import CertificateState, import_register, register
from pipeline.states import State
from pipeline.store.issuing_tables import Acceptance, Binding, CertificateRow, Notice, Registered, RevocationList, Seal
from pipeline.store.store import Store
from pipeline.store.tables import Application, Event
from pipeline.verifying import standing
from pipeline.workshop import opened_ca, opened_station, token_directory
from tests.pipeline.flow import approved_case
from tests.pipeline.papers import claim_of, code_of
from tests.validators import builder
from yinjian.approval import Usage
from yinjian.errors import InputError, Refused, TokenError
from yinjian.settings import Settings


@pytest.fixture
def settings(with_ca: Settings) -> Settings:
    return with_ca


def rows(store: Store, business: str = "") -> list[CertificateRow]:
    with store.reading() as session:
        found = session.scalars(select(CertificateRow).order_by(CertificateRow.not_before, CertificateRow.serial)).all()
    return [row for row in found if business in ("", row.business)]


def done(store: Store, settings: Settings, name: str, claim: str | None = None, **choices: object) -> Result:
    """An application brought through to its end."""
    application = approved_case(store, settings, name, claim)
    (result,) = issue_all(store, settings, "iss", (application,), Choices(**choices))  # type: ignore[arg-type]
    return result


def accepted(store: Store, settings: Settings, name: str = "clean-1") -> CertificateRow:
    """A certificate in its holder's hand."""
    result = done(store, settings, name)
    assert result.waits is None
    with opened_station(settings) as station:
        acceptance.accept(store, station, result.serials[0], "iss")
    with store.reading() as session:
        return session.get_one(CertificateRow, result.serials[0])


def state_of(store: Store, serial: str) -> tuple[str, str | None]:
    with store.reading() as session:
        row = session.get_one(CertificateRow, serial)
        return row.state, row.reason


def told(store: Store, serial: str) -> object:
    with store.reading() as session:
        return revocation.status(session, int(serial, 16))


# The table of the reference, service by service.


def test_new_is_on_hold_until_its_holder_accepts_it(store: Store, settings: Settings) -> None:
    (serial,) = done(store, settings, "clean-1").serials
    assert state_of(store, serial) == ("issued", None)
    held = told(store, serial)
    assert isinstance(held, Revoked) and held.reason is Reason.CERTIFICATE_HOLD
    with opened_station(settings) as station:
        assert acceptance.accept(store, station, serial, "iss") == (serial,)
        with pytest.raises(Refused, match="is active"):
            acceptance.accept(store, station, serial, "iss")
    assert state_of(store, serial) == ("active", None) and told(store, serial) is None
    assert isinstance(told(store, "1" * 32), Unknown)


def test_what_was_accepted_is_signed_by_the_key_that_was_taken_over(store: Store, settings: Settings) -> None:
    row = accepted(store, settings)
    with store.reading() as session:
        record = session.get_one(Acceptance, row.serial)
        statement = store.vault.open("acceptances.statement", record.statement_sealed).encode()
    certificate = store.blobs.get(row.blob or "")
    assert personalise.accepted(certificate, statement, record.signature)
    assert not personalise.accepted(certificate, statement + b" ", record.signature)
    said = json.loads(statement)
    assert said["unit_name"] == builder.UNIT and said["serial"] == row.serial and "确认无异议" in said["said"]
    assert token_pins(store, row).pin == "" and token_pins(store, row).so_pin
    with pytest.raises(Refused, match="holder's alone"):
        require_pin(store, row)


def test_a_holder_who_changed_the_pin_enters_it(store: Store, settings: Settings) -> None:
    (serial,) = done(store, settings, "clean-1").serials
    (row,) = rows(store)
    with opened_station(settings) as station:
        station.device(row.token_label).change_pin(token_of(row), token_pins(store, row).pin, "13579135")
        with pytest.raises(TokenError, match="PIN is wrong"):
            acceptance.accept(store, station, serial, "iss")
        assert acceptance.accept(store, station, serial, "iss", "13579135") == (serial,)


def test_secondary_is_a_second_token_for_the_same_subject_without_a_seal(store: Store, settings: Settings) -> None:
    first = accepted(store, settings)
    (serial,) = done(store, settings, "secondary-1").serials
    (second,) = rows(store, "secondary")
    assert second.predecessor == first.serial and second.token_label != first.token_label
    assert state_of(store, first.serial) == ("active", None)
    with store.reading() as session:
        assert [seal.serial for seal in session.scalars(select(Seal))] == [first.serial]
    ours, theirs = (x509.load_der_x509_certificate(store.blobs.get(r.blob or "")) for r in (first, second))
    assert ours.subject == theirs.subject and ours.public_key() != theirs.public_key()
    assert serial == second.serial


def test_renew_is_a_new_key_on_the_token_and_runs_from_the_old_end(store: Store, settings: Settings) -> None:
    first = accepted(store, settings)
    (serial,) = done(store, settings, "renew-1").serials
    (second,) = rows(store, "renew")
    assert second.token_label == first.token_label and second.key_id != first.key_id
    assert second.predecessor == first.serial and state_of(store, first.serial) == ("active", None)
    old, new = (row.not_after.astimezone(CHINA).date() for row in (first, second))
    assert new == old.replace(year=old.year + 1)
    with opened_station(settings) as station:
        items = station.contents(token_of(second), token_pins(store, second).pin)
        assert sum(item.kind == "private_key" for item in items) == 2  # the old key still opens what was sent to it
        acceptance.accept(store, station, serial, "iss")
    with store.reading() as session:
        assert {seal.serial for seal in session.scalars(select(Seal))} == {first.serial, serial}
    assert standing(store, electronic_seal(store, first)).holds
    made = electronic_seal(store, second)
    assert standing(store, made).holds and made.id == serial
    assert made.certificates == (store.blobs.get(second.blob or ""),)
    assert made.valid_until <= second.not_after


def electronic_seal(store: Store, row: CertificateRow) -> ElectronicSeal:
    """The seal that was made for a certificate."""
    with store.reading() as session:
        kept = session.scalars(select(Seal).where(Seal.serial == row.serial)).one()
    read = parse(store.blobs.get(kept.eseal or ""))
    assert isinstance(read, ElectronicSeal)
    return read


def test_renew_by_policy_keeps_the_key_and_supersedes_the_old(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = services.FILE.read_text("utf-8").replace('renewed_key = "new"', 'renewed_key = "same"')
    (settings.var_dir / "services.toml").write_text(
        file.replace('renewed_certificate = ""', 'renewed_certificate = "superseded"')
    )
    made = services.load(settings.var_dir / "services.toml")
    monkeypatch.setattr("pipeline.reference.services", lambda: made)
    first = accepted(store, settings)
    done(store, settings, "renew-1")
    (second,) = rows(store, "renew")
    assert (second.token_label, second.key_id) == (first.token_label, first.key_id)
    assert state_of(store, first.serial) == ("revoked", "superseded")
    ours, theirs = (x509.load_der_x509_certificate(store.blobs.get(r.blob or "")) for r in (first, second))
    assert ours.public_key() == theirs.public_key() and ours.serial_number != theirs.serial_number
    with opened_station(settings) as station:
        assert not [d for d in reconcile(store, station) if d.orphan]


@pytest.mark.parametrize(
    ("name", "reason", "same_token"),
    [("change-1", "affiliationChanged", True), ("replace-1", "keyCompromise", False)],
)
def test_change_and_replace_revoke_the_old_one(
    name: str, reason: str, same_token: bool, store: Store, settings: Settings
) -> None:
    first = accepted(store, settings)
    claim = claim_of(name) if name.startswith("change") else None
    (serial,) = done(store, settings, name, claim).serials
    (second,) = rows(store, name.partition("-")[0])
    assert state_of(store, first.serial) == ("revoked", reason)
    assert "was revoked" in standing(store, electronic_seal(store, first)).said
    assert standing(store, electronic_seal(store, second)).holds
    assert (second.token_label == first.token_label) is same_token and second.key_id != first.key_id
    with store.reading() as session:
        listed = x509.load_der_x509_crl((revocation.latest_list(session) or RevocationList()).der)
    entry = listed.get_revoked_certificate_by_serial_number(int(first.serial, 16))
    assert entry is not None
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == reason
    assert serial == second.serial


def test_unlock_gives_the_token_a_new_pin_and_touches_nothing_else(store: Store, settings: Settings) -> None:
    first = accepted(store, settings)
    assert done(store, settings, "unlock-1", claim_of("unlock-1")).serials == (first.serial,)
    with store.reading() as session:
        row = session.get_one(CertificateRow, first.serial)
    with opened_station(settings) as station:
        assert len(station.contents(token_of(row), require_pin(store, row))) == 6
    assert len(rows(store)) == 1 and state_of(store, first.serial) == ("active", None)


def test_what_is_revoked_is_done_though_the_list_cannot_be_published(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accepted(store, settings)

    def fails(*arguments: object) -> None:
        raise TokenError("The token is not there.", "Insert it.")

    monkeypatch.setattr("pipeline.issue.publish", fails)
    waits = done(store, settings, "revoke-1").waits
    assert isinstance(waits, TokenError) and "It is done" in waits.what and "ca crl" in waits.remedy
    assert state_of(store, first.serial) == ("revoked", "cessationOfOperation")


def test_what_is_handed_over_is_exported_and_what_is_revoked_is_not(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    accepted(store, settings)
    export(store, settings, tmp_path / "a")
    assert (tmp_path / "a" / "issued" / "clean-1" / "certificate.pem").exists()
    done(store, settings, "revoke-1")
    export(store, settings, tmp_path / "b")
    assert not (tmp_path / "b" / "issued" / "clean-1" / "certificate.pem").exists()


def test_revoke_ends_certificate_and_seal(store: Store, settings: Settings) -> None:
    first = accepted(store, settings)
    assert done(store, settings, "revoke-1").serials == (first.serial,)
    assert state_of(store, first.serial) == ("revoked", "cessationOfOperation")
    with store.reading() as session:
        entries = register(store, session, date(2026, 12, 1))
    assert [entry.status for entry in entries] == ["revoked"]


def test_bind_makes_nothing_and_records_what_staff_decided_on_the_seal(store: Store, settings: Settings) -> None:
    first = accepted(store, settings)
    claim = claim_of("bind-1", "ggzy")
    application = approved_case(store, settings, "bind-1", claim)
    (result,) = issue_all(store, settings, "iss", (application,))
    assert isinstance(result.waits, InputError) and "--no-seal" in result.waits.remedy
    (result,) = issue_all(store, settings, "iss", (application,), Choices(seal=False))
    assert result.serials == (first.serial,) and len(rows(store)) == 1
    with store.reading() as session:
        (binding,) = session.scalars(select(Binding))
        assert (binding.platform, binding.seal, binding.bound_by) == ("ggzy", False, "iss")


def brought_in(store: Store, folder: Path, platform: str, serial: str) -> None:
    """A certificate of unit 1 that was made elsewhere."""
    entry = {
        "platform": platform, "certificate": "enterprise", "unit_name": builder.UNIT, "uscc": code_of(1), "name": "",
        "id_number": "", "serial": serial, "status": "active", "valid_until": "2099-01-01",
    }  # fmt: skip
    (folder / "r.json").write_text(json.dumps([entry]))
    import_register(store, folder / "r.json", "iss")


def test_a_certificate_of_daqing_is_bound_from_the_register(store: Store, settings: Settings, tmp_path: Path) -> None:
    brought_in(store, tmp_path, "daqing", "0D01")
    assert done(store, settings, "bind-1", claim_of("bind-1", "ggzy"), seal=True).serials == ("0D01",)


def test_a_certificate_that_was_made_elsewhere_is_replaced_and_marked_in_the_register(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    brought_in(store, tmp_path, "hpe", "0A01")
    (serial,) = done(store, settings, "replace-1").serials
    assert serial != "0A01"
    with store.reading() as session:
        assert session.scalars(select(Registered.status)).one() == "revoked"
    refused = done(store, settings, "unlock-1", claim_of("unlock-1"), refers="0A01").waits
    assert isinstance(refused, Refused)


def test_which_certificate_is_meant_must_be_clear(store: Store, settings: Settings) -> None:
    nothing = done(store, settings, "replace-1").waits
    assert isinstance(nothing, Refused) and "no certificate in force" in nothing.what
    first = accepted(store, settings, "clean-2")
    done(store, settings, "secondary-2")
    application = approved_case(store, settings, "revoke-2")
    (result,) = issue_all(store, settings, "iss", (application,))
    assert isinstance(result.waits, Refused) and "--refers" in result.waits.remedy
    (result,) = issue_all(store, settings, "iss", (application,), Choices(refers=first.serial))
    assert result.serials == (first.serial,)


@pytest.mark.parametrize("at", ["set_pins", "end"])
def test_unlocking_that_was_broken_off_is_done_again(
    at: str, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = accepted(store, settings)
    application = approved_case(store, settings, "unlock-1", claim_of("unlock-1"))

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"pipeline.attending.{at}", stop)
        issue_all(store, settings, "iss", (application,))
    (result,) = issue_all(store, settings, "iss", (application,))
    assert result.waits is None
    with store.reading() as session:
        row = session.get_one(CertificateRow, first.serial)
    with opened_station(settings) as station:
        station.contents(token_of(row), require_pin(store, row))


# 1-n certificates.


def test_an_application_gives_one_certificate_for_each_usage_on_one_token(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = tuple(
        replace(p, usages=(Usage.SIGN, Usage.ENCRYPT)) if p.certificate == "enterprise" else p
        for p in profiles().profiles
    )
    monkeypatch.setattr("pipeline.workshop.profiles", lambda: replace(profiles(), profiles=pair))
    serials = done(store, settings, "clean-1").serials
    made = rows(store)
    assert len(serials) == 2 and {row.usage for row in made} == {"sign", "encrypt"}
    assert len({row.token_label for row in made}) == 1 and len({row.key_id for row in made}) == 2
    with opened_station(settings) as station:
        kinds = [item.kind for item in station.contents(token_of(made[0]), require_pin(store, made[0]))]
        assert kinds.count("private_key") == 2 and kinds.count("certificate") == 4
        assert reconcile(store, station) == ()
        assert set(acceptance.accept(store, station, serials[0], "iss")) == set(serials)
    with store.reading() as session:
        (seal,) = session.scalars(select(Seal))
        assert session.get_one(CertificateRow, seal.serial).usage == "sign"
    assert set(done(store, settings, "revoke-1").serials) == set(serials)


# Revocation by the CA.


def test_the_ca_revokes_by_two_people_with_a_notice(store: Store, settings: Settings) -> None:
    row = accepted(store, settings)
    with store.writing() as session:
        asked = operations.ask_to_revoke(store, session, row.serial, "privilegeWithdrawn", "材料不真实。", "iss")
        again = operations.ask_to_revoke(store, session, row.serial, "privilegeWithdrawn", "材料不真实。", "adm")
        assert again.id == asked.id
    for actor, error in (("iss", "both of two"), ("rev", "no administrator"), ("nobody", "no user")):
        with pytest.raises(Refused, match=error), store.writing() as session:
            operations.confirm(store, session, asked.id, actor)
    assert state_of(store, row.serial) == ("active", None)
    with store.writing() as session:
        operations.confirm(store, session, asked.id, "adm")
        operations.confirm(store, session, asked.id, "adm")
    assert state_of(store, row.serial) == ("revoked", "privilegeWithdrawn")
    with store.reading() as session:
        (notice,) = session.scalars(select(Notice))
        text = notices.text_of(store, notice)
        events = session.scalars(select(Event.action).where(Event.actor.in_(("iss", "adm")))).all()
    assert builder.UNIT in text and "材料不真实" in text and "协议" not in text
    assert events[-3:] == ["asked", "confirmed", "revoked"]


@pytest.mark.parametrize(
    ("reason", "note", "error"),
    [("whim", "x", "no reason"), ("certificateHold", "x", "no reason"), ("superseded", " ", "grounds")],
)
def test_a_revocation_needs_a_reason_that_there_is_and_grounds(
    reason: str, note: str, error: str, store: Store, settings: Settings
) -> None:
    row = accepted(store, settings)
    with pytest.raises(InputError, match=error), store.writing() as session:
        operations.ask_to_revoke(store, session, row.serial, reason, note, "iss")


# Reminders.


def at(monkeypatch: pytest.MonkeyPatch, instant: datetime) -> None:
    for module in ("clock", "notices", "events"):
        monkeypatch.setattr(f"pipeline.{module}.now", lambda: instant)
    monkeypatch.setattr("pipeline.notices.today", lambda: instant.astimezone(CHINA).date())


@pytest.mark.parametrize("renewed", [False, True])
def test_who_does_not_renew_is_reminded_three_times(
    renewed: bool, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = accepted(store, settings)
    if renewed:
        (serial,) = done(store, settings, "renew-1").serials
        with opened_station(settings) as station:
            acceptance.accept(store, station, serial, "iss")
    kinds = []
    for days in (61, 60, 45, 30, 29, 8, 7, 1, 0):
        with monkeypatch.context() as patch:
            at(patch, row.not_after - timedelta(days=days, minutes=1))
            with store.writing() as session:
                kinds += [
                    (days, notice.kind) for notice in notices.remind(store, session) if notice.serial == row.serial
                ]
    assert kinds == ([] if renewed else [(60, "expiry-60"), (30, "expiry-30"), (7, "expiry-7")])


def test_who_looks_late_gives_one_notice(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    row = accepted(store, settings)
    with monkeypatch.context() as patch:
        at(patch, row.not_after - timedelta(days=5))
        with store.writing() as session:
            (notice,) = notices.remind(store, session)
            assert notice.kind == "expiry-7" and "还有5天" in notices.text_of(store, notice)


# Reconciliation.


def differences(store: Store, settings: Settings) -> list[tuple[bool, str]]:
    with opened_station(settings) as station:
        return [(d.orphan, d.what) for d in reconcile(store, station)]


def test_what_belongs_together_agrees(store: Store, settings: Settings) -> None:
    assert differences(store, settings) == []
    accepted(store, settings)
    done(store, settings, "clean-2")
    assert differences(store, settings) == []


def stray_token(store: Store, settings: Settings) -> None:
    with opened_station(settings) as station:
        station.prepare("YJ-stray", "87654321", "12345678")


def stray_key(store: Store, settings: Settings) -> None:
    (row,) = rows(store)
    with opened_station(settings) as station:
        kind = profiles().of("enterprise").key
        station.make_key(token_of(row), token_pins(store, row).pin, "stray", b"stray", kind)


def lost_token(store: Store, settings: Settings) -> None:
    (row,) = rows(store)
    shutil.rmtree(token_directory(settings) / row.token_label)


def lost_file(store: Store, settings: Settings) -> None:
    (row,) = rows(store)
    with store.writing() as session:
        session.get_one(CertificateRow, row.serial).blob = "0" * 64


def other_file(store: Store, settings: Settings) -> None:
    (row,) = rows(store)
    with opened_ca(settings) as authority, store.writing() as session:
        session.get_one(CertificateRow, row.serial).blob = store.blobs.put(authority.chain[0])


def set_back(store: Store, settings: Settings) -> None:
    (row,) = rows(store)
    with store.writing() as session:
        session.get_one(CertificateRow, row.serial).state = CertificateState.RESERVED


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (stray_token, "YJ-stray belongs to no certificate"),
        (stray_key, "belongs to no certificate"),
        (lost_token, "is not here"),
        (lost_file, "lost or damaged"),
        (other_file, "another certificate"),
        (set_back, "is reserved, its application issued"),
    ],
)
def test_what_belongs_to_nothing_is_named(
    harm: Callable[[Store, Settings], None], what: str, store: Store, settings: Settings
) -> None:
    done(store, settings, "clean-1")
    harm(store, settings)
    assert any(orphan and what in told for orphan, told in differences(store, settings))


def test_what_was_begun_is_unfinished_and_no_orphan(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    application = approved_case(store, settings, "clean-1")
    for step in ("_certify", "_deliver", "_finish"):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(personalising, step, stop)
            issue_all(store, settings, "iss")
        assert {orphan for orphan, _ in differences(store, settings)} == {False}
    (result,) = issue_all(store, settings, "iss")
    assert result.waits is None and differences(store, settings) == []
    with store.reading() as session:
        assert session.get_one(Application, application).state == State.ISSUED


# Orders.


def test_what_was_paid_can_be_given_back_until_it_is_begun(store: Store, settings: Settings) -> None:
    application = approved_case(store, settings, "clean-1")
    with store.writing() as session:
        for reason, receipt in (("", "B-1"), ("x", ""), ("x", "号")):
            with pytest.raises(InputError):
                orders.refund(store, session, application, reason, receipt, "iss")
        orders.refund(store, session, application, "申请人撤回", "B-1", "iss")
        orders.refund(store, session, application, "申请人撤回", "B-1", "iss")
    (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "given back" in result.waits.what
    with store.writing() as session:
        with pytest.raises(InputError, match="receipt"):
            orders.pay(session, application, orders.Method.COUNTER, "iss")
        orders.pay(session, application, orders.Method.ONLINE, "iss")
    (result,) = issue_all(store, settings, "iss")
    assert result.waits is None
    with pytest.raises(Refused, match="is issued"), store.writing() as session:
        orders.refund(store, session, application, "x", "B-2", "iss")


def test_an_invoice_is_made_of_what_was_paid(store: Store, settings: Settings) -> None:
    application = approved_case(store, settings, "clean-1")
    with store.writing() as session:
        with pytest.raises(Refused, match="made out"):
            orders.invoice(store, orders.order_of(session, application))
        for title, number in (("", ""), ("甲" * 101, ""), ("甲公司", "abc")):
            with pytest.raises(InputError):
                orders.make_out(store, session, application, title, number, "iss")
        orders.make_out(store, session, application, "甲公司", code_of(1), "iss")
        found = orders.invoice(store, orders.order_of(session, application))
    assert found["buyer"] == {"title": "甲公司", "tax_number": code_of(1)} and found["yuan"] == 360
    assert found["receipt"] == "R-1" and found["paid_on"]


# The CA ends, the clock is set back.


def test_a_ca_that_ends_before_the_certificate_issues_nothing(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved_case(store, settings, "clean-1")
    late = datetime.now(UTC) + timedelta(days=365 * 10 - 100)
    with monkeypatch.context() as patch:
        for module in ("personalising", "events"):
            patch.setattr(f"pipeline.{module}.now", lambda: late)
        (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, Refused) and "new issuing CA" in result.waits.remedy
    assert [row.state for row in rows(store)] in ([], ["reserved"])
