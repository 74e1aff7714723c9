"""From scans to a `Reading`: the table of contents of reading one application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes import CDLL
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import partial
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.agreement import check_agreement, in_order, is_title, said_twice
from extractors.card import Card, material_kind, read_cards
from extractors.formcode import read_code
from extractors.formmarks import page_fingerprint, seal_mark
from extractors.formpage import FormReading, prepare, read_form
from extractors.kinds import (
    CaPage,
    best_form,
    ca_page,
    has_head,
    is_agreement,
    is_form,
    lines_apart,
    run_over,
    words_share,
)
from extractors.licence import read_licence
from extractors.opening import Scan
from extractors.page import TABLE, Sheet, take_apart
from extractors.pagetext import read_lines
from extractors.printed import on_page
from extractors.recut import recut_mark
from extractors.reference import OPENVINO, engine_called
from extractors.roles import Person, people, roles
from extractors.seals import find_seals
from extractors.several import lie_side_by_side, shows_several
from extractors.sharpness import blurred, is_blurred
from extractors.sheet import Paper
from extractors.sidebyside import side_by_side
from extractors.straighten import straighten
from extractors.streaks import without_streaks
from extractors.surplus import copied_before, duplicate, matched_before, says_something, unexpected
from extractors.table import Matched, lines_in, match_form
from extractors.textlines import TextLine
from yinjian.catalogue import Catalogue, Form, Platform, catalogue
from yinjian.catalogue.layout import SlotKind
from yinjian.findings import Finding, finding
from yinjian.formcode import FormCode
from yinjian.geometry import Box
from yinjian.records import FieldReading, Mark, Page, PageKind, Reading, Versions
from yinjian.textfold import fold

SMALLEST = 16  # px of the short side: less shows nothing
AS_GOOD = 0.9  # of the words of the form that a page is likest
CODE_WORTH = 0.1  # of the likeness of a platform's name: a code settles what print leaves open, and no more
CA_KINDS = (PageKind.FORM, PageKind.AGREEMENT)
COPIES = (PageKind.BUSINESS_LICENCE, PageKind.IDENTITY_CARD)
POLICY = "reading-5"  # versions of the numbers in this room


@dataclass(frozen=True, slots=True, eq=False)
class ReadPage:
    """A page with what it is. A copy's fields and marks are read with it, and name no page yet."""

    sheet: Sheet
    kind: PageKind
    ca: CaPage
    matched: Matched | None
    code: FormCode | None = None
    cards: tuple[Card, ...] = ()
    licence: tuple[FieldReading, ...] = ()
    seals: tuple[Mark, ...] = ()
    fingerprint: bytes = b""
    blurred: bool = False
    shown: Any = None  # what was asked to be made of its picture


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
        sheet, rects = take_apart(scan.file, scan.page, upright, printed)
        return read_lines(sheet, rects, self._engine, self._catalogue, printed)

    def _read(
        self, application: str, scans: Iterable[Scan | Finding], show: Callable[[NDArray[np.uint8]], T] | None
    ) -> tuple[Reading, tuple[T, ...]]:
        read = list(side_by_side(partial(self._page_or_finding, show=show), scans, self._threads))
        pages = [page for page in read if isinstance(page, ReadPage)]
        findings = [found for found in read if isinstance(found, Finding)]
        _give_back()
        return self._put_together(application, pages, findings), tuple(page.shown for page in pages)

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
            page = page and replace(page, blurred=is_blurred(page.sheet))
        except MemoryError:
            raise
        except Exception as error:  # whatever a picture may bring about: the other pages are read, and a person looks
            return _page_unreadable(scan, error)
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

    def _put_together(self, application: str, pages: Sequence[ReadPage], findings: Sequence[Finding]) -> Reading:
        form, unknown = self._form(pages)
        platform = self._platform(form, pages)
        try:
            on_form = self._form_reading(form, pages, platform)
        except MemoryError:
            raise
        except Exception as error:  # as for a page: what the copies say is kept, and a person looks at the form
            on_form = FormReading((), (), ())
            findings = (*findings, *(_page_unreadable(page.sheet, error) for page in pages if page.matched is not None))
        fields = list(on_form.fields)
        for index, page in enumerate(pages):
            fields += _first_of_each((replace(f, page=index) for f in page.licence), fields)
        records, on_cards = _assign_cards(pages, people(form, self._catalogue, {f.id: f.text for f in fields}))
        fields += _first_of_each(on_cards, fields)
        return Reading(
            application,
            form.id if form else None,
            records,
            tuple(fields),
            on_form.choices,
            (*on_form.marks, *(replace(seal, page=n) for n, page in enumerate(pages) for seal in page.seals)),
            (
                *findings,
                *unknown,
                *_surplus(pages, unknown),
                *(blurred(page.sheet) for page in pages if page.blurred),
                *_altered(on_form.altered),
                *self._agreement(form, platform, pages),
            ),
            Versions(self._engine.name, self._catalogue.version, POLICY),
        )

    def _form(self, pages: Sequence[ReadPage]) -> tuple[Form | None, tuple[Finding, ...]]:
        """The form that the pages show, and whether it is one that is read."""
        found = [page.matched for page in pages if page.matched is not None]
        if not found:
            tables = [p for p in pages if p.kind is PageKind.OTHER and len(p.sheet.cells) >= TABLE]
            stranger = finding("form.unknown", "form", "有表格页，但不是本机构的申请表，请人工辨认。")
            return None, (stranger,) if tables else ()
        best = max(found, key=lambda matched: matched.score)
        return self._coded(pages, best.form), ()

    def _coded(self, pages: Sequence[ReadPage], form: Form) -> Form:
        """The form that a code names, where a page shows as much of it as of the one that its words are likest."""
        for page in pages:
            named = next((f for f in self._catalogue.forms if page.code and f.id == page.code.form), None)
            if named and words_share(page.sheet, named) >= AS_GOOD * words_share(page.sheet, form):
                return named
        return form

    def _platform(self, form: Form | None, pages: Sequence[ReadPage]) -> str:
        """The name of the platform that the form's project name is most like."""
        seen = "".join(
            line.text
            for page in pages
            for place in (page.matched.places if page.matched else ())
            if any(slot.kind is SlotKind.PLATFORM for slot in place.cell.slots()) and len(place.cell.lines[0]) == 1
            for line in lines_in(page.sheet, place.rect)
        )
        offered = self._catalogue.platforms_of(form.id) if form else ()
        coded = {page.code.platform for page in pages if page.code}

        def likeness(platform: Platform) -> float:
            said = CODE_WORTH if platform.id in coded else 0.0
            return said + SequenceMatcher(None, fold(platform.name), fold(seen)).ratio()

        return max(offered, key=likeness).name if offered else ""

    def _form_reading(self, form: Form | None, pages: Sequence[ReadPage], platform: str) -> FormReading:
        if form is None:
            return FormReading((), (), ())
        prepared = [
            prepare(page.sheet, index, match_form(page.sheet, form))
            for index, page in enumerate(pages)
            if page.matched is not None
        ]
        return read_form(prepared, platform, self._catalogue, self._engine, self._threads)

    def _agreement(self, form: Form | None, platform: str, pages: Sequence[ReadPage]) -> tuple[Finding, ...]:
        """What is wrong with the agreement's words; whether it is there at all is judged elsewhere."""
        ids = [p.id for p in self._catalogue.platforms_of(form.id) if p.name == platform] if form else []
        if form is None or not ids:
            return ()
        paragraphs = self._catalogue.agreement(form.id, ids[0])
        shown = [(page, lines) for page in pages if (lines := self._agreement_lines(page, paragraphs))]
        if all(is_title(line, paragraphs) for _, lines in shown for line in lines):
            return ()
        twice = said_twice([lines for _, lines in shown], paragraphs)
        once = [lines for n, (_, lines) in enumerate(shown) if n not in twice]
        doubled = (duplicate(shown[n][0].sheet) for n in twice)
        return (*doubled, *check_agreement(in_order(once, paragraphs), paragraphs))

    def _agreement_lines(self, page: ReadPage, paragraphs: Sequence[str]) -> Sequence[TextLine]:
        """A page's lines that are the agreement's: it may begin, or the form may end, in the middle of a sheet."""
        if page.matched is None:
            return page.sheet.lines if page.kind is PageKind.AGREEMENT else ()
        _, lines = lines_apart(page.sheet, page.matched)
        rest = ca_page(replace(page.sheet, lines=lines), self._catalogue)
        if page.kind is PageKind.AGREEMENT or is_agreement(rest):
            return lines
        return [line for line in lines if is_title(line, paragraphs)]


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


