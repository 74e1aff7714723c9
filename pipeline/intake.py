"""Taking applications in: a folder becomes a submission, whole or not at all, and the same one twice is one."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from extractors.opening import admit, label_of, list_files
from pipeline.applications import CLAIM, application_name, require_scans
from pipeline.clock import now
from pipeline.events import record
from pipeline.states import State, Work, move
from pipeline.store.codec import dump
from pipeline.store.readings import bare_reading, latest_reading
from pipeline.store.store import Store, new_id
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, File, Submission
from yinjian.claim import MAX_BYTES
from yinjian.errors import InputError, Refused
from yinjian.findings import Finding
from yinjian.settings import Settings

PARTIAL = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart", "~")  # names that copying programs use
OPEN_STATES = (State.RECEIVED, State.REVIEW, State.RETURNED, State.SET_ASIDE)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a folder. `known`: the same had been taken in before."""

    application: str
    submission: str
    name: str
    known: bool


@dataclass(frozen=True, slots=True)
class _Content:
    """A folder's files, kept. `name`: of the file in its folder; `blob` None where it was refused."""

    files: tuple[_Kept, ...]
    claim: str | None


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    size: int
    blob: str | None
    refused: Finding | None
    left_out: str = ""


class StillCopied(InputError):
    """Somebody is still writing in the folder."""

    def __init__(self, name: str) -> None:
        remedy = "Take it in again when that is done; a file ending in .part or ~ must be gone."
        super().__init__(f"{name} is still being copied.", remedy)


def submit(
    store: Store,
    folder: Path,
    actor: str,
    settings: Settings,
    as_of: date | None = None,
    to: str | None = None,
    replaces: Sequence[int] = (),
) -> Receipt:
    """Take in one application's folder. `to`: the application that it is sent again for, where one must be named.

    `replaces`: the pages (from 1, as they were read) that the folder holds anew; the others are taken from before.

    InputError when there is nothing to read, StillCopied while somebody writes in it.
    """
    require_scans(folder)
    require_settled(folder, settings.settle_seconds)
    before = _look(folder)
    content = _keep(store, folder, settings)
    if _look(folder) != before:
        raise StillCopied(application_name(folder))
    if replaces:
        content = _completed(store, content, to, replaces)
    hash = content_hash(store, content.files, content.claim)
    try:
        with store.writing() as session:
            return _known(store, session, hash) or _add(store, session, folder, content, hash, actor, as_of, to)
    except IntegrityError:  # another took in the same at the same instant
        with store.reading() as session:
            receipt = _known(store, session, hash)
        if receipt is None:
            raise
        return receipt


def require_settled(folder: Path, seconds: int) -> None:
    """Raises StillCopied while something in the folder is being written.

    The time of the last change (ctime) is looked at, which no copying program can set back.
    """
    if any(path.name.lower().endswith(PARTIAL) for path in list_files(folder)):
        raise StillCopied(application_name(folder))
    newest = max((stat[2] for stat in _look(folder)), default=0) / 1e9
    if newest > time.time() - seconds:
        raise StillCopied(application_name(folder))


