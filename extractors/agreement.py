"""The agreement must be the CA's own: a changed fee or a dropped 不 is a forgery.

The text is known, so what was read is laid over it, and wherever the two differ the expected words are scored against
what the recogniser saw there: only where they lose clearly is the paper different.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import fmean as mean
from statistics import median

from extractors.engine import Recognised
from extractors.running import FEW, Whole, without_running
from extractors.textlines import TextLine
from extractors.wording import counts, is_point, words
from yinjian.findings import Finding, finding
from yinjian.lattice import Lattice
from yinjian.textfold import fold

LOSES = -3.0  # log P(expected) - log P(seen), in the mean over all looks: from here on down not the expected words
MOST = 14.0  # of such a difference: what is not listed in a lattice has 13.8
IMPOSSIBLE = -1e6  # log probability of a text with more symbols than a look has steps: two such are alike
LOSES_AT_END = -7.0  # the same for symbols at a line's end, which may have been cut off in the look at hand
ABSENT = -12.0  # of a symbol left out: it was not even held possible; what is not listed in a lattice has -13.8
SURE = 0.9  # probability of the least sure symbol of a difference that is surely seen
TOUCHING = {"LJ": "U"}  # letters that are one where their feet touch, as in HLJCA they do in some faces
CHANCE = 3  # symbols: a shorter run of what is expected may be found in any text
RUN = 8  # symbols: such a run of the agreement stands in one place of it
HARDLY = 0.5  # sure is the least sure symbol of what is hardly read
AGAIN, LEAST_TWICE = 0.5, 60  # of what a page says, another says as well; symbols of it that are more than a head
SAME, ALTERED, UNCLEAR = "same", "altered", "unclear"
MOSTLY = 0.8  # of a line's symbols and a title's are the same
COVERED = 0.9  # of the agreement's symbols: less is a page cut off, folded or too poor

Code = tuple[str, int, int, int, int]  # kind; from and to in what is expected; from and to in what was read


@dataclass(frozen=True, slots=True)
class Place:
    """A symbol of the reading: its line and index there."""

    line: int
    index: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where `seen` stands for expected symbols `start` to `end`: altered or unclear, in words, and in which lines."""

    start: int
    end: int
    seen: str
    verdict: str
    described: str
    lines: tuple[int, ...]


def check_agreement(lines: Sequence[TextLine], paragraphs: Sequence[str]) -> tuple[Finding, ...]:
    """Findings about an agreement read from all its pages (lines in reading order); none when it is the CA's."""
    expected = "".join(map(words, paragraphs))
    read, places = _read_symbols(lines)
    codes = _laid_over(expected, read)
    covered = sum(a1 - a0 for kind, a0, a1, _, _ in codes if kind == "equal") / max(1, len(expected))
    if covered < COVERED:
        return (
            _finding("agreement.unclear", f"只能辨认协议内容的 {covered:.0%}，请人工核对或请申请人重新扫描协议页。"),
        )
    found = list(_weighed(expected, read, codes, places, lines))
    altered, unclear = ([one.described for one in found if one.verdict == verdict] for verdict in (ALTERED, UNCLEAR))
    if altered:
        return (_finding("agreement.altered", f"协议内容与本机构文本不一致：{'；'.join(altered[:3])}。请核对原件。"),)
    if unclear:
        return (_finding("agreement.unclear", f"协议内容有看不清之处：{'；'.join(unclear[:3])}。请人工核对。"),)
    return ()


def struck_out(lines: Sequence[TextLine]) -> tuple[Finding, ...]:
    """That these lines of an agreement were struck out: they are read, and are agreed to no longer."""
    quoted = "；".join(f"“{line.text[:12]}”" for line in lines[:3])
    return (_finding("agreement.altered", f"协议中有文字被划掉：{quoted}。请核对原件。"),) if lines else ()


def differences(lines: Sequence[TextLine], expected: str) -> Iterator[Difference]:
    """Where lines (in reading order) do not say what is expected (as `words` gives it), altered or unclear."""
    read, places = _read_symbols(lines)
    return _weighed(expected, read, _laid_over(expected, read), places, lines)


def said(lines: Sequence[TextLine], expected: str) -> Iterator[tuple[int, int]]:
    """From where to where of what is expected the lines (in reading order) say it, in runs that are no chance."""
    read, _ = _read_symbols(lines)
    yield from ((a0, a1) for kind, a0, a1, _, _ in _laid_over(expected, read) if kind == "equal" and a1 - a0 >= CHANCE)


def _laid_over(expected: str, read: str) -> Sequence[Code]:
    """What is to be done to the one text to make it the other, in order (`difflib`)."""
    return SequenceMatcher(None, expected, read, autojunk=False).get_opcodes()


