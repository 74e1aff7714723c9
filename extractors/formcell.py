"""Reading one cell of a form: its values, boxes, seals and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from statistics import median

from extractors.align import Alignment, Blank, align
from extractors.boxframes import Option
from extractors.collected import collected_signature, free_area
from extractors.engine import Engine
from extractors.formmarks import collected_seal, declared_seal, signature_mark, signature_place
from extractors.ink import residue
from extractors.options import option_of
from extractors.page import Floats, Sheet, look_again, read
from extractors.ruling import Rect
from extractors.seals import Seal
from extractors.signatures import Mask, find_strokes, is_printed
from extractors.table import Matched, Place, lines_in
from extractors.textlines import TextLine, crop_rect, in_rows, reading_orders, share_within
from extractors.values import read_beside, read_blank, read_cell, read_date
from yinjian.catalogue import Catalogue
from yinjian.catalogue.layout import Line, Slot, SlotKind
from yinjian.records import FieldReading, Mark
from yinjian.textfold import fold

LABEL_END = 4  # symbols of a label, enough to tell how high and wide its print is
LABEL = 4  # symbols: a shorter label may be a part of a value
APART = 5.0  # line heights behind a line: there another label may have been passed over
WITHIN, PRINTED = 0.9, 0.01  # of a line that is a stamp's own lies within it, and, at most, is ink that is not red


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


@dataclass(frozen=True, eq=False)
class CellReader:
    """One cell of the form on one page."""

    page: FormPage
    place: Place
    platform: str
    catalogue: Catalogue
    engine: Engine

    @cached_property
    def lines(self) -> tuple[TextLine, ...]:
        """The cell's lines, in the order in which most of the form's words are found.

        Where signatures stand, with what the detector passed over beside others: their labels, or a row's beginning.
        """
        found = self._in_order(lines_in(self.page.sheet, self.place.rect))
        signed = any(slot.kind is SlotKind.SIGNATURE for slot in self.place.cell.slots())
        agreement = self._aligned(found).agreement if signed else 1.0
        if agreement == 1.0:  # all that the cell prints was read
            return found
        more = self._in_order((*found, *(line for line in self._passed_over(found) if len(line.text) >= LABEL)))
        return more if self._aligned(more).agreement > agreement else found

    def _passed_over(self, lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
        """What is read behind each line, up to the next one at its height, and before each row's first, as far left as
        others begin: where much room and ink is."""
        if not lines:
            return ()
        height = median(line.height for line in lines)
        begins = min(line.rect[0] for line in lines)
        gaps = []
        for line in lines:
            _, y0, x1, y1 = line.rect
            beside = [o.rect[0] for o in lines if o.rect[0] > x1 and min(o.rect[3], y1) - max(o.rect[1], y0) > 0.0]
            gaps.append((x1, y0, min([self.place.rect[2], *beside]), y1))
        for first, *_ in in_rows(lines):
            middle = first.centre[1]
            gaps.append((begins, middle - height / 2, first.rect[0], middle + height / 2))
        wide = [gap for gap in gaps if gap[2] - gap[0] > APART * height]
        return read(self.page.sheet, [gap for gap in wide if crop_rect(self.page.ink, gap).any()], self.engine)

    def _in_order(self, lines: Sequence[TextLine]) -> tuple[TextLine, ...]:
        orders = reading_orders([line for line in lines if not _is_of_seal(line, self.page.sheet, self.page.seals)])
        return max(orders, key=lambda lines: self._aligned(lines).agreement) if len(orders) > 1 else orders[0]

    @cached_property
    def alignment(self) -> Alignment:
        return self._aligned(self.lines)

    @property
    def template(self) -> Line:
        """All that the cell prints, as one line."""
        return tuple(part for line in self.place.cell.lines for part in line)

    def _aligned(self, lines: Sequence[TextLine]) -> Alignment:
        """Laid over the whole cell; its end, over so many of its last lines as are read best."""
        if not self.place.continued:
            return align(self.template, lines, self.platform)
        whole = self.place.cell.lines
        ends = (tuple(part for line in whole[n:] for part in line) for n in range(len(whole)))
        return max((align(end, lines, self.platform) for end in ends), key=lambda found: found.agreement)

    def shown(self, slot_id: str) -> int:
        """How much of what is printed beside a slot was read here."""
        blanks = (blank for blank in self.alignment.blanks if blank.slot.id == slot_id)
        return sum((blank.before is not None) + (blank.after is not None) for blank in blanks)

    def _dated(self) -> tuple[Sequence[TextLine], Alignment]:
        """Lines and alignment; where a date was found in part or not at all, with what is read beside its label."""
        lines, alignment = self.lines, self.alignment
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

    def closer(self, lines: Sequence[TextLine]) -> list[TextLine]:
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
        blanks = (blank for blank in self.alignment.blanks if blank.slot.kind is SlotKind.BOX)
        return [(blank.slot, option_of(blank, self.lines, self.place.rect, self.page.unruled)) for blank in blanks]

    def marks(self) -> list[Mark]:
        kinds = {SlotKind.SIGNATURE, SlotKind.SEAL, SlotKind.COLLECTION}
        if not any(slot.kind in kinds for slot in self.place.cell.slots()):
            return []
        found = [self._mark(blank) for blank in self.alignment.blanks if blank.slot.kind in kinds]
        return [mark for mark in found if mark is not None]

    def _mark(self, blank: Blank) -> Mark | None:
        sheet, index, cell, slot = self.page.sheet, self.page.index, self.place.rect, blank.slot
        if slot.kind is SlotKind.SEAL:
            return declared_seal(slot.id, sheet, index, self._free_seals(), cell, self.engine)
        if slot.kind is SlotKind.COLLECTION:
            above, page = self._above(blank), self.page
            if slot.id.startswith("seal"):
                area, inks = free_area(sheet, cell, above), (page.ink, page.unruled)
                return collected_seal(slot.id, sheet, index, page.seals, cell, area, *inks, self.engine)
            return collected_signature(slot.id, sheet, index, cell, above, page.pen, page.unruled, self.engine)
        place = signature_place(blank, self.lines, cell)
        if place is None or self._printed_name(blank, place[0]):
            return None
        return signature_mark(slot.id, sheet, index, *place, self.page.pen, self.page.unruled, self.engine)

    def _printed_name(self, blank: Blank, place: Rect) -> bool:
        """Whether what stands in a signature's place was printed with the form: a name, but no signature."""
        lines = [line for line in self.lines if _holds(place, line.centre)]
        if len(lines) != 1 or blank.before is None:
            return False
        label, read = _end_of_label(self.lines[blank.before.line], blank.before.index), lines[0].read
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
            return self.lines[: blank.before.line + 1]
        _, y0, _, y1 = self.place.rect
        return [line for line in self.lines if line.rect[3] < y0 + 0.6 * (y1 - y0) and len(line.text) > 8]


def _is_of_seal(line: TextLine, sheet: Sheet, seals: Sequence[Seal]) -> bool:
    """Whether a line is a stamp's own, its number say: within a seal, and with no ink that is darker than red is."""
    if all(share_within(line.rect, seal.rect) < WITHIN for seal in seals):
        return False
    dark, red = crop_rect(sheet.dark, line.rect), crop_rect(sheet.red, line.rect)
    return float((dark > residue(red)).mean()) < PRINTED


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
