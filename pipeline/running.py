"""Whether `yinjian up` runs on this store, and whether its Prefect server answers.

`up` writes down who it is, and whoever looks checks that it lives.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from pipeline.owner import is_dead, owner
from yinjian.errors import Refused
from yinjian.files import write_new
from yinjian.settings import Settings

WEB = "web.serve"  # the module that runs the web; only its name is known here, for data flows the other way
HOST = "127.0.0.1"  # nothing of ours is reached from elsewhere
HEALTH_SECONDS = 1.0


def prefect_url(settings: Settings) -> str:
    """Where Prefect's server of this store answers."""
    return f"http://{HOST}:{settings.prefect_port}/api"


def prefect_answers(settings: Settings) -> bool:
    """Whether it does."""
    connection = HTTPConnection(HOST, settings.prefect_port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def web_url(settings: Settings) -> str:
    """Where the web answers."""
    return f"http://{settings.web_host}:{settings.web_port}"


def serve_web(settings: Settings) -> None:
    """Become the web's process, until it is asked to stop."""
    os.execve(sys.executable, (sys.executable, "-m", WEB), os.environ | settings.to_environment())


def is_up(settings: Settings) -> bool:
    """Whether the process that wrote it down lives."""
    name = _written(_place(settings))
    return name is not None and not is_dead(name)


@contextmanager
def running(settings: Settings) -> Iterator[None]:
    """Says that this process runs the store while the block runs. Refused when another does."""
    path = _place(settings)
    if is_up(settings):
        raise Refused("yinjian up runs already on this store.", "Use it, or end it first (^C where it runs).")
    path.unlink(missing_ok=True)
    data = json.dumps({"owner": owner()}).encode()
    try:
        write_new(path, data)
    except FileExistsError:
        raise Refused("Another yinjian up has just started on this store.", "Use that one.") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _place(settings: Settings) -> Path:
    return settings.var_dir / "up.json"


def _written(path: Path) -> str | None:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return str(value["owner"]) if isinstance(value, dict) and "owner" in value else None
