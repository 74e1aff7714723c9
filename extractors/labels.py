"""Labels and what stands beside them, wherever on the page that is.

Registration documents and identity cards differ in layout by year and place, but all print a label and its value on one
baseline. Labels are spread over their column ("名    称"), so the detector may give their letters one by one: lines are
first joined to chains along the baseline, then labels are looked for in the chains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from extractors.align import ReadSymbol, rect_of
from extractors.textlines import Rect, TextLine, share_within
from yinjian.textfold import fold

# Distances in heights of the line at hand.
LABEL_GAP = 1.6  # between the middles of two symbols: from here on the second may begin a label
COLUMN_GAP = 3.5  # ... and from here on it belongs to another column
LETTER_GAP = 8.0  # between the letters of a spread label
VALUE_GAP = 20.0  # between a label and its value: what stands further off on its baseline is another column's
WITHIN = 0.7  # of a line's area inside of another line: the detector found the same words twice
WIDE = 1.5  # heights: no letter is as wide


@dataclass(frozen=True, slots=True)
class Entry:
    """A label with the symbols of its value on the same baseline; `key` is "" for words without a label."""

    key: str
    label: tuple[ReadSymbol, ...]
    value: tuple[ReadSymbol, ...]

    @property
    def rect(self) -> Rect:
        """Around label and value, in pixels."""
        return rect_of((*self.label, *self.value))

    @property
    def height(self) -> float:
        return max(1.0, self.rect[3] - self.rect[1])

    @property
    def text(self) -> str:
        return "".join(s.symbol.text for s in self.value)


Chain = tuple[ReadSymbol, ...]


def entries(lines: Sequence[TextLine], words: Mapping[str, str]) -> tuple[Entry, ...]:
    """The page as labelled values and other words, top to bottom. `words`: label as printed -> key."""
    found = [entry for chain in chains(lines) for entry in _split(chain, words)]
    found = [_with_half_label(entry, found, words) for entry in found]
    return tuple(sorted(found, key=lambda e: (e.rect[1] + e.rect[3], e.rect[0])))


def chains(lines: Sequence[TextLine]) -> tuple[Chain, ...]:
    """The symbols of lines that stand on one baseline, left to right."""
    kept = _without_doubles([n for n, line in enumerate(lines) if line.text.strip() and not _is_picture(line)], lines)
    links = sorted((cost, a, b) for a in kept for b in kept if (cost := _distance(lines[a], lines[b])) is not None)
    after: dict[int, int] = {}
    taken: set[int] = set()
    for _, a, b in links:
        if a not in after and b not in taken:
            after[a] = b
            taken.add(b)
    return tuple(follow(first, after, lines) for first in kept if first not in taken)


def _is_picture(line: TextLine) -> bool:
    """Whether what was read as one letter is wider than letters are: a part of a portrait, or an ornament."""
    return len(line.text) == 1 and line.text.isascii() and line.rect[2] - line.rect[0] > WIDE * line.height


def _without_doubles(numbers: Sequence[int], lines: Sequence[TextLine]) -> list[int]:
    """Lines but for those that lie within another line that says more."""
    order = sorted(numbers, key=lambda n: -lines[n].read.sureness)
    kept: list[int] = []
    for n in order:
        if all(share_within(lines[n].rect, lines[k].rect) < WITHIN for k in kept):
            kept.append(n)
    return sorted(kept)


def _distance(left: TextLine, right: TextLine) -> float | None:
    """From one line to another on its right on the same baseline, in pixels; None when it stands elsewhere."""
    low, high = sorted((left.height, right.height))
    across = right.rect[0] - left.rect[2]
    off = abs(left.centre[1] - right.centre[1])
    if high > 2.2 * low or off > 0.5 * low or across < -0.6 * high or left.centre[0] >= right.centre[0]:
        return None
    return max(0.0, across) + 3 * off


def follow(first: int, after: Mapping[int, int], lines: Sequence[TextLine]) -> Chain:
    """The symbols of a line and of those that come after it, white space left out."""
    symbols: list[ReadSymbol] = []
    line: int | None = first
    while line is not None:
        symbols += [ReadSymbol(s, line, i) for i, s in enumerate(lines[line].symbols()) if not s.text.isspace()]
        line = after.get(line)
    return tuple(symbols)


def _split(chain: Chain, words: Mapping[str, str]) -> list[Entry]:
    """A chain cut before each label and at wide gaps within values."""
    found: list[Entry] = []
    key, label, value = "", (), ()  # type: tuple[str, Chain, Chain]
    at = 0
    while at < len(chain):
        gap = _gap(chain, at)
        match = _label_at(chain, at, words) if gap > LABEL_GAP else None
        if match or (_may_end(label, value, gap) and at and chain[at - 1].line != chain[at].line):
            found.append(Entry(key, label, value))
            key, label, value = (match[0], chain[at : at + match[1]], ()) if match else ("", (), ())
        value = value if match else (*value, chain[at])
        at += match[1] if match else 1
    found.append(Entry(key, label, value))
    return [e for e in found if e.label or e.value]


def _may_end(label: Chain, value: Chain, gap: float) -> bool:
    """Whether an entry may end before so wide a gap. A single symbol may be a spread label's: an ideograph, that is."""
    if not value:
        return bool(label) and gap > VALUE_GAP
    return gap > COLUMN_GAP and (len(value) > 1 or (not label and value[0].symbol.text.isascii()))


