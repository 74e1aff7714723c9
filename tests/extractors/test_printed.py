"""A PDF's own words and rules are used where the picture bears them out; a lying text layer is not believed."""

from __future__ import annotations

import json
from pathlib import Path

import pymupdf
import pytest

from extractors.opening import Scan, open_scans
from extractors.printed import MODEL
from extractors.reader import Reader
from forms.write import write_form
from yinjian.claim import parse_claim

SAMPLE = Path(__file__).parents[2] / "samples" / "applications" / "a01" / "application.json"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A form filled in on the computer and printed to PDF."""
    folder = tmp_path_factory.mktemp("printed")
    claim, _ = parse_claim(SAMPLE.read_bytes())
    assert claim is not None
    write_form("enterprise", claim.platform, folder / "form.pdf", claim)
    return folder


def test_the_pages_state_words_and_rules(filled: Path) -> None:
    first = next(scan for scan in open_scans(filled) if isinstance(scan, Scan))
    assert first.born_digital
    assert len(first.printed.words) > 40
    assert len(first.printed.rules) > 20


def test_values_are_read_from_the_pdfs_own_words(filled: Path) -> None:
    reading = Reader().read("x", open_scans(filled))
    fields = json.loads(SAMPLE.read_text("utf-8"))["fields"]
    assert {f.id: f.text for f in reading.fields if f.id in fields} == fields
    assert any(MODEL in f.changes for f in reading.fields)


def test_a_text_layer_that_says_another_name_than_the_eye_sees_is_not_believed(filled: Path, tmp_path: Path) -> None:
    seen = json.loads(SAMPLE.read_text("utf-8"))["fields"]["unit_name"]
    with pymupdf.open(filled / "form.pdf") as document:
        page = document[0]
        box = page.search_for(seen)[0]
        picture = page.get_pixmap(dpi=300, clip=box)
        page.add_redact_annot(box)
        page.apply_redactions()
        page.insert_image(box, pixmap=picture)
        room = pymupdf.Rect(box.x0, box.y0, box.x1 + 40, box.y1 + 10)
        page.insert_textbox(room, "哈尔滨市另外一家有限公司", fontname="china-s", fontsize=9, render_mode=3)
        document.save(tmp_path / "form.pdf")
    reading = Reader().read("x", open_scans(tmp_path))
    assert reading.text("unit_name") == seen
