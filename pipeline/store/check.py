"""Whether all that was stored is there and whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.store import codec
from pipeline.store.desk_tables import PagePicture
from pipeline.store.issuing_tables import CertificateRow, Seal
from pipeline.store.store import Store
from pipeline.store.tables import ApprovalRow, File, ReadingRow, Submission, Table
from yinjian.errors import StoreError


def problems(store: Store, session: Session) -> Iterator[str]:
    """What is lost or damaged, one line each."""
    for name, user in named_files(session).items():
        fault = store.blobs.damaged(name)
        if fault:
            yield f"{user}: {fault}"
    yield from _pictures(store, session)
    yield from _columns(store, session)


def named_files(session: Session) -> dict[str, str]:
    """The files that rows name, each with one that does. Pictures of marks are named within readings."""
    found: dict[str, str] = {}
    columns = (
        (File.blob, File.submission_id),
        (Submission.claim_blob, Submission.id),
        (ReadingRow.blob, ReadingRow.submission_id),
        (CertificateRow.blob, CertificateRow.serial),
        (Seal.blob, Seal.serial),
        (Seal.eseal, Seal.serial),
        (ApprovalRow.picture_blob, ApprovalRow.application_id),
        (PagePicture.view, PagePicture.submission_id),
        (PagePicture.full, PagePicture.submission_id),
    )
    for name, user in chain.from_iterable(session.execute(select(*pair)) for pair in columns):
        if name is not None:
            found.setdefault(name, f"of {user}")
    return found


def _pictures(store: Store, session: Session) -> Iterator[str]:
    for row in session.scalars(select(ReadingRow)):
        try:
            for name in pictures(store, row):
                store.blobs.get(name)
        except StoreError as error:
            yield f"of reading {row.id}: {error.what}"


def pictures(store: Store, row: ReadingRow) -> tuple[str, ...]:
    """The names of a reading's pictures and fingerprints."""
    reading = codec.load_bare(store.blobs.get(row.blob))
    named = [name for mark in reading.marks for name in (mark.image, mark.fingerprint)]
    named += [page.fingerprint for page in reading.pages]
    return tuple(name.decode() for name in named if name)


def _columns(store: Store, session: Session) -> Iterator[str]:
    """Every encrypted value."""
    for table in Table.metadata.sorted_tables:
        for column in (c for c in table.columns if c.name.endswith("_sealed")):
            label = f"{table.name}.{column.name.removesuffix('_sealed')}"
            for value in session.scalars(select(column)):
                try:
                    store.vault.open(label, value) if value is not None else None
                except StoreError as error:
                    yield error.what
