"""Issuing in the background, one application after the other, for a desk that watches how far it is."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from pipeline.issue import Choices, Result, issue_all
from pipeline.store.store import Store
from yinjian.errors import YinjianError
from yinjian.settings import Settings


@dataclass(frozen=True, slots=True)
class Status:
    """Of an application's issuing: whether it runs now, and why it stopped; `""` where it did not."""

    running: bool
    what: str = ""
    remedy: str = ""


class IssuingJobs:
    """Of one process. Ends with it: what was begun goes on when it is asked for again, wherever it was interrupted."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._pool = ThreadPoolExecutor(1, "issuing")
        self._jobs: dict[str, Future[tuple[Result, ...]]] = {}
        self._guard = threading.Lock()

    def start(self, application: str, actor: str, choices: Choices) -> None:
        """Issue it, unless it is being issued already."""
        with self._guard:
            job = self._jobs.get(application)
            if job is None or job.done():
                given = (self._store, self._settings, actor, [application], choices)
                self._jobs[application] = self._pool.submit(issue_all, *given)

    def status(self, application: str) -> Status:
        """How it stands."""
        with self._guard:
            job = self._jobs.get(application)
        if job is None:
            return Status(False)
        if not job.done():
            return Status(True)
        error = job.exception()
        if error is None:
            error = next((result.waits for result in job.result() if result.waits), None)
        if isinstance(error, YinjianError):
            return Status(False, error.what, error.remedy)
        return Status(False, f"A fault in yinjian ({type(error).__name__}).", "Try again.") if error else Status(False)

    def close(self) -> None:
        """Wait for what is being issued, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