def _page_unreadable(page: Scan | Sheet, error: Exception) -> Finding:
    """The kind of the error is told, never its words: they may quote what was read."""
    message = f"{page.file}：第 {page.page + 1} 页识别时出错（{type(error).__name__}），请人工查看或重新扫描该页。"
    return finding("scan.unreadable", page.file, message)


def _several(scan: Scan) -> Finding:
    message = f"{scan.file}：第 {scan.page + 1} 页的照片里有两页，请每页单独拍照或扫描。"
    return finding("page.several_in_photo", scan.file, message)


def _surplus(pages: Sequence[ReadPage], unknown: Sequence[Finding]) -> Iterator[Finding]:
    """Pages that came twice, and pages that are none of an application's."""
    forms = [(page.sheet, page.matched) for page in pages if page.matched is not None]
    yield from (duplicate(forms[n][0]) for n in matched_before([matched for _, matched in forms]))
    copies = [page for page in pages if page.kind in COPIES and page.fingerprint]
    yield from (duplicate(copies[n].sheet) for n in copied_before([(page.kind, page.fingerprint) for page in copies]))
    if not unknown:
        others = [page for page in pages if page.kind is PageKind.OTHER and not page.blurred]
        yield from (unexpected(page.sheet) for page in others if says_something(page.sheet))


