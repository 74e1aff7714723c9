"""A long-lived process with warm models that works on what waits. Started and watched by `pipeline.crew`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from functools import cache
from types import FrameType

from pipeline import work
from pipeline.leases import LeaseLost
from pipeline.owner import owner
from pipeline.reading import ReadsPages, limit_threads, new_reader
from pipeline.steps import Desk, process
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import open_store
from yinjian.errors import YinjianError
from yinjian.settings import Settings

ASK_TO_STOP = signal.SIGUSR1  # not SIGTERM, which Prefect takes as an order to drop what is being done
IDLE_SECONDS = 0.3  # between two looks when nothing waits
Run = Callable[[Desk, str], None]


class Stop:
    """Whether the process was asked to end; it finishes what it does."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(ASK_TO_STOP, self._ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's ^C goes to the one who started us, who tells us

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def work_on(desk: Desk, run: Run, stop: Stop, until_done: bool) -> None:
    """Take one submission after the other. `until_done`: end when none waits any more, not even for another try."""
    while not stop.asked:
        submission = work.claim(desk.store, desk.owner, desk.settings)
        if submission is not None:
            attempt(desk, run, submission)
        elif until_done and not work.unfinished(desk.store):
            return
        else:
            time.sleep(IDLE_SECONDS)


def attempt(desk: Desk, run: Run, submission: str) -> None:
    """One submission. What is wrong with it never stops the next one; what is wrong around us does."""
    try:
        with work.at_work(desk.store, submission, desk.owner, desk.settings):
            run(desk, submission)
    except work.StepFailed:
        pass  # recorded
    except LeaseLost:
        pass  # another goes on with it
    except YinjianError:
        work.let_go(desk.store, submission, desk.owner)
        raise


def open_desk(settings: Settings, reader: Callable[[Settings], ReadsPages] = new_reader) -> Desk:
    """What a worker works with; the models are loaded when the first submission comes."""
    from yinjian.catalogue import catalogue

    limit_threads(settings.threads)
    store = open_store(settings)
    return Desk(store, settings, catalogue(), cache(lambda: reader(settings)), owner(), Remembered(store))


def main(reader: Callable[[Settings], ReadsPages] = new_reader) -> None:
    """`python -m pipeline.worker [--drain] [--flows]`; settings from the environment."""
    import os

    from pipeline.death import die_with_parent

    die_with_parent()
    stop = Stop()
    try:
        desk = open_desk(Settings.from_environment(os.environ), reader)
        desk.reader()
        work_on(desk, _run("--flows" in sys.argv), stop, "--drain" in sys.argv)
    except YinjianError as error:
        print(f"yinjian: {error.what}\n{error.remedy}", file=sys.stderr, flush=True)
        raise SystemExit(error.exit_code) from None


def _run(flows: bool) -> Run:
    if not flows:
        return process
    from pipeline.flows import process_in_flow

    return process_in_flow


if __name__ == "__main__":
    main()