def _look(folder: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of last change (ns) of all that lies in a folder."""
    found = []
    for path in (*list_files(folder), folder / CLAIM):
        if path.exists() or path.is_symlink():
            stat = path.lstat()
            found.append((str(path), stat.st_size, stat.st_ctime_ns))
    return found


def _keep(store: Store, folder: Path, settings: Settings) -> _Content:
    files = tuple(_keep_file(store, path, folder, settings) for path in list_files(folder))
    return _Content(files, _keep_claim(store, folder / CLAIM))


def _keep_file(store: Store, path: Path, folder: Path, settings: Settings) -> _Kept:
    admitted, name = admit(path, folder, settings), label_of(path, folder)
    if isinstance(admitted, Finding):
        return _Kept(name, path.lstat().st_size, None, admitted)
    with os.fdopen(admitted, "rb") as file:
        content = file.read()
    return _Kept(name, len(content), store.blobs.put(content), None)


def _keep_claim(store: Store, path: Path) -> str | None:
    """What the applicant says, byte by byte; one that is no plain file is kept as nothing and found invalid later."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return store.blobs.put(b"")
    with os.fdopen(descriptor, "rb") as file:
        return store.blobs.put(file.read(MAX_BYTES + 1))


def content_hash(store: Store, files: Sequence[_Kept | File], claim: str | None) -> str:
    """The hash of a submission: over its files' hashes, in their order, and the claim's. Names do not matter."""
    blobs = sorted(_named_content(file) for file in files)
    return store.hash_of({"files": blobs, "claim": claim})


def _named_content(file: _Kept | File) -> str:
    without = f" without {file.left_out}" if file.left_out else ""
    return (file.blob or f"refused {file.size}") + without


def _completed(store: Store, sent: _Content, to: str | None, replaces: Sequence[int]) -> _Content:
    """What was sent anew, with all that was sent before but the pages that it replaces and files that gave none."""
    if to is None:
        raise InputError("Pages are replaced of one application.", "Name it: --for ID")
    with store.reading() as session:
        before = newest_submission(session, _named(session, to).id)
        row, files = latest_reading(session, before.id), stored_files(session, before.id)
    if row is None:
        raise Refused(f"Application {to} is not read yet.", "Wait until it is, or send all of it again.")
    pages = bare_reading(store, row).pages
    if not all(1 <= number <= len(pages) for number in replaces):
        raise InputError(f"Application {to} has {len(pages)} pages.", "Count them from 1: yinjian show ID")
    gone = {(pages[number - 1].file, pages[number - 1].page) for number in replaces}
    kept = tuple(_kept_from(store, file, gone) for file in files)
    with_pages = {page.file for page in pages}
    names = {file.name for file in kept}
    new = tuple(replace(f, name=f"{before.number + 1}-{f.name}") if f.name in names else f for f in sent.files)
    return _Content((*(f for f in kept if f.name in with_pages), *new), sent.claim or before.claim_blob)


def _kept_from(store: Store, file: File, gone: set[tuple[str, int]]) -> _Kept:
    name = store.vault.open("files.name", file.name_sealed)
    pages = {int(page) for page in file.left_out.split()} | {page for of, page in gone if of == name}
    return _Kept(name, file.size, file.blob, None, " ".join(map(str, sorted(pages))))


def _known(store: Store, session: Session, hash: str) -> Receipt | None:
    found = session.scalar(select(Submission).where(Submission.content == hash))
    if found is None:
        return None
    application = session.get_one(Application, found.application_id)
    return Receipt(application.id, found.id, store.vault.open("applications.name", application.name_sealed), True)


def _add(
    store: Store,
    session: Session,
    folder: Path,
    content: _Content,
    hash: str,
    actor: str,
    as_of: date | None,
    to: str | None,
) -> Receipt:
    application = _application_for(store, session, folder, to)
    submission = _submission(session, application, content, hash, actor, as_of)
    session.add(submission)
    session.flush()
    session.add_all(_rows(store, submission.id, content.files))
    subject = f"submission:{submission.id}"
    record(session, actor, "submitted", subject, hash, application.id, f"{len(content.files)} files")
    if application.state != State.RECEIVED:
        move(session, application, State.RECEIVED, actor, hash, "sent again")
    name = store.vault.open("applications.name", application.name_sealed)
    return Receipt(application.id, submission.id, name, False)


def _submission(
    session: Session, application: Application, content: _Content, hash: str, actor: str, as_of: date | None
) -> Submission:
    last = session.scalar(select(func.max(Submission.number)).where(Submission.application_id == application.id))
    return Submission(
        id=new_id("S"),
        application_id=application.id,
        number=(last or 0) + 1,
        content=hash,
        claim_blob=content.claim,
        as_of=as_of,
        received_by=actor,
        received_at=now(),
        work=Work.WAITING,
        due_at=now(),
    )


def _rows(store: Store, submission: str, files: Sequence[_Kept]) -> list[File]:
    return [
        File(
            submission_id=submission,
            position=position,
            name_sealed=store.vault.seal("files.name", file.name),
            size=file.size,
            blob=file.blob,
            left_out=file.left_out,
            refused_sealed=store.vault.seal("files.refused", dump(file.refused).decode()) if file.refused else None,
        )
        for position, file in enumerate(files)
    ]


def _application_for(store: Store, session: Session, folder: Path, to: str | None) -> Application:
    """The application that a folder belongs to: the one named, the same folder's, one returned by that name, or new.

    Folders are called alike by chance (`scan001`); only a returned application waits for another by its name.
    """
    name = application_name(folder)
    source = store.vault.blind("source", str(folder.resolve()))
    if to is not None:
        return _named(session, to)
    known = select(Application).order_by(Application.received_at.desc()).limit(1)
    same_folder = known.where(Application.source_index == source, Application.state.in_(OPEN_STATES))
    returned = known.where(
        Application.name_index == store.vault.blind("name", name), Application.state == State.RETURNED
    )
    return session.scalar(same_folder) or session.scalar(returned) or _new(store, session, name, source)


def _named(session: Session, id: str) -> Application:
    application = session.get(Application, id)
    if application is None:
        raise InputError(f"There is no application {id}.", "See `yinjian queue --all`.")
    if application.state not in OPEN_STATES:
        raise Refused(f"Application {id} is {application.state}.", "Take the folder in as a new one.")
    return application


def _new(store: Store, session: Session, name: str, source: str) -> Application:
    application = Application(
        id=new_id("A"),
        name_sealed=store.vault.seal("applications.name", name),
        name_index=store.vault.blind("name", name),
        source_index=source,
        state=State.RECEIVED,
        received_at=now(),
        changed_at=now(),
    )
    session.add(application)
    session.flush()
    return application