def _weighed(
    expected: str, read: str, codes: Sequence[Code], places: Sequence[Place], lines: Sequence[TextLine]
) -> Iterator[Difference]:
    for kind, a0, a1, b0, b1 in codes:
        if kind == "equal" or (kind == "insert" and all(_dirt(lines[places[k].line]) for k in range(b0, b1))):
            continue
        if read[b0:b1] == TOUCHING.get(expected[a0:a1]):
            continue
        verdict = _weigh(expected, a0, a1, read, b0, b1, places, lines)
        if verdict != SAME:
            touched = {places[k].line for k in range(b0 - 1, b1 + 1) if 0 <= k < len(places)}
            yield Difference(
                a0, a1, read[b0:b1], verdict, _described(expected, a0, a1, read[b0:b1]), tuple(sorted(touched))
            )


def is_title(line: TextLine, paragraphs: Sequence[str]) -> bool:
    """Whether a line is the agreement's title, which may stand alone at the foot of the sheet before."""
    title = words(paragraphs[0])
    return SequenceMatcher(None, words(line.text), title, autojunk=False).ratio() > MOSTLY


def in_order(
    pages: Sequence[Sequence[TextLine]], paragraphs: Sequence[str], names: Sequence[str] = ()
) -> list[TextLine]:
    """The lines of an agreement's pages, which come in any order, as the agreement has them.

    A symbol or two far from all lines of text is dust, and adds nothing to them; nor does a page's number, or its head,
    where `names` may stand.
    """
    expected = "".join(map(words, paragraphs))
    whole = Whole(expected, words(paragraphs[0]), tuple(map(words, names)))
    read = [without_running(lines, whole) for lines in pages]
    return [line for page in sorted(read, key=lambda page: _middle(page, expected)) for line in page]


def said_twice(pages: Sequence[Sequence[TextLine]], paragraphs: Sequence[str]) -> list[int]:
    """Which pages say what another says: of a sheet that came twice the one that shows less, or else the later."""
    expected = "".join(map(words, paragraphs))
    places = [set(_places(lines, expected)) for lines in pages]
    most_first = sorted(range(len(pages)), key=lambda n: -len(places[n]))
    return [
        n
        for rank, n in enumerate(most_first)
        if len(places[n]) > LEAST_TWICE
        and any(len(places[n] & places[other]) > AGAIN * len(places[n]) for other in most_first[:rank])
    ]


def _dirt(line: TextLine) -> bool:
    """Whether a line is a symbol or two that can hardly be told: where no words are expected, a hair or dust."""
    return len(words(line.text)) <= FEW and line.read.confidence < HARDLY


def _middle(lines: Sequence[TextLine], expected: str) -> float:
    """Where in the expected text the middle of a page's text stands."""
    return median(_places(lines, expected) or [0])


def _places(lines: Sequence[TextLine], expected: str) -> list[int]:
    """Where in the expected text what a page says stands, a run of symbols at a time."""
    text = "".join(words(line.text) for line in lines)
    found = (expected.find(text[n : n + RUN]) for n in range(len(text) - RUN + 1))
    return [place for place in found if place >= 0]


def _finding(code: str, message: str) -> Finding:
    return finding(code, "agreement", message)


def _described(expected: str, a0: int, a1: int, seen: str) -> str:
    before = expected[max(0, a0 - 6) : a0]
    return f"“{before}”之后应为“{expected[a0:a1]}”，读到“{seen}”"


def _read_symbols(lines: Sequence[TextLine]) -> tuple[str, list[Place]]:
    text, places = [], []
    for n, line in enumerate(lines):
        for i, symbol in enumerate(line.text):
            folded = fold(symbol)
            if len(folded) == 1 and (counts(folded) or is_point(line.text, i)):
                text.append(folded)
                places.append(Place(n, i))
    return "".join(text), places


