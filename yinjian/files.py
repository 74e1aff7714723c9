"""Writing files so that a killed process leaves them whole: the old one or the new one, never half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put `data` at `path` in one step, on the disk when this returns. Raises OSError; then the old file stands."""
    with _beside(path, data, mode) as part:
        part.replace(path)


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """The same unless `path` is there (FileExistsError), even when two try at once."""
    with _beside(path, data, mode) as part:
        os.link(part, path)


@contextmanager
def _beside(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """A file with `data` in the folder of `path`, to be put in its place; gone at the end of the block."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
        _sync_directory(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
