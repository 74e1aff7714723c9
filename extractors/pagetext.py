"""Reading a page's lines, as closely as the page needs: the CA's own words are known, and only have to be verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from extractors.agreement import words
from extractors.engine import Engine
from extractors.kinds import ca_page, is_agreement
from extractors.page import Sheet, read, read_again, read_quickly
from extractors.ruling import Rect
from extractors.textlines import TextLine
from yinjian.catalogue import Catalogue

NARROW = 0.5  # of their width: known words are still read surely, in half the time
LONG = 15.0  # line heights: a line of running text
TABLE = 6  # cells: a page with this many holds a form
FEWEST_LONG = 12  # such lines on a page of running text


def read_lines(sheet: Sheet, rects: list[Rect], engine: Engine, catalogue: Catalogue) -> Sheet:
    """The sheet with its lines read."""
    if _running_text(sheet, rects):
        narrow = replace(sheet, lines=read_quickly(sheet, rects, engine, NARROW))
        if is_agreement(ca_page(narrow, catalogue)):
            return replace(narrow, lines=_verified(narrow, engine, catalogue))
    return replace(sheet, lines=read(sheet, rects, engine))


def _running_text(sheet: Sheet, rects: Sequence[Rect]) -> bool:
    """Many long lines and no table."""
    long = sum(x1 - x0 > LONG * (y1 - y0) for x0, y0, x1, y1 in rects)
    return long >= FEWEST_LONG and len(sheet.cells) < TABLE


def _verified(sheet: Sheet, engine: Engine, catalogue: Catalogue) -> tuple[TextLine, ...]:
    """The lines, those that say anything else than an agreement does read again as closely as possible."""
    known = _agreements(catalogue)
    other = [n for n, line in enumerate(sheet.lines) if not line.text or words(line.text) not in known]
    return read_again(sheet, sheet.lines, other, engine)


@cache
def _agreements(catalogue: Catalogue) -> str:
    """The words of all agreements, one a line."""
    pairs = {(form.id, platform.id) for form in catalogue.forms for platform in catalogue.platforms_of(form.id)}
    return "\n".join({"".join(map(words, catalogue.agreement(form, platform))) for form, platform in pairs})
