"""From scans to a `Reading`: the table of contents of reading one application."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ctypes import CDLL
from dataclasses import replace
from functools import partial
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.application import Application, ReadPage, page_unreadable
from extractors.card import material_kind, read_cards
from extractors.formcode import read_code
from extractors.formmarks import page_fingerprint, seal_mark
from extractors.kinds import CaPage, best_form, ca_page, has_head, is_agreement, is_form, run_over
from extractors.licence import read_licence
from extractors.linefinding import find_lines
from extractors.opening import Scan
from extractors.page import Sheet, take_apart
from extractors.pagetext import read_lines
from extractors.printed import Printed, on_page
from extractors.recut import recut_mark
from extractors.reference import OPENVINO, engine_called
from extractors.seals import find_seals
from extractors.several import lie_side_by_side, shows_several
from extractors.sharpness import is_blurred, is_coarse
from extractors.sheet import Paper
from extractors.showthrough import front_alone, shines_through
from extractors.sidebyside import side_by_side
from extractors.straighten import Upright, straighten
from extractors.streaks import without_streaks
from extractors.struck import struck_lines
from yinjian.catalogue import Catalogue, catalogue
from yinjian.findings import Finding, finding
from yinjian.geometry import Box
from yinjian.records import Mark, PageKind, Reading

SMALLEST = 16  # px of the short side: less shows nothing
CA_KINDS = (PageKind.FORM, PageKind.AGREEMENT)

T = TypeVar("T")


class Reader:
    """Reads applications with warm models. One a process; `threads`: pages read side by side, each on one processor."""

    def __init__(self, threads: int = 1, known: Catalogue | None = None, engine: str = OPENVINO) -> None:
        cv2.setNumThreads(1)
        self._engine = engine_called(engine, threads)
        self._threads = threads
        self._catalogue = known or catalogue()

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        """All that the scans of one application say. Never raises for what a picture shows."""
        return self._read(application, scans, None)[0]

    def read_with_pages(
        self, application: str, scans: Iterable[Scan | Finding], show: Callable[[NDArray[np.uint8]], T]
    ) -> tuple[Reading, tuple[T, ...]]:
        """The reading, and what `show` makes of each page upright (BGR), in the order of `Reading.pages`.

        A page's pixels are held no longer than it takes to read it, unless `show` gives them back.
        """
        return self._read(application, scans, show)

    def recut(self, scan: Scan, mark_id: str, index: int, frame: Box) -> Mark | None:
        """The mark in a frame of the upright page (`index` in `Reading.pages`), cut anew; None without ink there."""
        scan = _cleaned(scan)
        sheet = self._sheet(scan, Paper(scan.image))
        return recut_mark(mark_id, sheet, index, frame, self._engine)

    def _sheet(self, scan: Scan, paper: Paper) -> Sheet:
        """One picture, straightened and taken apart, its lines read."""
        upright = straighten(scan.image, self._engine, paper)
        printed = on_page(scan.printed, scan.image.shape, upright.matrix) if scan.born_digital else None
        sheet = self._lines_read(scan, upright, printed)
        level = shines_through(sheet)
        if level is None:
            return sheet
        front = front_alone(sheet, level)
        return self._lines_read(
            scan, replace(upright, image=front, quads=find_lines(front, self._engine).quads), printed
        )

    def _lines_read(self, scan: Scan, upright: Upright, printed: Printed | None) -> Sheet:
        """An upright page taken apart, its lines read."""
        sheet, rects = take_apart(scan.file, scan.page, upright, printed)
        return read_lines(sheet, rects, self._engine, self._catalogue, printed)

    def _read(
        self, application: str, scans: Iterable[Scan | Finding], show: Callable[[NDArray[np.uint8]], T] | None
    ) -> tuple[Reading, tuple[T, ...]]:
        read = list(side_by_side(partial(self._page_or_finding, show=show), scans, self._threads))
        pages = [page for page in read if isinstance(page, ReadPage)]
        findings = [found for found in read if isinstance(found, Finding)]
        _give_back()
        together = Application(tuple(pages), self._catalogue, self._engine, self._threads)
        return together.read(application, findings), tuple(page.shown for page in pages)

    def _page_or_finding(
        self, scan: Scan | Finding, show: Callable[[NDArray[np.uint8]], T] | None
    ) -> ReadPage | Finding:
        """A page; without its pixels when nothing more will be read of them, so that memory holds for many pages."""
        if isinstance(scan, Finding):
            return scan
        if min(scan.image.shape[:2]) < SMALLEST:
            return _too_small(scan)
        try:
            scan = _cleaned(scan)
            paper = Paper(scan.image)
            page = None if shows_several(scan.image, paper, self._engine) else self._page(scan, paper)
            page = page and _with_faults(page)
        except MemoryError:
            raise
        except Exception as error:  # whatever a picture may bring about: the other pages are read, and a person looks
            return page_unreadable(scan, error)
        if page is None or (page.kind in CA_KINDS and lie_side_by_side(page.sheet)):
            return _several(scan)
        page = replace(page, shown=show(page.sheet.image) if show else None)
        return page if page.matched is not None else replace(page, sheet=page.sheet.without_inks())

    def _page(self, scan: Scan, paper: Paper) -> ReadPage:
        """One picture: straightened, taken apart, told apart."""
        sheet = self._sheet(scan, paper)
        ca = ca_page(sheet, self._catalogue)
        if is_agreement(ca):
            over = run_over(sheet, self._catalogue)
            if over is not None and has_head(over):  # a short form, with the agreement's beginning below it
                return ReadPage(sheet, PageKind.FORM, ca, over, read_code(sheet.image))
            return ReadPage(sheet, PageKind.AGREEMENT, ca, over)
        matched = best_form(sheet, self._catalogue)
        if is_form(ca, sheet, matched):
            return ReadPage(sheet, PageKind.FORM, ca, matched, read_code(sheet.image))
        return self._copy(sheet, ca)

    def _copy(self, sheet: Sheet, ca: CaPage) -> ReadPage:
        """A page that is none of the CA's own."""
        kind = material_kind(sheet)
        if kind is PageKind.OTHER:
            return ReadPage(sheet, kind, ca, None)
        seals = tuple(seal_mark("material_seal", sheet, 0, seal, self._engine) for seal in find_seals(sheet))
        told = page_fingerprint(sheet)
        if kind is PageKind.IDENTITY_CARD:
            cards = read_cards(sheet, 0, self._engine)
            return ReadPage(sheet, kind, ca, None, cards=cards, seals=seals, fingerprint=told)
        licence = read_licence(sheet, 0, self._engine)
        return ReadPage(sheet, kind, ca, None, licence=licence, seals=seals, fingerprint=told)


