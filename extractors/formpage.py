"""Reading a form's pages: every field, tick box, seal and signature that the catalogue says the form has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np

from extractors.align import Alignment, Blank, ReadSymbol, align
from extractors.boxes import Judged, judge_boxes
from extractors.boxframes import BEFORE, Option
from extractors.collected import collected_signature, free_area
from extractors.engine import Engine
from extractors.formmarks import collected_seal, declared_seal, signature_mark, signature_place
from extractors.handwriting import believed
from extractors.ink import dark_threshold, thin_ink
from extractors.page import Floats, Sheet, look_again, without_ruling
from extractors.ruling import Rect
from extractors.seals import Seal, find_seals
from extractors.sidebyside import side_by_side
from extractors.signatures import Mask, find_strokes, is_printed
from extractors.statements import altered_statements
from extractors.table import Matched, Place, lines_in
from extractors.textlines import TextLine, reading_orders
from extractors.values import read_beside, read_blank, read_cell, read_date
from yinjian.catalogue import Catalogue
from yinjian.catalogue.layout import Cell, Slot, SlotKind
from yinjian.records import Choice, FieldReading, Mark, State
from yinjian.textfold import fold

STRONG, PRINT = 95, 0.4  # percentile of density in a label; ink has this share of it
APART = 0.12  # of its height: so far apart are symbols, and no strokes of one
LABEL_END = 4  # symbols of a label, enough to tell how high and wide its print is
NO_ROOM = 0.8  # heights of a label from its cell's border: there is no room for its box
LABEL = 4  # symbols: a shorter label may be a part of a value


@dataclass(frozen=True, slots=True)
class FormReading:
    """What was read of a form, over all its pages. `altered`: where its sentences are not the CA's."""

    fields: tuple[FieldReading, ...]
    choices: tuple[Choice, ...]
    marks: tuple[Mark, ...]
    altered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FormPage:
    """A page of the form with its dark ink and a pen's, without the ruling, its seals, and the form's places on it."""

    sheet: Sheet
    index: int
    matched: Matched
    ink: Mask
    pen: Mask
    unruled: Floats
    seals: tuple[Seal, ...]


def prepare(sheet: Sheet, index: int, matched: Matched) -> FormPage:
    """Ink masks and seals of a form's page. `index`: the page's place among the application's pages."""
    threshold, unruled = dark_threshold(sheet.dark), without_ruling(sheet)
    pen = thin_ink(unruled, sheet.red, threshold, sheet.px_per_mm)
    return FormPage(sheet, index, matched, np.asarray(unruled > threshold, bool), pen, unruled, find_seals(sheet))


def read_form(
    pages: Sequence[FormPage], platform: str, catalogue: Catalogue, engine: Engine, threads: int = 1
) -> FormReading:
    """Read the form's places on its pages; a place is read where its label was read, else where it was found first.

    `threads`: places read side by side.
    """
    readers = [_CellReader(page, place, platform, catalogue, engine) for page, place in _chosen(pages)]
    read = list(side_by_side(lambda reader: (reader.fields(), reader.marks(), reader.altered()), readers, threads))
    fields = [field for found, _, _ in read for field in found]
    marks = [mark for _, found, _ in read for mark in found]
    altered = [words for _, _, found in read for words in found]
    choices = [choice for page in pages for choice in _choices([r for r in readers if r.page is page])]
    return FormReading(believed(fields, catalogue), tuple(choices), tuple(marks), tuple(altered))


def _choices(readers: Sequence[_CellReader]) -> list[Choice]:
    """The boxes of one page, judged beside one another; one whose label was not read is unclear, wherever it is."""
    boxes = [(reader, *box) for reader in readers for box in reader.boxes()]
    if not boxes:
        return []
    page, found = boxes[0][0].page, [option for _, _, option in boxes if option is not None]
    judged = iter(judge_boxes(page.unruled, found))
    states = [
        (slot, next(judged) if option is not None else Judged(State.UNCLEAR, reader.place.rect))
        for reader, slot, option in boxes
    ]
    return [Choice(slot.id, slot.label, j.state, page.index, page.sheet.box(j.rect)) for slot, j in states]


