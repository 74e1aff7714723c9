"""Whether an expected text stands where another was read, by what the recogniser saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.validators.builder import application, claim, doubtful, field, found, lattice, with_field
from validators.compare import lattice_agrees, margin_over

MARGIN = -4.0
NAME = "哈尔滨云杉软件有限公司"


@pytest.mark.parametrize("cut", range(1, len(NAME)))
def test_a_text_over_two_lines_is_held_against_both_wherever_it_breaks(cut: int) -> None:
    seen = NAME.replace("云", "去")
    at, lines = seen.index("去"), (seen[:cut], seen[cut:])
    lattices = tuple(
        doubtful(line, at - start, "云") if start <= at < start + len(line) else lattice(line)
        for line, start in zip(lines, (0, cut), strict=True)
    )
    read = replace(field("unit_name", seen), lattices=lattices)
    assert lattice_agrees(read, NAME, MARGIN)
    assert not lattice_agrees(read, NAME.replace("软件", "硬件"), MARGIN)
    assert not lattice_agrees(read, NAME + "厂", MARGIN)
    assert not lattice_agrees(replace(read, corrected_by="li"), NAME, MARGIN)


def test_what_was_read_loses_nothing() -> None:
    assert margin_over((lattice("哈尔滨"), lattice("云杉"), lattice("软件")), "哈尔滨云杉软件") == pytest.approx(0.0)


def test_what_is_not_known_is_the_same_as_nothing() -> None:
    """Two characters that are in no alphabet may be two: a certificate names nobody by 〓."""
    paper = application()
    for field_id in ("legal_person_name", "licence_legal_person", "legal_person.id_name"):
        paper = with_field(paper, field_id, "贺〓舟", confidence=0.0)
    assert ("field.unclear", "legal_person_name") in found(paper)
    assert ("field.inconsistent", "legal_person_name") in found(paper, claim(paper, legal_person_name="贺〓舟"))
