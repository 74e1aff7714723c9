"""The records of the catalogue: one per table of its TOML files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from yinjian.catalogue.layout import Row, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a fact comes from and when it holds.

    `sentence` is the document's own sentence; `assumed` facts had to be decided because no sentence says so, `invented`
    ones stand for something a document names but does not give. `valid_to` is the last day, None while it holds.
    """

    source: str
    sentence: str
    valid_from: date
    valid_to: date | None = None
    assumed: bool = False
    invented: bool = False

    def holds(self, on: date | None) -> bool:
        """Whether the fact holds on a day; None asks for what is in force without an end."""
        if on is None:
            return self.valid_to is None
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Entry):
    """A form of the CA: its title, its table, and which agreement follows it."""

    id: str
    title: str
    agreement: str
    rows: tuple[Row, ...]

    def slots(self) -> Iterator[Slot]:
        """In reading order."""
        return (slot for row in self.rows for slot in row.slots())


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform(Entry):
    """A platform that certificates are for. `register_only`: known from the register, no applications."""

    id: str
    name: str
    register_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeClause(Entry):
    """The agreement's clause about fees and validity on one platform."""

    platform: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Entry):
    """The agreement behind a form. Its words are the common ones with its own preamble, fee clause and closing."""

    id: str
    preamble: str
    closing: str
    fees: tuple[FeeClause, ...]
