"""A form of the catalogue as HTML. Every slot and cell has its number as id, by which its place is found again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby

from forms.style import PageStyle
from forms.words import DATE_ROOM, Content, date_numbers
from yinjian.catalogue import Form
from yinjian.catalogue.layout import Cell, Line, Row, Slot, SlotKind

# Word prints a blank half as wide as a character; most fonts have a narrower one.
HALF = "\u2002"


@dataclass(frozen=True, slots=True)
class Part:
    """A printed cell: `kind` is "section", "label" or "value"."""

    row: int
    kind: str
    text: str


@dataclass(slots=True)
class Markup:
    """Writes one form; `parts[n]` is what stands at id `n`, a slot with the part of it ("" for all)."""

    content: Content
    style: PageStyle
    parts: list[tuple[Slot, str] | Part] = field(default_factory=list)

    def page(self, form: Form, agreement: Sequence[str], qr_svg: str) -> str:
        """The whole document: the form's table, the agreement on a page of its own."""
        table = f"<table><colgroup>{'<col>' * 5}</colgroup>{self._table(form.rows)}</table>"
        text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in agreement[1:])
        terms = f"<article><h2>{escape(agreement[0])}</h2>{text}</article>" if agreement else ""
        code = f'<div class="qr">{qr_svg}</div>' if qr_svg else ""
        body = f"{code}<h1>{escape(form.title)}</h1>{table}{terms}"
        return f'<html lang="zh-CN"><head><style>{stylesheet(self.style)}</style></head><body>{body}</body></html>'

    def _table(self, rows: Sequence[Row]) -> str:
        html, number = [], 0
        for section, group in groupby(rows, key=lambda row: row.section):
            members = tuple(group)
            for i, row in enumerate(members):
                head = self._section(section, number, len(members)) if section and i == 0 else ""
                html.append(f"<tr{self._row_class(number, len(rows))}>{head}{self._row(row, number)}</tr>")
                number += 1
        return "".join(html)

    def _row_class(self, number: int, rows: int) -> str:
        return ' class="last"' if number == rows - 1 else ""

    def _section(self, label: str, number: int, span: int) -> str:
        return f'<th rowspan="{span}"{self._place(Part(number, "section", label))}>{escape(label)}</th>'

    def _row(self, row: Row, number: int) -> str:
        if row.section and len(row.cells) == 2:
            return "".join(self._cell(cell, number, 1) for cell in row.cells)
        return self._cell(row.cells[0], number, 3 if row.section else 4)

    def _cell(self, cell: Cell, number: int, span: int) -> str:
        label = f"<th{self._place(Part(number, 'label', cell.label))}>{escape(cell.label)}</th>"
        link = self._place(Part(number, "value", cell.label))
        return f'{label}<td colspan="{span}"{link}>{"".join(self._line(line) for line in cell.lines)}</td>'

    def _line(self, line: Line) -> str:
        if len(line) == 1 and isinstance(line[0], Slot) and line[0].kind in (SlotKind.FIELD, SlotKind.COLLECTION):
            return self._block(line[0])
        return f"<p>{''.join(self._part(part) for part in line) or '&nbsp;'}</p>"

    def _block(self, slot: Slot) -> str:
        return f'<div class="{slot.kind}"{self._place((slot, ""))}>{escape(self.content.value(slot)) or "&nbsp;"}</div>'

    def _part(self, part: str | Slot) -> str:
        if isinstance(part, str):
            return escape(part.replace(" ", HALF))
        filled = " filled" if self.content.fill.get(part.id) else ""
        return f'<span class="{part.kind}{filled}"{self._place((part, ""), part.room)}>{self._content(part)}</span>'

    def _content(self, slot: Slot) -> str:
        if slot.kind is SlotKind.BOX:
            return self.style.tick if self.content.ticked(slot) else self.style.checkbox
        value = self.content.value(slot)
        return self._date(slot, value) if slot.kind is SlotKind.DATE else escape(value) or "&nbsp;"

    def _date(self, slot: Slot, value: str) -> str:
        numbers = date_numbers(value)
        if numbers is None:
            return escape(value)
        rooms = zip(numbers, DATE_ROOM, strict=True)
        return "".join(
            f'<span class="number"{self._place((slot, part), room)}>{number or "&nbsp;"}</span>{word}'
            for number, (room, word, part) in rooms
        )

    def _place(self, part: tuple[Slot, str] | Part, room: int = 0) -> str:
        self.parts.append(part)
        width = f' style="min-width:{room / 2}em"' if room else ""
        return f' id="{len(self.parts) - 1}"{width}'


def stylesheet(s: PageStyle) -> str:
    """The CSS of a style."""
    margin = " ".join(f"{mm}mm" for mm in s.margin_mm)
    cols = "".join(f"col:nth-child({i}){{width:{mm:.2f}mm}}" for i, mm in enumerate(s.columns_mm(), 1))
    # Rows may break over pages; the empty collection area may not.
    return f"""
@page {{ size: A4; margin: {margin} }}
body {{ margin: 0; font: {s.font_size_pt}pt/{s.line_height} "{s.font}", "Noto Serif CJK SC"; }}
h1 {{ font: {"bold" if s.title_bold else "normal"} {s.title_size_pt}pt "{s.title_font or s.font}", "Noto Serif CJK SC";
  text-align: center; margin: 0 0 4mm }}
table {{ width: 100%; border-collapse: collapse; table-layout: fixed }} {cols}
th, td {{ border: {s.line_weight_pt}pt solid #000; padding: .6mm {s.cell_padding_mm}mm; height: {s.row_height_mm}mm;
  vertical-align: middle; box-sizing: border-box; overflow-wrap: anywhere }}
th {{ font-weight: normal; text-align: center; font-family: "{s.label_font or s.font}", "Noto Serif CJK SC" }}
.last td {{ height: {max(s.declaration_height_mm, s.row_height_mm)}mm }}
p {{ margin: 0; white-space: pre-wrap; text-align: justify }}
span.field, span.date, span.signature, span.seal, .number {{ display: inline-block; white-space: pre }}
.number {{ text-align: center }}
div.field, .filled {{ font-family: "{s.fill_font or s.font}", "Noto Serif CJK SC"; font-size: {s.fill_size_pt}pt }}
div.collection {{ height: {s.collection_height_mm}mm; break-inside: avoid }}
article {{ break-before: page; font: {s.agreement_size_pt}pt/{s.agreement_line_height} "{s.agreement_font or s.font}",
  "Noto Serif CJK SC" }}
article p {{ text-indent: 2em }}
h2 {{ font: bold {s.agreement_title_size_pt}pt "{s.title_font or s.font}"; text-align: center; margin: 0 0 3mm }}
.qr {{ position: absolute; top: -9mm; right: 0; width: 18mm }} .qr svg {{ width: 18mm; height: 18mm }}
"""
