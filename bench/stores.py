"""Stores for the moment, and `yinjian up` on them with another reader: for the bench, the soak and the tests."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from pipeline import ceremony
from pipeline.ceremony import People
from pipeline.crew import environment
from pipeline.store.store import open_store, prepare_store
from pipeline.users import Role, add_user
from yinjian.settings import DEFAULTS, Settings

PASSPHRASE = "korrekt pferd batterie"
PIN, SO_PIN = "12345678", "87654321"
_UP = (
    "import os, sys; from pipeline import up; from pipeline.store.store import open_store;"
    "from yinjian.settings import Settings; s = Settings.from_environment(os.environ);"
    "up.up(open_store(s), s, lambda t: print(t, flush=True), sys.argv[1])"
)


def prepared(folder: Path, **changes: Any) -> Settings:
    """A store in `folder`, with the PINs of a CA to be made; `changes` to its settings."""
    folder.mkdir(exist_ok=True)
    passphrase, pin = folder / "passphrase", folder / "ca-pin"
    passphrase.write_text(PASSPHRASE)
    pin.write_text(f"{PIN}\n{SO_PIN}\n")
    settings = replace(DEFAULTS, var_dir=folder / "var", passphrase_file=passphrase, ca_pin_file=pin, settle_seconds=0)
    settings = replace(settings, sample_share=0.0)  # what passes is approved, not left to people
    settings = replace(settings, **changes)
    prepare_store(settings)
    return settings


def up_command(worker: str) -> list[str]:
    """`yinjian up` with a worker of another module; the store is that of the environment."""
    return [sys.executable, "-c", _UP, worker]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The web of a store, in a process of its own; its address."""
    url = f"http://127.0.0.1:{settings.web_port}"
    process = subprocess.Popen((sys.executable, "-m", "web.serve"), env=environment(settings))
    try:
        for _ in range(300):
            if process.poll() is None and _answers(url):
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/health").status_code == 200
    except httpx.HTTPError:
        return False


def make_ca(settings: Settings) -> None:
    """A CA, by the ceremony of two."""
    store = open_store(settings)
    with store.writing() as session:
        add_user(session, "adm", (Role.ADMINISTRATOR,))
        add_user(session, "aud", (Role.AUDITOR,))
    ceremony.hold(store, settings, "Test CA", People("adm", "aud"))
