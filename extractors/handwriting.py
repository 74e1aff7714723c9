"""How one hand writes its digits: where a 4 is nearly read as a 9, every 9 may be a 4 as well.

A number whose check digit holds is known for certain. What the recogniser held possible at each of its places shows how
this hand's digits are mistaken for one another; numbers without a check digit are then believed only so far.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from string import digits

from extractors.decode import ALPHABET_OF
from extractors.grammar import GRAMMARS
from yinjian.catalogue import Catalogue
from yinjian.catalogue.model import FieldKind
from yinjian.records import FieldReading

CHECKED = (FieldKind.ID_NUMBER, FieldKind.USCC)

Mistaken = Mapping[tuple[str, str], float]  # (digit written, digit seen): chance of the one for the other, in the mean


def believed(fields: Sequence[FieldReading], catalogue: Catalogue) -> tuple[FieldReading, ...]:
    """A form's fields, the confidence of telephone numbers lowered by what its checked numbers show of the hand."""
    kinds = [catalogue.field(field.id).kind for field in fields]
    proven = [
        f for f, kind in zip(fields, kinds, strict=True) if kind in CHECKED and GRAMMARS[ALPHABET_OF[kind]](f.text)
    ]
    mistaken = _mistaken(proven)
    return tuple(
        replace(f, confidence=f.confidence * _sure(f.text, mistaken)) if kind is FieldKind.PHONE else f
        for f, kind in zip(fields, kinds, strict=True)
    )


def _sure(text: str, mistaken: Mistaken) -> float:
    """P(no digit is another one that this hand writes alike), the digits being equally frequent."""
    return math.prod(1.0 / (1.0 + mistaken.get((written, seen), 0.0)) for seen in text for written in digits)


def _mistaken(proven: Sequence[FieldReading]) -> Mistaken:
    """How likely each digit of numbers that are known was held to be another, against what it is."""
    chances: dict[tuple[str, str], list[float]] = defaultdict(list)
    for field in proven:
        if len(field.lattices) != 1:
            continue
        text = field.text
        places = [n for n, symbol in enumerate(text) if symbol.isdigit()]
        swaps = [(n, other) for n in places for other in digits if other != text[n]]
        swapped = (text[:n] + other + text[n + 1 :] for n, other in swaps)
        true, *others = field.lattices[0].log_probabilities([text, *swapped])
        for (n, other), score in zip(swaps, others, strict=True):
            chances[text[n], other].append(1.0 / (1.0 + math.exp(min(50.0, true - score))))
    return {pair: sum(found) / len(found) for pair, found in chances.items()}
