"""Scoring a reading against the truth: pure functions over plain JSON, as `yinjian read` and the generator write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from yinjian.share import Share
from yinjian.textfold import fold

Json = Mapping[str, Any]

PRINTED, WRITTEN, DATE, COPIES = (
    "form, printed",
    "form, hand-written",
    "form, date printed or written",
    "copies, printed",
)
BOXES, KINDS, TURNS = "boxes", "page kinds", "page turns"


@dataclass(frozen=True, slots=True)
class Score:
    """One thing that was right or wrong. `said` and `true` are for looking at what was wrong."""

    what: str
    where: str
    said: str | None
    true: str
    right: bool


def share(scores: Iterable[Score], what: str = "") -> Share:
    """The share that was right, of one kind or (`what` is "") of all."""
    counted = [score.right for score in scores if what in ("", score.what)]
    return Share(sum(counted), len(counted))


def field_class(field_id: str, by_hand: bool) -> str:
    """How a field came onto its paper. In printed applications the date is often left for the pen."""
    if "." in field_id or field_id.startswith("licence_"):
        return COPIES
    if field_id == "project_name":  # part of the form, even where a pen fills in the rest
        return PRINTED
    if by_hand:
        return WRITTEN
    return DATE if field_id == "application_date" else PRINTED


def score_fields(expected: Json, read: Json, by_hand: bool) -> Iterator[Score]:
    """Every expected field, exact but for the width of letters, brackets and spaces. One that is not there is wrong."""
    for field_id, truth in expected["fields"].items():
        said = read["fields"].get(field_id, {}).get("text")
        right = said is not None and fold(said) == fold(truth["text"])
        yield Score(field_class(field_id, by_hand), field_id, said, truth["text"], right)


def score_boxes(expected: Json, read: Json) -> Iterator[Score]:
    """Every tick box of the form."""
    for group, labels in expected["choices"].items():
        for label, state in labels.items():
            said = read["choices"].get(group, {}).get(label)
            yield Score(BOXES, f"{group}/{label}", said, state, said == state)


def score_pages(expected: Json, read: Json) -> Iterator[Score]:
    """What each page was taken for, and which way up."""
    pages = {(page["file"], page["page"]): page for page in read["pages"]}
    for truth in expected["pages"]:
        said = pages.get((truth["file"], truth["page"]), {})
        where = f"{truth['file']}:{truth['page']}"
        yield Score(KINDS, where, said.get("kind"), truth["kind"], said.get("kind") == truth["kind"])
        turn = said.get("rotation")
        yield Score(
            TURNS, where, None if turn is None else str(turn), str(truth["rotation"]), turn == truth["rotation"]
        )


def score_lines(expected: Json, lines: Mapping[tuple[str, int], Iterable[str]], by_hand: bool) -> Iterator[Score]:
    """Of the values that are not blank, which stand verbatim in the lines of their page.

    It is a lenient count: no one says which line holds which field, a value may run on from line to line, and a date
    may be spelt in any usual way.
    """
    texts = {page: fold("".join(found)) for page, found in lines.items()}
    for field_id, truth in expected["fields"].items():
        if truth["text"]:
            page = expected["pages"][truth["page"]]
            text = texts.get((page["file"], page["page"]), "")
            right = any(fold(spelling) in text for spelling in spellings(truth["text"]))
            yield Score(field_class(field_id, by_hand), field_id, None, truth["text"], right)


def spellings(value: str) -> tuple[str, ...]:
    """The value as it may stand on paper: days are ISO in a reading and hardly ever on paper."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return (value,)
    year, month, number = day.year, day.month, day.day
    return (
        value,
        f"{year}年{month}月{number}日",
        f"{year}年{month:02}月{number:02}日",
        f"{year}.{month:02}.{number:02}",
        f"{year}.{month}.{number}",
    )


def on_upright_pages(expected: Json) -> frozenset[str]:
    """The fields whose page was not turned."""
    pages = expected["pages"]
    return frozenset(f for f, truth in expected["fields"].items() if pages[truth["page"]]["rotation"] == 0)
