"""An application's pages, parts of them and its marks, handed to who may see them; each look is in the audit log."""

from __future__ import annotations

from threading import Lock

from cachetools import LRUCache, cached
from sqlalchemy.orm import Session

from pipeline import pagepictures
from pipeline.pagepictures import Picture
from pipeline.review.corrections import find_mark
from pipeline.store.desk_tables import PagePicture
from pipeline.store.readings import bare_reading, latest_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.viewing import note, require_view
from yinjian.errors import InputError
from yinjian.geometry import Box

DECODED = 4  # pages that are kept decoded: about 14 MB each


class Papers:
    """Of one process. Safe for several threads. Methods raise Refused and InputError as `viewing.require_view`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decoded = cached(LRUCache(maxsize=DECODED), lock=Lock())(self._picture)

    def page(self, actor: str, application: str, page: int, full: bool) -> bytes:
        """An upright page (JPEG)."""
        with self._store.writing() as session:
            row = self._row(session, actor, application, page)
            blob = row.full if full else row.view
            note(session, actor, f"page {page + 1}", application, blob)
        return self._store.blobs.get(blob)

    def crop(self, actor: str, application: str, page: int, box: Box) -> bytes:
        """A part of a page (JPEG). Seen with the case, whose opening is in the log."""
        with self._store.reading() as session:
            row = self._row(session, actor, application, page)
        return pagepictures.crop(self._decoded(row.full), box)

    def mark(self, actor: str, application: str, name: str) -> bytes:
        """A seal or signature as it was cut out (RGBA PNG)."""
        with self._store.writing() as session:
            found = require_view(session, actor, application)
            row = latest_reading(session, newest_submission(session, found.id).id)
            if row is None:
                raise InputError("There is no such mark.", "The application is not read yet.")
            reading = bare_reading(self._store, row)
            image = reading.marks[find_mark(reading, name)].image.decode()
            note(session, actor, f"mark {name}", found.id, image)
        if not image:
            raise InputError("This mark was not cut out.", "Cut it from a frame.")
        return self._store.blobs.get(image)

    def _row(self, session: Session, actor: str, application: str, page: int) -> PagePicture:
        found = require_view(session, actor, application)
        row = session.get(PagePicture, (newest_submission(session, found.id).id, page))
        if row is None:
            raise InputError("There is no picture of this page.", "Make it: yinjian pages ID")
        return row

    def _picture(self, blob: str) -> Picture:
        return pagepictures.decoded(self._store.blobs.get(blob))
