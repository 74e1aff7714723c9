"""Which process does a piece of work, so that another can tell whether it still lives."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

import psutil


@cache
def this_machine() -> str:
    """The host and its present start: process numbers mean nothing beyond."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{socket.gethostname()}/{boot.read_text().strip() if boot.exists() else int(psutil.boot_time())}"


def owner(pid: int | None = None) -> str:
    """A process as text; its start time tells it from a later one with the same number."""
    process = psutil.Process(pid or os.getpid())
    return f"{this_machine()}/{process.pid}/{process.create_time():.2f}"


def is_dead(name: str) -> bool:
    """Whether an owner certainly lives no more. Of one on another machine this cannot be said."""
    machine, pid, _ = name.rsplit("/", 2)
    if machine != this_machine():
        return machine.partition("/")[0] == this_machine().partition("/")[0]  # before this start of the machine
    try:
        return owner(int(pid)) != name or psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
