"""Texts to learn: what stands on seals and in forms, and characters that nothing foretells.

A part of all texts is drawn character by character from the whole of GB 2312: who learns names alone reads them where
another name stands.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
PLACES, TRADES, KINDS = (tuple(_WORDS[name].split()) for name in ("places", "trades", "kinds"))
NEAR = (*PLACES[:6], "黑龙江", "哈尔滨", "大庆")
SURNAMES = str(_WORDS["surnames"])
CAPITALS = "ABCDEFGHJKLMNPQRTUWXY"  # those of credit codes
LONGEST = 26


def _rows(first: int, end: int) -> tuple[str, ...]:
    """The characters of rows of GB 2312."""
    places = (bytes((0xA0 + row, 0xA0 + cell)) for row in range(first, end) for cell in range(1, 95))
    return tuple(text for place in places if (text := place.decode("gb2312", "ignore")))


COMMON, RARE = _rows(16, 56), _rows(56, 88)


def characters(draw: Random, count: int, rare: float = 0.15) -> str:
    """Any characters, a share of them `rare`."""
    return "".join(draw.choice(RARE if draw.random() < rare else COMMON) for _ in range(count))


def digits(draw: Random, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def unit(draw: Random) -> str:
    """A unit's name, or as many characters as one has."""
    if draw.random() < 0.2:
        return characters(draw, draw.randint(6, 20))
    place = draw.choice(NEAR) if draw.random() < 0.5 else draw.choice(PLACES) if draw.random() < 0.75 else ""
    more = draw.choice(PLACES[16:]) if draw.random() < 0.3 else ""
    trade = draw.choice(TRADES) if draw.random() < 0.8 else characters(draw, 2)
    name = f"{place}{more}{characters(draw, draw.randint(2, 5))}{trade}{draw.choice(KINDS)}"
    return name[:LONGEST]


def value(draw: Random) -> str:
    """What a form's cell may hold."""
    chance = draw.random()
    if chance < 0.2:
        return draw.choice(SURNAMES) + characters(draw, draw.randint(1, 3), 0.25)
    if chance < 0.45:
        return unit(draw)
    if chance < 0.57:
        return digits(draw, draw.choice((11, 11, 11, 6, 8, 4, 2, 1)))
    if chance < 0.67:
        return digits(draw, 17) + draw.choice("0123456789X")
    if chance < 0.77:
        return "91" + digits(draw, 6) + "".join(draw.choice("0123456789" + CAPITALS) for _ in range(10))
    if chance < 0.9:
        return _address(draw)
    return characters(draw, draw.randint(2, 10), 0.2)


def date(draw: Random) -> tuple[str, str, str]:
    """Year, month and day, as they are written into the blanks of one; now and then with noughts before."""
    month, day = draw.randint(1, 12), draw.randint(1, 31)
    wide = "02d" if draw.random() < 0.3 else "d"
    return str(draw.randint(2015, 2039)), format(month, wide), format(day, wide)


def _address(draw: Random) -> str:
    street = draw.choice(("路", "街", "大街", "道", "镇", "村", "区"))
    house = f"{draw.randint(1, 999)}{draw.choice(('号', '号', '号楼'))}"
    flat = f"{draw.randint(1, 30)}{draw.choice(('单元', '层', '室', '栋'))}" if draw.random() < 0.5 else ""
    return f"{draw.choice(PLACES)}{characters(draw, 2)}{street}{house}{flat}"
