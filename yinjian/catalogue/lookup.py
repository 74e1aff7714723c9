"""The catalogue and the questions it answers.

Facts change with time: `on` is the day they are asked for; without a day it is those in force without an end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol, TypeVar

from yinjian.catalogue.layout import SlotKind
from yinjian.catalogue.model import (
    Agreement,
    Business,
    Certificate,
    Fee,
    FeeEntry,
    FieldInfo,
    Form,
    Material,
    Offer,
    Platform,
    Remedy,
    RequiredMark,
    Rule,
    Step,
)
from yinjian.errors import CatalogueError


class Named(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=Named)
Dealt = TypeVar("Dealt", Offer, FeeEntry)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All business facts. `version` is a short hash of the files' content."""

    version: str
    platforms: tuple[Platform, ...]
    businesses: tuple[Business, ...]
    certificates: tuple[Certificate, ...]
    fields: tuple[FieldInfo, ...]
    forms: tuple[Form, ...]
    offers: tuple[Offer, ...]
    materials_asked: tuple[Material, ...]
    fees: tuple[FeeEntry, ...]
    common_agreement: tuple[str, ...]
    agreements: tuple[Agreement, ...]
    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]
    remedies: tuple[Remedy, ...]

    def platform(self, platform_id: str) -> Platform:
        """Raises CatalogueError when there is none; so do all that look up an id."""
        return _only(self.platforms, platform_id, "platform")

    def business(self, business_id: str) -> Business:
        return _only(self.businesses, business_id, "business")

    def certificate(self, certificate_id: str) -> Certificate:
        return _only(self.certificates, certificate_id, "certificate")

    def field(self, field_id: str) -> FieldInfo:
        """Of a form, a licence, or an identity card, the card's without the role."""
        return _only(self.fields, field_id, "field")

    def form(self, form_id: str) -> Form:
        return _only(self.forms, form_id, "form")

    def rule(self, rule_id: str) -> Rule:
        return _only(self.rules, rule_id, "rule")

    def remedy(self, code: str) -> Remedy:
        """What an applicant is told of a finding."""
        found = next((remedy for remedy in self.remedies if remedy.code == code), None)
        if found is None:
            raise CatalogueError(f"the catalogue has no remedy for {code!r}.", "Add it to remedies.toml.")
        return found

    def offer(self, platform: str, certificate: str, business: str, on: date | None = None) -> Offer | None:
        """What the platform offers, None when it does not."""
        return next(iter(self._about(self.offers, platform, certificate, business, on)), None)

    def form_for(self, platform: str, certificate: str, business: str, on: date | None = None) -> str | None:
        """The form's id, None when it is not offered or needs no form (`offer` tells which)."""
        offer = self.offer(platform, certificate, business, on)
        return (offer.form or None) if offer else None

    def certificates_of(self, form: str, unit_category: str = "", platform: str = "") -> tuple[str, ...]:
        """The certificates that a form may be for; an empty category or platform narrows nothing down."""
        offered = {c for o in self.offers if o.form == form and platform in ("", o.platform) for c in o.certificates}
        return tuple(
            c.id
            for c in self.certificates
            if c.id in offered and (not unit_category or not c.unit_categories or unit_category in c.unit_categories)
        )

    def platforms_of(self, form: str) -> tuple[Platform, ...]:
        """The platforms that have a form."""
        offering = {o.platform for o in self.offers if o.form == form}
        return tuple(p for p in self.platforms if p.id in offering)

    def required_fields(self, form: str) -> tuple[str, ...]:
        """The field ids of a form in reading order; `project_name` is the platform's name in the first row."""
        ids = (
            "project_name" if s.kind is SlotKind.PLATFORM else s.id for s in self.form(form).slots() if _filled(s.kind)
        )
        return tuple(dict.fromkeys(ids))

    def required_marks(
        self, form: str, business: str | None = None, on: date | None = None
    ) -> tuple[RequiredMark, ...]:
        """The marks that a form asks for; all of them when the business is not known."""
        marks = self.form(form).marks
        return tuple(m for m in marks if m.holds(on) and (not m.businesses or business in (None, *m.businesses)))

    def materials(self, platform: str, certificate: str, business: str, on: date | None = None) -> tuple[Material, ...]:
        """The papers asked for besides form and agreement. Empty where the documents state none: a person looks."""
        return tuple(
            replace(m, assumed=True) if business in m.assumed_for else m
            for m in self.materials_asked
            if m.platform == platform and certificate in m.certificates and m.holds(on)
            if business in m.businesses + m.assumed_for
        )

    def fee(self, platform: str, certificate: str, business: str, year: int, on: date | None = None) -> Fee:
        """What a year costs; `year` counts from 1, the first. Raises CatalogueError for what is not offered."""
        entry = next(iter(self._about(self.fees, platform, certificate, business, on)), None)
        if entry is None:
            raise CatalogueError(
                f"no fee entry for {certificate} {business} on {platform}.", "Choose what that platform offers."
            )
        amount = entry.first if year <= 1 else entry.later
        return Fee(amount if isinstance(amount, int) else None, entry.sentence, entry.assumed)

    def agreement(self, form: str, platform: str, on: date | None = None) -> tuple[str, ...]:
        """The paragraphs of the agreement behind a form, the title first."""
        text = _only(self.agreements, self.form(form).agreement, "agreement")
        clause = next((c.text for c in text.fees if c.platform == platform and c.holds(on)), None)
        if clause is None:
            raise CatalogueError(f"{platform} has no form {form}.", "Choose a platform that has this form.")
        words = {"{preamble}": text.preamble, "{fees}": clause, "{closing}": text.closing}
        return tuple(words.get(paragraph, paragraph) for paragraph in self.common_agreement)

    def _about(
        self, entries: Iterable[Dealt], platform: str, certificate: str, business: str, on: date | None
    ) -> Iterable[Dealt]:
        return (
            e
            for e in entries
            if e.platform == platform and certificate in e.certificates and business in e.businesses and e.holds(on)
        )


def _filled(kind: SlotKind) -> bool:
    return kind in (SlotKind.FIELD, SlotKind.DATE, SlotKind.PLATFORM)


def _only(entries: tuple[N, ...], entry_id: str, what: str) -> N:
    found = next((entry for entry in entries if entry.id == entry_id), None)
    if found is None:
        known = ", ".join(entry.id for entry in entries)
        raise CatalogueError(f"the catalogue has no {what} {entry_id!r}.", f"Choose one of: {known}.")
    return found
