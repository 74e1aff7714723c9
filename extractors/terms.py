"""The term of an identity card: its two days bear one another out.

居民身份证法 第五条: 「十六周岁以上公民的居民身份证的有效期为十年、二十年、长期。……未满十六周岁的公民，自愿申请领取
居民身份证的，发给有效期五年的居民身份证。」
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from extractors.grammar import INVALID
from extractors.licence import FOREVER
from yinjian.records import FieldReading

YEARS = (5, 10, 20)
LEAP_DAY = "02-29"  # a term from it may end on another day


def is_term(first: str, last: str) -> bool:
    """Whether days (ISO, or 长期) are the ends of a term that the law has."""
    if FOREVER in (first, last):
        return first != FOREVER
    years = date.fromisoformat(last).year - date.fromisoformat(first).year
    return years in YEARS and (first[5:] == last[5:] or LEAP_DAY in (first[5:], last[5:]))


def as_term(first: FieldReading, last: FieldReading) -> tuple[FieldReading, FieldReading]:
    """Both days of a card, each weighed with the other (Bayes): hardly any card has another term than the law's."""
    ones, others = _held(first), _held(last)
    both = {(a, b): p * q * (1.0 if is_term(a, b) else INVALID) for a, p in ones.items() for b, q in others.items()}
    firsts, lasts = defaultdict[str, float](float), defaultdict[str, float](float)
    for (a, b), p in both.items():
        firsts[a] += p
        lasts[b] += p
    return _weighed(first, firsts, sum(ones.values())), _weighed(last, lasts, sum(others.values()))


def _held(read: FieldReading) -> Mapping[str, float]:
    return dict(read.held) or {read.text: read.confidence}


def _weighed(read: FieldReading, days: Mapping[str, float], known: float) -> FieldReading:
    """A day by what all that were held possible weigh now; `known`: how likely it is any of these."""
    whole = sum(days.values())
    held = tuple((day, known * p / whole) for day, p in sorted(days.items(), key=lambda item: -item[1]))
    return replace(read, text=held[0][0], confidence=held[0][1], held=held if read.held else ())
