"""The audit log as a chain: each entry's link is the hash of the link before it and of all that the entry says.

After Crosby and Wallach, "Efficient Data Structures for Tamper-Evident Logging" (2009): a log of which the head is kept
elsewhere cannot be bent behind it. The database alone shows what was changed, taken out, put in or moved; a kept head
shows also a tail that was cut off, a database that was brought back, and a chain that was computed anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.heads import START, Head
from pipeline.store.tables import Event

AT_ONCE = 5000  # rows fetched together
ENTRY = (  # what a link is of
    Event.id, Event.at, Event.actor, Event.action, Event.subject, Event.application_id, Event.hash, Event.detail,
)  # fmt: skip


def link(before: str, entry: Sequence[Any]) -> str:
    """SHA-256 (hex) of an entry behind the link `before`. `entry`: the values of `ENTRY`.

    Never to be changed: every log that was ever written is verified by it.
    """
    number, at, *rest = entry
    said = json.dumps([number, at.astimezone(UTC).isoformat(timespec="microseconds"), *rest], ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def append(session: Session, event: Event) -> datetime | None:
    """Add an event as the last one; when the one before was. The transaction must be one that writes."""
    last = session.execute(select(Event.id, Event.link, Event.at).order_by(Event.id.desc()).limit(1)).first()
    number, before = (last.id, last.link) if last else (0, START)
    event.id = number + 1
    event.link = link(before, [getattr(event, column.key) for column in ENTRY])
    session.add(event)
    session.flush()
    return last.at if last else None


def head(session: Session, taken_at: datetime) -> Head:
    """The log's end."""
    last = session.execute(select(Event.id, Event.link).order_by(Event.id.desc()).limit(1)).first()
    return Head(last.id, last.link, taken_at) if last else Head(0, START, taken_at)


def faults(session: Session, heads: Iterable[Head] = ()) -> Iterator[str]:
    """What is wrong with the log, a line each, with the numbers of the entries; nothing when it is whole."""
    kept: dict[int, list[Head]] = {}
    for known in heads:
        kept.setdefault(known.number, []).append(known)
    number, before = 0, START
    yield from _of_heads(kept.pop(0, ()), START)
    rows = session.execute(select(*ENTRY, Event.link).order_by(Event.id).execution_options(yield_per=AT_ONCE))
    for *entry, stored in rows:
        if entry[0] != number + 1:
            yield f"entries {number + 1} to {entry[0] - 1} are missing"
        elif stored != link(before, entry):
            yield f"entry {entry[0]} does not follow from entry {number}: one of them was changed, put in or moved"
        number, before = entry[0], stored
        yield from _of_heads(kept.pop(number, ()), stored)
    for lost in sorted(n for n in kept if n > number):
        yield f"the log ends at entry {number}, but entry {lost} was there: its tail is cut off, or it is an older copy"


def _of_heads(heads: Iterable[Head], stored: str) -> Iterator[str]:
    for kept in heads:
        if kept.link != stored:
            when = kept.taken_at.isoformat(timespec="seconds")
            yield f"entry {kept.number} is not the one that was last at {when}: what is before it was written anew"
