"""Mark images: what becomes the picture of an electronic seal is a transparent RGBA PNG at 600 dpi with ink on it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from PIL import Image, UnidentifiedImageError

from yinjian.errors import Refused

DPI = 600
PER_METRE = round(DPI / 0.0254)  # pHYs counts pixels per metre: 23622
LARGEST_BYTES = 8 * 1024 * 1024
LARGEST_PIXELS = 4096  # a side: 173 mm
SMALLEST_MM = 3.0
INK_ALPHA = 64  # of 255: less is paper's grain
LEAST_INK = 0.002  # of the picture's area: a thin signature has ten times as much
MOST_INK = 0.95  # more is a filled picture, not a mark on a transparent ground
_AGAIN = "Scan the page again with the mark in its area, or have a reviewer cut it out."


@dataclass(frozen=True, slots=True)
class MarkImage:
    """A picture that was checked. `png` has no other chunks than it needs; the size is that of the whole picture."""

    png: bytes = field(repr=False)
    width_mm: float
    height_mm: float


SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"IEND\xaeB`\x82"  # every PNG's last chunk


def checked_image(data: bytes) -> MarkImage:
    """The picture of a mark, and nothing else that its file held. Raises Refused for anything that could not be one."""
    if len(data) > LARGEST_BYTES:
        raise Refused("The mark's image is larger than 8 MiB.", _AGAIN)
    picture = _opened(data)
    if picture.mode != "RGBA":
        raise Refused("The mark's image has no transparent ground (RGBA).", _AGAIN)
    if not _is_600_dpi(picture):
        raise Refused("The mark's image is not marked as 600 dpi.", "Cut it out of the page again: yinjian read --out.")
    _check_ink(picture)
    width, height = (round(side / DPI * 25.4, 2) for side in picture.size)
    return MarkImage(data if _is_bare(data) else _written(picture), width, height)


def _opened(data: bytes) -> Image.Image:
    """The decoded picture. Its declared size is looked at first, and no format but PNG is tried."""
    try:
        picture = Image.open(io.BytesIO(data), formats=("PNG",))
        if max(picture.size) > LARGEST_PIXELS:
            raise Refused("The mark's image is larger than 173 mm.", _AGAIN)
        picture.load()
        # Libraries that draw pages tell Pillow, for all of the process, to take files that are cut short.
        if not data.endswith(END):
            raise ValueError("cut short")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise Refused("The mark's image is no PNG that can be read.", _AGAIN) from None
    return picture


def _is_600_dpi(picture: Image.Image) -> bool:
    """Within one pixel per metre in a hundred: 600 dpi is no whole number of pixels per metre."""
    given = picture.info.get("dpi")
    return given is not None and all(abs(value - DPI) <= DPI / 100 for value in given)


def _check_ink(picture: Image.Image) -> None:
    inked = sum(picture.getchannel("A").histogram()[INK_ALPHA:]) / (picture.width * picture.height)
    if inked < LEAST_INK:
        raise Refused("The mark's image is empty.", _AGAIN)
    if inked > MOST_INK:
        raise Refused("The mark's image has no transparent ground.", _AGAIN)
    if min(picture.size) < SMALLEST_MM / 25.4 * DPI:
        raise Refused(f"The mark's image is smaller than {SMALLEST_MM:g} mm.", _AGAIN)


def _is_bare(data: bytes) -> bool:
    """Whether the file holds its pixels and resolution only: then it need not be written anew, which takes long."""
    kinds, place = [], len(SIGNATURE)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kinds.append(data[place + 4 : place + 8])
        place += length + 12
    return kinds == [b"IHDR", b"pHYs", b"IDAT", b"IEND"] and place == len(data)


def _written(picture: Image.Image) -> bytes:
    """Pixels only: text, times and profiles of the old file stay behind. The same picture gives the same bytes."""
    bare = Image.frombytes("RGBA", picture.size, picture.tobytes())
    stream = io.BytesIO()
    bare.save(stream, "PNG", dpi=(DPI, DPI))
    return stream.getvalue()
