"""Each rule about seals and signatures, broken alone."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.validators.builder import (
    UNIT,
    application,
    doubtful,
    found,
    lattice,
    mark,
    page_of,
    verdict,
    with_field,
    with_mark,
    without_mark,
)
from yinjian.findings import Severity
from yinjian.lattice import Lattice
from yinjian.records import Decision, PageKind, Reading

NEW = application()
LICENCE = page_of(NEW, PageKind.BUSINESS_LICENCE)
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
        (UNIT.replace("云", "去"), "seal.name_mismatch"),  # one symbol, and all of it read surely
        (UNIT[:7], "seal.unclear"),  # half of it worn away
        ("", "seal.unclear"),
    ],
)
def test_form_seals_are_the_units(text: str, code: str) -> None:
    assert found(ring(NEW, text)) == [(code, "seal_declaration")]


def test_a_seals_own_number_is_no_part_of_the_name() -> None:
    assert found(ring(NEW, f"{UNIT}2301090012345")) == []


def test_a_ring_has_no_beginning() -> None:
    """Print may hide the gap before the name, and the ring is cut at another one."""
    assert found(ring(NEW, UNIT[-1] + UNIT[:-1])) == []
    seen, at = (UNIT[-1] + UNIT[:-1]).replace("云", "去"), UNIT.index("云") + 1
    assert found(with_mark(NEW, "seal_declaration", ring_text=seen, ring_lattice=doubtful(seen, at, "云"))) == []
    assert found(ring(NEW, seen)) == [("seal.name_mismatch", "seal_declaration")]


def test_a_square_seal_may_have_been_read_row_by_row() -> None:
    rows = "".join(UNIT[n::3] for n in range(3))
    square = with_mark(NEW, "seal_declaration", shape="square", ring_text=rows, ring_lattice=lattice(rows))
    assert found(square) == []
    assert found(with_mark(square, "seal_declaration", shape="round")) == [("seal.name_mismatch", "seal_declaration")]
    other = rows.replace(UNIT[1], "末")
    changed = with_mark(square, "seal_declaration", ring_text=other, ring_lattice=lattice(other))
    assert found(changed) == [("seal.name_mismatch", "seal_declaration")]


def test_a_misread_symbol_in_a_ring_is_settled_by_the_lattice() -> None:
    seen = UNIT.replace("云", "去")
    at = UNIT.index("云")
    assert found(with_mark(NEW, "seal_declaration", ring_text=seen, ring_lattice=doubtful(seen, at, "云"))) == []


@pytest.mark.parametrize(("held", "codes"), [(0.02, [("seal.unclear", "seal_collection")]), (0.4, [])])
def test_a_symbol_of_the_collected_seal_that_alone_looks_otherwise(held: float, codes: list[tuple[str, str]]) -> None:
    """What stands beside a symbol may have made it the unit's name: the seal becomes an electronic one."""
    steps = list(lattice(UNIT).steps)
    steps[2 * UNIT.index("云")] = (("云", math.log(held)), ("去", math.log(held) - 3.0))
    seen = with_mark(NEW, "seal_collection", ring_lattice=Lattice("test", tuple(steps)))
    assert found(seen) == codes
    confirmed = with_mark(seen, "seal_collection", ring_lattice=None)  # by a person
    assert found(confirmed) == []


def test_copy_seals_are_the_units() -> None:
    foreign = ring(NEW, "大庆油城建设工程集团", "material_seal", LICENCE)
    assert found(foreign) == [("seal.name_mismatch", "business_licence")]


def test_a_seal_on_a_copy_that_is_read_throughout_is_another_units_though_one_symbol_differs() -> None:
    named = verdict(ring(NEW, UNIT.replace("云", "去"), "material_seal", LICENCE))
    assert [(f.code, f.severity) for f in named.findings] == [("seal.name_mismatch", Severity.BLOCKS)]


def test_what_companies_names_have_in_common_makes_no_seal_on_a_copy_the_units() -> None:
    long = "云杉（集团）股份有限公司"
    named = (replace(f, text=long) if f.id in ("unit_name", "licence_unit_name") else f for f in NEW.fields)
    marks = (replace(m, ring_text=long, ring_lattice=lattice(long)) if m.ring_text else m for m in NEW.marks)
    own = replace(NEW, fields=tuple(named), marks=tuple(marks))
    assert found(own) == []
    assert found(ring(own, "铭远测绘（集团）股份有限公司", "material_seal", LICENCE)) == [
        ("seal.name_mismatch", "business_licence")
    ]


def test_an_unsure_symbol_in_a_seal_on_a_copy_contradicts_nothing() -> None:
    at, seen = UNIT.index("云"), UNIT.replace("云", "去")
    unsure = with_mark(NEW, "material_seal", LICENCE, ring_text=seen, ring_lattice=doubtful(seen, at, "左"))
    assert [(f.code, f.severity) for f in verdict(unsure).findings] == [("seal.unclear", Severity.NOTES)]


def test_an_illegible_seal_on_a_copy_is_noted_while_the_form_proves_the_seal() -> None:
    worn = ring(NEW, UNIT[:4], "material_seal", LICENCE)
    noted = verdict(worn)
    assert [(f.code, f.where, f.severity) for f in noted.findings] == [
        ("seal.unclear", "business_licence", Severity.NOTES)
    ]
    unproven = verdict(ring(worn, ""))
    assert [f.severity for f in unproven.findings] == [Severity.BLOCKS, Severity.BLOCKS]


def with_seal(reading: Reading, text: str, size_mm: float) -> Reading:
    """One more red thing on the licence."""
    extra = replace(mark("material_seal", LICENCE), ring_text=text, ring_lattice=lattice(text), size_mm=size_mm)
    return replace(reading, marks=(*reading.marks, extra))


AUTHORITY = ("哈尔滨市市场监督管理局", 40.0)


@pytest.mark.parametrize(("text", "size_mm"), [AUTHORITY, ("", 18.0), ("", 41.0)])
def test_beside_the_units_seal_other_red_things_do_not_matter(text: str, size_mm: float) -> None:
    assert found(with_seal(NEW, text, size_mm)) == []


@pytest.mark.parametrize(("text", "size_mm"), [AUTHORITY, ("", 18.0)])
def test_what_is_no_seal_of_the_units_seals_nothing(text: str, size_mm: float) -> None:
    bare = without_mark(NEW, "material_seal", LICENCE)
    assert found(with_seal(bare, text, size_mm)) == [("material.unsealed", "business_licence")]


def test_on_a_form_that_names_no_unit_the_licence_says_whose_seal_it_is() -> None:
    assert found(ring(LEGAL, "大庆油城建设工程集团")) == [("seal.name_mismatch", "seal_declaration")]


def test_the_seal_on_an_experts_card_leads_the_employer() -> None:
    expert = application("hpe", "expert")
    page = page_of(expert, PageKind.IDENTITY_CARD, "expert")
    where = "identity_card:expert"
    assert found(ring(expert, "大庆油城建设工程集团", "material_seal", page)) == [("seal.name_mismatch", where)]
    assert ("seal.unclear", where) in found(with_field(expert, "employer", "高级工程师"))


@pytest.mark.parametrize("seal", ["大庆油城建设工程集团", UNIT[:6], "", UNIT.replace("云杉", "云松")])
def test_nothing_but_the_employers_seal_lets_an_experts_card_pass(seal: str) -> None:
    expert = application("hpe", "expert")
    page = page_of(expert, PageKind.IDENTITY_CARD, "expert")
    assert verdict(ring(expert, seal, "material_seal", page)).decision is Decision.REVIEW
    assert verdict(expert).decision is Decision.PASS
