"""Each rule about seals and signatures, broken alone."""

from __future__ import annotations

import pytest

from tests.validators.builder import (
    UNIT,
    application,
    doubtful,
    found,
    lattice,
    page_of,
    with_field,
    with_mark,
    without_mark,
)
from yinjian.records import PageKind, Reading

NEW = application()
LEGAL = application("hpe", "legal_person")


@pytest.mark.parametrize(
    "mark_id", ["seal_collection", "seal_declaration", "signature_legal_person", "signature_agent"]
)
def test_marks_present(mark_id: str) -> None:
    kind = mark_id.partition("_")[0]
    assert found(without_mark(NEW, mark_id)) == [(f"{kind}.missing", mark_id)]


@pytest.mark.parametrize("business", ["secondary", "revoke"])
def test_an_empty_collection_area_is_no_fault_where_no_seal_is_made(business: str) -> None:
    reading = application(business=business)
    assert reading.mark("seal_collection") is None
    assert ("seal.missing", "seal_collection") not in found(reading)


@pytest.mark.parametrize("fault", ["clipped", "overlaps_text", "overlaps_line", "not_red", "unclear"])
def test_marks_faultless(fault: str) -> None:
    faulty = with_mark(NEW, "seal_collection", faults=(f"seal.{fault}",))
    assert found(faulty) == [(f"seal.{fault}", "seal_collection")]


def test_a_collected_signature_must_be_black() -> None:
    blue = with_mark(LEGAL, "signature_collection", faults=("signature.not_black",))
    assert found(blue) == [("signature.not_black", "signature_collection")]
    assert found(with_mark(LEGAL, "signature_agent", faults=("signature.not_black",))) == []


def test_a_declaration_seal_lies_over_print_by_nature() -> None:
    over = with_mark(NEW, "seal_declaration", faults=("seal.overlaps_text", "seal.overlaps_line"))
    assert found(over) == []
    assert found(with_mark(NEW, "seal_declaration", faults=("seal.clipped",))) == [("seal.clipped", "seal_declaration")]


def ring(reading: Reading, text: str, mark_id: str = "seal_declaration", page: int | None = None) -> Reading:
    return with_mark(reading, mark_id, page, ring_text=text, ring_lattice=lattice(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("哈尔滨松北青松软件有限公司", "seal.name_mismatch"),  # another unit
        ("大庆油城建设工程集团", "seal.name_mismatch"),
        (UNIT.replace("云", "去"), "seal.unclear"),  # one symbol: another unit or a misreading
        (UNIT[:7], "seal.unclear"),  # half of it worn away
        ("", "seal.unclear"),
    ],
)
def test_form_seals_are_the_units(text: str, code: str) -> None:
    assert found(ring(NEW, text)) == [(code, "seal_declaration")]


def test_a_seals_own_number_is_no_part_of_the_name() -> None:
    assert found(ring(NEW, f"{UNIT}2301090012345")) == []


def test_a_misread_symbol_in_a_ring_is_settled_by_the_lattice() -> None:
    seen = UNIT.replace("云", "去")
    at = UNIT.index("云")
    assert found(with_mark(NEW, "seal_declaration", ring_text=seen, ring_lattice=doubtful(seen, at, "云"))) == []


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (UNIT[:7], []),  # over print half the name is enough when nothing contradicts
        (UNIT[:4], [("seal.unclear", "business_licence")]),
        ("大庆油城建设工程集团", [("seal.name_mismatch", "business_licence")]),
    ],
)
def test_copy_seals_are_the_units(text: str, findings: list[tuple[str, str]]) -> None:
    assert found(ring(NEW, text, "material_seal", page=2)) == findings


def test_on_a_form_that_names_no_unit_the_licence_says_whose_seal_it_is() -> None:
    assert found(ring(LEGAL, "大庆油城建设工程集团")) == [("seal.name_mismatch", "seal_declaration")]


def test_the_seal_on_an_experts_card_leads_the_employer() -> None:
    expert = application("hpe", "expert")
    page = page_of(expert, PageKind.IDENTITY_CARD, "expert")
    where = "identity_card:expert"
    assert found(ring(expert, "大庆油城建设工程集团", "material_seal", page)) == [("seal.unclear", where)]
    assert ("seal.unclear", where) in found(with_field(expert, "employer", "高级工程师"))
