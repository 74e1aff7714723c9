"""A worker that opens the scans and knows what they say."""

from __future__ import annotations

from collections.abc import Iterable

from extractors.opening import Scan
from pipeline.worker import main
from tests.pipeline.papers import Knows
from yinjian.findings import Finding
from yinjian.records import Reading


class Opens(Knows):
    """Decodes every scan, as the real one does."""

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        return super().read(application, tuple(scans))


if __name__ == "__main__":
    main(lambda settings: Opens())
