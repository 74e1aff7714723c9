"""How many people bear a character in their given name: what a hand leaves in doubt is more often the common one.

The table is that of the ngender package: 32 million given names of mainland China, by character.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from functools import cache, reduce
from importlib.resources import files

from yinjian.lattice import BLANK, Lattice, log_add
from yinjian.textfold import UNKNOWN

FEWEST = 20  # bearers of what the table lacks: it lists what twice as many bear


def as_named(lattice: Lattice, before: int = 0) -> Lattice:
    """A name's lattice, its characters weighed by their bearers (Bayes), but for the surname's first.

    `before`: how many characters of the name stand on lines before this.
    """
    steps = [
        step if n is None or n + before == 0 else _weighed(step)
        for step, n in zip(lattice.steps, lattice.telling(), strict=True)
    ]
    return Lattice(lattice.model, tuple(steps), lattice.floor)


def _weighed(step: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """What is no character keeps its probability; the others share theirs anew."""
    told = [pair for pair in step if pair[0] not in (BLANK, UNKNOWN)]
    if not told:
        return step
    weighed = [(symbol, p + _bearers(symbol)) for symbol, p in told]
    was, now = (reduce(log_add, (p for _, p in pairs)) for pairs in (told, weighed))
    kept = [pair for pair in step if pair not in told]
    return tuple(sorted([*kept, *((s, min(0.0, p - now + was)) for s, p in weighed)], key=lambda pair: -pair[1]))


def _bearers(character: str) -> float:
    """The logarithm of their number."""
    return math.log(max(FEWEST, _table().get(character, 0)))


@cache
def _table() -> Mapping[str, int]:
    with files("ngender").joinpath("charfreq.csv").open(encoding="utf-8") as table:
        return {row["char"]: int(row["male"]) + int(row["female"]) for row in csv.DictReader(table)}
