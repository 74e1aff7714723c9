"""The processes that work: started, watched, started again when one dies, ended together."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from pipeline import work
from pipeline.death import end
from pipeline.owner import owner
from pipeline.reading import limit_threads
from pipeline.store.store import Store
from pipeline.worker import ASK_TO_STOP
from yinjian.errors import SetupError, YinjianError
from yinjian.settings import PREFIX, Settings

STOP_SECONDS = 30  # for finishing what is being read
PAUSE_SECONDS = 10.0  # before a patient crew starts one again
MAX_DEATHS = 20  # within one run: then something is wrong with the machine, not with the papers


@dataclass(slots=True)
class Member:
    """One process and the owner name that its leases are under."""

    command: tuple[str, ...]
    process: subprocess.Popen[bytes]
    name: str
    ended_at: float | None = None


class WorkerStopped(YinjianError):
    """A worker could not go on, said why on standard error, and ended with this exit code."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("A worker had to stop, as said above.", "Do what is said there, then run this again.")
        self.exit_code = exit_code


@dataclass(slots=True)
class Crew:
    """Workers. Use as a context manager: they end with the block."""

    store: Store
    settings: Settings
    arguments: Sequence[str] = ()
    module: str = "pipeline.worker"
    patient: bool = False  # start again those that faults of the surroundings ended, rather than end with them
    members: list[Member] = field(default_factory=list)
    deaths: int = 0

    def __enter__(self) -> Self:
        limit_threads(self.settings.threads)
        for _ in range(self.settings.workers):
            self.members.append(_start((sys.executable, "-m", self.module, *self.arguments), self.settings))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for member in self.members:
            member.process.send_signal(ASK_TO_STOP)
        for member in self.members:
            end(member.process, STOP_SECONDS)

    def watch(self) -> bool:
        """Look after the processes once; whether any of them works still.

        One that was killed in the middle of a submission is started again, and the submission has failed once. One
        that ended with an error of its surroundings (database, disk) ends the run with the same exit code.
        """
        for index, member in enumerate(self.members):
            code = member.process.poll()
            if code is not None and code != 0 and self._may_start_again(member, code):
                self.members[index] = _start(member.command, self.settings)
        return any(member.process.poll() is None for member in self.members)

    def _may_start_again(self, member: Member, code: int) -> bool:
        if member.ended_at is None:
            member.ended_at = time.monotonic()
            self._note_end(member, code)
        return not self.patient or time.monotonic() > member.ended_at + PAUSE_SECONDS

    def _note_end(self, member: Member, code: int) -> None:
        if code > 0 and not self.patient:
            raise WorkerStopped(code)
        if code < 0:
            work.process_died(self.store, member.name, self.settings)
            self.deaths += 1
        if self.deaths > MAX_DEATHS and not self.patient:
            raise SetupError(f"Workers were killed {self.deaths} times.", "See to the memory: yinjian doctor")


def _start(command: tuple[str, ...], settings: Settings) -> Member:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment(settings))
    return Member(command, process, owner(process.pid))


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that is to have the same settings."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    return ours | settings.to_environment()


def with_workers(settings: Settings, workers: int | None) -> Settings:
    """The same settings with another number of workers, if one is given."""
    return replace(settings, workers=workers) if workers else settings
