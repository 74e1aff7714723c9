"""Pages that are out of focus are told; ordinary scans and photographs are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from yinjian.records import PageKind

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


@pytest.mark.parametrize("sigma_mm", [0.1, 0.55])
def test_a_page_out_of_focus_is_told(sigma_mm: float, reader: Reader) -> None:
    scans = [scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan)]
    once = reader.read("x", scans)
    number = next(n for n, page in enumerate(once.pages) if page.kind is PageKind.BUSINESS_LICENCE)
    px_per_mm = max(scans[number].image.shape) / 297
    soft = np.asarray(cv2.GaussianBlur(scans[number].image, (0, 0), sigma_mm * px_per_mm), np.uint8)
    found = reader.read("x", [*scans[:number], replace(scans[number], image=soft), *scans[number + 1 :]]).findings
    assert [(f.code, f.where) for f in found] == ([("scan.blurred", scans[number].file)] if sigma_mm > 0.3 else [])


@pytest.mark.parametrize("dpi", [80, 110])
def test_a_page_of_few_pixels_is_told_whatever_the_shape_of_its_picture(dpi: int, reader: Reader) -> None:
    """On a desk that fills a third of the picture, and scanned at the same resolution."""
    agreement = [scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan)][1]
    scale = dpi * 11.69 / max(agreement.image.shape)
    small = cv2.resize(agreement.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    desk = np.full((small.shape[0] + 120, small.shape[1] + 260, 3), (46, 78, 112), np.uint8)
    desk[60:-60, 130:-130] = small
    reading = reader.read("x", [replace(agreement, image=desk)])
    assert [page.kind for page in reading.pages] == [PageKind.AGREEMENT]
    assert [f.code for f in reading.findings] == (["scan.low_resolution"] if dpi < 96 else [])
