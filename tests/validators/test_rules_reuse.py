"""Each rule about impressions that were seen before, broken alone."""

from __future__ import annotations

from datetime import date

import pytest

from tests.validators.builder import TODAY, application, page_of
from validators import judge
from yinjian.catalogue import catalogue
from yinjian.records import PageKind, Reading, Reuse

NEW = application()
LEGAL = application("hpe", "legal_person")
CARD = page_of(NEW, PageKind.IDENTITY_CARD, "agent")


def found(reading: Reading, *reuse: Reuse, as_of: date = TODAY) -> list[tuple[str, str]]:
    verdict = judge(reading, None, (), as_of, catalogue(), reuse=reuse)
    return [(f.code, f.where) for f in verdict.findings]


@pytest.mark.parametrize("mark", ["seal_collection", "seal_declaration"])
@pytest.mark.parametrize("application_id", ["", "A2"])
@pytest.mark.parametrize("same_unit", [True, False])
def test_a_seal_seen_before_is_pasted(mark: str, application_id: str, same_unit: bool) -> None:
    reuse = Reuse(mark, 0, application_id, "seal_collection", 0.999, same_unit)
    assert found(NEW, reuse) == [("seal.reused", mark)]


@pytest.mark.parametrize("mark", ["signature_collection", "signature_declaration"])
def test_a_signature_seen_before_is_pasted(mark: str) -> None:
    assert found(LEGAL, Reuse(mark, 0, "A2", mark, 0.995)) == [("signature.reused", mark)]


def test_what_is_merely_alike_is_no_reuse() -> None:
    alike = Reuse("seal_collection", 0, "A2", "seal_collection", 0.98)
    assert found(NEW, alike) == []


def test_two_on_one_sheet_that_are_alike_as_one_hand_stamps_are_no_reuse() -> None:
    one, pasted = (Reuse("seal_declaration", 0, "", "seal_collection", v, True, True) for v in (0.993, 0.998))
    assert found(NEW, one) == []
    assert found(NEW, pasted) == [("seal.reused", "seal_declaration")]


def test_seals_that_share_no_more_than_their_die_are_no_reuse() -> None:
    for mark, page in (("seal_collection", 0), ("material_seal", CARD)):
        apart, pasted = (Reuse(mark, page, "A2", "seal_collection", 0.998, in_common=v) for v in (0.5, 0.95))
        assert found(NEW, apart) == []
        assert len(found(NEW, pasted)) == 1


def test_on_one_sheet_less_of_their_own_ink_tells_two_that_are_more_alike() -> None:
    def pair(likeness: float, in_common: float) -> Reuse:
        return Reuse("seal_declaration", 0, "", "seal_collection", likeness, True, True, in_common)

    assert found(NEW, pair(0.997, 0.6)) == [("seal.reused", "seal_declaration")]
    assert found(NEW, pair(0.993, 0.6)) == found(NEW, pair(0.997, 0.3)) == []


def test_signatures_of_the_authorization_are_not_compared() -> None:
    assert found(NEW, Reuse("signature_agent", 0, "A2", "signature_agent", 0.999)) == []


@pytest.mark.parametrize("mark", ["material_seal", "identity_card"])
def test_a_copy_handed_in_for_another_unit(mark: str) -> None:
    where = [where for code, where in found(NEW, Reuse(mark, CARD, "A2", mark, 0.999)) if code == "material.reused"]
    assert len(where) == 1
    assert where[0].startswith("identity_card")


def test_a_copy_is_named_once_whatever_was_seen_of_it() -> None:
    both = (Reuse("material_seal", CARD, "A2", "material_seal", 0.999), Reuse("identity_card", CARD, "A2", "x", 0.999))
    assert [code for code, _ in found(NEW, *both)] == ["material.reused"]


def test_copies_may_be_shared_within_one_unit() -> None:
    assert found(NEW, Reuse("material_seal", CARD, "A2", "material_seal", 0.999, same_unit=True)) == []
