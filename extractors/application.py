"""What the pages of one application say together: its form, platform, agreement and cards, and what is too much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from extractors.agreement import check_agreement, in_order, is_title, said_twice, struck_out
from extractors.card import Card
from extractors.engine import Engine
from extractors.formpage import FormReading, prepare, read_form
from extractors.kinds import CaPage, ca_page, is_agreement, lines_apart, words_share
from extractors.opening import Scan
from extractors.page import TABLE, Sheet
from extractors.roles import Person, people, roles
from extractors.sharpness import blurred, coarse
from extractors.struck import struck_lines
from extractors.surplus import copied_before, duplicate, matched_before, says_something, unexpected
from extractors.table import Matched, lines_in, match_form
from extractors.textlines import TextLine
from yinjian.catalogue import Catalogue, Form, Platform
from yinjian.catalogue.layout import SlotKind
from yinjian.findings import Finding, finding
from yinjian.formcode import FormCode
from yinjian.records import FieldReading, Mark, Page, PageKind, Reading, Versions
from yinjian.textfold import fold

AS_GOOD = 0.9  # of the words of the form that a page is likest
CODE_WORTH = 0.1  # of the likeness of a platform's name: a code settles what print leaves open, and no more
COPIES = (PageKind.BUSINESS_LICENCE, PageKind.IDENTITY_CARD)
POLICY = "reading-8"  # versions of the numbers in this room


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
    coarse: bool = False
    struck: tuple[TextLine, ...] = ()
    shown: Any = None  # what was asked to be made of its picture


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """The pages of one application. `threads`: places of its form that are read side by side."""

    pages: tuple[ReadPage, ...]
    catalogue: Catalogue
    engine: Engine
    threads: int = 1

    def read(self, name: str, findings: Sequence[Finding]) -> Reading:
        """The reading of the application `name`. `findings`: of the pages that could not be read."""
        form, unknown = self._form()
        platform = self._platform(form)
        try:
            on_form = self._form_reading(form, platform)
        except MemoryError:
            raise
        except Exception as error:  # as for a page: what the copies say is kept, and a person looks at the form
            on_form = FormReading((), (), ())
            findings = (
                *findings,
                *(page_unreadable(page.sheet, error) for page in self.pages if page.matched is not None),
            )
        fields = list(on_form.fields)
        for index, page in enumerate(self.pages):
            fields += _first_of_each((replace(f, page=index) for f in page.licence), fields)
        records, on_cards = _assign_cards(self.pages, people(form, self.catalogue, {f.id: f.text for f in fields}))
        fields += _first_of_each(on_cards, fields)
        return Reading(
            name,
            form.id if form else None,
            records,
            tuple(fields),
            on_form.choices,
            (*on_form.marks, *(replace(seal, page=n) for n, page in enumerate(self.pages) for seal in page.seals)),
            (
                *findings,
                *unknown,
                *_surplus(self.pages, unknown),
                *(blurred(page.sheet) for page in self.pages if page.blurred),
                *self._coarse(findings),
                *_altered(on_form.altered),
                *self._agreement(form, platform),
            ),
            Versions(self.engine.name, self.catalogue.version, POLICY),
        )

    def _coarse(self, told: Sequence[Finding]) -> Iterator[Finding]:
        """Pages of too few pixels; those of A4's shape were told when their files were opened."""
        known = {found.where for found in told if found.code == "scan.low_resolution"}
        yield from (coarse(page.sheet) for page in self.pages if page.coarse and page.sheet.file not in known)

    def _form(self) -> tuple[Form | None, tuple[Finding, ...]]:
        """The form that the pages show, and whether it is one that is read."""
        found = [page.matched for page in self.pages if page.matched is not None]
        if not found:
            tables = [p for p in self.pages if p.kind is PageKind.OTHER and len(p.sheet.cells) >= TABLE]
            stranger = finding("form.unknown", "form", "有表格页，但不是本机构的申请表，请人工辨认。")
            return None, (stranger,) if tables else ()
        best = max(found, key=lambda matched: matched.score)
        return self._coded(best.form), ()

    def _coded(self, form: Form) -> Form:
        """The form that a code names, where a page shows as much of it as of the one that its words are likest."""
        for page in self.pages:
            named = next((f for f in self.catalogue.forms if page.code and f.id == page.code.form), None)
            if named and words_share(page.sheet, named) >= AS_GOOD * words_share(page.sheet, form):
                return named
        return form

    def _platform(self, form: Form | None) -> str:
        """The name of the platform that the form's project name is most like."""
        seen = "".join(
            line.text
            for page in self.pages
            for place in (page.matched.places if page.matched else ())
            if any(slot.kind is SlotKind.PLATFORM for slot in place.cell.slots()) and len(place.cell.lines[0]) == 1
            for line in lines_in(page.sheet, place.rect)
        )
        offered = self.catalogue.platforms_of(form.id) if form else ()
        coded = {page.code.platform for page in self.pages if page.code}

        def likeness(platform: Platform) -> float:
            said = CODE_WORTH if platform.id in coded else 0.0
            return said + SequenceMatcher(None, fold(platform.name), fold(seen)).ratio()

        return max(offered, key=likeness).name if offered else ""

    def _form_reading(self, form: Form | None, platform: str) -> FormReading:
        if form is None:
            return FormReading((), (), ())
        prepared = [
            prepare(page.sheet, index, match_form(page.sheet, form))
            for index, page in enumerate(self.pages)
            if page.matched is not None
        ]
        return read_form(prepared, platform, self.catalogue, self.engine, self.threads)

    def _agreement(self, form: Form | None, platform: str) -> tuple[Finding, ...]:
        """What is wrong with the agreement's words; whether it is there at all is judged elsewhere."""
        ids = [p.id for p in self.catalogue.platforms_of(form.id) if p.name == platform] if form else []
        if form is None or not ids:
            return ()
        paragraphs = self.catalogue.agreement(form.id, ids[0])
        shown = [(page, lines) for page in self.pages if (lines := self._agreement_lines(page, paragraphs))]
        if all(is_title(line, paragraphs) for _, lines in shown for line in lines):
            return ()
        twice = said_twice([lines for _, lines in shown], paragraphs)
        once = [lines for n, (_, lines) in enumerate(shown) if n not in twice]
        doubled = (duplicate(shown[n][0].sheet) for n in twice)
        names = (platform, form.title)
        said = in_order([lines for _, lines in shown], paragraphs, names)
        struck = [line for page, _ in shown for line in _struck(page) if any(line is one for one in said)]
        lines = in_order(once, paragraphs, names) if twice else said
        return (*doubled, *struck_out(struck), *check_agreement(lines, paragraphs))

    def _agreement_lines(self, page: ReadPage, paragraphs: Sequence[str]) -> Sequence[TextLine]:
        """A page's lines that are the agreement's: it may begin, or the form may end, in the middle of a sheet."""
        if page.matched is None:
            return page.sheet.lines if page.kind is PageKind.AGREEMENT else ()
        _, lines = lines_apart(page.sheet, page.matched)
        rest = ca_page(replace(page.sheet, lines=lines), self.catalogue)
        if page.kind is PageKind.AGREEMENT or is_agreement(rest):
            return lines
        return [line for line in lines if is_title(line, paragraphs)]


def _struck(page: ReadPage) -> Sequence[TextLine]:
    """The lines of a page that strokes strike out; a form's page is looked at where the agreement begins on it."""
    return page.struck if page.matched is None else struck_lines(page.sheet)


def page_unreadable(page: Scan | Sheet, error: Exception) -> Finding:
    """The kind of the error is told, never its words: they may quote what was read."""
    message = f"{page.file}：第 {page.page + 1} 页识别时出错（{type(error).__name__}），请人工查看或重新扫描该页。"
    return finding("scan.unreadable", page.file, message)


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