def _gap(chain: Chain, at: int) -> float:
    """From the middle of the symbol before to this one's, in line heights; wide before the first of a line."""
    if at == 0:
        return COLUMN_GAP
    one, two = chain[at - 1].symbol, chain[at].symbol
    gap = (two.x0 + two.x1 - one.x0 - one.x1) / 2 / max(1.0, two.y1 - two.y0)
    return gap if chain[at - 1].line == chain[at].line else max(gap, LABEL_GAP + 0.01)


def _label_at(chain: Chain, at: int, words: Mapping[str, str]) -> tuple[str, int] | None:
    """Key and number of symbols of the label that begins here: the one with the fewest errors, then the longest."""
    text = fold("".join(s.symbol.text[:1] for s in chain[at : at + 16]))
    found = []
    for word, key in words.items():
        for length in (len(word), len(word) - 1):
            errors = _errors(word, text[:length])
            if errors <= _allowed(word) and _together(chain[at : at + length], word):
                found.append((errors, -length, key))
    _, length, key = min(found, default=(0, 0, ""))
    return (key, -length) if found else None


def _with_half_label(entry: Entry, found: Sequence[Entry], words: Mapping[str, str]) -> Entry:
    """An entry that begins with one letter of a two-letter label, in the column of other labels.

    Letters of a widely spread label are small and alone: the detector misses one of the two now and then.
    """
    if entry.key or not any(_in_label_column(entry, other) for other in found if other.key):
        return entry
    known = {e.key for e in found}
    letter = entry.value[0].symbol.text
    keys = {key for word, key in words.items() if len(word) == 2 and letter in word and key not in known}
    return Entry(keys.pop(), entry.value[:1], entry.value[1:]) if len(keys) == 1 else entry


def _in_label_column(entry: Entry, other: Entry) -> bool:
    place, column, height = entry.value[0].symbol, rect_of(other.label), entry.height
    return column[0] - 0.6 * height < place.x0 and place.x1 < column[2] + 0.4 * height and len(other.label) > 1


def _allowed(word: str) -> int:
    """Misread or missing letters that leave a label known: none for short ones, which would become one another."""
    return len(word) // 3 if len(word) > 3 else 0


def _errors(word: str, text: str) -> int:
    """Letters misread, or one missing; large when neither."""
    if len(text) == len(word):
        return sum(a != b for a, b in zip(word, text, strict=True))
    if len(text) == len(word) - 1:
        return 1 if any(word[:i] + word[i + 1 :] == text for i in range(len(word))) else len(word)
    return len(word)


def _together(letters: Chain, word: str) -> bool:
    """Letters of one label. A last one that is not the label's stands like the others: else it is the value's first."""
    gaps = [_gap(letters, i) for i in range(1, len(letters))]
    if len(letters) == len(word) and letters[-1].symbol.text != word[-1]:
        alike = letters[-1].line == letters[-2].line and gaps[-1] < 1.3 * max(gaps[:-1])
        return alike and not letters[-1].symbol.text.isascii()
    return max(gaps) < LETTER_GAP
