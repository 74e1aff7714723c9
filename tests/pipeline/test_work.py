"""Working on what waits: each once, whatever crashes or is killed, and nobody's data in what is said about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline import leases, work
from pipeline.clock import now
from pipeline.crew import Crew
from pipeline.ingest import finish
from pipeline.intake import submit
from pipeline.leases import LeaseLost, Taken
from pipeline.owner import is_dead, owner
from pipeline.states import State, Work, move
from pipeline.steps import judge, process, read
from pipeline.store.store import Store
from pipeline.store.tables import Application, ApprovalRow, Event, Lease, ReadingRow, Submission, VerdictRow
from tests.pipeline.flow import desk, finished_case, work_all
from tests.pipeline.papers import AS_OF, SECRETS, folder
from validators.policy import POLICY
from yinjian.errors import Refused
from yinjian.settings import Settings

KNOWING = "tests.pipeline.papers"


def state(store: Store, application: str) -> str:
    with store.reading() as session:
        return session.get_one(Application, application).state


def test_what_passes_is_approved_and_what_does_not_waits(store: Store, settings: Settings) -> None:
    assert state(store, finished_case(store, "clean-1", settings)) == State.APPROVED
    assert state(store, finished_case(store, "faulty-1", settings)) == State.REVIEW
    with store.reading() as session:
        assert [row.actor for row in session.scalars(select(ApprovalRow))] == [f"system:{POLICY.version}"]
        assert session.scalars(select(Lease)).all() == []


def test_every_step_is_done_once(store: Store, settings: Settings, tmp_path: Path) -> None:
    receipt = submit(store, folder(tmp_path, "clean-1"), "intake", settings, AS_OF)
    place = desk(store, settings)
    assert work.claim(store, place.owner, settings) == receipt.submission
    for step in (read, read, judge, judge):
        step(place, receipt.submission)
    process(place, receipt.submission)
    process(place, receipt.submission)
    with store.reading() as session:
        for table in (ReadingRow, VerdictRow, ApprovalRow):
            assert len(session.scalars(select(table)).all()) == 1
        actions = session.scalars(select(Event.action)).all()
        assert sorted(actions) == ["approved", "judged", "ordered", "read", "submitted"]


def test_one_that_fails_is_tried_three_times_and_set_aside_with_words(store: Store, settings: Settings) -> None:
    application = finished_case(store, "crashes-1", settings)
    with store.reading() as session:
        submission = session.scalars(select(Submission)).one()
        events = " ".join(f"{e.action} {e.detail}" for e in session.scalars(select(Event)))
        trace = store.vault.open("submissions.trace", submission.trace_sealed or b"")
    assert (submission.attempts, submission.work, state(store, application)) == (3, Work.SET_ASIDE, State.SET_ASIDE)
    assert "ValueError" in (submission.fault or "") and "try 3 of 3" in events
    assert SECRETS[0] in trace and not any(s in f"{submission.fault} {events}" for s in SECRETS)
    with store.writing() as session:
        work.retry(session, session.get_one(Application, application), "rev")
    assert work.unfinished(store) == 1


def test_a_later_try_waits_longer(store: Store, settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, retry_seconds=100)
    submit(store, folder(tmp_path, "crashes-1"), "intake", settings, AS_OF)
    work_all(store, settings)
    with store.reading() as session:
        first = session.scalars(select(Submission)).one()
        assert first.attempts == 1 and first.due_at > now() + timedelta(seconds=60)
    assert work.claim(store, "x/y/1/1", settings) is None and work.unfinished(store) == 1


def test_only_one_gets_the_work(store: Store, settings: Settings, tmp_path: Path) -> None:
    submit(store, folder(tmp_path, "clean-1"), "intake", settings, AS_OF)
    assert work.claim(store, owner(), settings) is not None
    assert work.claim(store, owner(1), settings) is None


def test_the_work_of_a_dead_process_is_taken_over(store: Store, settings: Settings, tmp_path: Path) -> None:
    receipt = submit(store, folder(tmp_path, "clean-1"), "intake", settings, AS_OF)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        name = owner(process.pid)
        assert work.claim(store, name, settings) == receipt.submission
        assert not is_dead(name) and work.claim(store, owner(), settings) is None
        process.kill()
    assert is_dead(name) and work.claim(store, owner(), settings) == receipt.submission
    with store.reading() as session:
        assert session.scalars(select(Submission.interruptions)).one() == 1


def test_one_that_gave_no_sign_of_life_may_no_longer_keep_what_it_made(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    receipt = submit(store, folder(tmp_path, "clean-1"), "intake", settings, AS_OF)
    place = desk(store, settings)
    work.claim(store, place.owner, settings)
    with store.writing() as session:
        session.scalars(select(Lease)).one().until = now() - timedelta(seconds=1)
    with store.writing() as session:
        assert leases.take(session, work.subject(receipt.submission), owner(1), 60) is Taken.FROM_DEAD
    with pytest.raises(LeaseLost):
        read(place, receipt.submission)
    with store.reading() as session:
        assert session.scalars(select(ReadingRow)).all() == []


def test_an_application_goes_only_where_its_state_leads(store: Store, settings: Settings) -> None:
    application = finished_case(store, "clean-1", settings)
    with pytest.raises(Refused, match="cannot become"), store.writing() as session:
        move(session, session.get_one(Application, application), State.REJECTED, "rev", "")
    assert state(store, application) == State.APPROVED


def test_a_process_that_kills_itself_costs_its_application_only(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    names = ("clean-1", "kills-1", "faulty-1", "clean-2")
    receipts = [submit(store, folder(tmp_path, name), "intake", settings, AS_OF) for name in names]
    two = replace(settings, workers=2)
    assert list(finish(store, [r.submission for r in receipts], two, KNOWING))[-1] == 4
    assert [state(store, r.application) for r in receipts] == ["approved", "set_aside", "review", "approved"]


def test_workers_end_with_the_one_that_started_them(store: Store, settings: Settings) -> None:
    with Crew(store, replace(settings, workers=1), (), KNOWING) as crew:
        process = crew.members[0].process
        assert process.poll() is None
    assert process.poll() is not None


def test_a_whole_run_that_is_killed_leaves_no_process_and_finishes_when_started_again(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    receipts = [submit(store, folder(tmp_path, f"clean-{n}"), "intake", settings, AS_OF) for n in range(6)]
    ids = [r.submission for r in receipts]
    code = (
        "import os, sys; from pipeline.ingest import finish; from pipeline.store.store import open_store;"
        "from yinjian.settings import Settings; s = Settings.from_environment(os.environ);"
        f"list(finish(open_store(s), sys.argv[1:], s, {KNOWING!r}))"
    )
    environment = os.environ | settings.to_environment()
    for _ in range(3):
        run = subprocess.Popen([sys.executable, "-c", code, *ids], env=environment)
        time.sleep(2.5)
        run.send_signal(signal.SIGKILL)
        run.wait()
    list(finish(store, ids, settings, KNOWING))
    assert {state(store, r.application) for r in receipts} == {State.APPROVED}
    with store.reading() as session:
        assert len(session.scalars(select(ApprovalRow)).all()) == 6 == len(session.scalars(select(ReadingRow)).all())
        assert session.scalars(select(Lease)).all() == []
