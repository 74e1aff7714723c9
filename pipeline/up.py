"""`yinjian up`: the Prefect server, the workers and the schedules, until stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from pipeline import accounts
from pipeline.crew import Crew, environment
from pipeline.death import end
from pipeline.running import HOST, WEB, prefect_url, running, web_url
from pipeline.store.store import Store
from pipeline.workshop import has_ca
from yinjian.errors import SetupError
from yinjian.settings import Settings

LOOK_SECONDS = 0.5
END_SECONDS = 10


def up(store: Store, settings: Settings, say: Callable[[str], None], worker: str = "pipeline.worker") -> None:
    """Run until SIGINT or SIGTERM."""
    os.environ.update(prefect_environment(settings))
    crew = Crew(store, settings, ("--flows",), worker, patient=True)
    # Work does not wait for Prefect's server: flow runs appear there once it answers.
    server = _child("pipeline.prefect_server", settings, "prefect-server.log")
    web = _child(WEB, settings, "web.log")
    with running(settings), _stop_asked() as asked, server, web as serving, crew:
        say(f"Workers: {settings.workers}. Flows: http://{HOST}:{settings.prefect_port}.")
        say(f"Desks: {web_url(settings)}. Uploads: {web_url(settings)}/api, described at {web_url(settings)}/docs.")
        say(_first_login(store))
        say("Stop with ^C.")
        with _schedules(settings, say):
            lost = False
            while not asked():
                crew.watch()
                if serving.poll() is not None and not lost:
                    lost = True
                    say(f"The web has ended: see {settings.var_dir / 'web.log'}. The work goes on without it.")
                time.sleep(LOOK_SECONDS)
        say("Stopping; what is being read is finished first.")


def _first_login(store: Store) -> str:
    """What an operator needs to get in."""
    with store.writing() as session:
        given = accounts.first(store, session)
    if given is None:
        return "Log in as before; a lost password: yinjian user password NAME."
    return f"First log-in: {given[0]}, password {given[1]} (for once: it is changed then)."


def prefect_environment(settings: Settings) -> dict[str, str]:
    """Prefect with its own folder and server, on loopback, and calling nobody."""
    home = (settings.var_dir / "prefect").absolute()
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": prefect_url(settings),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        # A transaction for each event of a task would keep SQLite busy for longer than the flows take.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "2",
        # The server is on loopback and speaks no TLS: no certificates need be read for each client.
        "PREFECT_API_TLS_INSECURE_SKIP_VERIFY": "true",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
    }


@contextmanager
def _stop_asked() -> Iterator[Callable[[], bool]]:
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _schedules(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    if not any((settings.inbox, settings.inbox_url, settings.issuer, settings.audit_dir, has_ca(settings))):
        say("No schedules: set YINJIAN_INBOX to a folder or YINJIAN_INBOX_URL to a bucket, YINJIAN_ISSUER to a user.")
        yield
        return
    with _child("pipeline.schedules", settings, "schedules.log"):
        yield


@contextmanager
def _child(module: str, settings: Settings, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process beside this one, with its log in `var_dir`, that ends with the block."""
    with _log(settings.var_dir / log) as output:
        process = subprocess.Popen(
            (sys.executable, "-m", module),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(settings),
        )
        try:
            yield process
        finally:
            process.terminate()
            end(process, END_SECONDS)


@contextmanager
def _log(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.", "See to its disk and permissions.") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
