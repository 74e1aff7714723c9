"""`yinjian trace`: why was this certificate issued?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from sqlalchemy.orm import Session

from pipeline.cases import Trail, events, find, find_certificate, trail
from pipeline.clock import shown
from pipeline.pages import pages_again
from pipeline.provenance import lines, provenance, write_crops
from pipeline.registry import subject_of
from pipeline.store.store import Store
from pipeline.store.tables import Application, Event
from yinjian.errors import InputError
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def show_trace(store: Store, settings: Settings, text: str, crops: Path | None) -> None:
    """Of a serial number the way back to the pixels, rules and people; of an application what happened to it.

    `crops`: a folder for the pictures of all places that the certificate's fields were read from.
    """
    with store.reading() as session:
        certificate = find_certificate(session, text)
        if certificate is None:
            _show_application(store, session, text)
            return
        found = trail(session, certificate)
        application = session.get_one(Application, found.approval.application_id)
        read_from = provenance(store, session, certificate) if certificate.blob is not None else None
        for line in (*_lines(store, found, application), *(lines(read_from) if read_from else ())):
            OUT.print(line)
    if read_from is not None and crops is not None:
        for path in write_crops(read_from, pages_again(store, settings, application.id), crops):
            OUT.print(f"picture      {path}")


def _show_application(store: Store, session: Session, text: str) -> None:
    try:
        application = find(store, session, text)
    except InputError:
        raise InputError("There is no certificate or application of that name.", "See yinjian queue --all") from None
    for line in _happened(events(session, application.id)):
        OUT.print(line)


def _lines(store: Store, found: Trail, application: Application) -> Iterator[str]:
    row, approval, verdict = found.certificate, found.approval, found.verdict
    who = subject_of(store, row)
    yield f"certificate  {row.serial}  {row.state}  {row.platform} {row.certificate} ({row.usage})"
    yield f"  for        {' '.join(filter(None, (who.unit_name, who.uscc, who.person_name)))}"
    yield f"  valid      {shown(row.not_before)} to {shown(row.not_after)}"
    yield f"  token      {row.token_label}, serial {row.token_serial or '-'}; key {row.key_label}"
    yield f"  hash       {row.blob or '-'}"
    if found.seal:
        seal = found.seal
        yield f"{seal.kind:12} {seal.id}  {seal.width_mm} x {seal.height_mm} mm  {seal.blob}"
    if found.order:
        order = found.order
        paid = f" by {order.method}, recorded by {order.recorded_by}" if order.recorded_by else ""
        yield f"order        {order.id}  {'-' if order.yuan is None else order.yuan} yuan  {order.state}{paid}"
    yield f"approval     {approval.id}  by {approval.actor} at {shown(approval.approved_at)}"
    yield f"  evidence   {approval.evidence}"
    for decision in found.decisions:
        reason = store.vault.open("decisions.reason", decision.reason_sealed)
        by = f"{decision.actor} at {shown(decision.decided_at)}"
        yield f"decision     {decision.id}  {decision.ruling} by {by}  {reason}".rstrip()
    for word in found.settlements:
        reason = store.vault.open("settlements.reason", word.reason_sealed)
        yield f"settlement   {word.id}  {word.code} by {word.actor} at {shown(word.settled_at)}  {reason}".rstrip()
    for change in found.corrections:
        by = f"{change.actor} at {shown(change.made_at)}"
        yield f"correction   {change.reading_id}  {change.act} {change.subject} by {by}"
    yield f"verdict      {verdict.id}  {verdict.decision}, {found.findings} findings, as of {verdict.as_of}"
    yield f"  rules      policy {verdict.policy}"
    reading = found.reading
    yield f"reading      {reading.id}  form {reading.form}  by {reading.made_by} at {shown(reading.made_at)}"
    yield f"  versions   model {reading.model}, catalogue {reading.catalogue}, {reading.policy}"
    yield f"  hash       {reading.blob}"
    submission, name = found.submission, store.vault.open("applications.name", application.name_sealed)
    yield f"application  {application.id}  {name}"
    yield f"submission   {submission.id}  number {submission.number}, by {submission.received_by}"
    yield f"  hash       {submission.content}"
    for file in found.files:
        name = store.vault.open("files.name", file.name_sealed)
        yield f"scan         {name}  {file.size} bytes  {file.blob or 'refused'}"
    yield "events"
    yield from _happened(found.events)


def _happened(found: tuple[Event, ...]) -> Iterator[str]:
    for event in found:
        who = f"{event.actor:14} {event.action:10} {event.subject}"
        yield f"  {shown(event.at)}  {who}  {event.hash[:16]}  {event.detail}".rstrip()
