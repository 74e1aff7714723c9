"""The catalogue: every sentence stands in its document, every question has the documents' answer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path

import pytest

from yinjian.catalogue import catalogue, load
from yinjian.catalogue.load import HERE
from yinjian.catalogue.model import Entry
from yinjian.errors import CatalogueError

DOCUMENTS = {
    name: re.sub(r"\s", "", (Path(__file__).parents[1] / "data" / "reference" / f"{name}.txt").read_text("utf-8"))
    for name in ("hpe", "ggzy")
}


def entries(value: object) -> Iterator[Entry]:
    """Every entry below a record."""
    if isinstance(value, Entry):
        yield value
    if isinstance(value, tuple):
        for item in value:
            yield from entries(item)
    elif is_dataclass(value):
        for f in fields(value):
            yield from entries(getattr(value, f.name))


def test_every_sentence_stands_in_its_document() -> None:
    found = tuple(entries(catalogue()))
    assert len(found) > 200
    for entry in found:
        document = DOCUMENTS[entry.source.partition(":")[0]]
        assert re.sub(r"\s", "", entry.sentence) in document, entry
        assert entry.valid_from <= date.today()


@pytest.mark.parametrize(
    ("platform", "certificate", "business", "year", "amount"),
    [
        ("hpe", "enterprise", "new", 1, 360),
        ("hpe", "enterprise", "new", 2, 300),
        ("hpe", "legal_person", "renew", 2, 80),
        ("hpe", "authorized_rep", "new", 1, 140),
        ("hpe", "expert", "new", 1, 100),
        ("hpe", "expert", "renew", 3, 60),
        ("hpe", "bidding_agency", "new", 1, 360),
        ("ggzy", "purchaser", "new", 1, 360),
        ("ggzy", "legal_person", "new", 1, 200),
        ("ggzy", "medical", "renew", 2, 200),
        ("ggzy", "enterprise_secondary", "new", 1, 200),
        ("ggzy", "expert", "revoke", 1, 0),
        ("hpe", "enterprise", "revoke", 1, None),
        ("hpe", "enterprise", "secondary", 1, None),
        ("ggzy", "enterprise", "replace", 1, None),
        ("ggzy", "enterprise", "bind", 1, None),
    ],
)
def test_fees(platform: str, certificate: str, business: str, year: int, amount: int | None) -> None:
    assert catalogue().fee(platform, certificate, business, year).amount == amount


def test_every_offer_has_a_fee_entry() -> None:
    known = catalogue()
    for offer in known.offers:
        for certificate in offer.certificates:
            for business in offer.businesses:
                known.fee(offer.platform, certificate, business, 1)


@pytest.mark.parametrize(
    ("platform", "certificate", "business", "form"),
    [
        ("hpe", "enterprise", "secondary", "enterprise"),
        ("ggzy", "enterprise", "secondary", None),
        ("ggzy", "enterprise_secondary", "new", "enterprise_secondary"),
        ("hpe", "purchaser", "new", "enterprise"),
        ("hpe", "expert", "revoke", None),
        ("ggzy", "bidding_agency", "new", None),
        ("hpe", "medical", "new", None),
        ("hpe", "enterprise", "unlock", None),
    ],
)
def test_forms_of_businesses(platform: str, certificate: str, business: str, form: str | None) -> None:
    assert catalogue().form_for(platform, certificate, business) == form


def test_a_business_without_a_form_says_what_it_needs() -> None:
    for offer in catalogue().offers:
        assert bool(offer.form) != bool(offer.needs)


@pytest.mark.parametrize(
    ("form", "category", "certificates"),
    [
        ("enterprise", "采购单位", ("purchaser",)),
        ("enterprise", "投标单位", ("enterprise",)),
        ("enterprise", "", ("enterprise", "purchaser")),
        ("bidding_agency", "招标代理机构", ("bidding_agency",)),
        ("expert", "", ("expert",)),
    ],
)
def test_the_unit_category_tells_the_certificate(form: str, category: str, certificates: tuple[str, ...]) -> None:
    assert catalogue().certificates_of(form, category, "hpe") == certificates


@pytest.mark.parametrize(
    ("business", "asked"), [("new", True), ("renew", True), ("secondary", False), ("revoke", False)]
)
def test_a_seal_is_collected_only_where_one_is_made(business: str, asked: bool) -> None:
    marks = {mark.id for mark in catalogue().required_marks("enterprise", business)}
    assert ("seal_collection" in marks) == asked
    assert {"seal_declaration", "signature_agent", "signature_legal_person"} <= marks


def test_an_expert_form_bears_no_seal() -> None:
    assert "seal_declaration" not in {mark.id for mark in catalogue().required_marks("expert")}


@pytest.mark.parametrize(
    ("platform", "certificate", "roles"),
    [
        ("hpe", "enterprise", {"", "legal_person", "agent"}),
        ("hpe", "authorized_rep", {"", "legal_person", "authorized_rep"}),
        ("ggzy", "authorized_rep", {"", "authorized_rep"}),
        ("hpe", "purchaser", {"", "agent"}),
        ("ggzy", "purchaser", {"", "legal_person", "agent"}),
        ("hpe", "expert", {"expert", "agent"}),
        ("ggzy", "expert", {"expert"}),
        ("ggzy", "medical", set()),
    ],
)
def test_materials(platform: str, certificate: str, roles: set[str]) -> None:
    new = catalogue().materials(platform, certificate, "new")
    assert {m.role for m in new} == roles
    assert not any(m.assumed for m in new)
    assert all(m.assumed for m in catalogue().materials(platform, certificate, "renew"))


def test_only_the_experts_card_on_ggzy_is_unsealed() -> None:
    unsealed = {(m.platform, m.role) for m in catalogue().materials_asked if not m.sealed and m.role}
    assert unsealed == {("ggzy", "expert")}


def test_agreements_differ_where_the_documents_do() -> None:
    known = catalogue()
    unit, expert = known.agreement("enterprise", "hpe"), known.agreement("expert", "hpe")
    assert [i for i, (a, b) in enumerate(zip(unit, expert, strict=True)) if a != b] == [1, 20, 23]
    assert "签名即表明" in expert[-1] and "签名盖章即表明" in unit[-1]
    assert "200元" in known.agreement("expert", "ggzy")[20]


def edited(directory: Path, name: str, old: str, new: str) -> Path:
    shutil.copytree(HERE, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = directory / name
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    return directory


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("fees.toml", "first = 360", "frist = 360", "fees.toml: fees[0].frist"),
        ("fees.toml", "first = 360\n", "", "fees.toml: fees[0].first"),
        ("fees.toml", "first = 360", "first = 3.6", "fees.toml: fees[0].first"),
        ("fees.toml", "first = 360", "first = 0", "fees[0]"),
        ("fees.toml", "first = 360", 'first = "free"', "fees[0]"),
        ("offers.toml", '"enterprise"', '"enterprize"', "offers[0].certificates"),
        ("offers.toml", "[[offers]]", "x = 1\n[[offers]]", "offers.toml: x"),
        ("forms/expert.toml", "{field:name}", "{feild:name}", "forms/expert.toml: .rows[2].cells[0].lines[0]"),
        ("forms/expert.toml", "{field:name}", "{field:nam}", "'nam'"),
        ("forms/expert.toml", 'title = "', "title = ", "expert.toml"),
        ("platforms.toml", "valid_from = 2021-01-01", 'valid_from = "2021"', "platforms.toml: platforms[0].valid_from"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(tmp_path: Path, name: str, old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(told)):
        load(edited(tmp_path, name, old, new))


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    assert load(edited(tmp_path / "a", "fees.toml", "", "")).version == catalogue().version
    assert load(edited(tmp_path / "b", "fees.toml", "360", "361")).version != catalogue().version


def test_entries_end_with_their_last_day(tmp_path: Path) -> None:
    ended = "valid_from = 2021-01-01\nvalid_to = 2026-12-31"
    known = load(edited(tmp_path, "fees.toml", "valid_from = 2021-01-01", ended))
    assert known.fee("hpe", "enterprise", "new", 1, date(2026, 12, 31)).amount == 360
    with pytest.raises(CatalogueError):
        known.fee("hpe", "enterprise", "new", 1, date(2027, 1, 1))
