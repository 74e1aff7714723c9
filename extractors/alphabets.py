"""What a field may be written in: sets of symbols that recognition is restricted to.

The recogniser knows 18,708 symbols of many scripts; its errors on these forms are mostly symbols that the field cannot
hold (a traditional form for a simplified one, O for 0). Restricting the alphabet before decoding removes them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

DIGITS = frozenset("0123456789")
# GB 32100-2015 5.3: the credit code uses digits and capital letters without I, O, Z, S and V.
CREDIT_CODE = DIGITS | frozenset("ABCDEFGHJKLMNPQRTUWXY")
# GB 11643-1999: 17 digits and a check character, a digit or X.
IDENTITY_NUMBER = DIGITS | {"X"}
DATE = DIGITS | frozenset("年月日长期至.-/ ")
LATIN = frozenset(chr(code) for code in range(33, 127))
# What no address holds: a hand's digits are read as such.
SIGNS = frozenset("+*=<>%@$&^{}[]\\")
NEVER = {"address": SIGNS}  # by alphabet: where it is seen, something was written that was not read
PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》〈〉【】…—～·○〇□☑☐■√✓×✔")

# Characters of the 通用规范汉字表 of 2013 (Unihan's kTGH) that stand for another elsewhere; persons have such names.
STANDARD = frozenset("昇棁榅氾煴爇甦祕脩苧蒐薳釐陞麹")
# More than 100 of 32 million bear each in their given name, and more than 3 for each 100 that bear its simplified form
# (the table of the ngender package; of 國, 偉, 雲 it is 1 for 1,000).
BORNE = frozenset("頔龑暐贇暘湧樑濛")
# A lower-case letter that looks like its capital stands for it where only capitals can be.
CAPITALS = {
    "x": "X",
    "×": "X",
    "Х": "X",
    "о": "0",
    "O": "0",
    "o": "0",
    "〇": "0",
    "○": "0",
    "l": "1",
    "I": "1",
    "|": "1",
}


@cache
def _foreign() -> frozenset[str]:
    """Characters that stand for a simplified one elsewhere: traditional, Japanese, Taiwan's and Hong Kong's shapes."""
    traditional = {old for old, new in _pairs("TSCharacters") if old not in new.split(" ")}
    pairs = (pair for name in ("JPVariants", "TWVariants", "HKVariants") for pair in _pairs(name))
    return frozenset(traditional | {shape for old, new in pairs for shape in new.split(" ") if shape != old})


def _pairs(name: str) -> list[tuple[str, str]]:
    """A table of OpenCC's: a character, and what stands for it, spaces between."""
    table = files("opencc").joinpath("dictionary", f"{name}.txt").read_text("utf-8")
    lines = (line.partition("\t") for line in table.splitlines())
    return [(old, new) for old, tab, new in lines if tab]


@cache
def _simplified(symbol: str) -> bool:
    if symbol in LATIN or symbol in PUNCTUATION:
        return True
    if not "\u3400" <= symbol <= "\U0003ffff" or "\ufb00" <= symbol <= "\uffff":
        return False
    if symbol not in _foreign() or symbol in STANDARD:
        return True
    # GB 2312 has characters that are both: foreign in one word and simplified in another (乾, 著).
    try:
        symbol.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


Allowed = Callable[[str], bool]

# by field kind; `text` is simplified Chinese with Latin letters, digits and the punctuation of the forms.
ALPHABETS: dict[str, Allowed] = {
    "text": _simplified,
    "address": lambda s: s not in SIGNS and _simplified(s),
    "name": lambda s: s in BORNE or (_simplified(s) and (s == "·" or (s > "\u3400" and s not in PUNCTUATION))),
    "digits": DIGITS.__contains__,
    "phone": DIGITS.__contains__,
    "credit_code": CREDIT_CODE.__contains__,
    "identity_number": IDENTITY_NUMBER.__contains__,
    "date": DATE.__contains__,
}