def _weigh(
    expected: str, a0: int, a1: int, read: str, b0: int, b1: int, places: Sequence[Place], lines: Sequence[TextLine]
) -> str:
    """Same, altered or unclear for one difference: `expected[a0:a1]` stands as `read[b0:b1]`."""
    around = [k for k in range(b0, b1) or (b0 - 1, b0) if 0 <= k < len(places)]
    touched = {places[k].line for k in around}
    if len(touched) != 1 or a1 - a0 > 8 or b1 - b0 > 8:
        if b1 == b0 and len(touched) == 1 and len(around) == 2:
            return ALTERED if _stand_together(lines[touched.pop()], *(places[k].index for k in around)) else UNCLEAR
        if b1 > b0 or a1 - a0 > 8 or len(touched) != 2:
            return ALTERED if _plainly_seen(b0, b1, places, lines) and b1 > b0 else UNCLEAR
        return _at_break(expected[a0:a1], lines[min(touched)], lines[max(touched)])
    line = lines[touched.pop()]
    own = [k for k in range(len(places)) if lines[places[k].line] is line]
    seen = read[own[0] : own[-1] + 1]
    wanted = seen[: b0 - own[0]] + expected[a0:a1] + seen[b1 - own[0] :]
    points = "." in wanted + seen
    margin = mean(_margin(look, wanted, seen, points) for look in line.looks or (line.read,))
    if margin > LOSES:
        return SAME
    sure = _plainly_seen(b0, b1, places, lines) if b1 > b0 else margin < ABSENT
    return ALTERED if sure else UNCLEAR


def _stand_together(line: TextLine, one: int, other: int) -> bool:
    """Whether symbols of a line stand so close that nothing stands between: what is missing is not on the paper."""
    symbols = line.symbols()
    pitch = (symbols[-1].x1 - symbols[0].x0) / len(symbols)
    return symbols[other].x0 - symbols[one].x1 < (other - one + 1) * pitch


def borne_out(text: str, looks: Sequence[Recognised]) -> float:
    """log P(text) - log P(what each look saw), in the mean over looks; `text` as `words` gives it.

    The looks may have seen more or less of the line's ends than the text has.
    """
    return mean(_margin(look, *_same_extent(text, words(look.text)), points="." in text) for look in looks)


def _same_extent(text: str, seen: str) -> tuple[str, str]:
    """The text as far as what was seen reaches, and what was seen."""
    blocks = [b for b in SequenceMatcher(None, text, seen, autojunk=False).get_matching_blocks() if b.size > 1]
    if not blocks:
        return text, seen
    first, last = blocks[0], blocks[-1]
    return seen[: first.b] + text[first.a : last.a + last.size] + seen[last.b + last.size :], seen


def _margin(look: Recognised, wanted: str, seen: str, points: bool) -> float:
    """log P(wanted) - log P(seen) by one look, within `MOST`."""
    scores = _without_marks(look.lattice, points).log_probabilities([wanted, seen])
    one, other = (max(IMPOSSIBLE, score) for score in scores)
    return max(-MOST, min(MOST, one - other))


def _at_break(missing: str, before: TextLine, after: TextLine) -> str:
    """Symbols that neither stand at the end of a line nor at the start of the next: not printed, unless cut off."""
    one, other = _without_marks(before.read.lattice), _without_marks(after.read.lattice)
    ways = ((missing[:n], missing[n:]) for n in range(len(missing) + 1))
    ends, starts = words(before.text), words(after.text)
    best = max(_gain(one, ends, "", tail) + _gain(other, starts, head, "") for tail, head in ways)
    if best > LOSES_AT_END:
        return SAME
    sure = min(before.read.confidence, after.read.confidence) > SURE
    return ALTERED if sure and best < ABSENT else UNCLEAR


def _gain(lattice: Lattice, text: str, head: str, tail: str) -> float:
    """How much likelier (log) the line becomes with symbols before and behind it."""
    return lattice.log_probability(head + text + tail) - lattice.log_probability(text)


def _plainly_seen(b0: int, b1: int, places: Sequence[Place], lines: Sequence[TextLine]) -> bool:
    """Whether the recogniser was sure of every symbol of the difference."""
    return all(_probability(lines[places[k].line], places[k].index) >= SURE for k in range(b0, b1))


def _probability(line: TextLine, index: int) -> float:
    """The greatest probability of a symbol within its time steps."""
    steps = line.read.lattice.steps
    start, end = (round(v * len(steps)) for v in line.read.spans[index])
    symbol = line.text[index]
    best = max((dict(step).get(symbol, -99.0) for step in steps[start : max(end, start + 1)]), default=-99.0)
    return math.exp(best)


def _without_marks(lattice: Lattice, points: bool = False) -> Lattice:
    """The lattice with full-width symbols folded and punctuation as good as a blank, but for `points`."""
    steps = []
    for step in lattice.steps:
        kept: dict[str, float] = {}
        for symbol, log_probability in step:
            folded = fold(symbol)
            meant = folded if len(folded) == 1 and (counts(folded) or (points and folded == ".")) else ""
            kept[meant] = max(kept.get(meant, -99.0), log_probability)
        steps.append(tuple(sorted(kept.items(), key=lambda item: -item[1])))
    return Lattice(lattice.model, tuple(steps), lattice.floor)
