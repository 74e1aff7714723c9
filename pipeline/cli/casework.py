"""What the commands about cases do and print."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from pipeline import contract, pagepictures, work
from pipeline.accounts import new_password
from pipeline.approvals import Word, rule
from pipeline.cases import Summary, find, summaries
from pipeline.pages import pages_again
from pipeline.quality import is_blind
from pipeline.states import WAITS
from pipeline.store.check import problems
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application, User
from pipeline.store.verdicts import latest_verdict, load_verdict
from pipeline.users import Role, add_user, require_role
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, StoreError
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def show_queue(store: Store, everything: bool, as_json: bool) -> None:
    """What waits, or all."""
    from pipeline.cli.progress import output, table

    with store.reading() as session:
        cases = list(summaries(store, session, () if everything else WAITS))
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
        "note": case.note,
    }


def draw_case(store: Store, settings: Settings, text: str, image: Path, page: int | None) -> None:
    """The pages of an application in the store, with what was read where."""
    from pipeline.drawing import draw, save

    with store.reading() as session:
        application = find(store, session, text)
        submission = newest_submission(session, application.id)
        judged, row = latest_verdict(session, submission.id), latest_reading(session, submission.id)
        if judged is None or row is None:
            raise InputError(f"{application.id} is not read yet.", "See how far it is: yinjian queue --all")
        verdict = None if is_blind(session, submission.id) else load_verdict(store, session, judged)
    pages = pages_again(store, settings, application.id)
    save(draw(load_reading(store, row), verdict, pages, page), image)


def decide_case(store: Store, text: str, word: Word) -> str:
    """A person's decision; what to say about it."""
    with store.writing() as session:
        application = find(store, session, text)
        session.refresh(application, with_for_update=True)
        rule(store, session, application, word, catalogue())
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


def give_password(store: Store, name: str, actor: str) -> str:
    """A password for one log-in."""
    with store.writing() as session:
        return new_password(store, session, name, actor)


def make_pages(store: Store, settings: Settings, text: str) -> str:
    """Pictures of the pages; what to say about it."""
    with store.reading() as session:
        application = find(store, session, text).id
    kept = pagepictures.keep(store, map(pagepictures.encoded, pages_again(store, settings, application)))
    with store.writing() as session:
        pagepictures.save(session, newest_submission(session, application).id, kept)
    return f"{len(kept)} pages of {application}."


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
