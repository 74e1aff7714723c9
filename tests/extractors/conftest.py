"""What several tests of reading need."""

from __future__ import annotations

import pytest

from extractors.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Engine:
    """A warm engine that two threads may use at a time."""
    return Engine(threads=2)
