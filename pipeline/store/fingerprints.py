"""Fingerprints in the store: the plates as files, the vectors as columns, and all vectors in memory to be searched."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.impressions import Floats, Impression, Known, Printed
from pipeline.store.store import Store
from pipeline.store.tables import FingerprintRow

LATE = 1000  # ids: a row may become visible after this many later ones


def save_fingerprints(store: Store, session: Session, reading_id: str, found: tuple[Printed, ...]) -> None:
    """The rows of a reading's impressions; what its application has already is not kept again.

    Their plates are files of the reading.
    """
    owners = {one.impression.application for one in found}
    kept = set(session.scalars(select(FingerprintRow.plate).where(FingerprintRow.application_id.in_(owners))))
    rows = (_row(store, reading_id, one) for one in found)
    session.add_all(row for row in rows if row.plate not in kept)


def _row(store: Store, reading_id: str, one: Printed) -> FingerprintRow:
    own = one.impression
    text = b64encode(one.vector.astype(np.float16).tobytes()).decode()
    return FingerprintRow(
        reading_id=reading_id,
        application_id=own.application,
        kind=own.kind,
        unit_index=store.vault.blind("unit", own.unit),
        place=own.where,
        page=own.page,
        plate=store.vault.name(own.fingerprint),
        vector_sealed=store.vault.seal("fingerprints.vector", text),
    )


class Remembered:
    """What a process knows of the stored impressions; `up_to_date` reads what has come since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Known(fetch=lambda name: store.blobs.get(name.decode()))
        self._seen, self._newest = set[int](), 0

    def up_to_date(self, session: Session) -> Known:
        """All impressions that are stored by now; their units are blind."""
        first = self._newest - LATE
        for row in session.scalars(select(FingerprintRow).where(FingerprintRow.id > first)):
            if row.id not in self._seen:
                self._seen.add(row.id)
                self._newest = max(self._newest, row.id)
                self._known.add(_impression(row), self._vector(row))
        return self._known

    @property
    def last(self) -> int:
        """The number of the newest impression, less those of which one may still be on its way."""
        return max(0, self._newest - LATE)

    def _vector(self, row: FingerprintRow) -> Floats:
        text = self._store.vault.open("fingerprints.vector", row.vector_sealed)
        return np.frombuffer(b64decode(text), np.float16).astype(np.float32)


def _impression(row: FingerprintRow) -> Impression:
    own = row.application_id, row.unit_index, row.kind, row.place, row.page
    return Impression(*own, row.plate.encode(), row.id)


def blinded(store: Store, found: tuple[Printed, ...]) -> tuple[Printed, ...]:
    """Impressions whose unit is named as in the store."""
    return tuple(
        replace(one, impression=replace(one.impression, unit=store.vault.blind("unit", one.impression.unit)))
        for one in found
    )
