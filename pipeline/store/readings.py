"""Readings in the store: the record as a file, and what is asked for as columns."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Lock

from cachetools import LRUCache, cached
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.store import codec
from pipeline.store.store import Store, new_id
from pipeline.store.tables import PageRow, ReadingRow
from yinjian.records import Reading


def keep_reading(store: Store, reading: Reading, of: Reading | None = None) -> str:
    """The record and its pictures as files; outside of a transaction, for it takes a while.

    `of`: a reading that is kept already, whose pictures need not be looked at again.
    """
    there = {picture: store.vault.name(picture) for picture in _pictures(of)} if of else {}
    return store.blobs.put(codec.dump_reading(reading, lambda picture: there.get(picture) or store.blobs.put(picture)))


def _pictures(reading: Reading) -> Iterator[bytes]:
    yield from (picture for mark in reading.marks for picture in (mark.image, mark.fingerprint) if picture)
    yield from (page.fingerprint for page in reading.pages if page.fingerprint)


def save_reading(
    store: Store, session: Session, submission: str, reading: Reading, blob: str, made_by: str
) -> ReadingRow:
    """A reading's rows. `blob`: what `keep_reading` gave."""
    last = session.scalar(select(func.max(ReadingRow.number)).where(ReadingRow.submission_id == submission))
    versions = reading.versions
    row = ReadingRow(id=new_id("R"), submission_id=submission, number=(last or 0) + 1, blob=blob, form=reading.form)
    row.model, row.catalogue, row.policy = versions.model, versions.catalogue, versions.policy
    row.made_by, row.made_at = made_by, now()
    session.add(row)
    session.flush()
    session.add_all(_pages(store, row.id, reading))
    return row


def _pages(store: Store, reading_id: str, reading: Reading) -> list[PageRow]:
    return [
        PageRow(
            reading_id=reading_id,
            position=position,
            file_sealed=store.vault.seal("pages.file", page.file),
            page=page.page,
            kind=page.kind,
            role=page.role,
            rotation=page.rotation,
        )
        for position, page in enumerate(reading.pages)
    ]


def load_reading(store: Store, row: ReadingRow) -> Reading:
    """The record with its pictures. StoreError when any of it is lost or damaged."""
    return codec.load_reading(store.blobs.get(row.blob), store.blobs.get)


def bare_reading(store: Store, row: ReadingRow) -> Reading:
    """The record, its pictures by their names in the store. Those that were asked for lately are kept decoded."""
    return _decoded(store, row.blob)


# By the blob's name alone, which is of one store's key and one content: a store is not held open for its readings.
@cached(LRUCache(maxsize=256), key=lambda store, blob: blob, lock=Lock())
def _decoded(store: Store, blob: str) -> Reading:
    return codec.load_bare(store.blobs.get(blob))


def latest_reading(session: Session, submission: str) -> ReadingRow | None:
    """The reading that counts."""
    rows = select(ReadingRow).where(ReadingRow.submission_id == submission).order_by(ReadingRow.number.desc())
    return session.scalars(rows).first()
