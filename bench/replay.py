"""A worker whose reader says what was read before: what remains is the pipeline's own time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from extractors.opening import Scan
from pipeline.store import codec
from yinjian.findings import Finding
from yinjian.records import Reading
from yinjian.settings import Settings

RECORDED = "BENCH_RECORDED"  # the environment variable that names the folder


@dataclass(frozen=True, slots=True)
class Replay:
    """Opens nothing and reads nothing."""

    reading: Reading

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        """The recorded reading under this name."""
        return replace(self.reading, application=application)

    def read_with_pages(self, application: str, scans: Iterable[Scan | Finding], show: Any) -> Any:
        return self.read(application, scans), ()


def keep(folder: Path, reading: Reading) -> None:
    """Record a reading."""

    def picture(data: bytes) -> str:
        name = f"picture-{len(list(folder.iterdir()))}"
        (folder / name).write_bytes(data)
        return name

    (folder / "reading").write_bytes(codec.dump_reading(reading, picture))


def recorded(settings: Settings) -> Replay:
    """For a worker."""
    folder = Path(os.environ[RECORDED])
    return Replay(codec.load_reading((folder / "reading").read_bytes(), lambda name: (folder / name).read_bytes()))


def main() -> None:
    """`python -m bench.replay`."""
    from pipeline.worker import main as work

    work(recorded)


if __name__ == "__main__":
    main()
