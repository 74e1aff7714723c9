"""The flows on a real Prefect server, started as `yinjian up` starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bench.stores import free_port, up_command
from pipeline.crew import environment
from pipeline.ingest import finish
from pipeline.intake import submit
from pipeline.running import is_up, prefect_answers, prefect_url, web_url
from pipeline.store.store import open_store
from pipeline.store.tables import Application
from tests.conftest import prepared
from tests.pipeline.papers import AS_OF, SECRETS, folder
from yinjian.settings import Settings

START_SECONDS = 300  # Prefect makes its database at the first start
UP = up_command("tests.pipeline.papers")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A running `up` with an inbox: its process and settings."""
    root = tmp_path_factory.mktemp("up")
    (root / "inbox").mkdir()
    ports = {"prefect_port": free_port(), "web_port": free_port()}
    settings = replace(prepared(root), inbox=root / "inbox", inbox_seconds=3, workers=1, **ports)
    log = (root / "up.log").open("wb")
    process = subprocess.Popen(UP, env=environment(settings), stdout=log, stderr=log)
    try:
        wait(lambda: is_up(settings) and prefect_answers(settings), START_SECONDS)
        yield process, settings
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert not prefect_answers(settings) and not is_up(settings) and not web_answers(settings)
    # What nobody may read there: neither Prefect's database nor any log.
    for path in root.rglob("*"):
        if path.is_file() and "inbox" not in path.parts:
            data = path.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in data], path


def wait(condition: Any, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.2)


def web_answers(settings: Settings) -> bool:
    try:
        return httpx.get(f"{web_url(settings)}/api/health", timeout=5).json() == {"status": "ok"}
    except httpx.TransportError:
        return False


def test_the_web_answers_while_up_runs(running: Any) -> None:
    _, settings = running
    wait(lambda: web_answers(settings), 30)


def flow_runs(settings: Settings) -> list[dict[str, Any]]:
    return list(httpx.post(f"{prefect_url(settings)}/flow_runs/filter", json={"limit": 100}, timeout=10).json())


def taken(run: dict[str, Any]) -> bool:
    """Whether it is the run of an application."""
    return "submission" in run["parameters"]


def test_applications_are_handed_over_and_become_flow_runs(running: Any, tmp_path: Path) -> None:
    _, settings = running
    store = open_store(settings)
    names = ("clean-1", "faulty-1", "crashes-1")
    receipts = [submit(store, folder(tmp_path, name), "intake", settings, AS_OF) for name in names]
    assert list(finish(store, [r.submission for r in receipts], settings))[-1] == 3
    with store.reading() as session:
        states = [session.get_one(Application, r.application).state for r in receipts]
    assert states == ["approved", "review", "set_aside"]
    # One each, and two more tries of the one that fails.
    wait(lambda: len(ended := flow_runs(settings)) >= 5 and all(r["end_time"] for r in ended if taken(r)), 30)
    runs = [run for run in flow_runs(settings) if taken(run)]
    assert {run["parameters"].get("submission") for run in runs} >= {r.submission for r in receipts}
    assert not any(secret in str(runs) for secret in SECRETS)
    assert {run["state_type"] for run in runs} == {"COMPLETED", "FAILED"}


def test_the_inbox_is_looked_through_on_schedule(running: Any) -> None:
    _, settings = running
    folder(settings.inbox, "clean-7")
    store = open_store(settings)

    def done() -> bool:
        with store.reading() as session:
            known = select(Application).where(Application.name_index == store.vault.blind("name", "clean-7"))
            found = session.scalars(known).first()
            return found is not None and found.state == "review"  # its date is too old today

    wait(done, START_SECONDS)


def test_a_second_up_is_refused(running: Any) -> None:
    _, settings = running
    again = subprocess.run(UP, env=environment(settings), capture_output=True, text=True)
    assert again.returncode != 0 and "runs already" in again.stderr


def test_a_killed_up_takes_its_servers_with_it(tmp_path: Path) -> None:
    settings = replace(prepared(tmp_path), workers=1, prefect_port=free_port(), web_port=free_port())
    process = subprocess.Popen(UP, env=environment(settings), stdout=subprocess.DEVNULL)
    wait(lambda: prefect_answers(settings), START_SECONDS)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait(lambda: not prefect_answers(settings), 10)
    assert not is_up(settings)
