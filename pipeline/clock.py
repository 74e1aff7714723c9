"""Instants are UTC; days are judged where the CA is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
LAST_YEAR = 9999


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day in Asia/Shanghai."""
    return now().astimezone(CHINA).date()


def shown(instant: datetime) -> str:
    """An instant for people: local time of the CA, to the second."""
    if instant.year >= LAST_YEAR:  # what says "for ever" has no later hour in China
        return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
    return instant.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
