"""The register in the database: certificates brought in from elsewhere, and those issued here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from pipeline.clock import CHINA, now
from pipeline.events import record
from pipeline.store.codec import dump, load
from pipeline.store.issuing_tables import CertificateRow, Registered
from pipeline.store.store import Store
from pipeline.store.tables import ApprovalRow
from yinjian.approval import Subject
from yinjian.records import Claim, Reading, RegisterEntry
from yinjian.register import load_register


class CertificateState(StrEnum):
    """How far a certificate is."""

    RESERVED = "reserved"  # serial, dates and labels are fixed; not signed
    SIGNED = "signed"  # not yet on its token
    ISSUED = "issued"  # on its token, not accepted by its holder: on hold
    ACTIVE = "active"
    REVOKED = "revoked"


IN_FORCE = (CertificateState.SIGNED, CertificateState.ISSUED, CertificateState.ACTIVE)


def import_register(store: Store, path: Path, actor: str) -> int:
    """Bring in a register file; how many of its certificates were new or had changed. Twice is as once."""
    entries = load_register(path)
    with store.writing() as session:
        known = dict(_by_serial(session))
        changed = sum(enter(store, session, entry, known) for entry in entries)
        if changed:
            record(session, actor, "register", "register:import", detail=f"{changed} of {len(entries)} entries")
    return changed


def _by_serial(session: Session) -> Iterator[tuple[str, Registered]]:
    return ((row.serial_index, row) for row in session.scalars(select(Registered)))


def enter(store: Store, session: Session, entry: RegisterEntry, known: dict[str, Registered] | None = None) -> bool:
    """Bring in one certificate, or what is new of it; whether anything was. `known`: all rows by their index."""
    # Without a serial number only the whole entry tells whether it is there already.
    text = dump(replace(entry, status="", valid_until=None)).decode()
    index = store.vault.blind("serial", entry.serial or text)
    row = _by_index(session, index) if known is None else known.get(index)
    if row is not None and _is_kept(store, row, entry):
        return False
    if row is None:
        row = Registered(serial_index=index)
        session.add(row)
        if known is not None:
            known[index] = row
    row.platform, row.certificate = entry.platform, entry.certificate
    row.entry_sealed = store.vault.seal("register.entry", dump(entry).decode())
    blind = store.vault.blind
    row.unit_index, row.uscc_index = blind("unit_name", entry.unit_name), blind("uscc", entry.uscc)
    row.person_index, row.id_number_index = blind("person_name", entry.name), blind("id_number", entry.id_number)
    row.status, row.valid_until, row.imported_at = entry.status, entry.valid_until, now()
    return True


def _by_index(session: Session, index: str) -> Registered | None:
    return session.scalars(select(Registered).where(Registered.serial_index == index)).first()


def imported_as(store: Store, session: Session, serial: str) -> RegisterEntry | None:
    """The certificate that was brought in with this serial number."""
    row = _by_index(session, store.vault.blind("serial", serial))
    return None if row is None else _entry_of(store, row)


def _entry_of(store: Store, row: Registered) -> RegisterEntry:
    return load(RegisterEntry, store.vault.open("register.entry", row.entry_sealed).encode())


def _is_kept(store: Store, row: Registered, entry: RegisterEntry) -> bool:
    kept = store.vault.open("register.entry", row.entry_sealed)
    return row.uscc_index is not None and kept == dump(entry).decode()


def register(store: Store, session: Session, on: date, about: Iterable[str] | None = None) -> tuple[RegisterEntry, ...]:
    """The certificates that exist, with their state on a day; with `about` those that carry one of these texts.

    No application is about more than a few: all of them are for looking at, not for judging one.
    """
    rows = select(CertificateRow).where(CertificateRow.state != CertificateState.RESERVED)
    if about is not None:
        rows = rows.where(_carries(store, CertificateRow, about))
    return (*imported(store, session, about), *(_entry(store, row, on) for row in session.scalars(rows)))


def imported(store: Store, session: Session, about: Iterable[str] | None = None) -> Iterator[RegisterEntry]:
    """The certificates that were brought in; with `about` those that carry one of these texts."""
    rows = select(Registered).order_by(Registered.id)
    if about is not None:
        rows = rows.where(or_(_carries(store, Registered, about), Registered.uscc_index.is_(None)))
    for row in session.scalars(rows):
        yield _entry_of(store, row)


def numbers_and_names(subject: Subject) -> tuple[str, ...]:
    """What the certificates of a holder carry."""
    return tuple(filter(None, (subject.unit_name, subject.uscc, subject.person_name, subject.id_number)))


NUMBERS = ("uscc", "licence_uscc", "applicant_id", "id_number")  # fields by which rules find a certificate's holder


def numbers_of(reading: Reading, claim: Claim | None) -> tuple[str, ...]:
    """The numbers of whoever an application may be for: as read, and as claimed."""
    read = (field.text for field in reading.fields if field.id in NUMBERS)
    claimed = (text for name, text in (claim.fields if claim else ()) if name in NUMBERS)
    return tuple(filter(None, (*read, *claimed)))


def _carries(store: Store, table: type[CertificateRow | Registered], about: Iterable[str]) -> ColumnElement[bool]:
    texts, blind = tuple(about), store.vault.blind
    columns = {
        "unit_name": table.unit_index,
        "uscc": table.uscc_index,
        "person_name": table.person_index,
        "id_number": table.id_number_index,
    }
    return or_(*(column.in_({blind(kind, text) for text in texts}) for kind, column in columns.items()))


def _entry(store: Store, row: CertificateRow, on: date) -> RegisterEntry:
    subject = subject_of(store, row)
    until = row.not_after.astimezone(CHINA).date()
    status = "revoked" if row.state == CertificateState.REVOKED else "active" if until >= on else "expired"
    names = (subject.unit_name, subject.uscc, subject.person_name, subject.id_number)
    return RegisterEntry(row.platform, row.certificate, *names, row.serial, status, until)


def application_of(session: Session, row: CertificateRow) -> str:
    """The id of the application that a certificate came of."""
    return session.get_one(ApprovalRow, row.approval_id).application_id


def subject_of(store: Store, row: CertificateRow) -> Subject:
    """Whom a certificate is for."""
    return load(Subject, store.vault.open("certificates.subject", row.subject_sealed).encode())
