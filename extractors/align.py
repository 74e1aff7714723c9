"""Laying the words that a form prints over the words that were read, to find what stands in the blanks.

The printed words are known, so the reading of a paragraph is aligned with them (edit distance; Needleman and Wunsch
1970), the blanks taking whatever lies between. A printed word that was misread, hidden or worn costs one error and does
not move the blanks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from extractors.textlines import Rect, Symbol, TextLine
from yinjian.catalogue.layout import Line, Slot, SlotKind
from yinjian.lattice import Lattice

ABSORBED = 0.3  # cost of a symbol taken by a blank; 1 for a printed symbol misread, missing or in excess
# What recognisers write for one another without meaning a difference.
_SAME = str.maketrans({"：": ":", "（": "(", "）": ")", "，": ",", "；": ";", "“": '"', "”": '"', "【": "(", "】": ")"})

Token = str | Slot


@dataclass(frozen=True, slots=True)
class ReadSymbol:
    """A symbol with the line it was read in and its index there."""

    symbol: Symbol
    line: int
    index: int


@dataclass(frozen=True, slots=True)
class Blank:
    """What was found for one slot: the symbols in it and the printed neighbours before and behind (None at an end)."""

    slot: Slot
    part: str  # "" or one of "年", "月", "日" for the parts of a date
    symbols: tuple[ReadSymbol, ...]
    before: ReadSymbol | None
    after: ReadSymbol | None


@dataclass(frozen=True, slots=True)
class Alignment:
    """The blanks in the form's order, and the share of printed symbols that was read as printed (0 to 1).

    `filled`: each piece of the template as it should be read, its own words or what stands in its blank.
    """

    blanks: tuple[Blank, ...]
    agreement: float
    filled: tuple[str, ...]


def align(template: Line, lines: Sequence[TextLine], platform: str) -> Alignment:
    """Align a printed line (with slots) with text lines in reading order."""
    tokens, parts, pieces = _tokens(template, platform)
    read = [
        ReadSymbol(symbol, n, i)
        for n, line in enumerate(lines)
        for i, symbol in enumerate(line.symbols())
        if not symbol.text.isspace()
    ]
    owners = _best_path(tokens, [r.symbol.text.translate(_SAME) for r in read])
    return _collect(tokens, parts, pieces, read, owners)


def _tokens(template: Line, platform: str) -> tuple[list[Token], list[str], list[range]]:
    """One token a printed symbol, one a slot; a date slot becomes three with 年 月 日 behind them.

    With each its part of a date; and for each piece of the template, which tokens it became.
    """
    tokens: list[Token] = []
    parts: list[str] = []
    pieces: list[range] = []
    for piece in template:
        first = len(tokens)
        if isinstance(piece, Slot) and piece.kind is SlotKind.DATE:
            for unit in "年月日":
                tokens += [piece, unit]
                parts += [unit, ""]
        elif isinstance(piece, Slot) and piece.kind is not SlotKind.PLATFORM:
            tokens.append(piece)
            parts.append("")
        else:
            words = [c for c in (platform if isinstance(piece, Slot) else piece) if not c.isspace()]
            tokens += [w.translate(_SAME) for w in words]
            parts += [""] * len(words)
        pieces.append(range(first, len(tokens)))
    return tokens, parts, pieces


def _best_path(tokens: Sequence[Token], read: Sequence[str]) -> list[int]:
    """For each read symbol the index of the token that takes it, or -1 - index for a misreading, or None as -10**9."""
    n, m = len(tokens), len(read)
    alike = [symbol.isalnum() for symbol in read]
    cost = [[0.0] * (m + 1) for _ in range(n + 1)]
    move = [[""] * (m + 1) for _ in range(n + 1)]
    for j in range(1, m + 1):
        cost[0][j], move[0][j] = float(j), "extra"
    for i in range(1, n + 1):
        token = tokens[i - 1]
        row, above, how = cost[i], cost[i - 1], move[i]
        misread = None if isinstance(token, Slot) else _misread(token, read, alike)
        row[0], how[0] = above[0] + (0.0 if misread is None else 1.0), "missing"
        for j in range(1, m + 1):
            if misread is None:
                # An empty slot costs nothing; a filled one takes symbols one by one.
                best, step = above[j], "missing"
                if row[j - 1] + ABSORBED < best:
                    best, step = row[j - 1] + ABSORBED, "absorb"
            else:
                best, step = above[j - 1] + misread[j - 1], "match"
                if above[j] + 1.0 < best:
                    best, step = above[j] + 1.0, "missing"
                if row[j - 1] + 1.0 < best:
                    best, step = row[j - 1] + 1.0, "extra"
            row[j], how[j] = best, step
    return _trace(move, n, m)


def _misread(printed: str, read: Sequence[str], alike: Sequence[bool]) -> list[float]:
    """What it costs that each symbol was read for a printed one: a mark passed over is not what comes behind it.

    `alike`: whether each symbol is a letter or a digit, as the printed one may be.
    """
    word = printed.isalnum()
    costs = [1.0 if other == word else 1.0 + 2 * ABSORBED for other in alike]
    return [0.0 if symbol == printed else cost for symbol, cost in zip(read, costs, strict=True)]


NOBODY = -1


def _trace(move: list[list[str]], n: int, m: int) -> list[int]:
    owners = [NOBODY] * m
    i, j = n, m
    while i or j:
        step = move[i][j]
        if step == "match":
            owners[j - 1] = i - 1
            i, j = i - 1, j - 1
        elif step == "absorb":
            owners[j - 1] = i - 1
            j -= 1
        elif step == "extra":
            j -= 1
        else:
            i -= 1
    return owners


def _collect(
    tokens: Sequence[Token],
    parts: Sequence[str],
    pieces: Sequence[range],
    read: Sequence[ReadSymbol],
    owners: list[int],
) -> Alignment:
    by_token: dict[int, list[ReadSymbol]] = {}
    for symbol, owner in zip(read, owners, strict=True):
        by_token.setdefault(owner, []).append(symbol)
    printed = [i for i, token in enumerate(tokens) if not isinstance(token, Slot)]
    agree = [i for i in printed if i in by_token and by_token[i][0].symbol.text.translate(_SAME) == tokens[i]]
    blanks = tuple(
        Blank(
            token,
            parts[i],
            tuple(by_token.get(i, ())),
            _neighbour(by_token, agree, i, -1),
            _neighbour(by_token, agree, i, 1),
        )
        for i, token in enumerate(tokens)
        if isinstance(token, Slot)
    )

    def said(i: int) -> str:
        token = tokens[i]
        return "".join(s.symbol.text for s in by_token.get(i, ())) if isinstance(token, Slot) else token

    filled = tuple("".join(map(said, piece)) for piece in pieces)
    return Alignment(blanks, len(agree) / max(1, len(printed)), filled)


def _neighbour(by_token: dict[int, list[ReadSymbol]], agree: list[int], i: int, way: int) -> ReadSymbol | None:
    """The nearest printed symbol that was read as printed, at most three tokens away."""
    near = [k for k in agree if 0 < (k - i) * way <= 3]
    if not near:
        return None
    return by_token[min(near, key=lambda k: abs(k - i))][0]


def rect_of(symbols: Sequence[ReadSymbol]) -> Rect:
    """The rectangle around symbols (at least one), in pixels."""
    places = [s.symbol for s in symbols]
    return min(p.x0 for p in places), min(p.y0 for p in places), max(p.x1 for p in places), max(p.y1 for p in places)


def slice_lattice(line: TextLine, first: int, last: int) -> Lattice:
    """The lattice of symbols `first` to `last` (inclusive) of a line: from behind the one before to before the next."""
    steps = line.read.lattice.steps
    spans = line.read.spans
    start = round(spans[first - 1][1] * len(steps)) if first > 0 else 0
    end = round(spans[last + 1][0] * len(steps)) if last + 1 < len(spans) else len(steps)
    return Lattice(line.read.lattice.model, steps[start:end], line.read.lattice.floor)
