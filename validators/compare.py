"""Whether a text is the one on the paper: by folding, and by the recogniser's lattice where folding leaves a doubt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from validators.policy import Policy
from yinjian.catalogue.model import FieldKind
from yinjian.checkdigits import is_identity_number, is_registration_number, is_uscc
from yinjian.claim import parse_day
from yinjian.lattice import Lattice
from yinjian.records import FieldReading
from yinjian.textfold import UNKNOWN, fold, fold_code, print_forms

# What the alphabets of numbers lack, and what it was then meant to be.
_MEANT = {
    FieldKind.USCC: str.maketrans("O〇○ISZ", "000152"),
    FieldKind.ID_NUMBER: str.maketrans("O〇○ISZLB×", "00015218X"),
    FieldKind.PHONE: str.maketrans("O〇○ISZLB", "00015218"),
}

# Symbols that recognisers take for one another and that make no other person or company of a name: the traditional
# form of a simplified character, the dash for 一, shapes of the middle dot. 己 and 已, 未 and 末 are not among them.
_CONFUSED = (
    "黃黄 陳陈 張张 劉刘 楊杨 趙赵 吳吴 孫孙 馬马 許许 鄧邓 馮冯 韓韩 葉叶 蔣蒋 蘇苏 鄭郑 謝谢 羅罗 龍龙",
    "國国 華华 東东 業业 電电 術术 貿贸 濱滨 爾尔 區区 號号 銀银 鐵铁 門门 車车 軍军 偉伟 麗丽 強强 曉晓",
    "學学 興兴 寶宝 慶庆 縣县 長长 設设 備备 產产 責责 環环 萬万 廣广",
    "O0 〇0 ○0 o0 I1 l1 |1 •· ・· ‧· —一 –一 ―一 -一",
)
_CONFUSABLE = {ord(pair[0]): pair[1] for line in _CONFUSED for pair in line.split()}


def plain(kind: FieldKind, text: str) -> str:
    """A typed text as it is compared: width, brackets and spaces folded, in numbers capitals and hyphens too."""
    return fold_code(text) if kind in _MEANT else fold(text)


def normal(kind: FieldKind, text: str) -> str:
    """A text that was read, as it is compared: in numbers, what their alphabet lacks is what it was meant to be."""
    return plain(kind, text).translate(_MEANT.get(kind, {}))


def agrees(kind: FieldKind, read: FieldReading, expected: str, policy: Policy) -> bool:
    """Whether `expected` stands on the paper where `read` was read.

    Two characters that are in no alphabet of ours may be two.
    """
    seen, wanted = normal(kind, read.text), plain(kind, expected)
    return (seen == wanted and UNKNOWN not in wanted) or (
        _only_confused(kind, seen, wanted) and lattice_agrees(read, wanted, policy.margin)
    )


def may_be_misread(kind: FieldKind, read: FieldReading) -> bool:
    """Whether an expected text may overrule what was read; never a number whose check digit holds."""
    return not _well_formed(normal(kind, read.text))


def lattice_agrees(read: FieldReading, expected: str, margin: float) -> bool:
    """Whether the recogniser saw `expected` as well, over all of the field's lines.

    Where a person has read it, what the recogniser saw no longer counts.
    """
    if read.corrected_by or not read.lattices or UNKNOWN in expected:
        return False
    return max(margin_over(read.lattices, text) for text in print_forms(expected)) > margin


def margin_over(lattices: Sequence[Lattice], text: str) -> float:
    """log P(text) - log P(best) of lines (at least one) that follow one another, broken where that is likeliest."""
    told = {0: 0.0}  # by how much of the text the lines so far tell
    for n, lattice in enumerate(lattices, start=1):
        ends = (lambda start: range(start, len(text) + 1)) if n < len(lattices) else (lambda _: (len(text),))
        parts = [(start, end) for start in told for end in ends(start)]
        scores = lattice.log_probabilities([lattice.best_text(), *(text[start:end] for start, end in parts)])
        best, reached = max(scores), dict[int, float]()
        for (start, end), score in zip(parts, scores[1:], strict=True):
            reached[end] = max(reached.get(end, -math.inf), told[start] + score - best)
        told = reached
    return told[len(text)]


def _only_confused(kind: FieldKind, seen: str, wanted: str) -> bool:
    """Whether the difference is one that the recogniser is known to make, so that the lattice may settle it."""
    if kind in (FieldKind.USCC, FieldKind.ID_NUMBER):
        # What was read is no such number at all, so it was misread by a symbol. A valid one is never overruled.
        return _well_formed(wanted) and not _well_formed(seen) and _one_symbol_apart(seen, wanted)
    return seen.translate(_CONFUSABLE) == wanted.translate(_CONFUSABLE)


def _one_symbol_apart(a: str, b: str) -> bool:
    return len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1


def _well_formed(number: str) -> bool:
    return is_uscc(number) or is_registration_number(number) or is_identity_number(number, date.max)


def day(text: str) -> date | None:
    """The day that a field holds, None when it holds none."""
    return parse_day(fold(text))
