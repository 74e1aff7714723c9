"""The forms as documents: word for word, every slot in its place, rows that grow."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import pymupdf
import pytest
from docx import Document

from forms import PageStyle, render_pdf, write_form
from forms.word import render_docx
from yinjian.catalogue import catalogue
from yinjian.catalogue.layout import SlotKind
from yinjian.errors import InputError
from yinjian.records import Claim

DOCUMENT = (Path(__file__).parents[1] / "data" / "reference" / "hpe.txt").read_text("utf-8")
ANNEXES = {
    "一": "enterprise",
    "二": "legal_person",
    "三": "enterprise",
    "四": "expert",
    "五": "authorized_rep",
    "六": "bidding_agency",
}
PARTS = dict(zip(ANNEXES, re.split(r"\n附件[一二三四五六]\n", DOCUMENT)[1:], strict=True))


def fold(text: str) -> str:
    return re.sub(r"\s", "", text)


def words_of_docx(data: bytes) -> str:
    """Paragraphs and cells in reading order, a merged cell once."""
    document = Document(io.BytesIO(data))
    seen: set[object] = set()
    words: list[str] = []
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            for row in block.rows:
                for cell in row.cells:
                    if cell._tc not in seen:
                        seen.add(cell._tc)
                        words.append(cell.text)
        else:
            words.append(block.text)
    return fold("".join(words))


def characters_of_pdf(data: bytes) -> list[str]:
    """In no order: a label in the middle of its row comes among the lines beside it."""
    text = "".join(page.get_text() for page in pymupdf.open(stream=data))
    return sorted(fold(text))


@pytest.mark.parametrize("annex", ANNEXES)
def test_word_form_is_the_document_word_for_word(annex: str) -> None:
    known = catalogue()
    data = render_docx(known.form(ANNEXES[annex]), known.platform("hpe"))
    assert words_of_docx(data) == fold(PARTS[annex])


@pytest.mark.parametrize("annex", ANNEXES)
def test_pdf_has_the_characters_of_the_document(annex: str) -> None:
    known = catalogue()
    rendered = render_pdf(known.form(ANNEXES[annex]), known.platform("hpe"))
    assert characters_of_pdf(rendered.pdf) == sorted(fold(PARTS[annex]))
    assert (rendered.form_pages, rendered.pages) == (1, 2)  # 共2页


@pytest.mark.parametrize("form", catalogue().forms, ids=lambda form: form.id)
def test_every_slot_is_found_inside_its_cell(form) -> None:  # type: ignore[no-untyped-def]
    rendered = render_pdf(form, catalogue().platform("ggzy"), style=PageStyle(font_size_pt=12))
    placed = [p for p in rendered.slots if not p.part]
    assert [p.slot for p in placed] == list(form.slots())
    values = [c for c in rendered.cells if c.kind == "value"]
    for p in placed:
        assert p.box.area > 0
        assert any(
            c.page == p.page and c.box.x0 <= p.box.x0 and p.box.x1 <= c.box.x1 and c.box.y0 <= p.box.y1 for c in values
        )


def test_a_blank_date_has_room_for_each_number() -> None:
    rendered = render_pdf(catalogue().form("expert"), catalogue().platform("hpe"))
    assert [p.part for p in rendered.slots if p.slot.kind is SlotKind.DATE] == ["", "year", "month", "day"]


def test_the_delivered_pdf_has_no_links() -> None:
    rendered = render_pdf(catalogue().form("enterprise"), catalogue().platform("hpe"))
    assert not any(page.get_links() for page in pymupdf.open(stream=rendered.pdf))


def height(address: str) -> float:
    rendered = render_pdf(catalogue().form("enterprise"), catalogue().platform("hpe"), fill={"address": address})
    box = next(c.box for c in rendered.cells if c.kind == "value" and c.text == "单位地址")
    return box.y1 - box.y0


def test_a_row_grows_with_a_long_value() -> None:
    assert height("黑龙江省哈尔滨市道里区抚顺街一百二十三号松花江大厦" * 3) > 1.5 * height("哈尔滨市")


def test_the_last_row_runs_over_onto_a_second_sheet() -> None:
    style = PageStyle(row_height_mm=12, collection_height_mm=90)
    rendered = render_pdf(catalogue().form("enterprise"), catalogue().platform("hpe"), style=style)
    assert (rendered.form_pages, rendered.pages) == (2, 3)
    assert next(p.page for p in rendered.slots if p.slot.id == "application_date") == 1


CLAIM = Claim(
    platform="hpe",
    certificate="purchaser",
    business="renew",
    fields=(("unit_name", "松花江测试单位"), ("application_date", "2026-03-05")),
    submitted_on=date(2026, 3, 5),
)


@pytest.mark.parametrize("suffix", ["pdf", "docx"])
def test_a_claim_fills_and_ticks_its_form(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"form.{suffix}"
    write_form("enterprise", "hpe", path, CLAIM, reference="2026-123")
    data = path.read_bytes()
    words = "".join(characters_of_pdf(data)) if suffix == "pdf" else words_of_docx(data)
    assert words.count("☑") == 2 and "测" in words and words.count("□") == 6
    if suffix == "docx":
        assert "☑续费" in words and "☑采购单位" in words and "申请日期：2026年3月5日" in words


@pytest.mark.parametrize(
    ("form", "platform", "name", "claim"),
    [
        ("enterprise", "hpe", "form.odt", None),
        ("nothing", "hpe", "form.pdf", None),
        ("medical", "hpe", "form.pdf", None),
        ("enterprise", "daqing", "form.pdf", None),
        ("enterprise", "ggzy", "form.pdf", CLAIM),
        ("expert", "hpe", "form.pdf", CLAIM),
        ("enterprise", "hpe", "no/folder/form.pdf", None),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, form: str, platform: str, name: str, claim: Claim | None
) -> None:
    with pytest.raises(InputError):
        write_form(form, platform, tmp_path / name, claim)
    assert not (tmp_path / name).exists()
