"""Comparing texts as the CA does: width, bracket and space variants are the same, everything else is not."""

from __future__ import annotations

# Stands for a character that is there and in no alphabet of ours: it must not vanish from a value. (Printers' 〓.)
UNKNOWN = "〓"

_WIDE = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)}
_BRACKETS = dict.fromkeys(map(ord, "（﹙〔﹝［【[⦅"), "(") | dict.fromkeys(map(ord, "）﹚〕﹞］】]⦆"), ")")
# str.isspace() does not know the zero-width ones.
_ZERO_WIDTH = dict.fromkeys((0x200B, 0x2060, 0xFEFF))
_TABLE: dict[int, int | str | None] = {**_WIDE, **_BRACKETS, **_ZERO_WIDTH}


def fold(text: str) -> str:
    """The text with full-width letters, brackets and spaces folded, and nothing else: 己 stays apart from 已."""
    return "".join(text.translate(_TABLE).split())


def is_chinese(symbol: str) -> bool:
    """Whether a symbol is a Chinese character (Unicode's CJK Unified Ideographs); an empty one is none."""
    return "\u4e00" <= symbol <= "\u9fff"


def fold_code(text: str) -> str:
    """A number or code: folded, in capitals, without the hyphens that people put between groups."""
    return fold(text).upper().replace("-", "")


def print_forms(text: str) -> tuple[str, ...]:
    """The folded text as it may stand on paper: with half-width and with full-width brackets."""
    half = fold(text)
    wide = half.replace("(", "（").replace(")", "）")
    return (half,) if wide == half else (half, wide)
