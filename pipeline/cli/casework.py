"""What the commands about cases do and print."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from pipeline import contract, work
from pipeline.approvals import rule
from pipeline.cases import WAITING, Summary, events, find, summaries, summary
from pipeline.clock import shown
from pipeline.store.check import problems
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, DecisionRow, User
from pipeline.store.verdicts import latest_verdict, load_verdict
from pipeline.users import Role, add_user, require_role
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, StoreError
from yinjian.records import Reading, Verdict
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def show_queue(store: Store, everything: bool, as_json: bool) -> None:
    """What waits, or all."""
    from pipeline.cli.progress import output, table

    with store.reading() as session:
        cases = list(summaries(store, session, () if everything else WAITING))
    if as_json:
        for case in cases:
            sys.stdout.buffer.write(contract.line(_as_json(case)).encode() + b"\n")
    elif cases:
        output().print(table(cases))
    else:
        OUT.print("Nothing waits." if not everything else "There are no applications yet: yinjian ingest FOLDER")


def _as_json(case: Summary) -> dict[str, object]:
    return {
        "id": case.id,
        "application": case.name,
        "state": case.state,
        "form": case.form,
        "received_at": case.received_at.isoformat(timespec="seconds"),
        "findings": [contract.as_finding(item) for item in case.findings],
        "serials": list(case.serials),
        "fault": case.fault,
    }


def show_case(store: Store, text: str, as_json: bool, trace: bool) -> None:
    """One application: what was read, found, decided, and what happened to it."""
    with store.reading() as session:
        application = find(store, session, text)
        case = summary(store, session, application)
        submission = newest_submission(session, application.id)
        row, judged = latest_reading(session, submission.id), latest_verdict(session, submission.id)
        verdict = load_verdict(store, session, judged) if judged else None
        happened = [(shown(e.at), e.actor, e.action, e.detail) for e in events(session, application.id)]
        decided = [
            (d.ruling, d.actor, store.vault.open("decisions.reason", d.reason_sealed))
            for d in session.scalars(select(DecisionRow).where(DecisionRow.application_id == application.id))
        ]
    reading = load_reading(store, row) if row else None
    if as_json:
        if reading is None or verdict is None:
            raise InputError(f"{case.id} is not read yet.", "See how far it is: yinjian queue --all")
        sys.stdout.buffer.write(contract.line(contract.as_json(reading, verdict)).encode() + b"\n")
        return
    OUT.print(f"{case.id}  {case.name}  {case.state}  submission {submission.number}")
    if case.fault:
        OUT.print(f"fault: {case.fault}")
    if reading:
        _print_reading(reading, verdict)
    for ruling, actor, reason in decided:
        OUT.print(f"decision: {ruling} by {actor}  {reason}".rstrip())
    for at, actor, action, detail in happened:
        OUT.print(f"{at}  {actor}  {action}  {detail}".rstrip())
    if trace and submission.trace_sealed:
        OUT.print(store.vault.open("submissions.trace", submission.trace_sealed))


def _print_reading(reading: Reading, verdict: Verdict | None) -> None:
    if verdict:
        OUT.print(f"{verdict.platform} {verdict.certificate} {verdict.business}: {verdict.decision}")
        for found in verdict.findings:
            OUT.print(f"  {found.severity}  {found.code} {found.where}: {found.message}")
    for field in reading.fields:
        OUT.print(f"  {field.id}: {field.text}  ({field.confidence:.2f}, page {field.page + 1})")
    for choice in reading.choices:
        OUT.print(f"  {choice.group} {choice.label}: {choice.state}")
    for mark in reading.marks:
        OUT.print(f"  {mark.id}: {mark.kind} on page {mark.page + 1}  {mark.ring_text}".rstrip())


def draw_case(store: Store, settings: Settings, text: str, image: Path, page: int | None) -> None:
    """The pages of an application in the store, with what was read where."""
    from extractors.opening import decode_all
    from pipeline.drawing import draw, save
    from pipeline.reading import limit_threads, new_reader
    from pipeline.steps import opened

    with store.reading() as session:
        application = find(store, session, text)
        submission = newest_submission(session, application.id)
        files, judged = stored_files(session, submission.id), latest_verdict(session, submission.id)
        if judged is None:
            raise InputError(f"{application.id} is not read yet.", "See how far it is: yinjian queue --all")
        verdict = load_verdict(store, session, judged)
        row = latest_reading(session, submission.id)
    assert row is not None  # a verdict is on a reading
    limit_threads(settings.threads)
    scans = decode_all(opened(store, files), settings)
    _, pages = new_reader(settings).read_with_pages(application.id, scans)
    save(draw(load_reading(store, row), verdict, pages, page), image)


def decide_case(store: Store, text: str, ruling: Ruling, actor: str, reason: str) -> str:
    """A person's decision; what to say about it."""
    with store.writing() as session:
        application = find(store, session, text)
        session.refresh(application, with_for_update=True)
        rule(store, session, application, ruling, actor, reason, catalogue())
        return f"{application.id} is {application.state}."


def retry_case(store: Store, text: str, actor: str) -> str:
    """Once more; what to say about it."""
    with store.writing() as session:
        require_role(session, actor, Role.REVIEWER, Role.ADMINISTRATOR)
        application = find(store, session, text)
        work.retry(session, application, actor)
        return f"{application.id} waits to be read: yinjian up, or take its folder in again."


def enter_user(store: Store, name: str, roles: list[str], actor: str) -> str:
    """A member of staff; what to say about it."""
    unknown = sorted(set(roles) - set(Role))
    if unknown:
        raise InputError(f"There is no role {unknown[0]}.", f"Give one of {', '.join(Role)}.")
    with store.writing() as session:
        changed = add_user(session, name, tuple(Role(role) for role in roles), actor)
    return f"{name}: {', '.join(roles)}." if changed else f"{name} had these roles already."


def list_users(store: Store) -> None:
    found = Table("user", "roles")
    with store.reading() as session:
        for user in session.scalars(select(User).order_by(User.name)):
            found.add_row(user.name, user.roles)
    Console().print(found)


def check_store(store: Store) -> None:
    """Every stored file and value. Raises StoreError when one is lost or damaged."""
    with store.reading() as session:
        applications = len(session.scalars(select(Application.id)).all())
        found = list(problems(store, session))
    for problem in found:
        OUT.print(problem)
    if found:
        raise StoreError(f"{len(found)} things are lost or damaged.", "Bring the files named above back from a copy.")
    OUT.print(f"Everything is there and whole ({applications} applications).")
