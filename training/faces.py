"""The fonts of training, beside those of the samples. None of those that are held out is among them."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from samples.typefaces import add_fonts, characters_of
from yinjian.errors import SetupError

_SYSTEM = Path("/usr/share/fonts/truetype")
_PACKAGES = {  # Debian's
    "gbsn": [(_SYSTEM / "arphic-gbsn00lp/gbsn00lp.ttf", 0)],
    "tw-kai": [(_SYSTEM / "cns11643/TW-Kai-98_1.ttf", 0)],
    "babelstone": [(_SYSTEM / "babelstone/BabelStoneHan.ttf", 0)],
}
STAMPED = (
    *("song", "song", "song-bold", "song-bold", "hei", "hei-bold", "ming", "zenhei", "gbsn", "babelstone"),
    *("syst", "sypxzs", "stmdxf", "bwckkt", "zcool-xiaowei"),
)
WRITTEN = (
    *("ma-shan-zheng", "zhi-mang-xing", "zhi-mang-xing", "kai", "tw-kai"),
    *("hlxsjt", "tjl", "zcool-kuaile", "jxzk", "kksjt", "sypxzs"),
)
PRINTED = ("song", "song-bold", "hei", "ming", "zenhei", "gbsn", "babelstone", "syst", "kai", "tw-kai", "sypxzs")


def folder() -> Path:
    """Where the fonts and strokes lie that no Debian package has (training/README.md)."""
    named = os.environ.get("YINJIAN_TRAINING_FONTS")
    if not named or not Path(named).is_dir():
        raise SetupError("The fonts for training are missing.", "Set YINJIAN_TRAINING_FONTS; see training/README.md.")
    return Path(named)


@cache
def hands() -> tuple[str, ...]:
    """The fonts with hand-written digits and capitals."""
    return tuple(sorted(path.name for path in (folder() / "latin").iterdir()))


@cache
def load() -> None:
    """Make all fonts known by their names."""
    homes = [home for part in ("chinese", "latin") for home in (folder() / part).iterdir()]
    add_fonts({home.name: [(path, 0) for path in sorted(home.rglob("*.woff2"))] for home in homes} | _PACKAGES)


def has(name: str, text: str) -> bool:
    """Whether a font has all characters of a text."""
    return characters_of(name).keys() >= set(text)