def _chosen(pages: Sequence[FormPage]) -> list[tuple[FormPage, Place]]:
    found: dict[Cell, tuple[FormPage, Place]] = {}
    for page in pages:
        for place in page.matched.places:
            known = found.get(place.cell)
            if known is None or (place.labelled and not known[1].labelled):
                found[place.cell] = (page, place)
    return list(found.values())


@dataclass(frozen=True, eq=False)
class _CellReader:
    """One cell of the form on one page."""

    page: FormPage
    place: Place
    platform: str
    catalogue: Catalogue
    engine: Engine

    @cached_property
    def _lines(self) -> tuple[TextLine, ...]:
        """The cell's lines, in the order in which most of the form's words are found."""
        orders = reading_orders(lines_in(self.page.sheet, self.place.rect))
        return max(orders, key=lambda lines: self._aligned(lines).agreement) if len(orders) > 1 else orders[0]

    @cached_property
    def _alignment(self) -> Alignment:
        return self._aligned(self._lines)

    def _aligned(self, lines: Sequence[TextLine]) -> Alignment:
        template = tuple(part for line in self.place.cell.lines for part in line)
        return align(template, lines, self.platform)

    def _dated(self) -> tuple[Sequence[TextLine], Alignment]:
        """Lines and alignment; where a date was found in part or not at all, with what is read beside its label."""
        lines, alignment = self._lines, self._alignment
        dates = _date_of(alignment)
        if all(blank.symbols for blank in dates) or dates[0].before is None:
            return lines, alignment
        missed = read_beside(dates[0].before, lines, self.page.sheet, self.place.rect, self.page.ink, self.engine)
        if missed is None:
            return lines, alignment
        again = self._aligned(missed)
        return (missed, again) if _filled(_date_of(again)) > _filled(dates) else (lines, alignment)

    def _single(self) -> Slot | None:
        """The slot of a cell that holds nothing but one value."""
        parts = [part for line in self.place.cell.lines for part in line]
        only = parts[0] if len(parts) == 1 else None
        return only if isinstance(only, Slot) and only.kind in (SlotKind.FIELD, SlotKind.PLATFORM) else None

    def fields(self) -> list[FieldReading]:
        sheet, index, rect = self.page.sheet, self.page.index, self.place.rect
        single = self._single()
        if single is not None:
            field_id = single.id or "project_name"
            kind = self.catalogue.field(field_id).kind
            return [self._of_one_cell(read_cell(field_id, kind, sheet, index, rect, self.page.ink, self.engine))]
        lines, alignment = self._dated()
        found = []
        for slot, group in groupby(alignment.blanks, key=lambda blank: blank.slot):
            blanks = list(group)
            if slot.kind is SlotKind.DATE:
                found.append(self._not_blank(read_date(slot.id, blanks, lines, sheet, index, rect, self.engine)))
            elif slot.kind is SlotKind.FIELD:
                kind = self.catalogue.field(slot.id).kind
                found.append(
                    read_blank(slot.id, kind, blanks[0], lines, sheet, index, rect, self.page.ink, self.engine)
                )
        return found

    def _of_one_cell(self, read: FieldReading) -> FieldReading:
        """What holds another cell's label runs over a line that was not seen: it is not this cell's value alone."""
        labels = (fold(cell.label) for row in self.page.matched.form.rows for cell in row.cells)
        said = fold(read.text)
        merged = any(label in said for label in labels if len(label) >= LABEL)
        return replace(read, confidence=0.0) if merged else read

    def _not_blank(self, read: FieldReading) -> FieldReading:
        """A date that could not be read is not surely blank where there is ink."""
        if read.text:
            return read
        x0, y0, x1, y1 = read.box.to_pixels(*self.page.sheet.size)
        strokes = find_strokes(self.page.sheet, self.page.ink, (float(x0), float(y0), float(x1), float(y1)))
        return read if strokes is None else replace(read, confidence=0.0)

    def altered(self) -> tuple[str, ...]:
        """What the cell's sentences say in place of the form's words."""
        return altered_statements(self.place.cell, self._lines, self._alignment, self._closer)

    def _closer(self, lines: Sequence[TextLine]) -> list[TextLine]:
        """Lines with what two closer looks at them read."""
        exactly, together = (
            look_again(self.page.sheet, lines, room, 1.0, recognise)
            for room, recognise in ((0.0, self.engine.recognise_exactly), (0.3, self.engine.recognise_doubtful))
        )
        looks = zip(lines, exactly, together, strict=True)
        return [replace(line, looks=(line.read, one.read, other.read)) for line, one, other in looks]

    def boxes(self) -> list[tuple[Slot, Option | None]]:
        """The cell's tick boxes, None for those whose labels were not read."""
        if not any(slot.kind is SlotKind.BOX for slot in self.place.cell.slots()):
            return []
        blanks = (blank for blank in self._alignment.blanks if blank.slot.kind is SlotKind.BOX)
        return [(blank.slot, self._option(blank, self._lines)) for blank in blanks]

    def _option(self, blank: Blank, lines: Sequence[TextLine]) -> Option | None:
        """The label behind a box with the room before it; None when the label was not read."""
        if blank.after is None:
            return None
        line = lines[blank.after.line]
        unread = max(0, blank.slot.label.find(blank.after.symbol.text))  # symbols of it before the first that was read
        symbols = line.symbols()[blank.after.index : blank.after.index + len(blank.slot.label) - unread]
        middles = [(s.x0 + s.x1) / 2 for s in symbols]
        pitch = (middles[-1] - middles[0]) / (len(middles) - 1) if len(middles) > 1 else 0.8 * line.height
        label = (middles[0] - (unread + 0.5) * pitch, line.rect[1], middles[-1] + 0.5 * pitch, line.rect[3])
        before = blank.before
        level = before is not None and abs(before.symbol.y0 - label[1]) < 0.6 * line.height
        same_line = before is not None and level and before.symbol.x0 < label[0]  # lines that a mark made high overlap
        if before is not None and not same_line and label[0] - self.place.rect[0] < NO_ROOM * line.height:
            return self._at_end_of(lines[before.line], before, len(blank.slot.label))
        limit = before.symbol.x1 if before is not None and same_line else self.place.rect[0]
        return Option(_tight(self.page.unruled, label, 0.5 * pitch), min(limit, label[0] - 0.5 * pitch))

    def _at_end_of(self, line: TextLine, before: ReadSymbol, symbols: int) -> Option:
        """A box that stayed at the end of a line when its label went to the next: the cell's border is its label."""
        edge, end = self.place.rect[2], before.symbol.x1
        _, top, _, foot = _tight(self.page.unruled, (line.rect[0], line.rect[1], end, line.rect[3]), 0.0)
        return Option((edge, top, edge + symbols * line.height, foot), end, reach=symbols + BEFORE)

    def marks(self) -> list[Mark]:
        kinds = {SlotKind.SIGNATURE, SlotKind.SEAL, SlotKind.COLLECTION}
        if not any(slot.kind in kinds for slot in self.place.cell.slots()):
            return []
        found = [self._mark(blank) for blank in self._alignment.blanks if blank.slot.kind in kinds]
        return [mark for mark in found if mark is not None]

    def _mark(self, blank: Blank) -> Mark | None:
        sheet, index, cell, slot = self.page.sheet, self.page.index, self.place.rect, blank.slot
        if slot.kind is SlotKind.SEAL:
            return declared_seal(slot.id, sheet, index, self._free_seals(), cell, self.engine)
        if slot.kind is SlotKind.COLLECTION:
            if slot.id.startswith("seal"):
                area = free_area(sheet, cell, self._above(blank))
                return collected_seal(slot.id, sheet, index, self.page.seals, cell, area, self.page.ink, self.engine)
            above, page = self._above(blank), self.page
            return collected_signature(slot.id, sheet, index, cell, above, page.pen, page.unruled, self.engine)
        place = signature_place(blank, self._lines, cell)
        if place is None or self._printed_name(blank, place[0]):
            return None
        return signature_mark(slot.id, sheet, index, *place, self.page.pen, self.page.unruled, self.engine)

    def _printed_name(self, blank: Blank, place: Rect) -> bool:
        """Whether what stands in a signature's place was printed with the form: a name, but no signature."""
        lines = [line for line in self._lines if _holds(place, line.centre)]
        if len(lines) != 1 or blank.before is None:
            return False
        label, read = _end_of_label(self._lines[blank.before.line], blank.before.index), lines[0].read
        return is_printed(label, lines[0].rect, read.text, read.confidence, self.page.ink)

    def _free_seals(self) -> list[Seal]:
        """Seals whose middle does not lie in another cell that collects one."""
        areas = [
            p.rect for p in self.page.matched.places if any(slot.kind is SlotKind.COLLECTION for slot in p.cell.slots())
        ]
        return [s for s in self.page.seals if not any(_holds(area, s.centre) for area in areas)]

    def _above(self, blank: Blank) -> Sequence[TextLine]:
        """The printed lines above an area: up to the last one read as printed; else those longer than what is written.

        A printed line may be a character long.
        """
        if blank.before is not None:
            return self._lines[: blank.before.line + 1]
        _, y0, _, y1 = self.place.rect
        return [line for line in self._lines if line.rect[3] < y0 + 0.6 * (y1 - y0) and len(line.text) > 8]


