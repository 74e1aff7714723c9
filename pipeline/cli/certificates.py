"""What the commands about certificates, tokens and the CA do and print."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.delegated import Task
from pipeline import acceptance, ceremony, notices, operations, revocation
from pipeline.cases import require_certificate
from pipeline.ceremony import People
from pipeline.cli.progress import output
from pipeline.clock import shown
from pipeline.envelope import of_token
from pipeline.events import record
from pipeline.personalising import require_pin
from pipeline.reconcile import reconcile
from pipeline.registry import application_of, subject_of
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.users import Role, require_role
from pipeline.workshop import opened_ca, opened_station, token_directory
from yinjian.errors import InputError, Refused, TokenError
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def hold_ceremony(store: Store, settings: Settings, organization: str, people: People) -> None:
    file = ceremony.hold(store, settings, organization, people)
    page = file.with_name(ceremony.PAGE)
    OUT.print(f"Made the CA. The record is {file}; print {page} and have both sign it.")
    OUT.print(f"Keep a copy of {file.parent} in a safe place: its token is the CA.")


def renew_delegate(store: Store, settings: Settings, task: Task, actor: str) -> None:
    with store.reading() as session:
        require_role(session, actor, Role.ADMINISTRATOR)
    with opened_ca(settings) as authority:
        made = ceremony.make_delegate(store, settings, authority, task, actor)
    OUT.print(f"Made a new {task.what}." if made else f"The {task.what}'s certificate holds for long enough.")


def make_seal_maker(store: Store, settings: Settings, actor: str) -> None:
    with store.reading() as session:
        require_role(session, actor, Role.ADMINISTRATOR)
    made = ceremony.make_seal_maker(store, settings, ceremony.organization_of(settings), actor)
    OUT.print("Made a seal maker." if made else "There is a seal maker already.")


def publish_list(store: Store, settings: Settings, actor: str) -> None:
    with store.reading() as session:
        require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    with opened_ca(settings) as authority:
        made = revocation.publish(store, authority, settings, actor)
    OUT.print(f"Revocation list {made.number}, {made.entries} entries, until {shown(made.next_update)}.")


def list_certificates(store: Store, state: str) -> None:
    """All certificates, or those in one state."""
    query = select(CertificateRow).order_by(CertificateRow.not_before)
    table = Table("serial number", "for", "platform", "kind", "usage", "state", "until")
    with store.reading() as session:
        for row in session.scalars(query.where(CertificateRow.state == state) if state else query):
            who = subject_of(store, row)
            name = who.person_name or who.unit_name
            table.add_row(
                row.serial, name, row.platform, row.certificate, row.usage, row.state, shown(row.not_after)[:10]
            )
    output().print(table)


def hand_over(store: Store, settings: Settings, serial: str, own_pin: bool, actor: str) -> None:
    """Show what is to be checked, then have the token sign that it was accepted."""
    with store.reading() as session:
        row = require_certificate(session, serial)
        for name, value in acceptance.details(store, row).items():
            if value:
                OUT.print(f"{name:12} {value}")
    pin = _asked_pin() if own_pin else ""
    with opened_station(settings) as station:
        for done in acceptance.accept(store, station, serial, actor, pin):
            OUT.print(f"{done}: active")


def _asked_pin() -> str:
    from getpass import getpass

    return getpass("The holder's PIN: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def ask_to_revoke(store: Store, serial: str, reason: str, note: str, actor: str) -> None:
    with store.writing() as session:
        asked = operations.ask_to_revoke(store, session, serial, reason, note, actor)
    OUT.print(f"{asked.id}: waits for a second person: yinjian certificate confirm {asked.id} --actor NAME")


def confirm(store: Store, settings: Settings, operation: str, actor: str) -> None:
    """Confirm and do; then tell everybody."""
    with store.writing() as session:
        done = operations.confirm(store, session, operation, actor)
    OUT.print(f"{done.subject}: revoked ({done.reason}). The notice to its holder: yinjian notice list")
    publish_list(store, settings, actor)


def list_asked(store: Store) -> None:
    table = Table("id", "what", "certificate", "reason", "asked by", "at")
    with store.reading() as session:
        for row in operations.waiting(session):
            table.add_row(row.id, row.kind, row.subject, row.reason, row.asked_by, shown(row.asked_at))
    output().print(table)


def print_envelope(store: Store, serial: str, actor: str) -> None:
    """The envelope as PDF to stdout, for a printer: it is kept nowhere."""
    if sys.stdout.isatty():
        raise InputError("The envelope is a PDF.", "Send it to a printer: yinjian token envelope SERIAL ... | lp")
    with store.writing() as session:
        page = of_token(store, session, serial, actor)
    sys.stdout.buffer.write(page)


def show_pin(store: Store, settings: Settings, serial: str, actor: str) -> None:
    """The PIN of a token, and how to look at it."""
    with store.writing() as session:
        require_role(session, actor, Role.ISSUER)
        row = require_certificate(session, serial)
        pin = require_pin(store, row)
        _record(session, row, actor, "pin_shown")
    conf = (token_directory(settings) / row.token_label / "softhsm2.conf").absolute()
    if not conf.exists():
        raise TokenError(f"Token {row.token_label} is not at this station.", "Look where it was made.")
    OUT.print(f"token {row.token_label}  serial {row.token_serial}  PIN {pin}")
    OUT.print(f"SOFTHSM2_CONF={conf} pkcs11-tool --module {settings.pkcs11_module} --login --list-objects")


def list_notices(store: Store) -> None:
    """One JSON line each, for the program that sends them."""
    with store.reading() as session:
        for line in notices.listed(store, session):
            OUT.print(json.dumps(line, ensure_ascii=False))


def remind(store: Store) -> None:
    with store.writing() as session:
        made = notices.remind(store, session)
    OUT.print(f"{len(made)} notices. See: yinjian notice list")


def note_sent(store: Store, ids: list[str], actor: str) -> None:
    with store.writing() as session:
        require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
        notices.sent(session, ids, actor)


def run_reconcile(store: Store, settings: Settings) -> int:
    """Print what does not agree; the exit code: that of a refusal when something belongs to nothing."""
    with opened_station(settings) as station:
        found = reconcile(store, station)
    for difference in found:
        OUT.print(f"{'orphan' if difference.orphan else 'unfinished'}: {difference.what} {difference.remedy}")
    if not found:
        OUT.print("Database, tokens and certificates agree.")
    return Refused.exit_code if any(difference.orphan for difference in found) else 0


def _record(session: Session, row: CertificateRow, actor: str, action: str) -> None:
    record(session, actor, action, f"certificate:{row.serial}", "", application_of(session, row))
