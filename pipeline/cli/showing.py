"""`yinjian show`: one application, with what was read, found, corrected, settled and decided."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline import contract
from pipeline.cases import Summary, corrections, events, find, summary
from pipeline.clock import shown
from pipeline.quality import is_blind
from pipeline.review.corrections import mark_names
from pipeline.review.standing import standings
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application, DecisionRow, ReadingRow, Submission, VerdictRow
from pipeline.store.verdicts import latest_verdict, load_verdict
from yinjian.approval import Standing
from yinjian.errors import InputError, Refused
from yinjian.records import Reading, Verdict

OUT = Console(soft_wrap=True, markup=False, highlight=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an application. `verdict` is None where there is none, or it is kept from who reviews."""

    case: Summary
    submission: Submission
    row: ReadingRow | None
    verdict: Verdict | None
    standings: tuple[Standing, ...]
    story: tuple[str, ...]


def show_case(store: Store, text: str, as_json: bool, trace: bool, number: int | None = None) -> None:
    """One application; `number`: an earlier reading of its newest submission in place of the latest."""
    with store.reading() as session:
        found = _shown(store, session, find(store, session, text), number)
    reading = load_reading(store, found.row) if found.row else None
    if as_json:
        _print_json(found, reading)
        return
    case, row = found.case, found.row
    OUT.print(f"{case.id}  {case.name}  {case.state}  submission {found.submission.number}")
    if row:
        OUT.print(f"reading {row.id}  number {row.number}  by {row.made_by} at {shown(row.made_at)}")
    for line in filter(None, (case.fault and f"fault: {case.fault}", case.note)):
        OUT.print(line)
    if reading:
        for line in _reading(found, reading):
            OUT.print(line)
    for line in found.story:
        OUT.print(line)
    if trace and found.submission.trace_sealed:
        OUT.print(store.vault.open("submissions.trace", found.submission.trace_sealed))


def _shown(store: Store, session: Session, application: Application, number: int | None) -> Shown:
    case, submission = summary(store, session, application), newest_submission(session, application.id)
    row = latest_reading(session, submission.id) if number is None else _numbered(session, submission, number)
    judged = _verdict(session, row) if number is not None and row else latest_verdict(session, submission.id)
    if is_blind(session, submission.id):
        judged = None
    verdict = load_verdict(store, session, judged) if judged else None
    standing = standings(store, session, judged) if judged else ()
    return Shown(case, submission, row, verdict, standing, tuple(_story(store, session, application.id)))


def _numbered(session: Session, submission: Submission, number: int) -> ReadingRow:
    query = select(ReadingRow).where(ReadingRow.submission_id == submission.id, ReadingRow.number == number)
    row = session.scalar(query)
    if row is None:
        raise InputError(f"There is no reading {number}.", "They count from 1; without --reading it is the latest.")
    return row


def _verdict(session: Session, row: ReadingRow) -> VerdictRow | None:
    query = select(VerdictRow).where(VerdictRow.reading_id == row.id).order_by(VerdictRow.judged_at.desc())
    return session.scalars(query).first()


def _print_json(found: Shown, reading: Reading | None) -> None:
    if found.case.note:
        raise Refused("What was judged of a quality sample is shown when it is decided.", "See it without --json.")
    if reading is None or found.verdict is None:
        raise InputError(f"{found.case.id} is not read yet.", "See how far it is: yinjian queue --all")
    sys.stdout.buffer.write(contract.line(contract.as_json(reading, found.verdict)).encode() + b"\n")


def _reading(found: Shown, reading: Reading) -> Iterator[str]:
    verdict = found.verdict
    if verdict:
        yield f"{verdict.platform} {verdict.certificate} {verdict.business}: {verdict.decision}"
        for standing in found.standings:
            yield from finding_lines(standing)
    for field in reading.fields:
        by = f", corrected by {field.corrected_by}" if field.corrected_by else ""
        yield f"  {field.id}: {field.text}  ({field.confidence:.2f}, page {field.page + 1}{by})"
    for choice in reading.choices:
        yield f"  {choice.group} {choice.label}: {choice.state}"
    for name, mark in zip(mark_names(reading), reading.marks, strict=True):
        box = ",".join(f"{edge:.3f}" for edge in mark.box.as_tuple())
        yield f"  {name}: {mark.kind} on page {mark.page + 1} at {box}  {mark.ring_text}".rstrip()


def finding_lines(standing: Standing) -> Iterator[str]:
    """A finding with how it stands."""
    found = standing.finding
    state = "" if not standing.people else "  [settled]" if not standing.lacks else "  [waits for a second reviewer]"
    yield f"  {found.severity}  {found.code} {found.where}: {found.message}{state}"
    for word in standing.settlements:
        yield f"      settled by {word.actor} at {shown(word.settled_at)}  {word.reason}".rstrip()


def _story(store: Store, session: Session, application_id: str) -> Iterator[str]:
    """Corrections, decisions and events, each first first."""
    opened = store.vault.open
    for row in corrections(session, application_id):
        before, after = opened("corrections.before", row.before_sealed), opened("corrections.after", row.after_sealed)
        reason = opened("corrections.reason", row.reason_sealed)
        yield f"correction: {row.act} {row.subject} by {row.actor}: 「{before}」 -> 「{after}」  {reason}".rstrip()
    decisions = select(DecisionRow).where(DecisionRow.application_id == application_id)
    for decision in session.scalars(decisions.order_by(DecisionRow.decided_at, DecisionRow.id)):
        reason = opened("decisions.reason", decision.reason_sealed)
        yield f"decision: {decision.ruling} by {decision.actor}  {reason}".rstrip()
        if decision.letter_sealed:
            yield opened("decisions.letter", decision.letter_sealed).rstrip()
    for event in events(session, application_id):
        yield f"{shown(event.at)}  {event.actor}  {event.action}  {event.detail}".rstrip()
