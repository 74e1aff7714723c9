"""The blind sample: which, what people see of it, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from pipeline import quality
from pipeline.approvals import Word, rule
from pipeline.cases import summary
from pipeline.cli.casework import show_queue
from pipeline.cli.reviewing import show_quality
from pipeline.cli.showing import show_case
from pipeline.drawing import draw
from pipeline.review import corrections
from pipeline.review.corrections import Place
from pipeline.review.letter import draft, send_back
from pipeline.review.revise import Act, revise
from pipeline.states import State
from pipeline.store.store import Store, new_id, open_store
from pipeline.store.tables import Application, Event, SampleRow
from pipeline.users import Role, add_user
from tests.conftest import prepared
from tests.pipeline.flow import PLAIN, finished_case
from tests.pipeline.records import a_reading, a_verdict
from tests.validators import builder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, Refused, SettingsError
from yinjian.settings import Settings

KNOWN = catalogue()
ALL = replace(PLAIN, sample_share=1.0)


@pytest.fixture
def store(store: Store) -> Store:
    with store.writing() as session:
        add_user(session, "li", (Role.REVIEWER,))
    return store


def sampled(store: Store, name: str = "clean-1") -> str:
    return finished_case(store, name, ALL)


def approve(store: Store, id: str, ruling: Ruling = Ruling.APPROVE) -> None:
    with store.writing() as session:
        rule(store, session, session.get_one(Application, id), Word(ruling, "li", "看过"), KNOWN)


def correct(store: Store, id: str, field: str, text: str) -> None:
    revise(store, Act(id, "li"), KNOWN, lambda r: corrections.correct(r, KNOWN, field, text, "li", Place()))


def outcomes(store: Store) -> list[tuple[str | None, str | None]]:
    with store.reading() as session:
        return [(row.outcome, row.differences) for row in session.scalars(select(SampleRow))]


def test_a_sample_waits_and_nothing_about_it_tells_that_it_passed(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    id = sampled(store)
    with store.reading() as session:
        found = summary(store, session, session.get_one(Application, id))
    assert (found.state, found.decision, found.findings, found.note) == (State.REVIEW, "review", (), quality.NOTE)
    show_queue(store, False, False)
    show_queue(store, False, True)
    show_case(store, id, False, False)
    said = capsys.readouterr().out
    assert quality.NOTE in said and "pass" not in said and "register.unavailable" not in said
    with pytest.raises(Refused, match="decided"):
        show_case(store, id, True, False)
    drawn = draw(a_reading(), None, (np.zeros((100, 70, 3), np.uint8),))
    told = draw(a_reading(), replace(a_verdict(), findings=()), (np.zeros((100, 70, 3), np.uint8),))
    assert drawn.height < told.height  # its decision is not above the pages
    with store.reading() as session:
        with pytest.raises(InputError, match="without the program's help"):
            draft(store, session, session.get_one(Application, id), "li", KNOWN)
        assert "pass" not in " ".join(e.detail for e in session.scalars(select(Event)))


def test_what_did_not_pass_is_no_sample(store: Store) -> None:
    finished_case(store, "faulty-1", ALL)
    assert outcomes(store) == []


def test_one_that_people_agree_with(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    id = sampled(store)
    approve(store, id)
    assert outcomes(store) == [("agreed", "")]
    show_case(store, id, False, False)
    assert "new: pass" in capsys.readouterr().out
    with store.reading() as session:
        assert not quality.is_blind(session, session.scalars(select(SampleRow.submission_id)).one())


@pytest.mark.parametrize(
    ("subject", "text"),
    [("agent_phone", "13904510003"), ("business.续费", "unclear"), ("licence_legal_person", "贺舟")],
)
def test_one_in_which_something_was_misread(store: Store, subject: str, text: str) -> None:
    id = sampled(store)
    correct(store, id, subject, text)
    with store.reading() as session:  # the reviewer has said so: the blind part is over
        assert summary(store, session, session.get_one(Application, id)).note == ""
    approve(store, id, Ruling.REJECT if subject != "agent_phone" else Ruling.APPROVE)
    ((outcome, found),) = outcomes(store)
    assert (outcome, found) == ("corrected" if subject == "agent_phone" else "rejected", subject)


def test_a_correction_that_was_taken_back_is_no_difference(store: Store) -> None:
    id = sampled(store)
    correct(store, id, "agent_phone", "13904510003")
    correct(store, id, "agent_phone", builder.TEXTS["agent_phone"])
    approve(store, id)
    assert outcomes(store) == [("agreed", "")]


def test_a_mark_that_says_something_else(store: Store) -> None:
    id = sampled(store)
    revise(store, Act(id, "li"), KNOWN, partial(corrections.ring_text, name="seal_declaration", text=builder.UNIT[:-1]))
    with store.writing() as session:
        send_back(store, session, session.get_one(Application, id), "li", "请重新盖章。", KNOWN)
    assert outcomes(store) == [("returned", "seal_declaration")]


def test_the_figure_has_its_n_and_interval(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    show_quality(store)
    assert "n 0  errors 0  -  95 % 0.00% to 100.00%  waiting 0" in capsys.readouterr().out
    ids = [sampled(store, f"clean-{n}") for n in range(4)]
    correct(store, ids[0], "agent_phone", "13904510003")
    for id in ids[:3]:
        approve(store, id)
    show_quality(store)
    said = capsys.readouterr().out
    # Wilson (1927) for 1 of 3: 6.15 % to 79.23 %
    assert "n 3  errors 1  33.33%  95 % 6.15% to 79.23%  waiting 1" in said and "agent_phone" in said


def test_the_choice_is_the_stores_own_repeatable_and_as_large_as_asked(store: Store, tmp_path: Path) -> None:
    other = open_store(prepared(tmp_path / "other"))
    ids = [new_id("S") for _ in range(4000)]
    ours, again, theirs = ([quality.is_chosen(s, id, 0.1) for id in ids] for s in (store, store, other))
    assert ours == again and 320 < sum(ours) < 480
    assert sum(a and b for a, b in zip(ours, theirs, strict=True)) < 80  # about 40 by chance


@pytest.mark.parametrize("text", ["-0.1", "1.5", "much", "nan"])
def test_a_share_is_from_0_to_1(text: str) -> None:
    with pytest.raises(SettingsError):
        Settings.from_environment({"YINJIAN_SAMPLE_SHARE": text})
    assert Settings.from_environment({"YINJIAN_SAMPLE_SHARE": "0"}).sample_share == 0.0
    assert Settings().sample_share == 0.01
    changed = replace(Settings(), sample_share=0.25)
    assert Settings.from_environment(changed.to_environment()) == changed
