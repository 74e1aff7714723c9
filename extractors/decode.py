"""Reading a field out of lattices under the alphabet that the field allows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from extractors.alphabets import ALPHABETS, CAPITALS, NEVER
from extractors.givennames import as_named
from extractors.grammar import GRAMMARS, INVALID, likeliest
from extractors.printed import MODEL as STATED
from yinjian.catalogue.model import FieldKind
from yinjian.lattice import BLANK, Lattice, log_add
from yinjian.textfold import UNKNOWN

# Which alphabet a kind of field is written in.
ALPHABET_OF = {
    FieldKind.PLATFORM_NAME: "text",
    FieldKind.UNIT_NAME: "text",
    FieldKind.USCC: "credit_code",
    FieldKind.ADDRESS: "address",
    FieldKind.PERSON_NAME: "name",
    FieldKind.PHONE: "phone",
    FieldKind.ID_NUMBER: "identity_number",
    FieldKind.EMPLOYER: "text",
    FieldKind.DATE: "date",
    FieldKind.VALID_UNTIL: "date",
}

LEAST = math.log(0.01)
HARDLY = math.log(1e-4)  # the same where grammar weighs what is left
# Alphabets that have most of what may be written: what they lack is written all the same.
WORDS = ("text", "address", "name")
MOSTLY = 0.5  # of a step's probability
CLEAR = 0.97  # of the least sure symbol of a value that needs no second look
MISREAD = 0.01  # of the numbers read


def restrict(lattice: Lattice, alphabet: str, least: float = LEAST, beside: str = "") -> Lattice:
    """The lattice with only the alphabet's symbols (and the blank); look-alikes count for what they stand for.

    Symbols that stand `beside` the value are seen where nothing of it is: they count as the blank.
    """
    allowed = ALPHABETS[alphabet]
    steps = []
    for step in lattice.steps:
        kept: dict[str, float] = {}
        for symbol, log_probability in step:
            # What is hardly seen stands for nothing just because the rest is not allowed here.
            if log_probability < least:
                continue
            if symbol in (BLANK, UNKNOWN) or allowed(symbol):
                meant = symbol
            else:
                meant = BLANK if symbol in beside else CAPITALS.get(symbol, symbol.upper())
            if meant in (BLANK, UNKNOWN) or allowed(meant):
                kept[meant] = min(0.0, log_add(kept.get(meant, -math.inf), log_probability))
        steps.append(tuple(sorted(kept.items(), key=lambda item: -item[1])) or ((BLANK, 0.0),))
    return Lattice(lattice.model, tuple(steps), lattice.floor)


def with_unknown(lattice: Lattice, never: frozenset[str] = frozenset()) -> Lattice:
    """The lattice with `UNKNOWN` where a symbol that no alphabet has is likelier than all others together.

    Such symbols are never among a step's best, but have had their share of the probability: it is what the others lack.
    Those of `never` count as such.
    """
    lacking = [1.0 - sum(math.exp(p) for symbol, p in step if symbol not in never) for step in lattice.steps]
    steps = (
        ((UNKNOWN, math.log(lack)), *step) if lack > MOSTLY else step
        for step, lack in zip(lattice.steps, lacking, strict=True)
    )
    return Lattice(lattice.model, tuple(steps), lattice.floor)


def best(lattice: Lattice) -> tuple[str, float]:
    """The best text and the probability of its least sure symbol (0 for an empty text)."""
    path = lattice.best_path()
    return "".join(symbol for symbol, _ in path), math.exp(min(p for _, p in path)) if path else 0.0


class Decoded(NamedTuple):
    """What lines say: `changes` are the alphabet's and the grammar's, `held` all that a number in doubt may be."""

    text: str
    confidence: float
    lattices: tuple[Lattice, ...]
    changes: tuple[str, ...]
    held: tuple[tuple[str, float], ...] = ()


def decode(lattices: Sequence[Lattice], alphabet: str, looks: Sequence[Sequence[Lattice]] = ()) -> Decoded:
    """What a field's lines say.

    `looks`: what other looks at the lines saw, for an alphabet that has a grammar.
    """
    if alphabet in WORDS:
        lattices = [with_unknown(lattice, NEVER.get(alphabet, frozenset())) for lattice in lattices]
    kept = tuple(restrict(lattice, alphabet) for lattice in lattices)
    read = [best(lattice) for lattice in (_as_named(kept) if alphabet == "name" else kept)]
    text, sure = "".join(t for t, _ in read), min((c for t, c in read if t), default=0.0)
    sure = 0.0 if UNKNOWN in text else sure
    free = "".join(best(lattice)[0] for lattice in lattices)
    changes: tuple[str, ...] = (f"{alphabet}:{len(free)}->{len(text)}",) if free != text else ()
    changes += tuple(dict.fromkeys(lattice.model for lattice in lattices if lattice.model == STATED))
    if not text or alphabet not in GRAMMARS:
        return Decoded(text, sure, kept, changes)
    seen = [[restrict(lattice, alphabet, HARDLY) for lattice in look] for look in (lattices, *looks)]
    meant = likeliest(seen, GRAMMARS[alphabet])
    valid = GRAMMARS[alphabet](meant.text)
    # What cannot be is more often misread than written.
    confidence = meant.confidence if valid else min(sure, meant.confidence) * INVALID / (INVALID + MISREAD)
    held = meant.held if confidence < CLEAR else ()
    return Decoded(meant.text, confidence, kept, (*changes, *differences(text, meant.text)), held)


def _as_named(lattices: Sequence[Lattice]) -> Iterator[Lattice]:
    """The lattices of a name over lines that follow one another, weighed by what names people have."""
    before = 0
    for lattice in lattices:
        yield as_named(lattice, before)
        before += len(lattice.best_text())


def differences(read: str, meant: str) -> tuple[str, ...]:
    """What grammar made of a text: "place:read>meant" for each stretch."""
    codes = SequenceMatcher(None, read, meant, autojunk=False).get_opcodes()
    return tuple(f"{a0}:{read[a0:a1]}>{meant[b0:b1]}" for kind, a0, a1, b0, b1 in codes if kind != "equal")