def _end_of_label(line: TextLine, last: int) -> Rect:
    """A label's last symbols up to `last`: other signatures may stand in its line, which are no print."""
    symbols = line.symbols()[max(0, last + 1 - LABEL_END) : last + 1]
    return symbols[0].x0, symbols[0].y0, symbols[-1].x1, symbols[-1].y1


def _holds(rect: Rect, point: tuple[float, float]) -> bool:
    return rect[0] <= point[0] <= rect[2] and rect[1] <= point[1] <= rect[3]


def _date_of(alignment: Alignment) -> list[Blank]:
    """The blanks of a cell's date."""
    return [blank for blank in alignment.blanks if blank.slot.kind is SlotKind.DATE]


def _filled(blanks: Sequence[Blank]) -> int:
    return sum(bool(blank.symbols) for blank in blanks)


def _tight(dark: Floats, rect: Rect, reach: float) -> Rect:
    """The rectangle narrowed to the height of its ink, for the detector leaves room, and to the end of its last symbol.

    A symbol ends where there is no more ink beside it, at most `reach` px from where it was read to. Ink is what has a
    share of the density of the label's own print, which may be pale beside a pen's.
    """
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    cut = dark[y0:y1, x0:x1]
    if not cut.size:
        return rect
    level = PRINT * np.percentile(cut, STRONG)
    rows = np.flatnonzero(cut.max(1) > level)
    if len(rows) < 4:
        return rect
    top, foot = y0 + int(rows[0]), y0 + int(rows[-1]) + 1
    beside = np.flatnonzero(dark[top:foot, x1 : x1 + round(reach)].max(0, initial=0.0) > level) + 1
    apart = np.flatnonzero(np.diff(beside, prepend=0) > APART * (foot - top))
    last = beside[: apart[0]] if len(apart) else beside
    return rect[0], float(top), max(rect[2], float(x1 + last[-1])) if len(last) else rect[2], float(foot)
