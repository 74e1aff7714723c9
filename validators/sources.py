"""Who else says what a field says: the claim, other fields of the form, and the evidence (copies and seals).

The expected text of a doubtful reading may come from any of them, but one applicant's word is not enough: two must say
the same, and one of them must be evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from yinjian.records import MarkKind, Reading


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact and the fields that state it: of the form, and of the copies."""

    form: tuple[str, ...]
    copies: tuple[str, ...]
    sealed: bool = False  # the seals on the form state it too


_FACTS = (
    Fact(("unit_name",), ("licence_unit_name",), sealed=True),
    Fact(("uscc",), ("licence_uscc",)),
    Fact(("address",), ("licence_address",)),
    Fact(("legal_person_name",), ("licence_legal_person", "legal_person.id_name")),
    Fact(("agent_name", "authorization_agent_name"), ("agent.id_name",)),
    Fact(("authorization_agent_id",), ("agent.id_number",)),
)


def fact_of(field_id: str, certificate: str | None) -> Fact | None:
    """The fact that a field states."""
    return next((f for f in (*_principal(certificate), *_FACTS) if field_id in f.form + f.copies), None)


def _principal(certificate: str | None) -> tuple[Fact, ...]:
    """Whom a personal certificate names; principals' roles are named as their certificates are."""
    licence = ("licence_legal_person",) if certificate == "legal_person" else ()
    name = Fact(("applicant_name", "name"), (f"{certificate}.id_name", *licence))
    return name, Fact(("applicant_id", "id_number"), (f"{certificate}.id_number",))


def rings(reading: Reading) -> Iterator[str]:
    """What all seals say, those on copies too."""
    return (mark.ring_text for mark in reading.marks if mark.kind is MarkKind.SEAL and mark.ring_text)


def form_rings(reading: Reading) -> Iterator[str]:
    """What the seals on the form say."""
    for mark in reading.marks:
        if mark.kind is MarkKind.SEAL and mark.id != "material_seal" and mark.ring_text:
            yield mark.ring_text
