"""Whose an identity card is: by the names and numbers that the form and the licence give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import permutations

from extractors.card import MOST_PAIRED, Card
from yinjian.catalogue import Catalogue, Form
from yinjian.catalogue.model import Holder
from yinjian.textfold import fold

SAME_NUMBER = 16  # of 18 places: a number of which no more than two places were misread
STRANGER = 0.5  # of the likeness: a card so much less like a person than another card is somebody else's
OFFICE, KINDS = "公安分?局|分局", "省市县区旗盟"  # what an authority's name has beside places, and what places end in
LEAST_PLACE = 2  # symbols
AGENT = (("agent_name", "authorization_agent_name"), ("authorization_agent_id",))
LEGAL_PERSON = (("legal_person_name", "licence_legal_person"), ())
PRINCIPAL = (("applicant_name", "name"), ("applicant_id", "id_number"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the papers name, in a role: the names and numbers given, folded."""

    role: str
    names: tuple[str, ...]
    numbers: tuple[str, ...]


def people(form: Form | None, catalogue: Catalogue, texts: Mapping[str, str]) -> tuple[Person, ...]:
    """Whom form and licence name. `texts`: what was read by field id.

    The principal of a personal form has the role of the certificate that bears the name.
    """
    named = [("agent", *AGENT), ("legal_person", *LEGAL_PERSON)]
    certificates = catalogue.certificates_of(form.id) if form else ()
    named += [(c, *PRINCIPAL) for c in certificates if catalogue.certificate(c).holder is Holder.PERSON]
    return tuple(Person(role, _given(texts, names), _given(texts, numbers)) for role, names, numbers in named)


def _given(texts: Mapping[str, str], ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for field_id in ids if (text := fold(texts.get(field_id, ""))))


def roles(cards: Sequence[Card], named: Sequence[Person]) -> tuple[str, ...]:
    """The role of each card, in the order of the pages; `""` where nobody is named like that.

    A side without name and number is the back of a card whose front is there by itself: of the one where its authority
    issues, where that tells; else of the first one before it that has no back yet, where all fronts have one, else of
    the last such; where none is before it, of the next.
    """
    found = [_role(card, named) for card in cards]
    best = {role: max(f[0] for f in found if f and f[1] == role) for role in {f[1] for f in found if f}}
    held = [f and (f[1] if f[0] > best[f[1]] - STRANGER else "") for f in found]
    return _with_backs(held, cards)


def _with_backs(held: Sequence[str | None], cards: Sequence[Card]) -> tuple[str, ...]:
    """`held`: the role of each side that tells it, None for a back."""
    fronts = [n for n, role in enumerate(held) if role is not None and cards[n].side != "both"]
    backs = [n for n, role in enumerate(held) if role is None]
    pairs = _by_place(fronts, backs, cards, _by_order(fronts, backs))
    told = [role or "" for role in held]
    for back, front in pairs.items():
        told[back] = held[front] or ""
    return tuple(told)


def _by_order(fronts: Sequence[int], backs: Sequence[int]) -> dict[int, int]:
    """The front of each back, as sheets lie."""
    free, even, pairs = list(fronts), len(fronts) == len(backs), {}
    for back in backs:
        before, behind = [n for n in free if n < back], [n for n in free if n > back]
        front = (before[0] if even else before[-1]) if before else next(iter(behind), None)
        if front is not None:
            free.remove(front)
            pairs[back] = front
    return pairs


def _by_place(
    fronts: Sequence[int], backs: Sequence[int], cards: Sequence[Card], by_order: dict[int, int]
) -> dict[int, int]:
    """The front of each back, where addresses and authorities go together better than by their order."""
    if not 0 < len(backs) <= min(len(fronts), MOST_PAIRED):
        return by_order

    def told(pairs: dict[int, int]) -> int:
        return sum(_same_place(cards[front], cards[back]) for back, front in pairs.items())

    ways = (dict(zip(backs, way, strict=True)) for way in permutations(fronts, len(backs)))
    best = max(ways, key=told)
    return best if told(best) > told(by_order) else by_order


def _same_place(front: Card, back: Card) -> int:
    """Symbols of the places that a back's authority is named for and a front's address lies in.

    居民身份证由居民常住户口所在地的县级人民政府公安机关签发 (居民身份证法 第六条).
    """
    address = next((fold(f.text) for f in front.fields if f.id == "id_address"), "")
    places = (place.rstrip(KINDS) for place in re.split(OFFICE, fold(back.authority)))
    return sum(len(place) for place in places if len(place) >= LEAST_PLACE and place in address)


def _role(card: Card, named: Sequence[Person]) -> tuple[float, str] | None:
    """How like which role's person the card is; None for a side that tells neither name nor number."""
    texts = {f.id: fold(f.text) for f in card.fields}
    name, number = texts.get("id_name", ""), texts.get("id_number", "")
    if not name and not number:
        return None
    scores = [(_likeness(person, name, number), person.role) for person in named]
    best, role = max(scores, key=lambda scored: scored[0], default=(0.0, ""))
    return (best, role) if best > 0 else (0.0, "")


def _likeness(person: Person, name: str, number: str) -> float:
    """0 for somebody else, up to 1 by the name; a number that is the same outweighs names."""
    by_name = max((SequenceMatcher(None, name, own, autojunk=False).ratio() for own in person.names), default=0.0)
    places = max((_equal_places(number, own) for own in person.numbers), default=0)
    return by_name + (2.0 if places >= SAME_NUMBER else 0.0)


def _equal_places(one: str, other: str) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))
