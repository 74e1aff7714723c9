"""Searching for impressions: in a run and in the store."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.random import default_rng

from extractors.fingerprint import Plate, vector
from pipeline import work
from pipeline.impressions import (
    COPY,
    Impression,
    Index,
    Known,
    Printed,
    impressions,
    of_its_die,
    reuses,
    reuses_since,
    unit_of,
)
from pipeline.intake import submit
from pipeline.owner import owner
from pipeline.states import State
from pipeline.steps import Desk, process
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import Store
from pipeline.store.tables import Application, FingerprintRow, Submission
from pipeline.store.verdicts import latest_verdict, load_verdict
from samples.seals import make_seal, stamp
from tests.extractors.test_fingerprint import AGAIN, FIRST, UNIT, Scanned, even, scanned
from tests.pipeline.flow import PLAIN
from tests.pipeline.papers import AS_OF, Knows, folder
from yinjian.catalogue import catalogue
from yinjian.geometry import Box
from yinjian.records import Mark, MarkKind, PageKind, Reading, Reuse
from yinjian.settings import DEFAULTS

WHOLE = Box(0.0, 0.0, 1.0, 1.0)


@cache
def seal_plate(number: int, how: Scanned = FIRST) -> bytes:
    """The plate of one impression of the unit's seal; another number is another impression."""
    ink = stamp(make_seal(default_rng(1), UNIT, "round"), default_rng(100 + number)).ink
    return scanned(ink, how, default_rng(number)).to_bytes()


def printed(application: str, data: bytes, where: str = "seal_collection", kind: str = MarkKind.SEAL) -> Printed:
    seen = Plate.from_bytes(data)
    return Printed(Impression(application, "unit", kind, where, 0, data), seen, vector(seen))


def knowing(*found: Printed) -> Known:
    known = Known()
    for one in found:
        known.add(one.impression, one.vector)
    return known


def test_an_impression_of_another_application_is_found_when_scanned_again() -> None:
    (reuse,) = reuses((printed("b", seal_plate(1, AGAIN[1])),), knowing(printed("a", seal_plate(1))))
    assert (reuse.application, reuse.other, reuse.same_unit) == ("a", "seal_collection", True)
    assert reuse.likeness > 0.99


def test_another_impression_of_the_seal_is_no_reuse() -> None:
    found = reuses((printed("b", seal_plate(2)),), knowing(printed("a", seal_plate(1))))
    assert all(reuse.likeness < 0.989 for reuse in found)


def test_it_is_found_among_many_other_impressions_of_the_same_seal() -> None:
    """A unit's papers of some years: the vector alone does not tell them apart."""
    many = [printed(f"a{number}", seal_plate(number)) for number in range(1, 9)]
    for number in (1, 5, 8):
        (reuse,) = reuses((printed("b", seal_plate(number, AGAIN[1])),), knowing(*many))
        assert reuse.application == f"a{number}"
        assert reuse.likeness > 0.989


def test_an_applications_own_earlier_submission_does_not_count() -> None:
    assert reuses((printed("a", seal_plate(1, AGAIN[1])),), knowing(printed("a", seal_plate(1)))) == ()


def test_the_declared_seal_is_the_collected_one() -> None:
    twice = (printed("a", seal_plate(1)), printed("a", seal_plate(1, AGAIN[2]), "seal_declaration"))
    (reuse,) = reuses(twice, Known())
    assert (reuse.mark, reuse.application, reuse.other) == ("seal_declaration", "", "seal_collection")


def test_the_die_is_told_by_the_seals_that_say_the_same() -> None:
    """An authority's seal on a licence is another die's; a symbol may be misread."""
    said = (UNIT, UNIT[:-1], "哈尔滨市市场监督管理局", UNIT)
    where = ("seal_collection", "seal_declaration", "material_seal", "material_seal")
    found = tuple(
        replace(printed("a", seal_plate(n), place), text=text)
        for n, (text, place) in enumerate(zip(said, where, strict=True))
    )
    told = of_its_die(found[0], found, found[1])
    assert [plate is found[3].plate for plate in told] == [True]
    assert of_its_die(replace(found[0], text=""), found) == ()


def test_what_shares_its_own_ink_is_told_before_what_is_merely_more_alike() -> None:
    """Of an evenly inked die each impression is as like as a pasted one: what came since does not hide it."""
    rng = default_rng(31)
    own, *others = (scanned(even(UNIT, rng), FIRST, rng).to_bytes() for _ in range(4))
    where = ("seal_collection", "material_seal", "material_seal")
    found = tuple(
        replace(printed("b", data, place), text=UNIT) for data, place in zip((own, *others[:2]), where, strict=True)
    )
    pasted = Reuse("seal_collection", 0, "a1", "seal_collection", 0.99, True, in_common=0.95)
    came_since = knowing(printed("a2", others[2]))
    told = [r for r in reuses_since(found, came_since, (pasted,), 0) if r.mark == "seal_collection"]
    assert told == [pasted]


