"""What a form prints between its blanks is the CA's own words, or it is another's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from extractors.align import align
from extractors.statements import altered_statements
from extractors.textlines import TextLine
from tests.extractors.test_materials import line
from yinjian.catalogue import Form, catalogue
from yinjian.catalogue.layout import Cell, Slot, SlotKind

ALL = catalogue()
FILLED = {SlotKind.FIELD: "王小明", SlotKind.SIGNATURE: "李", SlotKind.SEAL: "", SlotKind.DATE: "2026年9月7日"}


def platform_of(form: Form) -> str:
    return ALL.platforms_of(form.id)[0].name


def said(cell: Cell, platform: str) -> str:
    """The cell's words with its blanks filled in."""
    pieces = (piece for one in cell.lines for piece in one)
    return "".join(
        (platform if p.kind is SlotKind.PLATFORM else FILLED.get(p.kind, "")) if isinstance(p, Slot) else p
        for p in pieces
    )


def altered(cell: Cell, text: str, platform: str, wide: int = 36) -> tuple[str, ...]:
    """What is told of a cell that says `text`, in lines of `wide` symbols read surely."""
    rows = [text[i : i + wide] for i in range(0, len(text), wide)]
    lines = [line(row, 100, 50.0 * n, 20) for n, row in enumerate(rows)]
    template = tuple(part for one in cell.lines for part in one)
    return altered_statements(cell, lines, align(template, lines, platform), as_they_are)


def as_they_are(lines: Sequence[TextLine]) -> Sequence[TextLine]:
    return lines


CELLS = [(form, cell) for form in ALL.forms for row in form.rows for cell in row.cells]


@pytest.mark.parametrize(("form", "cell"), CELLS, ids=lambda part: getattr(part, "id", getattr(part, "label", "")))
def test_every_cell_that_says_what_it_prints_holds(form: Form, cell: Cell) -> None:
    platform = platform_of(form)
    assert altered(cell, said(cell, platform), platform) == ()


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.id)
@pytest.mark.parametrize(
    ("old", "new"),
    [("有效的", "无效的"), ("愿意承担", "不愿意承担"), ("完全真实", "不全真实"), ("合法代理人", "非法代理人")],
)
def test_a_changed_word_is_told(form: Form, old: str, new: str) -> None:
    platform = platform_of(form)
    for cell in (cell for row in form.rows for cell in row.cells):
        text = said(cell, platform)
        if old in text:
            assert len(altered(cell, text.replace(old, new, 1), platform)) == 1


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.id)
def test_a_statement_that_was_left_out_is_told(form: Form) -> None:
    platform = platform_of(form)
    cell = next(c for row in form.rows for c in row.cells if c.label.endswith("声明"))
    for n, dropped in enumerate(cell.lines):
        kept = replace(cell, lines=(*cell.lines[:n], *cell.lines[n + 1 :]))
        if len(dropped) == 1 and "已认真阅读" in str(dropped[0]):
            assert "未见" in altered(cell, said(kept, platform), platform)[0]


def test_what_stands_in_a_blank_is_no_alteration() -> None:
    form = ALL.form("enterprise")
    cell = next(c for row in form.rows for c in row.cells if c.label == "授权委托")
    text = said(cell, platform_of(form)).replace("王小明", "欧阳无效", 1)
    assert altered(cell, text, platform_of(form)) == ()


def test_a_lines_end_that_was_not_seen_is_no_alteration() -> None:
    form = ALL.form("enterprise")
    for cell in (cell for row in form.rows for cell in row.cells):
        text = said(cell, platform_of(form))
        assert altered(cell, text[:-2], platform_of(form)) == ()
        assert altered(cell, text[1:], platform_of(form)) == ()
