"""The picture of the seal or signature that was collected: made when an application is approved, frozen with it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from issuance.images import checked_image
from pipeline.store.readings import load_reading
from pipeline.store.store import Store
from pipeline.store.tables import ReadingRow, VerdictRow
from yinjian.catalogue import catalogue
from yinjian.errors import Refused
from yinjian.records import Mark

COLLECTED = {"seal_collection", "signature_collection"}  # the marks that become electronic ones


@dataclass(frozen=True, slots=True)
class Picture:
    """What becomes an electronic seal or signature: its kind, its file in the store, its size."""

    kind: str
    blob: str
    width_mm: float
    height_mm: float


def picture(store: Store, session: Session, verdict: VerdictRow) -> Picture | None:
    """The picture that an application gives; None where its business makes none, or a person let the mark go.

    Raises Refused for a mark that cannot become one.
    """
    mark = _collected(store, session.get_one(ReadingRow, verdict.reading_id), verdict.business or "")
    if mark is None:
        return None
    image = checked_image(mark.image)
    return Picture(mark.kind, store.blobs.put(image.png), image.width_mm, image.height_mm)


def _collected(store: Store, reading: ReadingRow, business: str) -> Mark | None:
    if reading.form is None:
        return None
    asked = {mark.id for mark in catalogue().required_marks(reading.form, business)}
    marks = load_reading(store, reading).marks
    return next((mark for mark in marks if mark.id in asked & COLLECTED and mark.image), None)


def tried(store: Store, session: Session, verdict: VerdictRow) -> Picture | None:
    """The same where it can be made; what cannot become one is refused when it is to be issued."""
    try:
        return picture(store, session, verdict)
    except Refused:
        return None
