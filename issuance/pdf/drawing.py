"""A seal's picture on a PDF's pages, in its true size, and the print beneath it still to be read.

Pages are spoken of as they are seen: turned by their /Rotate, cut to their crop box.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.images import pil_image
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp import BaseStampStyle, StaticContentStamp

from issuance.pdf.opening import value
from yinjian.errors import InputError

MM = 72 / 25.4  # points
THINNEST_MM = 2.0  # of a strip across an edge: a thinner one shows nothing
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A seal's picture (RGBA) and its size on paper."""

    picture: Image.Image
    width_mm: float
    height_mm: float


LAST = -1
_ANEW = "Make the PDF anew from its source."


@dataclass(frozen=True, slots=True)
class Place:
    """The middle of a seal: page from 1 or `LAST`, mm from the page's left and upper edge."""

    page: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as it is seen. `width_mm`, `height_mm`: its size; `unit`: of its user space in points.

    `matrix`: from the page as it is seen (points, from its lower left corner) to user space.
    """

    width_mm: float
    height_mm: float
    unit: float
    matrix: Matrix

    def box(self, left_mm: float, top_mm: float, width_mm: float, height_mm: float) -> tuple[float, ...]:
        """Where a part of the page is in user space: left, lower, right, upper."""
        corners = [
            self.point(left_mm + x * width_mm, top_mm + y * height_mm) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))
        ]
        return (*(min(c[i] for c in corners) for i in (0, 1)), *(max(c[i] for c in corners) for i in (0, 1)))

    def point(self, x_mm: float, y_mm: float) -> tuple[float, float]:
        """User space of a point, from the left and upper edge."""
        a, b, c, d, e, f = self.matrix
        x, y = x_mm * MM / self.unit, (self.height_mm - y_mm) * MM / self.unit
        return a * x + c * y + e, b * x + d * y + f


def sheet(page: Any) -> Sheet:
    """How a page (its dictionary) is seen. Raises InputError for one without a size."""
    try:
        media = _box(_inherited(page, "/MediaBox"))
        crop = _inherited(page, "/CropBox")
        # "the intersection of the crop box with the media box" (ISO 32000-2, 14.11.2)
        x0, y0, x1, y1 = _common(media, _box(crop)) if crop is not None else media
        unit, turned = float(value(page, "/UserUnit") or 1), int(_inherited(page, "/Rotate") or 0) % 360
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InputError("A page of the PDF has no size.", _ANEW) from error
    matrices: dict[int, Matrix] = {
        0: (1, 0, 0, 1, x0, y0),
        90: (0, 1, -1, 0, x1, y0),
        180: (-1, 0, 0, -1, x1, y1),
        270: (0, -1, 1, 0, x0, y1),
    }
    if turned not in matrices or x0 >= x1 or y0 >= y1 or unit <= 0:
        raise InputError("A page of the PDF has no size.", _ANEW)
    size = ((x1 - x0) * unit / MM, (y1 - y0) * unit / MM)
    width, height = size if turned in (0, 180) else size[::-1]
    return Sheet(width, height, unit, matrices[turned])


def _box(box: Any) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(number.get_object()) for number in box)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _common(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, float, float, float]:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _inherited(page: Any, name: str) -> Any:
    """An attribute of a page, or of what is above it (ISO 32000-2, 7.7.3.4)."""
    for _ in range(64):
        if (found := value(page, name)) is not None:
            return found
        if "/Parent" not in page:
            return None
        page = page["/Parent"]
    raise InputError("The PDF's page tree goes round in a circle.", _ANEW)


def own_arrays(writer: Any, number: int, contents: bool) -> None:
    """Give a page its own arrays of annotations, and of contents, before something is added to them.

    Pages may share them, or have none: then what is drawn on one would be on all, or nowhere.
    """
    reference, _ = writer.find_page_for_modification(number)
    page = reference.get_object()
    for name in ("/Annots", "/Contents") if contents else ("/Annots",):
        there = value(page, name)
        items = list(there) if isinstance(there, generic.ArrayObject) else []
        if isinstance(there, generic.StreamObject):
            items = [page.raw_get(name)]
        page[pdf_name(name)] = writer.add_object(generic.ArrayObject(items))
    writer.mark_update(reference)


def frame(sheet: Sheet, drawn: Drawn, place: Place) -> tuple[float, ...]:
    """Where a seal comes to lie in user space. Raises InputError for a place that is not on the page whole."""
    left, top = place.x_mm - drawn.width_mm / 2, place.y_mm - drawn.height_mm / 2
    if min(left, top) < 0 or left + drawn.width_mm > sheet.width_mm or top + drawn.height_mm > sheet.height_mm:
        raise InputError(
            f"The seal would not be on page {place.page} whole.",
            f"The page is {sheet.width_mm:.0f} x {sheet.height_mm:.0f} mm, the seal"
            f" {drawn.width_mm:g} x {drawn.height_mm:g}; name where its middle is to be.",
        )
    return sheet.box(left, top, drawn.width_mm, drawn.height_mm)


@dataclass(frozen=True)
class InkStyle(BaseStampStyle):
    """How pyHanko draws a seal: its picture turned upright on the page as it is seen."""

    drawn: Drawn | None = None
    sheet: Sheet | None = None

    def create_stamp(self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: Any) -> InkStamp:
        return InkStamp(writer, cast(Any, self), box)


class InkStamp(StaticContentStamp):
    """The picture over all of the box."""

    def render(self) -> bytes:
        style = self.style
        _add_ink(self, pil_image(style.drawn.picture, self._ensure_writer))
        a, b, c, d, _, _ = style.sheet.matrix
        width, height = (style.drawn.width_mm * MM, style.drawn.height_mm * MM)
        scale = 1 / style.sheet.unit
        # What the turn leads out of the box comes back into it.
        x = -min(0.0, a * width + c * height) * scale
        y = -min(0.0, b * width + d * height) * scale
        turn = f"{a * scale:g} {b * scale:g} {c * scale:g} {d * scale:g} {x:.4f} {y:.4f} cm"
        return f"q /Ink gs {turn} {width:.4f} 0 0 {height:.4f} 0 0 cm /Seal Do Q".encode()


def _add_ink(content: Any, image: Any) -> None:
    """Ink darkens what is beneath it, and does not cover it: multiply (ISO 32000-2, 11.3.5)."""
    multiply = generic.DictionaryObject({pdf_name("/BM"): pdf_name("/Multiply")})
    content.set_resource(ResourceType.EXT_G_STATE, pdf_name("/Ink"), multiply)
    content.set_resource(ResourceType.XOBJECT, pdf_name("/Seal"), image)


def strips(pages: int, width_mm: float) -> Iterator[tuple[int, int, int]]:
    """A seal across the edges (骑缝章): each page's number from 1, its strip from the left, how many there are.

    Pages lie fanned out under one seal, each shows as much as the others; more than fit under one get several.
    """
    most = max(2, int(width_mm / THINNEST_MM))
    groups = -(-pages // most)
    for group in range(groups):
        begin, end = pages * group // groups, pages * (group + 1) // groups
        yield from ((page + 1, page - begin, end - begin) for page in range(begin, end))


def draw_strips(writer: Any, sheets: list[Sheet], drawn: Drawn, y_mm: float | None) -> None:
    """A seal across the right edges of all pages, its middle `y_mm` from the upper edge, or in the middle of it."""
    image = pil_image(drawn.picture, writer)
    multiply = generic.DictionaryObject({pdf_name("/BM"): pdf_name("/Multiply")})
    for number, strip, count in strips(len(sheets), drawn.width_mm):
        own = sheets[number - 1]
        middle = own.height_mm / 2 if y_mm is None else y_mm
        if not drawn.height_mm / 2 <= middle <= own.height_mm - drawn.height_mm / 2:
            raise InputError(
                f"The seal would not be on page {number} whole.", f"The page is {own.height_mm:.0f} mm high."
            )
        # Pages may share their resources, also with what was drawn by others: each strip has a name of its own.
        name = f"/Seal{secrets.token_hex(8)}"
        resources = generic.DictionaryObject(
            {
                pdf_name("/XObject"): generic.DictionaryObject({pdf_name(name): image}),
                pdf_name("/ExtGState"): generic.DictionaryObject({pdf_name(name): multiply}),
            }
        )
        own_arrays(writer, number - 1, contents=True)
        # What the page's own content leaves of its state is undone first.
        _add(writer, number - 1, b"q", prepend=True)
        _add(writer, number - 1, b"Q " + _strip(own, drawn, middle, strip, count, name), resources)


def _strip(own: Sheet, drawn: Drawn, middle_mm: float, strip: int, count: int, name: str) -> bytes:
    """The content that shows one strip at the right edge."""
    points = MM / own.unit
    width, height, thin = drawn.width_mm * points, drawn.height_mm * points, drawn.width_mm * points / count
    right, lower = own.width_mm * points, (own.height_mm - middle_mm) * points - height / 2
    turn = " ".join(f"{number:.4f}" for number in own.matrix)
    clip = f"{right - thin:.4f} {lower:.4f} {thin:.4f} {height:.4f} re W n"
    place = f"{width:.4f} 0 0 {height:.4f} {right - (strip + 1) * thin:.4f} {lower:.4f} cm"
    return f"q {turn} cm {clip} {name} gs {place} {name} Do Q".encode()


def _add(writer: Any, page: int, content: bytes, resources: Any = None, prepend: bool = False) -> None:
    stream = writer.add_object(generic.StreamObject(stream_data=content))
    writer.add_stream_to_page(page, stream, resources, prepend=prepend)