def _with_faults(page: ReadPage) -> ReadPage:
    """A page with what is wrong with it as a whole; how large the CA's own are is known, and what they say."""
    page = replace(page, blurred=is_blurred(page.sheet))
    if page.kind not in CA_KINDS:
        return page
    struck = struck_lines(page.sheet) if page.matched is None else ()  # a form's page keeps its pixels until then
    return replace(page, coarse=is_coarse(page.sheet), struck=struck)


def _give_back() -> None:
    """What the pages took goes back to the system; the C library would keep it, in pieces that fit nothing."""
    trim = getattr(CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _cleaned(scan: Scan) -> Scan:
    """A scan as all of it is read, also when a mark is cut anew: the same page comes out upright alike."""
    return replace(scan, image=without_streaks(scan.image))


def _too_small(scan: Scan) -> Finding:
    height, width = scan.image.shape[:2]
    message = f"{scan.file}：第 {scan.page + 1} 页只有 {width} x {height} 像素，不是页面，请以 300 dpi 重新扫描。"
    return finding("scan.unreadable", scan.file, message)


def _several(scan: Scan) -> Finding:
    message = f"{scan.file}：第 {scan.page + 1} 页的照片里有两页，请每页单独拍照或扫描。"
    return finding("page.several_in_photo", scan.file, message)
