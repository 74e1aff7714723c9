"""Reading a form's pages: every field, tick box, seal and signature that the catalogue says the form has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from extractors.align import align
from extractors.boxes import judge_boxes
from extractors.boxstate import Judged
from extractors.engine import Engine
from extractors.formcell import CellReader, FormPage
from extractors.handwriting import believed
from extractors.ink import dark_threshold, thin_ink
from extractors.page import Sheet, without_ruling
from extractors.seals import find_seals
from extractors.sidebyside import side_by_side
from extractors.statements import altered_statements
from extractors.table import Matched, Place
from extractors.textlines import TextLine
from yinjian.catalogue import Catalogue
from yinjian.catalogue.layout import Cell
from yinjian.records import Choice, FieldReading, Mark, State


@dataclass(frozen=True, slots=True)
class FormReading:
    """What was read of a form, over all its pages. `altered`: where its sentences are not the CA's."""

    fields: tuple[FieldReading, ...]
    choices: tuple[Choice, ...]
    marks: tuple[Mark, ...]
    altered: tuple[str, ...] = ()


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
    cells = [
        [CellReader(page, place, platform, catalogue, engine) for page, place in parts] for parts in _chosen(pages)
    ]
    read = list(side_by_side(_read_cell, cells, threads))
    fields = [field for found, _, _ in read for field in found]
    marks = [mark for _, found, _ in read for mark in found]
    altered = [words for _, _, found in read for words in found]
    readers = [reader for parts in cells for reader in parts]
    choices = [choice for page in pages for choice in _choices([r for r in readers if r.page is page])]
    return FormReading(believed(fields, catalogue), tuple(choices), tuple(marks), tuple(altered))


def _read_cell(parts: Sequence[CellReader]) -> tuple[list[FieldReading], list[Mark], tuple[str, ...]]:
    """What stands in a cell. Where a sheet ended within it, each value and mark is read on the part that shows it."""

    def shows(part: CellReader, slot_id: str) -> bool:
        return part is max(parts, key=lambda one: one.shown(slot_id))

    fields = [field for part in parts for field in part.fields() if len(parts) == 1 or shows(part, field.id)]
    marks = [mark for part in parts for mark in part.marks() if len(parts) == 1 or shows(part, mark.id)]
    return fields, marks, _altered(parts)


def _altered(parts: Sequence[CellReader]) -> tuple[str, ...]:
    """What a cell's sentences say in place of the form's words, over all of its parts."""
    first, lines = parts[0], [line for part in parts for line in part.lines]
    undivided = len(parts) == 1 and not first.place.continued
    alignment = first.alignment if undivided else align(first.template, lines, first.platform)

    def closer(doubtful: Sequence[TextLine]) -> list[TextLine]:
        own = ((part, [d for d in doubtful if any(d is line for line in part.lines)]) for part in parts)
        return [line for part, these in own for line in part.closer(these)]

    return altered_statements(first.place.cell, lines, alignment, closer, begun=not first.place.continued)


def _choices(readers: Sequence[CellReader]) -> list[Choice]:
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


def _chosen(pages: Sequence[FormPage]) -> list[list[tuple[FormPage, Place]]]:
    """Each cell's place; where a sheet ended within the cell, its beginning and its end."""
    found: dict[Cell, list[tuple[FormPage, Place]]] = {}
    for page in pages:
        for place in page.matched.places:
            found.setdefault(place.cell, []).append((page, place))
    return [_parts(sorted(places, key=lambda known: not known[1].labelled)) for places in found.values()]


def _parts(places: Sequence[tuple[FormPage, Place]]) -> list[tuple[FormPage, Place]]:
    ends = [known for known in places if known[1].continued]
    return [*[known for known in places if not known[1].continued][:1], *ends[:1]]
