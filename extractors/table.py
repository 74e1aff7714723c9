"""Which cell of a page is which cell of the form: by the printed labels and by the order of the rows.

Even a label may be half under a seal, so rows are aligned as sequences: what labels say, and between known rows the
number of cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from extractors.cells import in_rows
from extractors.page import Sheet
from extractors.ruling import Rect
from extractors.textlines import TextLine
from extractors.textlines import in_rows as text_rows
from yinjian.catalogue.layout import Cell, Row
from yinjian.catalogue.model import Form
from yinjian.textfold import fold

LIKE = 0.5  # labels at least this alike (0 to 1) are taken for the same
SAME_SHAPE = 0.25  # what an equal number of cells is worth beside labels
GOES_ON = (4, 0.5)  # symbols, and share of what a row says, that a cell prints: the row is a part of the cell's
STRETCH = 3  # symbols that stand together are no chance
BEGINNING = 6  # symbols that a cell begins with
_DAY = re.compile(r"\d*年\d*月\d*日")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cell of the form was found: its rectangle on a page, and whether its label was read there.

    `continued`: whether it is the cell's end only, because a sheet ended within the row.
    """

    cell: Cell
    rect: Rect
    labelled: bool
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Matched:
    """A form laid over a page: its places, and how well labels agree (how many were read, or known by their words)."""

    form: Form
    places: tuple[Place, ...]
    score: float


def lines_in(sheet: Sheet, rect: Rect) -> tuple[TextLine, ...]:
    """The text lines whose middle lies in a rectangle, in reading order."""
    x0, y0, x1, y1 = rect
    inside = [line for line in sheet.lines if x0 <= line.centre[0] <= x1 and y0 <= line.centre[1] <= y1]
    return tuple(line for row in text_rows(inside) for line in row)


def match_form(sheet: Sheet, form: Form) -> Matched:
    """Lay a form over the page's table."""
    rows = [row for row in in_rows(sheet.cells, sheet.px_per_mm) if len(row) > 1]
    texts = [[fold("".join(line.text for line in lines_in(sheet, cell))) for cell in row] for row in rows]
    continued, known = _continued(form, rows[0], texts[0]) if rows else (None, 0.0)
    if continued is not None:
        rows, texts = rows[1:], texts[1:]
    pairs, score = _align_rows(form.rows, texts)
    places = tuple(place for i, j in pairs for place in _places(form.rows[i], rows[j], texts[j]))
    return Matched(form, places if continued is None else (continued, *places), score + known)


def _continued(form: Form, row: Sequence[Rect], texts: Sequence[str]) -> tuple[Place | None, float]:
    """The place in a sheet's first row where a cell goes on that began on the sheet before; how much of it is known."""
    if len(row) != 2:
        return None, 0.0
    said = _DAY.sub("", texts[1])
    own = [cell for whole in form.rows if len(whole.cells) == 1 for cell in whole.cells]
    cell = max(own, key=lambda one: _printed_in(_words(one), said))
    printed = _printed_in(_words(cell), said)
    least, share = GOES_ON
    if printed < max(least, share * len(said)) or _words(cell)[:BEGINNING] in said:
        return None, 0.0
    return Place(cell, row[1], _likeness(cell.label, texts[0]) >= LIKE, continued=True), printed / len(said)


@lru_cache(256)
def _words(cell: Cell) -> str:
    """What a cell prints between its slots."""
    return fold("".join(part for line in cell.lines for part in line if isinstance(part, str)))


def _printed_in(words: str, said: str) -> int:
    """How many symbols of a text stand in a cell's words, in stretches."""
    blocks = SequenceMatcher(None, words, said, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size >= STRETCH)


def _align_rows(expected: Sequence[Row], texts: Sequence[Sequence[str]]) -> tuple[list[tuple[int, int]], float]:
    """Pairs of (expected row, observed row), both rising, with the greatest sum of likenesses."""
    n, m = len(expected), len(texts)
    gain = [[_row_likeness(row, observed) for observed in texts] for row in expected]
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n):
        for j in range(m):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + gain[i][j])
    pairs = []
    i, j = n, m
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1], best[n][m]


def _row_likeness(row: Row, texts: Sequence[str]) -> float:
    labels = [max((_likeness(cell.label, text) for text in texts), default=0.0) for cell in row.cells]
    shape = SAME_SHAPE if len(texts) == 2 * len(row.cells) else 0.0
    return sum(score for score in labels if score >= LIKE) + (shape if max(labels) > 0 or not texts[0] else 0.0)


@lru_cache(1024)  # forms share labels, and a page is compared with all of them
def _likeness(label: str, text: str) -> float:
    """How alike a label and a cell's text are; a cell that begins with the label holds label and value together."""
    label = fold(label)
    whole = SequenceMatcher(None, label, text, autojunk=False).ratio()
    begins = 0.9 if len(text) > len(label) and text.startswith(label) else 0.0
    return max(whole, begins)


def _places(row: Row, cells: Sequence[Rect], texts: Sequence[str]) -> list[Place]:
    """The value cells of a matched row: each the one to the right of its label."""
    if len(cells) == 2 * len(row.cells):
        return [
            Place(cell, cells[2 * k + 1], _likeness(cell.label, texts[2 * k]) >= LIKE)
            for k, cell in enumerate(row.cells)
        ]
    places = []
    for cell in row.cells:
        scores = [_likeness(cell.label, text) for text in texts]
        k = max(range(len(texts)), key=scores.__getitem__)
        if scores[k] >= LIKE and k + 1 < len(cells):
            places.append(Place(cell, cells[k + 1], True))
    return places
