"""Writing files so that they are complete or not there at all, whatever ends the process."""

from __future__ import annotations

import os
from pathlib import Path

OWNER_ONLY = 0o600


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `path` in one step. Raises OSError; then the old file stands."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(beside, data, mode)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes, mode: int = OWNER_ONLY) -> None:
    """Write `path` unless it is there (FileExistsError), in one step, even when two try at once."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write(beside, data, mode)
        os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
