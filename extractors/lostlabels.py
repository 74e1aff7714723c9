"""The front of an identity card whose labels cannot be read: a black-and-white copy turns its blue print into dots.

What is printed in black is there, and its order is the same on every card: name, sex, day of birth, address, number.
The number says the day of birth (GB 11643-1999), so a line above it that says the same day is that of birth; the others
stand above and below it, in the column where it begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from extractors.labels import Chain, Entry
from extractors.materials import NUMBER, number_run

REACH = 14.0  # heights of the number: a card's lines stand no farther above it
APART = 3.5  # heights from a line to the next
ASIDE = 0.8  # heights that a value may begin beside its column
BORN = slice(6, 14)  # of the number
LONGEST_NAME = 15  # symbols: names of minorities, with dots
SHORTEST_ADDRESS = 4


def with_lost_labels(found: Sequence[Entry]) -> tuple[Entry, ...]:
    """Entries of a page, those of cards' fronts labelled by their order where their labels were not read."""
    for number in (e for e in found if e.key in ("", "number")):
        run = number_run(number.value)
        born = _born(found, number, run) if len(run) == NUMBER else None
        if born is not None:
            labelled = _labelled(found, number, *born)
            found = [labelled.get(id(e), e) for e in found]
    return tuple(found)


def _born(found: Sequence[Entry], number: Entry, run: Chain) -> tuple[Entry, float] | None:
    """The line that says the number's day of birth, and where the day begins in it (pixels)."""
    year, month, day = (text := "".join(s.symbol.text for s in run)[BORN])[:4], text[4:6], text[6:]
    days = {f"{year}{month}{day}", f"{year}{month.lstrip('0')}{day.lstrip('0')}"}
    for entry in found:
        above = 0 < number.rect[1] - entry.rect[1] < REACH * number.height
        digits = [s for s in entry.value if s.symbol.text.isdigit()]
        said = "".join(s.symbol.text for s in digits)
        # What is left of 日 behind the day may look like a digit, as what is left of the label before it may.
        begins = max(
            (said.rfind(day) for day in days if day in (said[-len(day) :], said[-len(day) - 1 : -1])), default=-1
        )
        if above and entry.key in ("", "born") and begins >= 0:
            return entry, digits[begins].symbol.x0
    return None


def _labelled(found: Sequence[Entry], number: Entry, born: Entry, column: float) -> Mapping[int, Entry]:
    """The entries of one face that lack their label, by their identity, with it."""
    known = {e.key: e for e in found if e.key and abs(e.rect[1] - born.rect[1]) < REACH * born.height}
    unknown = [e for e in found if not e.key and e not in (number, born) and _begins_at(column, e)]
    above = sorted((e for e in unknown if e.rect[3] < _middle(born)), key=lambda e: -e.rect[1])
    below = [e for e in unknown if e.rect[1] > _middle(born) and e.rect[3] < _middle(number)]
    sex = known.get("sex") or next((e for e in above[:1] if set(e.text) & {"男", "女"}), None)
    names = [e for e in above if sex is not None and _middle(e) < sex.rect[1] < e.rect[3] + APART * e.height]
    lost = {"number": number, "born": born, "sex": sex}
    lost["name"] = next((e for e in names if 2 <= len(_from(column, e)) <= LONGEST_NAME), None)
    lost["address"] = next((e for e in below if len(_from(column, e)) >= SHORTEST_ADDRESS), None)
    labelled = {key: e for key, e in lost.items() if e is not None and key not in known}
    # Of a label that was read in part, the rest is before the column, too.
    labelled |= {key: known[key] for key in ("name", "address") if key in known and _from(column, known[key])}
    return {id(e): Entry(key, e.label + _before(column, e), _from(column, e)) for key, e in labelled.items()}


def _begins_at(column: float, entry: Entry) -> bool:
    """Whether something in a line begins where the column does."""
    value = _from(column, entry)
    return bool(value) and value[0].symbol.x0 < column + ASIDE * entry.height


def _from(column: float, entry: Entry) -> Chain:
    """What stands in a line from the column on."""
    begins = (n for n, s in enumerate(entry.value) if s.symbol.x0 > column - ASIDE * entry.height)
    return entry.value[next(begins, len(entry.value)) :]


def _before(column: float, entry: Entry) -> Chain:
    return entry.value[: len(entry.value) - len(_from(column, entry))]


def _middle(entry: Entry) -> float:
    return (entry.rect[1] + entry.rect[3]) / 2
