"""What spoils a seal that is collected, on synthesized pages; no engine needed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from extractors.ink import dark_threshold
from extractors.page import without_ruling
from extractors.ruling import Ruling, find_ruling
from extractors.sealfaults import collection_faults
from extractors.seals import find_seals
from tests.extractors.test_seals import BLACK, RED, Image, blank, mm, sheet_of, stamped

PALE, GREY = (205, 205, 243), (120, 120, 120)  # BGR


def faults(image: Image, stamps: int = 1) -> tuple[str, ...]:
    plain = sheet_of(image)
    ruling: Ruling = find_ruling(plain.dark, plain.px_per_mm)
    sheet = replace(plain, ruling=ruling)
    seal = max(find_seals(sheet), key=lambda s: max(s.radii))
    dark = without_ruling(sheet)
    return collection_faults(sheet, seal, dark > dark_threshold(sheet.dark), dark, stamps)


def test_a_seal_on_blank_paper_has_no_fault() -> None:
    image = blank()
    stamped(image, 100, 150)
    assert faults(image) == ()


@pytest.mark.parametrize(("y", "code"), [(158, "seal.overlaps_line"), (170.4, "seal.clipped")])
def test_a_line_through_or_at_a_seal(y: float, code: str) -> None:
    image = blank()
    stamped(image, 100, 150)
    cv2.line(image, mm(20, y), mm(190, y), BLACK, 3)
    assert code in faults(image)


def test_print_under_a_seal() -> None:
    image = blank()
    stamped(image, 100, 150)
    for left in range(88, 112, 5):
        cv2.rectangle(image, mm(left, 158), mm(left + 3, 161), BLACK, 3)
    assert "seal.overlaps_text" in faults(image)


def test_print_that_the_rim_alone_touches() -> None:
    image = blank()
    stamped(image, 100, 150)
    for left in range(88, 112, 5):
        cv2.rectangle(image, mm(left, 127), mm(left + 3, 130), BLACK, 3)
    assert faults(image) == ("seal.overlaps_text",)


def test_pale_print_whose_feet_alone_the_rim_lies_over() -> None:
    image = blank()
    cv2.line(image, mm(99, 126), mm(99, 130.2), GREY, 2)  # an upright that ends within the rim
    stamp = blank()
    stamped(stamp, 100, 150)
    image = np.minimum(image, stamp)
    assert faults(image) == ("seal.overlaps_text",)


def test_print_beside_a_seal_is_not_under_it() -> None:
    image = blank()
    stamped(image, 100, 150)
    for left in range(88, 112, 5):
        cv2.rectangle(image, mm(left, 124), mm(left + 3, 128.4), BLACK, 3)
    assert faults(image) == ()


def test_a_part_of_a_seal_that_is_not_there() -> None:
    image = blank()
    stamped(image, 100, 150)
    cv2.rectangle(image, mm(110, 125), mm(125, 175), (248, 248, 248), -1)
    assert "seal.clipped" in faults(image)


def test_a_seal_stamped_twice_or_too_pale() -> None:
    image = blank()
    stamped(image, 100, 150)
    assert faults(image, stamps=2) == ("seal.unclear",)
    pale = np.where((image == RED).all(2)[:, :, None], np.array(PALE, np.uint8), image)
    assert pale.shape == image.shape
    assert "seal.unclear" in faults(np.asarray(pale, np.uint8))