def _altered(sentences: Sequence[str]) -> tuple[Finding, ...]:
    """A form whose sentences are others is none of the CA's."""
    message = f"表格文字与本机构的申请表不一致：{'；'.join(sentences[:3])}。请核对原件，并请申请人使用本机构的表格。"
    return (finding("form.unknown", "form", message),) if sentences else ()


def _first_of_each(found: Iterable[FieldReading], known: Sequence[FieldReading]) -> list[FieldReading]:
    """Fields that are not there yet: of several copies of one paper the first counts."""
    ids = {f.id for f in known}
    return [f for f in found if f.id not in ids]


def _assign_cards(pages: Sequence[ReadPage], named: Sequence[Person]) -> tuple[tuple[Page, ...], list[FieldReading]]:
    """Whose cards lie on each page, and what they say under their holder's role."""
    told = iter(roles([card for page in pages for card in page.cards], named))
    records: list[Page] = []
    fields: list[FieldReading] = []
    for index, page in enumerate(pages):
        held = [(card, next(told)) for card in page.cards]
        fields += [replace(f, id=f"{role}.{f.id}", page=index) for card, role in held for f in card.fields if role]
        records.append(_record(page, [role for _, role in held]))
    return tuple(records), fields


def _record(page: ReadPage, held: Sequence[str]) -> Page:
    sides = {card.side for card in page.cards}
    side = "both" if {"front", "back"} <= sides or "both" in sides else next(iter(sides), "")
    role = ",".join(dict.fromkeys(role for role in held if role))
    sheet = page.sheet
    return Page(sheet.file, sheet.page, page.kind, sheet.rotation, role, sheet.dpi, side, page.fingerprint)
