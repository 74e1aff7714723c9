"""Pages that an application has too many of: the same one twice, and what is none of its papers.

Of two sheets of one form the first is read, so a person sees to it that the other says the same; of a copy, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractors.fingerprint import Plate, likeness
from extractors.page import Sheet
from extractors.table import Matched
from yinjian.findings import Finding, finding
from yinjian.records import PageKind

SAME_COPY = 0.97  # likeness of pages
AGAIN = 2  # cells whose labels two sheets both show: of a row that a sheet's end divides it is one
LEGIBLE, SOMETHING = 0.5, 8  # how sure the least sure symbol of a line is; symbols of such lines that are text


def matched_before(forms: Sequence[Matched]) -> list[int]:
    """Which of a form's sheets show what one before them shows."""
    shown = [{place.cell for place in one.places if place.labelled and not place.continued} for one in forms]
    return [n for n, own in enumerate(shown) if any(len(own & other) >= AGAIN for other in shown[:n])]


def copied_before(copies: Sequence[tuple[PageKind, bytes]]) -> list[int]:
    """Which pages are the very copy, with the very stamp, that one before them is, by kind and fingerprint.

    Of a paper that was copied and stamped twice each copy counts as one of its own.
    """
    plates = [(kind, Plate.from_bytes(told)) for kind, told in copies]
    return [n for n, own in enumerate(plates) if any(_is_same(own, other) for other in plates[:n])]


def _is_same(one: tuple[PageKind, Plate], other: tuple[PageKind, Plate]) -> bool:
    return one[0] is other[0] and likeness(one[1], other[1]) > SAME_COPY


def says_something(sheet: Sheet) -> bool:
    """Whether there is text on a page: the back of a sheet is none of the papers, and asks for nobody."""
    legible = (line for line in sheet.lines if line.read.confidence > LEGIBLE)
    return sum(len(line.text) for line in legible) >= SOMETHING


def duplicate(sheet: Sheet) -> Finding:
    """`sheet` came before."""
    message = f"{sheet.file}：第 {sheet.page + 1} 页与前面的一页内容重复，只读取了前面的一页，请核对两页是否一致。"
    return finding("page.duplicate", sheet.file, message)


def unexpected(sheet: Sheet) -> Finding:
    """`sheet` is neither the CA's own nor a copy that is asked for."""
    message = f"{sheet.file}：第 {sheet.page + 1} 页不是申请表、协议或所需的证件，请查看其内容。"
    return finding("page.unexpected", sheet.file, message)
