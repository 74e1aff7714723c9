"""Days are judged where the CA is."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo


def today() -> date:
    """The day in Asia/Shanghai."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()
