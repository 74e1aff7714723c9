"""Our QR code on a pre-filled form tells the form; anybody else's, and none at all, change nothing."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from extractors.formcode import read_code
from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from forms.write import write_form
from yinjian.errors import InputError
from yinjian.formcode import FormCode, parse_code


def page_with(text: str) -> np.ndarray:
    """A blank page at 200 dpi with a code of 18 mm at its top right."""
    cells = np.array([list(row) for row in segno.make(text, error="m").matrix], np.uint8)
    code = cv2.resize(255 * (1 - cells), (142, 142), interpolation=cv2.INTER_NEAREST)
    page = np.full((2339, 1654, 3), 255, np.uint8)
    page[100:242, 1400:1542] = code[:, :, None]
    return page


def test_our_code_is_read_and_others_are_not() -> None:
    code = FormCode("expert", "ggzy", "A-17")
    assert read_code(page_with(code.text())) == code
    assert read_code(page_with("https://example.org/licence/1")) is None
    assert read_code(page_with("x")[200:, :1300]) is None


def test_a_code_is_what_it_says() -> None:
    assert parse_code(FormCode("medical", "ggzy", "").text()) == FormCode("medical", "ggzy", "")
    assert parse_code("yinjian:2:expert:hpe:1") is None
    with pytest.raises(ValueError, match="reference"):
        FormCode("expert", "hpe", "张三").text()


def test_a_reference_that_no_code_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reference"):
        write_form("expert", "hpe", tmp_path / "form.pdf", reference="a b")


def test_a_scanned_form_with_its_code_is_read_as_that_form(tmp_path: Path) -> None:
    write_form("enterprise_secondary", "ggzy", tmp_path / "form.pdf", reference="2026-1")
    scans = [scan for scan in open_scans(tmp_path) if isinstance(scan, Scan)]
    assert read_code(scans[0].image) == FormCode("enterprise_secondary", "ggzy", "2026-1")
    photographed = [Scan("a.jpg", n, scan.image, None, False) for n, scan in enumerate(scans)]
    assert Reader().read("x", photographed).form == "enterprise_secondary"
