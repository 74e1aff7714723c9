"""Telling the CA's forms apart from one another and from everybody else's, by data alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from extractors.kinds import best_form, ca_page, has_head, is_form, lines_apart, run_over
from extractors.page import Sheet
from extractors.ruling import Rect, Ruling
from extractors.textlines import TextLine
from tests.extractors.test_materials import line
from yinjian.catalogue import Catalogue, Form, catalogue
from yinjian.catalogue.layout import Cell, Row, Slot

ALL = catalogue()
HIGH = 60


def table(title: str, rows: list[list[str]]) -> Sheet:
    """A page with a ruled table, a line of text in each cell."""
    cells: list[Rect] = []
    lines: list[TextLine] = [line(title, 300, 40)]
    for n, texts in enumerate(rows):
        top, wide = 150.0 + HIGH * n, 1200 / len(texts)
        for k, text in enumerate(texts):
            cells.append((100 + wide * k, top, 98 + wide * (k + 1), top + HIGH - 2))
            lines += [line(text, 104 + wide * k, top + 8, (wide - 10) / len(text))] if text else []
    blank = np.zeros((2000, 1400), np.float32)
    image = np.full((2000, 1400, 3), 255, np.uint8)
    return Sheet("x", 0, image, 0, None, blank, blank, Ruling((), ()), tuple(cells), tuple(lines))


def printed(cell: Cell) -> str:
    return "".join(part for one in cell.lines for part in one if not isinstance(part, Slot))


def page_of(form: Form) -> Sheet:
    return table(form.title, [[t for c in row.cells for t in (c.label, printed(c))] for row in form.rows])


def taken_for(sheet: Sheet, known: Catalogue = ALL) -> str | None:
    matched = best_form(sheet, known)
    return matched.form.id if is_form(ca_page(sheet, known), sheet, matched) else None


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.id)
def test_every_form_is_told_by_its_own_data(form: Form) -> None:
    assert taken_for(page_of(form)) == form.id


def test_a_form_that_no_code_has_heard_of() -> None:
    rows = (
        Row((Cell("项目名称", (("",),)),)),
        Row((Cell("船舶名称", (("",),)), Cell("船籍港", (("",),)))),
        Row((Cell("船长承诺", (("本船承诺遵守港口电子签章使用规定，按时缴纳泊位费用并接受监督检查",),)),)),
    )
    new = replace(ALL.form("expert"), id="ship", title="船舶电子印章申请表", rows=rows)
    known = replace(ALL, forms=(*ALL.forms, new))
    assert taken_for(page_of(new), known) == "ship"
    assert taken_for(page_of(ALL.form("expert")), known) == "expert"


@pytest.mark.parametrize(
    "rows",
    [
        [
            ["姓名", "贺云舟"],
            ["身份证号码", "230103198502249871"],
            ["手机号码", "13804510001"],
            ["工作单位及职务", "讲师"],
        ],
        [
            ["项目名称", "松北大桥"],
            ["姓名", ""],
            ["身份证号码", ""],
            ["手机号码", ""],
            ["单位名称", ""],
            ["单位地址", ""],
        ],
    ],
)
def test_a_foreign_table_that_asks_for_the_same_is_no_form(rows: list[list[str]]) -> None:
    more = [["毕业院校", "黑龙江大学"], ["专业特长", "桥梁与隧道工程"], ["评审经历", "二〇一九年以来参加评审四十余次"]]
    assert taken_for(table("评审专家入库登记表", rows + more)) is None
    assert taken_for(table("登记表", rows)) is None


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.id)
def test_a_forms_last_row_above_the_agreement_is_told_from_what_is_framed_beside_it(form: Form) -> None:
    row = form.rows[-1]
    above = table("", [[t for c in row.cells for t in (c.label, printed(c))]])
    clause = line("用户另须按年缴纳管理费用", 110, 900)
    framed = (100.0, 880.0, 1298.0, 960.0)
    below = tuple(
        line(text, 100, 1100.0 + 50 * n, 20) for n, text in enumerate(ALL.agreement(form.id, platform_of(form)))
    )
    lines = tuple(one for one in (*above.lines, clause, *below) if one.text)
    sheet = replace(above, cells=(*above.cells, framed), lines=lines)
    matched = run_over(sheet, ALL)
    assert matched is not None
    own, others = lines_apart(sheet, matched)
    assert {one.text for one in own} == {one.text for one in above.lines if one.text}
    assert clause in others and set(below) <= set(others)
    assert run_over(replace(sheet, cells=(framed,)), ALL) is None
    assert not has_head(matched)


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.id)
def test_the_title_above_a_form_is_no_word_of_the_agreement_below_it(form: Form) -> None:
    whole = page_of(form)
    foot = max(cell[3] for cell in whole.cells)
    below = tuple(
        line(text, 100, foot + 60 + 50.0 * n, 20) for n, text in enumerate(ALL.agreement(form.id, platform_of(form)))
    )
    annex = line("附件四", 60, min(cell[1] for cell in whole.cells) - 90)
    sheet = replace(whole, lines=(annex, *whole.lines, *below))
    matched = run_over(sheet, ALL)
    assert matched is not None and matched.form.id == form.id
    assert has_head(matched)
    assert lines_apart(sheet, matched)[1] == below


def platform_of(form: Form) -> str:
    return ALL.platforms_of(form.id)[0].id
