"""The words of a text: what is compared of it, and what marks between them are too small to tell apart."""

from __future__ import annotations

from yinjian.textfold import fold


def words(text: str) -> str:
    """The text without what is not compared: width of letters, spaces, punctuation but for decimal points."""
    folded = fold(text)
    return "".join(c for n, c in enumerate(folded) if counts(c) or is_point(folded, n))


def counts(symbol: str) -> bool:
    """Letters, digits and characters carry the meaning; marks between them are too small to tell apart on paper."""
    return symbol.isalnum()


def is_point(text: str, place: int) -> bool:
    """Whether a point stands between digits: 36.0 is not 360."""
    return text[place] == "." and text[place - 1 : place].isdigit() and text[place + 1 : place + 2].isdigit()
