"""From a certificate's fields back to the pixels, the rules and the people."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from pipeline import orders, provenance
from pipeline.approvals import Word
from pipeline.approvals import rule as decide
from pipeline.cli.tracing import show_trace
from pipeline.issue import issue_all
from pipeline.review import corrections
from pipeline.review.corrections import Place
from pipeline.review.revise import Act, revise
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.store.tables import Application
from tests.pipeline.flow import approved_case, finished_case, settle_all
from tests.pipeline.papers import code_of
from tests.validators import builder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import InputError
from yinjian.records import Reading
from yinjian.settings import Settings


@pytest.fixture
def settings(with_ca: Settings) -> Settings:
    return with_ca


def issued(store: Store, settings: Settings, name: str = "clean-1") -> CertificateRow:
    approved_case(store, settings, name)
    issue_all(store, settings, "iss")
    with store.reading() as session:
        return session.scalars(select(CertificateRow)).one()


def test_each_field_leads_to_where_it_was_read_and_to_the_rules(store: Store, settings: Settings) -> None:
    row = issued(store, settings)
    with store.reading() as session:
        found = provenance.provenance(store, session, row)
    by_field = {origin.field: origin for origin in found.origins}
    assert set(by_field) == {"unit_name", "uscc"}
    name, code = by_field["unit_name"], by_field["uscc"]
    assert (name.value, code.value) == (builder.UNIT, code_of(1))
    assert name.attributes == ("O", "CN") and code.attributes == ("1.2.156.10260.4.1.4",)
    assert {"unit_name", "licence_unit_name", "seal_collection"} <= {place.where for place in name.places}
    assert [place.where for place in code.places] == ["uscc", "licence_uscc"]
    rules = {rule.rule for rule in code.rules}
    assert {"unit_code_valid", "copies_bear_out_form"} <= rules and all(rule.holds for rule in code.rules)
    told = "\n".join(provenance.lines(found))
    assert "confidence 0.99" in told and "page 1" in told and "holds" in told


def test_who_corrected_a_field_is_named(store: Store, settings: Settings) -> None:
    id = finished_case(store, "faulty-1", settings)

    def change(reading: Reading) -> corrections.Correction:
        return corrections.correct(reading, catalogue(), "uscc", code_of(1), "rev", Place())

    revise(store, Act(id, "rev", "见申请表"), catalogue(), change)
    settle_all(store, id, "rev", "both")
    with store.writing() as session:
        decide(store, session, session.get_one(Application, id), Word(Ruling.APPROVE, "rev", "核实"), catalogue())
        orders.pay(session, id, orders.Method.ONLINE, "iss")
    issue_all(store, settings, "iss")
    with store.reading() as session:
        found = provenance.provenance(store, session, session.scalars(select(CertificateRow)).one())
    assert any("corrected by rev" in line for line in provenance.lines(found))


def test_trace_prints_it(store: Store, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    row = issued(store, settings)
    show_trace(store, settings, row.serial, None)
    told = capsys.readouterr().out
    assert (
        "field        unit_name" in told and "pixels     licence_uscc" in told and "rule       unit_code_valid" in told
    )


def test_the_pictures_are_of_the_places(store: Store, settings: Settings, tmp_path: Path) -> None:
    row = issued(store, settings)
    with store.reading() as session:
        found = provenance.provenance(store, session, row)
    pages = []
    for number, _ in enumerate(found.reading.pages):
        page = np.full((1000, 800, 3), 255, np.uint8)
        x0, y0, x1, y1 = builder.BOX.as_tuple()
        page[int(y0 * 1000) : int(y1 * 1000), int(x0 * 800) : int(x1 * 800)] = 10 * number
        pages.append(page)
    written = provenance.write_crops(found, tuple(pages), tmp_path / "crops")
    assert len(written) == sum(len(origin.places) for origin in found.origins)
    for path, place in zip(written, (p for origin in found.origins for p in origin.places), strict=True):
        picture = np.asarray(Image.open(path))
        middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
        assert (middle == 10 * place.page).all() and (picture[0, 0] == 255).all()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        provenance.write_crops(found, tuple(pages), tmp_path / "file")
