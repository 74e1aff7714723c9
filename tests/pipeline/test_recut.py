"""A mark cut anew out of a sample's real page: opened, straightened, cut and judged as it was the first time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from pipeline import work
from pipeline.intake import submit
from pipeline.owner import owner
from pipeline.reading import new_reader
from pipeline.review.marks import new_cutter, recut_mark
from pipeline.review.revise import Act
from pipeline.steps import Desk, process
from pipeline.store.fingerprints import Remembered
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store
from pipeline.users import Role, add_user
from pipeline.worker import attempt
from tests.conftest import prepared
from tests.pipeline.flow import left
from yinjian.catalogue import catalogue
from yinjian.errors import InputError
from yinjian.geometry import Box
from yinjian.records import Mark, Reading
from yinjian.settings import Settings

SAMPLE = Path(__file__).parents[2] / "samples" / "applications" / "a02"  # its collected seal lies over a line
KNOWN = catalogue()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(prepared(tmp_path), threads=2)


def latest(store: Store, submission: str) -> Reading:
    with store.reading() as session:
        row = latest_reading(session, submission)
    assert row is not None
    return load_reading(store, row)


def mark(reading: Reading, mark_id: str) -> Mark:
    found = reading.mark(mark_id)
    assert found is not None
    return found


def test_marks_of_a_real_page_are_cut_anew(store: Store, settings: Settings) -> None:
    receipt = submit(store, SAMPLE, "intake", settings, date(2026, 11, 30))
    place = Desk(store, settings, KNOWN, cache(lambda: new_reader(settings)), owner(), Remembered(store))
    assert work.claim(store, place.owner, settings) == receipt.submission
    attempt(place, process, receipt.submission)
    with store.writing() as session:
        add_user(session, "li", (Role.REVIEWER,))
    before, id, cutter = latest(store, receipt.submission), receipt.application, cache(new_cutter)
    act = Act(id, "li")

    box = mark(before, "seal_collection").box
    wider = Box(box.x0 - 0.01, box.y0 - 0.01, box.x1 + 0.01, box.y1 + 0.01)
    recut_mark(store, act, KNOWN, "seal_collection", 0, wider, settings, cutter)
    seal = mark(latest(store, receipt.submission), "seal_collection")
    assert seal == mark(before, "seal_collection")  # the same pixels, cut and judged in the same way
    assert ("seal.overlaps_line", "seal_collection") in [(f.code, f.where) for f in left(store, id)]

    box = mark(before, "signature_agent").box
    recut_mark(store, act, KNOWN, "signature_agent", 0, box, settings, cutter)
    signature = mark(latest(store, receipt.submission), "signature_agent")
    assert signature.image and signature.box.x0 == pytest.approx(box.x0, abs=0.01)

    for name, page, frame in (
        ("seal_collection", 0, Box(0.45, 0.97, 0.5, 0.99)),  # blank
        ("seal_collection", 1, wider),  # the agreement
        ("seal_collection", 77, wider),
        ("material_seal", 0, wider),  # of the form
        ("seal_nowhere", 0, wider),
    ):
        with pytest.raises(InputError):
            recut_mark(store, act, KNOWN, name, page, frame, settings, cutter)
    with store.reading() as session:
        row = latest_reading(session, receipt.submission)
        assert row is not None and row.number == 3
