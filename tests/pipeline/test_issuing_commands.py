"""The desk's day on the command line: issue, hand over, revoke, tell; and what happens when a token is pulled."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from issuance.station import SoftTokenStation
from pipeline.cli import app
from pipeline.flows import reconciliation, reminders, revocation
from pipeline.issue import issue_all
from pipeline.revocation import latest_list
from pipeline.schedules import deployments
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.workshop import token_directory
from tests.pipeline.flow import approved_case, finished_case
from tests.pipeline.papers import claim_of
from yinjian.errors import StoreError, TokenError
from yinjian.settings import Settings

Say = Callable[..., str]


@pytest.fixture
def settings(with_ca: Settings) -> Settings:
    return with_ca


@pytest.fixture
def say(settings: Settings) -> Say:
    def run(*words: str, code: int = 0, given: str = "") -> str:
        with patch.dict(os.environ, settings.to_environment()):
            done = CliRunner().invoke(app, list(words), input=given)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            assert code and getattr(done.exception, "exit_code", 1) == code, done.exception
            return str(done.exception)
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_a_certificates_life(store: Store, settings: Settings, say: Say) -> None:
    application = finished_case(store, "clean-1", settings)
    assert "receipt" in say("order", "pay", application, "--actor", "iss", code=2)
    assert "paid" in say("order", "pay", application, "--receipt", "R-1", "--actor", "iss")
    assert "made out" in say("order", "invoice", application, "--actor", "iss", code=8)
    invoice = say("order", "invoice", application, "--actor", "iss", "--title", "甲公司")
    assert json.loads(invoice)["buyer"]["title"] == "甲公司"
    assert "refunded" in say("order", "refund", application, "--reason", "x", "--receipt", "B-1", "--actor", "iss")
    say("order", "pay", application, "--receipt", "R-2", "--actor", "iss")
    say("issue", "--actor", "iss")
    with store.reading() as session:
        serial = session.scalars(select(CertificateRow.serial)).one()
    assert serial in say("certificate", "list", "--state", "issued")
    assert "PIN" in say("token", "pin", serial, "--actor", "iss")
    assert "no issuer" in say("token", "pin", serial, "--actor", "rev", code=8)
    assert f"{serial}: active" in say("certificate", "accept", serial, "--actor", "iss")
    assert "holder's alone" in say("token", "pin", serial, "--actor", "iss", code=8)
    assert "holder's alone" in say("token", "envelope", serial, "--actor", "iss", code=8)
    asked = ("--reason", "privilegeWithdrawn", "--note", "材料不真实。", "--actor", "iss")
    operation = say("certificate", "revoke", serial, *asked).partition(":")[0]
    assert operation in say("certificate", "asked")
    assert "both of two" in say("certificate", "confirm", operation, "--actor", "iss", code=8)
    assert "Revocation list 1, 1 entries" in say("certificate", "confirm", operation, "--actor", "adm")
    notice = json.loads(say("notice", "list"))
    assert "材料不真实" in notice["text"]
    say("notice", "sent", notice["id"], "--actor", "iss")
    assert say("notice", "list") == ""
    assert "0 notices" in say("notice", "remind")
    assert "agree" in say("reconcile")
    assert "no certificate with this serial" in say("certificate", "accept", "AB", "--actor", "iss", code=2)
    shutil.copytree(next(token_directory(settings).iterdir()), token_directory(settings) / "YJ-stray")
    assert "orphan" in say("reconcile", code=8)


def test_which_certificate_is_said_for_one_application(store: Store, settings: Settings, say: Say) -> None:
    assert "for one application" in say("issue", "--refers", "AB", "--actor", "iss", code=2)
    approved_case(store, settings, "clean-1")
    say("issue", "--actor", "iss")
    application = approved_case(store, settings, "bind-1", claim_of("bind-1", "ggzy"))
    assert "--no-seal" in say("issue", application, "--actor", "iss", code=2).replace("\n", "")
    say("issue", application, "--no-seal", "--actor", "iss")
    assert "issued" in say("queue", "--all")


def test_the_holders_own_pin_is_asked_for(store: Store, settings: Settings, say: Say) -> None:
    approved_case(store, settings, "clean-1")
    say("issue", "--actor", "iss")
    with store.reading() as session:
        serial = session.scalars(select(CertificateRow.serial)).one()
    wrong = say("certificate", "accept", serial, "--own-pin", "--actor", "iss", code=7, given="00000000\n")
    assert "PIN is wrong" in wrong


@pytest.mark.parametrize("call", ["make_key", "write", "read_certificate", "contents", "prove"])
def test_a_token_that_is_pulled_leaves_nothing_half_issued(
    call: str, store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token's directory goes away just before one of the steps, and comes back later."""
    approved_case(store, settings, "clean-1")
    away = settings.var_dir / "pulled"
    real = getattr(SoftTokenStation, call)

    def pulled(station: SoftTokenStation, *arguments: object) -> object:
        (home,) = token_directory(settings).iterdir()
        station.close()
        home.rename(away)
        return real(station, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(SoftTokenStation, call, pulled)
        (result,) = issue_all(store, settings, "iss")
    assert isinstance(result.waits, TokenError) and result.waits.remedy
    with store.reading() as session:
        row = session.scalars(select(CertificateRow)).one()
    assert row.state in ("reserved", "signed") and row.issued_at is None
    shutil.rmtree(token_directory(settings) / row.token_label, ignore_errors=True)
    away.rename(token_directory(settings) / row.token_label)
    (again,) = issue_all(store, settings, "iss")
    assert again.waits is None and again.serials == (row.serial,)


def test_the_flows_of_a_ca(store: Store, settings: Settings) -> None:
    names = {deployment.name for deployment in deployments(settings)}
    assert names == {"revocation", "reminders", "reconciliation"}
    assert not deployments(replace(settings, var_dir=settings.var_dir / "none"))
    approved_case(store, settings, "clean-1")
    issue_all(store, settings, "iss")
    with patch.dict(os.environ, settings.to_environment()):
        number = revocation.fn()
        assert reminders.fn() == 0 and reconciliation.fn() == 0
        shutil.rmtree(next(token_directory(settings).iterdir()))
        with pytest.raises(StoreError, match="belong to nothing"):
            reconciliation.fn()
    with open_store(settings).reading() as session:
        found = latest_list(session)
    assert found is not None and found.number == number and found.entries == 1
