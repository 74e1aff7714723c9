"""The certificate that an application is about: the one to renew, replace, unlock, revoke or bind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.services import Act, Refers, Service, services
from pipeline.clock import CHINA, today
from pipeline.registry import IN_FORCE, imported, imported_as, numbers_and_names
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.store.tables import ApprovalRow
from yinjian.approval import Approval, Subject
from yinjian.catalogue import catalogue
from yinjian.errors import Refused
from yinjian.records import RegisterEntry
from yinjian.textfold import fold, fold_code

_NAME_IT = "Name it: yinjian issue ID --refers SERIAL --actor NAME (yinjian certificate list shows what there is)."


@dataclass(frozen=True, slots=True)
class Referred:
    """A certificate that exists: our rows, one for each usage, or an entry of the register that was brought in."""

    serial: str
    not_after: datetime
    rows: tuple[CertificateRow, ...] = ()
    entry: RegisterEntry | None = None


def service_of(approval: Approval) -> tuple[Service, str]:
    """What is to be done for an approval, and the kind of certificate that it refers to."""
    return services().of(approval.certificate, approval.business)


def referred(
    store: Store, session: Session, row: ApprovalRow, approval: Approval, named: str | None = None
) -> Referred | None:
    """The certificate that an approval is about; None where it is about none. `named`: by its serial.

    What was found once is what it stays. Refused when there is none, or several and none is named.
    """
    service, kind = service_of(approval)
    if service.refers is Refers.NONE:
        return None
    if row.refers:
        return _fixed(store, session, row.refers)
    found = [r for r in _candidates(store, session, approval, service, kind) if named in (None, r.serial)]
    if not found:
        remedy = "Return the application: it should be 新办, or names another holder, kind or platform."
        raise Refused("There is no certificate in force that this application can be about.", remedy)
    if len(found) > 1:
        raise Refused(f"{len(found)} certificates of the holder could be meant.", _NAME_IT)
    return found[0]


def _candidates(store: Store, session: Session, approval: Approval, service: Service, kind: str) -> Iterator[Referred]:
    # A binding is about a certificate of another platform; that of daqing is in the register only.
    elsewhere = service.act is Act.BIND
    end = today()
    if service.refers is Refers.RENEWABLE:
        end -= timedelta(days=catalogue().rule("renewal_after_end").number)
    for group in _ours(store, session, approval, kind):
        if (group[0].platform != approval.platform) is elsewhere and last_day(group[0].not_after) >= end:
            yield Referred(group[0].serial, group[0].not_after, group)
    for entry in imported(store, session, numbers_and_names(approval.subject)):
        held = entry.status == "active" or (entry.status == "expired" and service.refers is Refers.RENEWABLE)
        of_kind = entry.certificate == kind and (entry.platform != approval.platform) is elsewhere
        if held and of_kind and same_holder(approval.subject, entry) and _until(entry) >= end:
            yield Referred(entry.serial, _end_of(_until(entry)), entry=entry)


def _ours(store: Store, session: Session, approval: Approval, kind: str) -> Iterator[tuple[CertificateRow, ...]]:
    """The holder's certificates in force, those of one approval together."""
    subject, vault = approval.subject, store.vault
    query = select(CertificateRow).where(CertificateRow.certificate == kind, CertificateRow.state.in_(IN_FORCE))
    query = query.where(CertificateRow.approval_id != approval.id).order_by(CertificateRow.serial)
    if subject.person_name:
        query = query.where(CertificateRow.id_number_index == vault.blind("id_number", subject.id_number))
    else:
        query = query.where(CertificateRow.uscc_index == vault.blind("uscc", subject.uscc))
    if not (subject.id_number if subject.person_name else subject.uscc):
        return
    groups: dict[str, list[CertificateRow]] = {}
    for row in session.scalars(query):
        groups.setdefault(row.approval_id, []).append(row)
    yield from map(tuple, groups.values())


def _fixed(store: Store, session: Session, serial: str) -> Referred:
    own = session.get(CertificateRow, serial)
    if own is not None:
        rows = session.scalars(select(CertificateRow).where(CertificateRow.approval_id == own.approval_id))
        return Referred(serial, own.not_after, tuple(rows.all()))
    entry = imported_as(store, session, serial)
    if entry is None:
        raise Refused("The certificate that this application is about is gone.", "Have an auditor look.")
    return Referred(serial, _end_of(_until(entry)), entry=entry)


def same_holder(subject: Subject, entry: RegisterEntry) -> bool:
    """By numbers where both have one, else by names; of a person whose unit is known on both sides, by that too."""
    ours, theirs = (subject.id_number, entry.id_number) if subject.person_name else (subject.uscc, entry.uscc)
    if ours and theirs:
        return fold_code(ours) == fold_code(theirs) and _same_unit(subject, entry)
    names = (subject.person_name, entry.name) if subject.person_name else (subject.unit_name, entry.unit_name)
    return bool(names[0]) and fold(names[0]) == fold(names[1])


def _same_unit(subject: Subject, entry: RegisterEntry) -> bool:
    return not (subject.uscc and entry.uscc) or fold_code(subject.uscc) == fold_code(entry.uscc)


def _until(entry: RegisterEntry) -> date:
    return entry.valid_until or date.max


def last_day(not_after: datetime) -> date:
    """The last day of a certificate, where the CA is."""
    return not_after.astimezone(CHINA).date()


def _end_of(day: date) -> datetime:
    return datetime.combine(min(day, date(9998, 12, 31)), time(23, 59, 59), CHINA)
