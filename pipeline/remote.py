"""An inbox that lies elsewhere: a bucket or a server reached by SFTP, through fsspec. Nothing there is changed.

An application is a folder. It is taken in when two looks, `settle_seconds` apart, see the same files: names, sizes and
times. What it held when it was taken in is remembered, so that it is fetched again only when something has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import fsspec
from fsspec import AbstractFileSystem
from sqlalchemy.orm import Session

from pipeline.applications import CLAIM
from pipeline.clock import now
from pipeline.intake import OPEN_STATES, PARTIAL, Receipt, submit
from pipeline.store.store import Store
from pipeline.store.tables import Application, Submission, Upload
from pipeline.upload import folder_of, plain_name
from pipeline.users import SYSTEM
from yinjian.errors import InputError, SettingsError, StoreError
from yinjian.settings import Settings

REMOTE = "inbox"  # under which name what was seen there is kept, beside the clients


@dataclass(frozen=True, slots=True)
class Seen:
    """A folder as it was seen: its path, and of each file in it path, size and what tells its version."""

    path: str
    files: tuple[tuple[str, int, str], ...]

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    def within(self, path: str) -> str:
        """A file's path in the folder."""
        return path.removeprefix(self.path).lstrip("/")


def take_in_remote(store: Store, settings: Settings) -> tuple[Receipt, ...]:
    """Whatever is new and whole in the remote inbox. StoreError when it cannot be reached; it is tried again."""
    if not settings.inbox_url:
        return ()
    with _reached(settings) as (files, root):
        seen = list(_folders(files, root))
        ready = [folder for folder in seen if _settled(store, settings, folder)]
        receipts = []
        for folder in ready:
            with suppress(InputError):  # nothing to read in it, as it may be at the next look
                receipt = _fetched(store, settings, files, folder)
                receipts += [] if receipt is None or receipt.known else [receipt]
    return tuple(receipts)


@contextmanager
def _reached(settings: Settings) -> Iterator[tuple[AbstractFileSystem, str]]:
    """The file system and the inbox's path in it; whatever goes wrong there is a StoreError without its words."""
    options = _options(settings)
    try:
        files, root = fsspec.url_to_fs(settings.inbox_url, **options)
        files.invalidate_cache()
        yield files, root.rstrip("/")
    except (InputError, StoreError, SettingsError):
        raise
    except Exception as error:  # each protocol has errors of its own, whose words may name keys
        what = f"The inbox at {settings.inbox_url.partition(':')[0]} cannot be used ({type(error).__name__})."
        raise StoreError(what, "Check YINJIAN_INBOX_URL and YINJIAN_INBOX_OPTIONS; it is tried again.") from error


def _options(settings: Settings) -> dict[str, Any]:
    """What fsspec is given besides the URL: endpoint, user, key. A file, so that no secret stands in a URL."""
    if settings.inbox_options is None:
        return {}
    try:
        options = json.loads(settings.inbox_options.read_text("utf-8"))
    except (OSError, ValueError) as error:
        what = f"{settings.inbox_options} cannot be used: {type(error).__name__}."
        raise SettingsError(what, "Set YINJIAN_INBOX_OPTIONS to a JSON file of fsspec's options.") from error
    if not isinstance(options, dict):
        raise SettingsError(f"{settings.inbox_options} holds no object.", 'Write it as {"key": "value"}.')
    return options


def _folders(files: AbstractFileSystem, root: str) -> Iterator[Seen]:
    """The folders of the inbox that hold files; names that begin with a dot are nobody's."""
    for entry in sorted(files.ls(root, detail=True), key=lambda item: str(item["name"])):
        path = str(entry["name"]).rstrip("/")
        if entry["type"] == "directory" and not PurePosixPath(path).name.startswith("."):
            seen = _look(files, path)
            if seen.files:
                yield seen


def _look(files: AbstractFileSystem, path: str) -> Seen:
    found = files.find(path, detail=True)
    return Seen(path, tuple((name, int(info["size"] or 0), _version(info)) for name, info in sorted(found.items())))


def _version(info: dict[str, Any]) -> str:
    """What changes with a file's content: its tag, else its time."""
    return str(info.get("ETag") or info.get("mtime") or info.get("LastModified") or "")


def _settled(store: Store, settings: Settings, folder: Seen) -> bool:
    """Whether a folder is to be fetched: seen alike before, long enough ago, and not taken in yet."""
    if any(name.lower().endswith(PARTIAL) for name, _, _ in folder.files):
        return False
    content = store.hash_of(folder.files)
    with store.writing() as session:
        row = session.get(Upload, (REMOTE, _key(store, folder)))
        if row is None or row.content != content:
            kept = row.submission_id if row else None
            session.merge(_row(store, folder, content, kept))
            return settings.settle_seconds == 0
        waited = now() - row.begun_at >= timedelta(seconds=settings.settle_seconds)
        return waited and not _is_taken(store, session, row)


def _row(store: Store, folder: Seen, content: str, submission: str | None) -> Upload:
    return Upload(
        client=REMOTE, key_index=_key(store, folder), content=content, submission_id=submission, begun_at=now()
    )


def _key(store: Store, folder: Seen) -> str:
    return store.vault.name(f"inbox {folder.path}".encode())


def _is_taken(store: Store, session: Session, row: Upload) -> bool:
    """Whether what is there now was taken in: the submission was made after it was seen."""
    submission = session.get(Submission, row.submission_id) if row.submission_id else None
    return submission is not None and submission.received_at >= row.begun_at


def _fetched(store: Store, settings: Settings, files: AbstractFileSystem, folder: Seen) -> Receipt | None:
    """Fetch a folder and take it in; None when it changed meanwhile."""
    contents = tuple((folder.within(name), files.cat_file(name)) for name, _, _ in folder.files)
    sizes = [size for _, size, _ in folder.files]
    if [len(content) for _, content in contents] != sizes or _look(files, folder.path) != folder:
        return None
    claims = [content for name, content in contents if name == CLAIM]
    scans = tuple((name, content) for name, content in contents if name != CLAIM)
    with folder_of(scans, claims[0] if claims else None, plain_name(folder.name)) as place:
        receipt = submit(store, place, SYSTEM, replace(settings, settle_seconds=0), to=_known_as(store, folder))
    with store.writing() as session:
        session.get_one(Upload, (REMOTE, _key(store, folder))).submission_id = receipt.submission
    return receipt


def _known_as(store: Store, folder: Seen) -> str | None:
    """The application that a folder was taken in as before, while it may be sent again."""
    with store.reading() as session:
        row = session.get(Upload, (REMOTE, _key(store, folder)))
        submission = session.get(Submission, row.submission_id) if row and row.submission_id else None
        application = session.get(Application, submission.application_id) if submission else None
        return application.id if application and application.state in OPEN_STATES else None
