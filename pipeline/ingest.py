"""`yinjian ingest FOLDER`: taking applications in, and having them worked on by whoever is there."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.applications import application_folders, application_name
from pipeline.crew import Crew
from pipeline.intake import Receipt, StillCopied, submit
from pipeline.running import is_up
from pipeline.store.store import Store
from pipeline.users import SYSTEM
from pipeline.work import unfinished
from yinjian.errors import InputError
from yinjian.settings import Settings

BY_HAND_SETTLE_SECONDS = 2  # whoever gives the command has mostly finished copying
LOOK_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken in, and which folders were not, with the reason."""

    receipts: tuple[Receipt, ...]
    refused: tuple[tuple[str, InputError], ...]


def take_in(
    store: Store,
    folder: Path,
    actor: str,
    settings: Settings,
    as_of: date | None,
    to: str | None,
    replaces: Sequence[int] = (),
) -> Taken:
    """Every application of a folder. One that cannot be taken in does not keep out the others."""
    folders = application_folders(folder)
    if to is not None and len(folders) != 1:
        raise InputError(f"{folder} holds {len(folders)} applications.", "Name the folder of the one sent again.")
    settings = replace(settings, settle_seconds=min(BY_HAND_SETTLE_SECONDS, settings.settle_seconds))
    receipts, refused = [], []
    for one in folders:
        try:
            receipts.append(_patiently(store, one, actor, settings, as_of, to, replaces))
        except InputError as error:
            refused.append((application_name(one), error))
    return Taken(tuple(receipts), tuple(refused))


def _patiently(
    store: Store,
    folder: Path,
    actor: str,
    settings: Settings,
    as_of: date | None,
    to: str | None,
    replaces: Sequence[int],
) -> Receipt:
    """Again after a moment when something was written in the folder just now."""
    try:
        return submit(store, folder, actor, settings, as_of, to, replaces)
    except StillCopied:
        time.sleep(settings.settle_seconds)
        return submit(store, folder, actor, settings, as_of, to, replaces)


def take_in_inbox(store: Store, settings: Settings) -> tuple[Receipt, ...]:
    """Whatever is new in the inbox. Folders that are still being copied into are left for the next look."""
    if settings.inbox is None or not any(settings.inbox.iterdir()):
        return ()
    new = []
    for folder in application_folders(settings.inbox):
        with suppress(InputError):  # being copied, or nothing to read: as it may be at the next look
            receipt = submit(store, folder, SYSTEM, settings)
            new += [] if receipt.known else [receipt]
    return tuple(new)


def finish(
    store: Store, submissions: Sequence[str], settings: Settings, worker: str = "pipeline.worker"
) -> Iterator[int]:
    """Have the submissions worked on; yields how many are finished, whenever one more is.

    `yinjian up` does it when it runs. Otherwise, or when it ends before they are finished, workers of our own do.
    """
    done = 0
    while is_up(settings) and done < len(submissions):
        count = len(submissions) - unfinished(store, submissions)
        if count > done:
            yield count
        done = count
        time.sleep(LOOK_SECONDS)
    if unfinished(store, submissions):
        yield from _ourselves(store, submissions, settings, done, worker)


def _ourselves(store: Store, submissions: Sequence[str], settings: Settings, done: int, worker: str) -> Iterator[int]:
    waiting = len(submissions) - done
    with Crew(store, replace(settings, workers=min(settings.workers, waiting)), ("--drain",), worker) as crew:
        working = True
        while working and done < len(submissions):
            working = crew.watch()
            count = len(submissions) - unfinished(store, submissions)
            if count > done:
                yield count
            done = count
            time.sleep(LOOK_SECONDS)
