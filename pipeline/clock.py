"""Instants are UTC; days are judged where the CA is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day in Asia/Shanghai."""
    return now().astimezone(CHINA).date()


def shown(instant: datetime) -> str:
    """An instant for people: local time of the CA, to the second."""
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
