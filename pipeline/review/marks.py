"""Cutting a mark anew: the page opened and straightened again, the frame of a person in place of the program's."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Protocol

from extractors.opening import Scan, decode_all
from pipeline.review.corrections import Correction, find_mark, mark_names, recut, require_mark, require_page
from pipeline.review.revise import Act, Revised, revise
from pipeline.steps import opened
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError
from yinjian.geometry import Box
from yinjian.records import Mark, Page, Reading
from yinjian.settings import Settings


class Recuts(Protocol):
    """What cuts marks out of pages, as `extractors.reader.Reader`."""

    def recut(self, scan: Scan, mark_id: str, index: int, frame: Box) -> Mark | None: ...


def new_cutter(settings: Settings) -> Recuts:
    """A reader with its models; imported late, since that takes seconds."""
    from extractors.reader import Reader

    return Reader(threads=settings.threads, engine=settings.engine)


def recut_mark(
    store: Store,
    act: Act,
    known: Catalogue,
    name: str,
    page: int,
    frame: Box,
    settings: Settings,
    cutter: Callable[[Settings], Recuts] = new_cutter,
    remembered: Remembered | None = None,
) -> Revised:
    """The mark `name` cut from `frame` (fractions of the upright page) of `page` (index in `Reading.pages`)."""

    def change(reading: Reading) -> Correction:
        require_mark(reading, known, name)
        require_page(reading, name, page)
        scan = _scan(store, act.application, reading.pages[page], settings)
        mark = cutter(settings).recut(scan, _mark_id(reading, name), page, frame)
        if mark is None:
            raise InputError("There is no ink in this frame that could be the mark.", "Draw the frame round all of it.")
        return recut(reading, known, name, mark)

    return revise(store, act, known, change, remembered)


def _mark_id(reading: Reading, name: str) -> str:
    return reading.marks[find_mark(reading, name)].id if name in mark_names(reading) else name


def _scan(store: Store, application: str, page: Page, settings: Settings) -> Scan:
    """The picture of a page, out of the store's files."""
    with store.reading() as session:
        files = stored_files(session, newest_submission(session, application).id)
    named = [f for f in files if store.vault.open("files.name", f.name_sealed) == page.file]
    with closing(decode_all(opened(store, named), settings)) as scans:
        for scan in scans:
            if isinstance(scan, Scan) and (scan.file, scan.page) == (page.file, page.page):
                return scan
    raise InputError("This page can no longer be opened.", "See what is wrong with its file: yinjian store check")
