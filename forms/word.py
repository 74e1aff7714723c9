"""A form of the catalogue as a Word document: the same words and the same table as the PDF."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from docx import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from forms.style import PageStyle
from forms.words import Content, date_text
from yinjian.catalogue import Form, Platform, catalogue
from yinjian.catalogue.layout import Cell, Line, Row, Slot, SlotKind

FONT = "宋体"  # on every machine with a Chinese Word
CENTRE = WD_ALIGN_PARAGRAPH.CENTER


def render_docx(
    form: Form,
    platform: Platform,
    *,
    fill: Mapping[str, str] | None = None,
    ticks: Mapping[str, Collection[str]] | None = None,
    style: PageStyle | None = None,
    agreement: Sequence[str] | None = None,
    qr: str | None = None,
) -> bytes:
    """A form as .docx, the agreement behind it on a page of its own; the arguments as in `render_pdf`.

    Of the style the sizes count; the font is the one that every Chinese Word has.
    """
    terms = catalogue().agreement(form.id, platform.id) if agreement is None else agreement
    writer = _Writer(Document(), Content(platform.name, fill or {}, ticks or {}), style or PageStyle())
    writer.page()
    if qr is not None:
        writer.code(qr)
    writer.paragraph(form.title, writer.style.title_size_pt, bold=writer.style.title_bold)
    writer.table(form.rows)
    if terms:
        writer.agreement(terms)
    out = io.BytesIO()
    writer.document.save(out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Writer:
    document: Any
    content: Content
    style: PageStyle

    def page(self) -> None:
        section, normal = self.document.sections[0], self.document.styles["Normal"]
        section.page_width, section.page_height = Mm(210), Mm(297)
        top, right, bottom, left = (Mm(mm) for mm in self.style.margin_mm)
        section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = top, right, bottom, left
        normal.font.name, normal.font.size = FONT, Pt(self.style.font_size_pt)
        normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
        normal.paragraph_format.space_after = Pt(0)

    def code(self, text: str) -> None:
        import segno

        picture = io.BytesIO()
        segno.make(text, error="m").save(picture, kind="png", scale=8, border=1)
        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.add_run().add_picture(io.BytesIO(picture.getvalue()), width=Mm(18))

    def paragraph(self, text: str, size: float, *, bold: bool = False) -> Any:
        paragraph = self.document.add_paragraph()
        run = paragraph.add_run(text)
        run.bold, run.font.size = bold, Pt(size)
        paragraph.alignment, paragraph.paragraph_format.space_after = CENTRE, Pt(8)
        return paragraph

    def agreement(self, terms: Sequence[str]) -> None:
        self.paragraph(
            terms[0], self.style.agreement_title_size_pt, bold=True
        ).paragraph_format.page_break_before = True
        for text in terms[1:]:
            paragraph = self.document.add_paragraph()
            paragraph.add_run(text).font.size = Pt(self.style.agreement_size_pt)
            paragraph.paragraph_format.first_line_indent = Pt(2 * self.style.agreement_size_pt)

    def table(self, rows: Sequence[Row]) -> None:
        table = self.document.add_table(len(rows), 5, style="Table Grid")
        table.autofit, table.alignment = False, WD_TABLE_ALIGNMENT.CENTER
        for column, width in zip(table.columns, self.style.columns_mm(), strict=True):
            column.width = Mm(width)  # LibreOffice goes by the grid, Word by the cells
        for row in table.rows:
            row.height, row.height_rule = Mm(self.style.row_height_mm), WD_ROW_HEIGHT_RULE.AT_LEAST
            for cell, width in zip(row.cells, self.style.columns_mm(), strict=True):
                cell.width = Mm(width)
        number = 0
        for section, group in groupby(rows, key=lambda row: row.section):
            members = tuple(group)
            if section:
                self._label(table.cell(number, 0).merge(table.cell(number + len(members) - 1, 0)), section)
            for row in members:
                self._row(table, number, row)
                number += 1

    def _row(self, table: Any, number: int, row: Row) -> None:
        first = 1 if row.section else 0
        starts = (first, 3)[: len(row.cells)]
        for start, cell in zip(starts, row.cells, strict=True):
            last = start + 1 if len(row.cells) == 2 else 4
            self._label(table.cell(number, start), cell.label)
            self._value(table.cell(number, start + 1).merge(table.cell(number, last)), cell)
        if any(slot.kind is SlotKind.COLLECTION for slot in row.slots()):
            table.rows[number].height = Mm(self.style.collection_height_mm + 10)  # the sentence above it

    def _label(self, target: Any, text: str) -> None:
        target.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        target.paragraphs[0].alignment = CENTRE
        target.paragraphs[0].add_run(text)

    def _value(self, target: Any, cell: Cell) -> None:
        collected = any(slot.kind is SlotKind.COLLECTION for slot in cell.slots())
        place = WD_CELL_VERTICAL_ALIGNMENT.TOP if collected else WD_CELL_VERTICAL_ALIGNMENT.CENTER
        target.vertical_alignment = place
        for i, line in enumerate(cell.lines):
            paragraph = target.add_paragraph() if i else target.paragraphs[0]
            paragraph.add_run(self._text(line))

    def _text(self, line: Line) -> str:
        return "".join(part if isinstance(part, str) else self._slot(part) for part in line)

    def _slot(self, slot: Slot) -> str:
        if slot.kind is SlotKind.BOX:
            return self.style.tick if self.content.ticked(slot) else self.style.checkbox
        value = self.content.value(slot)
        return date_text(value) if slot.kind is SlotKind.DATE else f"{value:^{slot.room}}" if slot.room else value
