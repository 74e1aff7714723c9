"""What a number or a day can be: of the texts that the recogniser held possible, the one that is likeliest to be meant.

A number with a check digit is hardly ever written wrongly, and a misread one is hardly ever valid. So each text is
weighed by how often people write such a one (Bayes): the recogniser's probability times `INVALID` for what is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from yinjian.checkdigits import is_identity_number, is_registration_number, is_uscc
from yinjian.lattice import BLANK, Lattice, log_add

INVALID = 0.005  # of the numbers and days that people write
WIDTH = 12  # texts kept
HELD = 0.005  # how likely a text is that is worth keeping
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)

Grammar = Callable[[str], bool]

# by alphabet
GRAMMARS: dict[str, Grammar] = {
    "credit_code": lambda text: is_uscc(text) or is_registration_number(text),
    "identity_number": lambda text: is_identity_number(text, date.max),
    "phone": lambda text: _MOBILE.fullmatch(text) is not None,
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """A text, and how likely it is the one meant (0 to 1); `held`: all that were held possible, the likeliest first."""

    text: str
    confidence: float
    held: tuple[tuple[str, float], ...] = ()


def likeliest(looks: Sequence[Sequence[Lattice]], grammar: Grammar) -> Weighed:
    """The likeliest text over lines that follow one another, from the looks at all of them."""
    return _weighed(((p, text) for text, p in _of_all_looks(looks)), grammar)


def likely_days(parts: Sequence[Sequence[Sequence[Lattice]]]) -> list[tuple[tuple[str, ...], float]]:
    """What year, month and day may be meant, each with how likely, the likeliest first, from the looks at each.

    A look is of one line or more. What is no day is among them: nothing else may be likely.
    """
    texts = [_of_all_looks(part) for part in parts]
    weighed = _in_order(((sum(p for _, p in c), "/".join(t for t, _ in c)) for c in product(*texts)), is_day)
    return [(tuple(text.split("/")), p) for text, p in weighed]


def _of_all_looks(looks: Sequence[Sequence[Lattice]]) -> list[tuple[str, float]]:
    """The texts that any look holds likely, with the logarithm of how likely all of them together do.

    A look that saw hardly anything of the alphabet says little: its texts are as unlikely as they are.
    """
    held: dict[str, float] = {}
    for look in looks:
        for text, p in likely_texts(_joined(look)):
            held[text] = log_add(held.get(text, -math.inf), p)
    return list(held.items())


def likely_meanings(lattices: Sequence[Lattice], meaning: Callable[[str], str | None]) -> list[tuple[str, float]]:
    """What lines that follow one another may mean, each with how likely, the likeliest first.

    What means nothing (None) is not among them, and as unlikely as people write such.
    """
    held = {"": -math.inf}
    for text, p in likely_texts(_joined(lattices)):
        meant = meaning(text)
        held[meant or ""] = log_add(held.get(meant or "", -math.inf), p + (0.0 if meant else math.log(INVALID)))
    best = max(held.values())
    likely = {meant: math.exp(p - best) for meant, p in held.items()}
    ordered = sorted(likely, key=lambda meant: -likely[meant])
    return [(meant, likely[meant] / sum(likely.values())) for meant in ordered if meant]


def is_day(text: str) -> bool:
    """Whether "year/month/day" is a day of this century."""
    year, month, day = text.split("/")
    try:
        return len(year) == 4 and year.startswith("20") and bool(date(int(year), int(month), int(day)))
    except (ValueError, OverflowError):
        return False


def _weighed(scored: Iterable[tuple[float, str]], grammar: Grammar) -> Weighed:
    weighed = _in_order(scored, grammar)
    return Weighed(*weighed[0], tuple(pair for pair in weighed if pair[1] > HELD)) if weighed else Weighed("", 0.0)


def _in_order(scored: Iterable[tuple[float, str]], grammar: Grammar) -> list[tuple[str, float]]:
    """The texts with how likely each is the one meant, the likeliest first."""
    weighed = sorted(((p + (0.0 if grammar(text) else math.log(INVALID)), text) for p, text in scored), reverse=True)
    if not weighed:
        return []
    whole = sum(math.exp(p - weighed[0][0]) for p, _ in weighed)
    return [(text, math.exp(p - weighed[0][0]) / whole) for p, text in weighed]


def _joined(lattices: Sequence[Lattice]) -> Lattice:
    """Lines as one, with a blank between them: the last symbol of one may be the first of the next."""
    steps: list[tuple[tuple[str, float], ...]] = []
    for lattice in lattices:
        steps += [((BLANK, 0.0),), *lattice.steps]
    return Lattice(lattices[0].model if lattices else "", tuple(steps))


def likely_texts(lattice: Lattice, width: int = WIDTH) -> list[tuple[str, float]]:
    """The likeliest texts with log P(text | line), best first (CTC prefix beam search; Graves 2012, Hannun 2014)."""
    beam: dict[str, tuple[float, float]] = {"": (0.0, -math.inf)}  # log P of the paths that end in a blank, or not
    for step in lattice.steps:
        beam = _step(beam, step, width)
    return [(text, log_add(*ends)) for text, ends in beam.items()]


def _step(
    beam: dict[str, tuple[float, float]], step: Sequence[tuple[str, float]], width: int
) -> dict[str, tuple[float, float]]:
    grown: dict[str, tuple[float, float]] = {}

    def add(text: str, blank: float, symbol: float) -> None:
        known = grown.get(text, (-math.inf, -math.inf))
        grown[text] = log_add(known[0], blank), log_add(known[1], symbol)

    for text, (blank, symbol) in beam.items():
        whole = log_add(blank, symbol)
        for seen, p in step:
            if seen == BLANK:
                add(text, whole + p, -math.inf)
            elif text.endswith(seen):
                add(text, -math.inf, symbol + p)
                add(text + seen, -math.inf, blank + p)
            else:
                add(text + seen, -math.inf, whole + p)
    kept = sorted(grown.items(), key=lambda item: -log_add(*item[1]))[:width]
    return dict(kept)
