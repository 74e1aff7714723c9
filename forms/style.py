"""How a form looks on paper; the words come from the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageStyle:
    """Looks of a printed form on A4, as far as two Word installations may differ. Fonts are fontconfig families.

    `margin_mm` is top, right, bottom, left. `column_split` is how the room of the two value columns is shared (0 to 1);
    `second_label_width_mm` is the label between them. A row is at least `row_height_mm` high and grows with its text.
    """

    font: str = "Noto Serif CJK SC"
    label_font: str = ""  # "" is `font`
    title_font: str = ""
    fill_font: str = ""
    font_size_pt: float = 10.5
    fill_size_pt: float = 10.5
    title_size_pt: float = 16.0
    title_bold: bool = True
    margin_mm: tuple[float, float, float, float] = (20.0, 22.0, 16.0, 22.0)
    section_width_mm: float = 22.0
    label_width_mm: float = 36.0
    second_label_width_mm: float = 32.0
    column_split: float = 0.5
    row_height_mm: float = 8.5
    collection_height_mm: float = 42.0
    declaration_height_mm: float = 0.0  # least height of the last row
    line_height: float = 1.35
    line_weight_pt: float = 0.5
    cell_padding_mm: float = 1.9
    checkbox: str = "□"
    tick: str = "☑"
    agreement_font: str = ""
    agreement_size_pt: float = 9.0
    agreement_line_height: float = 1.42
    agreement_title_size_pt: float = 14.0

    def columns_mm(self) -> tuple[float, float, float, float, float]:
        """Widths of section, label, value, second label and second value; together the room between the margins."""
        labels = self.section_width_mm + self.label_width_mm + self.second_label_width_mm
        room = 210 - self.margin_mm[1] - self.margin_mm[3] - labels
        first, second = room * self.column_split, room * (1 - self.column_split)
        return self.section_width_mm, self.label_width_mm, first, self.second_label_width_mm, second
