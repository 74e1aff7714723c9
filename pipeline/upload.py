"""Taking in what a program uploads: the same request twice is one, however often and however fast it comes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pipeline.applications import CLAIM
from pipeline.clients import actor_of, sent_by
from pipeline.clock import now
from pipeline.events import record
from pipeline.intake import PARTIAL, Receipt, submit
from pipeline.store.store import Store, new_id
from pipeline.store.tables import Application, Submission, Upload
from yinjian.errors import InputError, Refused, YinjianError
from yinjian.settings import Settings

MEMORY = Path("/dev/shm")  # scans in clear lie on no disk where there is a file system in memory
LONGEST_NAME = 80


class TooLarge(InputError):
    """More than is taken in at once."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a client sends. `key`: of the request; `to`: the application that it is sent again for."""

    client: str
    key: str
    files: tuple[tuple[str, bytes], ...]  # name and content
    claim: bytes | None = None
    to: str | None = None
    replaces: tuple[int, ...] = ()  # the pages (from 1) of that application that these are sent for


@dataclass(frozen=True, slots=True)
class Received:
    """What became of it. `repeated`: the same request had been answered before."""

    receipt: Receipt
    repeated: bool


def receive(store: Store, settings: Settings, sent: Sent) -> Received:
    """Take in an upload, once. Refused when its key was used for something else, InputError for what is none."""
    try:
        return _receive(store, settings, sent)
    except YinjianError as error:
        with store.writing() as session:  # who tried what stays known, not what was in it
            record(session, actor_of(sent.client), "refused", "upload:-", detail=type(error).__name__)
        raise


def _receive(store: Store, settings: Settings, sent: Sent) -> Received:
    _require_fit(settings, sent)
    content = _content(store, sent)
    with store.writing() as session:
        if sent.to is not None and sent_by(session, sent.to, sent.client) is None:
            raise InputError("There is no such application of yours to send again.", "Leave `for` out.")
    done = _reserved(store, sent, content)
    if done is not None:
        return Received(done, True)
    receipt = take_in(store, settings, actor_of(sent.client), sent.files, sent.claim, sent.to, sent.replaces)
    with store.writing() as session:
        row = session.get_one(Upload, (sent.client, _key(store, sent)))
        repeated, row.submission_id = row.submission_id is not None, receipt.submission
    return Received(receipt, repeated)


def take_in(
    store: Store,
    settings: Settings,
    actor: str,
    files: Sequence[tuple[str, bytes]],
    claim: bytes | None = None,
    to: str | None = None,
    replaces: Sequence[int] = (),
) -> Receipt:
    """Take in files that are whole and in memory, as `intake.submit` does a folder."""
    with folder_of(files, claim, new_id("U")) as folder:
        return submit(store, folder, actor, replace(settings, settle_seconds=0), to=to, replaces=replaces)


def _require_fit(settings: Settings, sent: Sent) -> None:
    if not sent.files and sent.claim is None:
        raise InputError("Nothing was sent.", "Send scans as parts named `files`.")
    if len(sent.files) > settings.upload_files:
        raise TooLarge(f"{len(sent.files)} files were sent.", f"Send at most {settings.upload_files}.")


def _content(store: Store, sent: Sent) -> str:
    """The keyed hash of all that was sent; names of files do not matter."""
    hashes = sorted(hashlib.sha256(content).hexdigest() for _, content in sent.files)
    claim = hashlib.sha256(sent.claim).hexdigest() if sent.claim is not None else None
    said = {"files": hashes, "claim": claim, "for": sent.to}
    return store.hash_of(said | {"replaces": sent.replaces} if sent.replaces else said)


def _key(store: Store, sent: Sent) -> str:
    return store.vault.name(f"upload {sent.client} {sent.key}".encode())


def _reserved(store: Store, sent: Sent, content: str) -> Receipt | None:
    """Reserve the key; what the request came to when it was made before. Refused when it was another request."""
    key = _key(store, sent)
    try:
        with store.writing() as session:
            row = session.get(Upload, (sent.client, key))
            if row is None:
                session.add(Upload(client=sent.client, key_index=key, content=content, begun_at=now()))
                return None
            return _answer(store, session, row, content)
    except IntegrityError:  # the same request at the same instant
        with store.reading() as session:
            return _answer(store, session, session.get_one(Upload, (sent.client, key)), content)


def _answer(store: Store, session: Session, row: Upload, content: str) -> Receipt | None:
    if row.content != content:
        raise Refused("This Idempotency-Key was used for something else.", "Use a new one for what is new.")
    if row.submission_id is None:  # begun and not finished: whatever is missing is done now
        return None
    submission = session.get_one(Submission, row.submission_id)
    application = session.get_one(Application, submission.application_id)
    name = store.vault.open("applications.name", application.name_sealed)
    return Receipt(application.id, submission.id, name, True)


@contextmanager
def folder_of(files: Sequence[tuple[str, bytes]], claim: bytes | None, name: str) -> Iterator[Path]:
    """Files and claim in a folder of that name, which only this program sees and which is gone afterwards."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="yinjian-", dir=place) as private:
        folder = Path(private) / name
        folder.mkdir()
        for number, (own, content) in enumerate(files):  # in the order in which they were sent
            (folder / f"{number:03d}-{plain_name(own)}").write_bytes(content)
        if claim is not None:
            (folder / CLAIM).write_bytes(claim)
        yield folder


def plain_name(name: str) -> str:
    """A name that is no path and hides nothing; what stands for a file that is being copied ends otherwise."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.-]", "_", last)[-LONGEST_NAME:]
    return (plain.lstrip(".") or "file") + ("_" if plain.lower().endswith(PARTIAL) else "")
