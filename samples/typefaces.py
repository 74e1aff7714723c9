"""The fonts that print and write: files of the Debian font packages and the hands under `samples/fonts`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Mask = NDArray[Any]  # float32 ink, 0 none to 1 full, (height, width)
Piece = tuple[Path, int]  # a file, and the index in its collection

_SYSTEM = Path("/usr/share/fonts")
_HANDS = Path(__file__).parent / "fonts"

_FILES: dict[str, list[Piece]] = {
    "song": [(_SYSTEM / "opentype/noto/NotoSerifCJK-Regular.ttc", 2)],
    "song-bold": [(_SYSTEM / "opentype/noto/NotoSerifCJK-Bold.ttc", 2)],
    "hei": [(_SYSTEM / "opentype/noto/NotoSansCJK-Regular.ttc", 2)],
    "hei-bold": [(_SYSTEM / "opentype/noto/NotoSansCJK-Bold.ttc", 2)],
    "kai": [(_SYSTEM / "truetype/arphic/ukai.ttc", 0)],
    "ming": [(_SYSTEM / "truetype/arphic/uming.ttc", 0)],
    "zenhei": [(_SYSTEM / "truetype/wqy/wqy-zenhei.ttc", 0)],
    "microhei": [(_SYSTEM / "truetype/wqy/wqy-microhei.ttc", 0)],
} | {
    family: [(_HANDS / family / f"{family}-chinese-simplified-400-normal.woff2", 0)]
    for family in ("liu-jian-mao-cao", "long-cang", "ma-shan-zheng", "zhi-mang-xing")
}


def add_fonts(files: Mapping[str, list[Piece]]) -> None:
    """More fonts by name; one may come in several files, each with some of its characters."""
    _FILES.update(files)


@lru_cache(maxsize=512)
def font(name: str, size: int, piece: int = 0) -> ImageFont.FreeTypeFont:
    """The font of that name at `size` pixels to the em."""
    path, index = _FILES[name][piece]
    return ImageFont.truetype(str(path), size, index=index)


@lru_cache
def characters_of(name: str) -> dict[str, int]:
    """All characters that a font has, and the piece of it that has each."""
    found: dict[str, int] = {}
    for piece, (path, index) in enumerate(_FILES[name]):
        for code in TTFont(path, fontNumber=index, lazy=True).getBestCmap():
            found.setdefault(chr(code), piece)
    return found


def _face(character: str, name: str, size: int) -> ImageFont.FreeTypeFont:
    whole = len(_FILES[name]) == 1
    return font(name, size) if whole else font(name, size, characters_of(name)[character])


def text_mask(text: str, name: str, size: int, spacing: float = 0.0) -> Mask:
    """One line of text, cut to its ink's width and to the font's line height. `spacing`: ems between characters."""
    ascent, descent = font(name, size).getmetrics()
    width = round(sum(_face(c, name, size).getlength(c) + spacing * size for c in text)) + size
    image = Image.new("L", (width, ascent + descent), 0)
    draw = ImageDraw.Draw(image)
    x = size / 4
    for character in text:
        face = _face(character, name, size)
        draw.text((x, 0), character, font=face, fill=255)
        x += face.getlength(character) + spacing * size
    mask = np.asarray(image, np.float32) / 255
    columns = np.flatnonzero(mask.max(axis=0) > 0)
    return mask[:, columns[0] : columns[-1] + 1] if len(columns) else mask[:, :1]


def wrapped(text: str, name: str, size: int, width: int) -> list[str]:
    """`text` in lines of at most `width` pixels; a number is not broken."""
    face, lines = font(name, size), [""]
    for piece in re.findall(r"[0-9A-Za-z]+|.", text):
        if lines[-1] and face.getlength(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return lines


def glyph_mask(character: str, name: str, size: int) -> Mask:
    """One character cut to its ink on all sides."""
    image = Image.new("L", (size * 2, size * 2), 0)
    ImageDraw.Draw(image).text((size / 2, size / 3), character, font=_face(character, name, size), fill=255)
    return crop(np.asarray(image, np.float32) / 255)


def crop(mask: Mask, margin: int = 0) -> Mask:
    """`mask` cut to its ink, with `margin` pixels of nothing around it."""
    rows, columns = np.flatnonzero(mask.max(axis=1) > 0.05), np.flatnonzero(mask.max(axis=0) > 0.05)
    if not len(rows):
        return mask[:1, :1]
    return np.pad(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], margin)
