"""Pages that come twice, and pages that are none of an application's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from samples.typefaces import text_mask
from yinjian.records import PageKind, Reading

SAMPLE = Path(__file__).parents[2] / "samples" / "applications" / "a01"
LETTER = ("投标保证金缴纳凭证", "付款人开户银行工商银行香坊支行", "附言二期道路改造项目保证金")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.fixture(scope="module")
def scans() -> list[Scan]:
    return [scan for scan in open_scans(SAMPLE) if isinstance(scan, Scan)]


@pytest.fixture(scope="module")
def once(reader: Reader, scans: list[Scan]) -> Reading:
    return reader.read("x", scans)


def sheet(*lines: str) -> NDArray[np.uint8]:
    """A white page of A4 at 150 dpi with lines of print, BGR."""
    ink = np.zeros((1754, 1240), np.float32)
    for n, line in enumerate(lines):
        text = text_mask(line, "song", 36)
        ink[200 + 80 * n : 200 + 80 * n + text.shape[0], 150 : 150 + text.shape[1]] = text
    return np.repeat((245 - 220 * ink).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("kind", [PageKind.FORM, PageKind.AGREEMENT])
@pytest.mark.parametrize("first", [False, True])
def test_a_sheet_that_came_twice_is_read_once_and_told(
    kind: PageKind, first: bool, reader: Reader, scans: list[Scan], once: Reading
) -> None:
    number = next(n for n, page in enumerate(once.pages) if page.kind is kind)
    again = replace(scans[number], file="again.png", page=0, image=np.ascontiguousarray(scans[number].image[8:, 8:]))
    both = reader.read("x", [again, *scans] if first else [*scans, again])
    assert not once.findings
    assert [(f.code, f.where) for f in both.findings] == [
        ("page.duplicate", f.where) for f in both.findings if f.where in ("again.png", scans[number].file)
    ]
    assert len(both.findings) == 1
    assert {f.id: f.text for f in both.fields} == {f.id: f.text for f in once.fields}


@pytest.mark.parametrize("kind", [PageKind.BUSINESS_LICENCE, PageKind.IDENTITY_CARD])
def test_a_copy_that_came_twice_is_told(kind: PageKind, reader: Reader, scans: list[Scan], once: Reading) -> None:
    number = next(n for n, page in enumerate(once.pages) if page.kind is kind)
    turned = np.ascontiguousarray(np.rot90(scans[number].image, 2)[8:, 8:])
    both = reader.read("x", [*scans, replace(scans[number], file="again.png", page=0, image=turned)])
    assert [(f.code, f.where) for f in both.findings] == [("page.duplicate", "again.png")]


def test_a_page_of_other_words_is_told_and_a_blank_one_is_not(reader: Reader, scans: list[Scan]) -> None:
    letter, blank = (Scan(f"{name}.png", 0, sheet(*said), 150.0, False) for name, said in (("a", LETTER), ("b", ())))
    assert [(f.code, f.where) for f in reader.read("x", [*scans, letter, blank]).findings] == [
        ("page.unexpected", "a.png")
    ]
