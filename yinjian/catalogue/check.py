"""Entries that name one another must agree; a fee of 0 must be said in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from yinjian.catalogue.layout import SlotKind
from yinjian.catalogue.lookup import Catalogue
from yinjian.errors import CatalogueError
from yinjian.findings import CODES

NOT_STATED = "not_stated"


def check(catalogue: Catalogue) -> None:
    """Raises CatalogueError for the first entry that names what does not exist, or contradicts another."""
    for problem in _problems(catalogue):
        raise CatalogueError(problem, "Correct the catalogue file and try again.")


def _problems(c: Catalogue) -> Iterator[str]:
    for name in ("platforms", "businesses", "certificates", "fields", "forms", "agreements", "rules"):
        ids = Counter(entry.id for entry in getattr(c, name))
        yield from (f"{name}: {entry_id!r} is there {n} times." for entry_id, n in ids.items() if n > 1)
    yield from _names(c)
    yield from _forms(c)
    yield from _fees(c)
    yield from _remedies(c)


def _names(c: Catalogue) -> Iterator[str]:
    platforms, certificates, businesses = (
        {e.id for e in group} for group in (c.platforms, c.certificates, c.businesses)
    )
    for name in ("offers", "materials_asked", "fees"):
        for i, entry in enumerate(getattr(c, name)):
            where = f"{name.removesuffix('_asked')}.toml: {name.removesuffix('_asked')}[{i}]"
            yield from _unknown(f"{where}.platform", {entry.platform}, platforms)
            yield from _unknown(f"{where}.certificates", entry.certificates, certificates)
            yield from _unknown(f"{where}.businesses", entry.businesses, businesses)
    for i, offer in enumerate(c.offers):
        yield from _unknown(f"offers.toml: offers[{i}].form", {offer.form} - {""}, {f.id for f in c.forms})


def _forms(c: Catalogue) -> Iterator[str]:
    fields, businesses = {f.id for f in c.fields}, {b.id for b in c.businesses}
    for form in c.forms:
        where = f"forms/{form.id}.toml: "
        yield from _unknown(f"{where}agreement", {form.agreement}, {a.id for a in c.agreements})
        named = {s.id for s in form.slots() if s.kind in (SlotKind.FIELD, SlotKind.DATE)}
        yield from _unknown(f"{where}rows", named, fields)
        places = {s.id for s in form.slots() if s.kind in (SlotKind.SIGNATURE, SlotKind.SEAL, SlotKind.COLLECTION)}
        yield from _unknown(f"{where}marks", {m.id for m in form.marks} ^ places, set())
        for mark in form.marks:
            yield from _unknown(f"{where}marks.{mark.id}.businesses", mark.businesses, businesses)


def _fees(c: Catalogue) -> Iterator[str]:
    for i, fee in enumerate(c.fees):
        for amount in (fee.first, fee.later):
            if isinstance(amount, str) and amount != NOT_STATED:
                yield f"fees.toml: fees[{i}]: {amount!r} is neither a number nor {NOT_STATED!r}."
            if amount == 0 and "免费" not in fee.sentence:
                yield f"fees.toml: fees[{i}]: 0, but its sentence does not say 免费."


def _remedies(c: Catalogue) -> Iterator[str]:
    """Each finding code once, with what is wrong and what to do, or with neither."""
    codes = Counter(remedy.code for remedy in c.remedies)
    yield from (f"remedies.toml: {code!r} is there {n} times." for code, n in codes.items() if n > 1)
    yield from (f"remedies.toml: {code!r} is missing or unknown." for code in sorted(codes.keys() ^ CODES.keys()))
    for remedy in c.remedies:
        if bool(remedy.wrong) != bool(remedy.remedy):
            yield f"remedies.toml: {remedy.code!r} says only half of it."


def _unknown(where: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    return (f"{where}: {name!r} is not known." for name in names if name not in known)
