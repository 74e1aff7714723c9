"""A form of the catalogue as PDF, with the exact place of every slot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms.markup import Markup, Part
from forms.style import PageStyle
from forms.words import Content
from yinjian.catalogue import Form, Platform, catalogue
from yinjian.catalogue.layout import Slot, SlotKind
from yinjian.geometry import Box


@dataclass(frozen=True, slots=True)
class PlacedSlot:
    """Where a slot was printed; one that breaks over pages has one of these for each.

    `part` is "" for all of it; a date also has the places of its numbers: "year", "month", "day".
    """

    slot: Slot
    page: int
    box: Box
    part: str = ""


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """Where a cell of the table was printed, ruling included; `kind` is "section", "label" or "value"."""

    row: int
    kind: str
    text: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class RenderedForm:
    """The PDF and the places on its pages (from 0), in fractions of the page; `form_pages` hold the table."""

    pdf: bytes
    slots: tuple[PlacedSlot, ...]
    cells: tuple[PlacedCell, ...]
    form_pages: int
    pages: int


def render_pdf(
    form: Form,
    platform: Platform,
    *,
    fill: Mapping[str, str] | None = None,
    ticks: Mapping[str, Collection[str]] | None = None,
    style: PageStyle | None = None,
    agreement: Sequence[str] | None = None,
    qr: str | None = None,
) -> RenderedForm:
    """A form, blank or with printed values, the agreement behind it.

    `fill` maps field ids to texts (dates as ISO), `ticks` choice groups to labels; `agreement` replaces the catalogue's
    paragraphs (title first, empty for none); `qr` is the text of a QR code on the first page.
    """
    terms = catalogue().agreement(form.id, platform.id) if agreement is None else agreement
    markup = Markup(Content(platform.name, fill or {}, ticks or {}), style or PageStyle())
    document = _layout(markup.page(form, terms, _qr_svg(qr)))
    slots, cells = _places(document, markup)
    for page in document.pages:
        page.anchors.clear()  # the delivered document has no use for them
    form_pages = 1 + max((cell.page for cell in cells), default=0)
    return RenderedForm(document.write_pdf(), slots, cells, form_pages, len(document.pages))


def _layout(html: str) -> Any:
    from weasyprint import HTML  # late: it takes half a second

    return HTML(string=html).render()


def _qr_svg(text: str | None) -> str:
    if text is None:
        return ""
    import segno

    return str(segno.make(text, error="m").svg_inline(omitsize=True, border=0))


def _places(document: Any, markup: Markup) -> tuple[tuple[PlacedSlot, ...], tuple[PlacedCell, ...]]:
    slots: list[PlacedSlot] = []
    cells: list[PlacedCell] = []
    for number, page in enumerate(document.pages):
        for part, box in _anchors(page, markup.parts):
            if isinstance(part, Part):
                cells.append(PlacedCell(part.row, part.kind, part.text, number, box))
            else:
                slots.append(PlacedSlot(part[0], number, box, part[1]))
    padding = markup.style.cell_padding_mm / 210
    return tuple(_to_the_edge(placed, cells, padding) for placed in slots), tuple(cells)


def _anchors(page: Any, parts: Sequence[tuple[Slot, str] | Part]) -> Iterator[tuple[tuple[Slot, str] | Part, Box]]:
    for name, (x0, y0, x1, y1) in page.anchors.items():
        yield parts[int(name)], Box.from_pixels(x0, y0, x1, y1, page.width, page.height)


def _to_the_edge(placed: PlacedSlot, cells: Sequence[PlacedCell], padding: float) -> PlacedSlot:
    """A signature or seal without a printed room has the rest of its line."""
    if placed.slot.kind not in (SlotKind.SIGNATURE, SlotKind.SEAL) or placed.slot.room:
        return placed
    b = placed.box
    around = next(
        c.box for c in cells if c.page == placed.page and c.kind == "value" and c.box.y0 <= b.y0 and b.y1 <= c.box.y1
    )
    return replace(placed, box=replace(b, x1=max(b.x1, around.x1 - padding)))
