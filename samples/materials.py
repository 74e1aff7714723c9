"""Copies of documents on A4: business licences, certificates of public institutions, identity cards."""
from __future__ import annotations

from numpy.random import Generator

from samples.paper import Sheet
from samples.people import Company, Person


def licence_sheet(company: Company, dpi: int, rng: Generator) -> Sheet:
    return Sheet.blank(dpi, "business_licence")


def card_sheet(person: Person, role: str, side: str, dpi: int, rng: Generator) -> Sheet:
    return Sheet.blank(dpi, "identity_card", role, side)
