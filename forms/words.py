"""What a slot prints: the value, the ticked box, or its empty room."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from yinjian.catalogue.layout import Slot, SlotKind

# The printed room of a date, as in the documents: half-width spaces, the word behind them, the name of the part.
DATE_ROOM = ((7, "年", "year"), (3, "月", "month"), (3, "日", "day"))


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a form: the platform's name, texts by field id (dates as ISO), ticked labels by choice group."""

    platform: str
    fill: Mapping[str, str] = field(default_factory=dict)
    ticks: Mapping[str, Collection[str]] = field(default_factory=dict)

    def value(self, slot: Slot) -> str:
        """The text in a slot, `""` when blank."""
        return self.platform if slot.kind is SlotKind.PLATFORM else self.fill.get(slot.id, "")

    def ticked(self, slot: Slot) -> bool:
        """Whether a tick box is ticked."""
        return slot.label in self.ticks.get(slot.id, ())


def date_numbers(iso: str) -> tuple[str, str, str] | None:
    """`2026-03-05` as `2026`, `3`, `5`; three empty ones for an empty date, None for anything but an ISO day."""
    if not iso:
        return "", "", ""
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return None
    return str(day.year), str(day.month), str(day.day)


def date_text(iso: str) -> str:
    """A date in its printed room, `       年   月   日` when blank."""
    numbers = date_numbers(iso)
    if numbers is None:
        return iso
    return "".join(f"{number:^{room}}{word}" for number, (room, word, _) in zip(numbers, DATE_ROOM, strict=True))