def test_kinds_are_not_mixed() -> None:
    signed = printed("b", seal_plate(1), "signature_collection", MarkKind.SIGNATURE)
    assert reuses((signed,), knowing(printed("a", seal_plate(1)))) == ()


def test_the_index_holds_more_than_its_first_room() -> None:
    index, rng = Index(), default_rng(3)
    vectors = rng.standard_normal((1000, 8), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for n, one in enumerate(vectors):
        index.add(Impression(str(n), "", COPY, "", 0, b""), one)
    assert len(index) == 1000
    assert next(iter(index.nearest(vectors[777], "asking"))).application == "777"
    assert all(entry.application != "777" for entry in index.nearest(vectors[777], "777"))


class Stamped(Knows):
    """Reads what the name says; `seal-3` bears the third impression of the unit's seal."""

    def read(self, application: str, scans) -> Reading:  # type: ignore[no-untyped-def]
        reading = super().read(f"clean-{application[-3:]}", scans)
        plates = {"seal_collection": seal_plate(int(application.split("-")[1]))}
        marks = tuple(replace(mark, fingerprint=plates.get(mark.id, b"")) for mark in reading.marks)
        return replace(reading, application=application, marks=marks)


def codes(store: Store, tmp_path: Path, name: str) -> tuple[str, list[str]]:
    """The state of an application that was taken in and worked on, and the codes that need a person."""
    receipt = submit(store, folder(tmp_path, name), "intake", replace(DEFAULTS, settle_seconds=0), AS_OF)
    desk = Desk(store, PLAIN, catalogue(), cache(Stamped), owner(), Remembered(store))
    assert work.claim(store, desk.owner, PLAIN) == receipt.submission
    process(desk, receipt.submission)
    with store.reading() as session:
        verdict = latest_verdict(session, receipt.submission)
        assert verdict is not None
        found = [f.code for f in load_verdict(store, session, verdict).findings if f.severity != "notes"]
        return session.get_one(Application, receipt.application).state, found


def test_the_store_remembers_every_impression(store: Store, tmp_path: Path) -> None:
    assert codes(store, tmp_path, "seal-1-101")[0] == State.APPROVED
    assert codes(store, tmp_path, "seal-2-102")[0] == State.APPROVED
    assert codes(store, tmp_path, "seal-1-103") == (State.REVIEW, ["seal.reused"])
    with store.reading() as session:
        rows = session.query(FingerprintRow).all()
        assert len(rows) == 3
        assert all(session.get(Application, row.application_id) for row in rows)
        assert session.query(Submission).count() == 3


def test_whose_an_application_is() -> None:
    reading = Knows().read("clean-7", ())
    assert unit_of(reading, None) == reading.text("uscc")
    assert impressions(reading, "a", "unit") == ()


def test_an_authoritys_seal_on_a_licence_is_not_compared_as_the_units_own() -> None:
    """It is often printed, so that the licences of strangers show the same picture of it."""
    reading = Knows().read("clean-7", ())
    licence = next(n for n, page in enumerate(reading.pages) if page.kind == PageKind.BUSINESS_LICENCE)
    name = reading.text("unit_name") or ""

    def compared(*texts: str) -> list[str]:
        marks = (
            Mark("material_seal", MarkKind.SEAL, licence, WHOLE, b"", ring_text=text, fingerprint=seal_plate(n))
            for n, text in enumerate(texts)
        )
        return [one.text for one in impressions(replace(reading, marks=tuple(marks)), "a", "unit")]

    assert compared("哈尔滨市道外区市场监督管理局", "哈尔滨市道外区市场监管局", name) == [name]
    assert compared(f"{name}2301024567890", "") == [f"{name}2301024567890", ""]
    emblem = Mark("material_seal", MarkKind.SEAL, licence, WHOLE, b"", size_mm=12.0, fingerprint=seal_plate(1))
    assert impressions(replace(reading, marks=(emblem,)), "a", "unit") == ()  # a card's
    own = replace(reading, fields=tuple(f for f in reading.fields if f.id not in ("unit_name", "licence_unit_name")))
    seen = Mark("material_seal", MarkKind.SEAL, licence, WHOLE, b"", ring_text="某局", fingerprint=seal_plate(1))
    assert len(impressions(replace(own, marks=(seen,)), "a", "unit")) == 1  # whose it is cannot be told


@pytest.mark.parametrize("field", ["uscc", "licence_uscc", "unit_name", "employer"])
def test_without_a_code_the_name_stands_for_the_unit(field: str) -> None:
    reading = Knows().read("clean-7", ())
    only = replace(reading, fields=tuple(f for f in reading.fields if f.id == field))
    assert bool(unit_of(only, None)) == bool(reading.text(field))
