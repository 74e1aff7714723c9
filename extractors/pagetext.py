"""Reading a page's lines, as closely as the page needs: the CA's own words are known, and only have to be verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from extractors.agreement import LOSES, borne_out
from extractors.engine import Engine, with_part
from extractors.kinds import ca_page, is_agreement, lines_apart, run_over
from extractors.page import TABLE, Sheet, look, look_again, read, top_to_bottom
from extractors.passedover import LONG, is_long, with_left_out, with_passed_over
from extractors.printed import Printed, with_words
from extractors.ruling import Rect
from extractors.textlines import TextLine, in_rows
from extractors.wording import words
from yinjian.catalogue import Catalogue
from yinjian.catalogue.layout import SlotKind

NARROW = 0.7  # of their width: at a glance, known words are told as well as at all of it
HALF = 0.5  # of their width: known words are still read surely, in half the time
LEAST_KNOWN = 8  # symbols of a line that is known by its words
BESIDE = 3  # symbols are looked at along with those in doubt
FEWEST_LONG = 12  # such lines on a page of running text ...
FEWEST_FOUND = 6  # ... of which the detector finds so many
END_OF_TEXT = 4  # lines: no more may be left of a text for its last sheet
# Closer looks at a line: room beside it in line heights (its ends may have been cut), how wide it is drawn (on narrow
# ones, symbols that repeat run into one another), and whether in full precision. From the second on there is room above
# and below it as well: the foot of a J, which may be cut off, is all that tells it.
OVER = 0.15  # line heights
LOOKS = ((0.0, 0.0, 0.8, False), (0.6, OVER, 1.0, False), (0.3, OVER, 1.5, True))


def read_lines(
    sheet: Sheet, rects: list[Rect], engine: Engine, catalogue: Catalogue, printed: Printed | None = None
) -> Sheet:
    """The sheet with its lines read. `printed`: what a PDF states of the page, in its pixels."""
    read = _read_lines(sheet, rects, engine, catalogue)
    return read if printed is None else replace(read, lines=with_words(read.lines, printed))


def _read_lines(sheet: Sheet, rects: list[Rect], engine: Engine, catalogue: Catalogue) -> Sheet:
    if _running_text(sheet, rects, FEWEST_FOUND):
        rects = with_left_out(sheet, with_passed_over(sheet, rects, engine))
    elif 0 < len(rects) <= END_OF_TEXT and len(sheet.cells) < TABLE:
        rects = with_passed_over(sheet, rects, engine)
    if _running_text(sheet, rects, FEWEST_LONG):
        seen = replace(sheet, lines=top_to_bottom(look(sheet, rects, engine.glance, NARROW)))
        if is_agreement(ca_page(seen, catalogue)):
            matched = run_over(seen, catalogue)
            if matched is None:
                return replace(seen, lines=_verified(seen, engine, catalogue))
            table, text = lines_apart(seen, matched)
            filled_in = _read_form(sheet, [line.rect for line in table], engine, catalogue)
            verified = _verified(replace(seen, lines=text), engine, catalogue)
            return replace(seen, lines=top_to_bottom((*filled_in, *verified)))
    if len(sheet.cells) >= TABLE:
        return replace(sheet, lines=_read_form(sheet, rects, engine, catalogue))
    return replace(sheet, lines=read(sheet, rects, engine))


def _read_form(sheet: Sheet, rects: Sequence[Rect], engine: Engine, catalogue: Catalogue) -> tuple[TextLine, ...]:
    """A form's lines: running text that says only what a form prints needs no close look, what was filled in does.

    Not at a glance: boxes and signatures are looked for beside printed symbols, and a glance places these badly.
    """
    known = _forms(catalogue)
    long = [rect for rect in rects if rect[2] - rect[0] > LONG * (rect[3] - rect[1])]
    printed = [line for line in look(sheet, long, engine.recognise, HALF) if _says_only(line, known)]
    done = {line.rect for line in printed}
    return top_to_bottom((*printed, *read(sheet, [rect for rect in rects if rect not in done], engine)))


def _says_only(line: TextLine, known: str) -> bool:
    said = words(line.text)
    return len(said) >= LEAST_KNOWN and said in known


def _running_text(sheet: Sheet, rects: Sequence[Rect], fewest: int) -> bool:
    """At least so many long lines and no table."""
    return sum(map(is_long, rects)) >= fewest and len(sheet.cells) < TABLE


def _verified(sheet: Sheet, engine: Engine, catalogue: Catalogue) -> tuple[TextLine, ...]:
    """The lines; those that do not say what an agreement says are looked at again, more and more closely."""
    known, lines = _agreements(catalogue), sheet.lines
    for room, over, scale, exact in LOOKS:
        doubtful = _doubtful(lines, known)
        recognise = engine.recognise_exactly if exact else engine.recognise
        again = look_again(sheet, [lines[n] for n in doubtful], room, scale, recognise, over)
        closer = {n: _closer(line, lines[n], known) for n, line in zip(doubtful, again, strict=True)}
        lines = tuple(closer.get(n, line) for n, line in enumerate(lines))
    closer = {n: _closer(_part_alone(sheet, lines[n], known, engine), lines[n], known) for n in _doubtful(lines, known)}
    return tuple(closer.get(n, line) for n, line in enumerate(lines))


def _part_alone(sheet: Sheet, line: TextLine, known: str, engine: Engine) -> TextLine:
    """The line with the part of it that says something else looked at by itself: letters run into one another less."""
    if not line.text:
        return line
    first, last = _unknown_part(line.text, known)
    x0, y0, x1, y1 = line.rect
    start, end = line.read.spans[first][0], line.read.spans[last][1]
    within = replace(line, rect=(x0 + start * (x1 - x0), y0, x0 + end * (x1 - x0), y1))
    part = look_again(sheet, [within], 0.0, 1.0, engine.recognise_exactly, OVER)[0]
    return replace(line, read=with_part(line.read, first, last, part.read))


def _unknown_part(text: str, known: str) -> tuple[int, int]:
    """The first and last symbol of what is between a text's longest known start and end, and of some beside it."""
    said = words(text)
    start = max(n for n in range(len(said) + 1) if said[:n] in known)
    end = min(n for n in range(len(said) + 1) if said[n:] in known)
    counted = [n for n in range(len(text)) if words(text[: n + 1]) != words(text[:n])]
    places = [counted[n] for n in (min(start, end), max(start, end) - 1) if 0 <= n < len(counted)] or [0]
    return max(0, min(places) - BESIDE), min(len(text) - 1, max(places) + BESIDE)


def _closer(line: TextLine, before: TextLine, known: str) -> TextLine:
    """The line by this look or by those before it; a glance counts for nothing beside a look.

    Of many looks one may always see what is expected: what is known is believed where all looks together bear it out.
    Of two that say what is known, one that says less has lost a symbol at its end.
    """
    looks = (*before.looks, line.read)
    said, told = words(line.text), words(before.text)
    if not before.looks:
        better = told not in known or said in known
    elif said in known:
        better = len(said) >= len(told) if told in known else borne_out(said, looks) > LOSES
    else:
        better = told not in known and line.read.confidence > before.read.confidence
    return replace(line if better else before, looks=looks)


def _doubtful(lines: Sequence[TextLine], known: str) -> list[int]:
    """Lines that say something else than an agreement, and those between which symbols are missing."""
    found = {n for n, line in enumerate(lines) if not line.text or words(line.text) not in known}
    ordered = [n for row in _rows(lines) for n in row]
    for one, other in pairwise(ordered):
        joined = words(lines[one].text) + words(lines[other].text)
        if one not in found and other not in found and joined not in known:
            found |= {one, other}
    return sorted(found)


def _rows(lines: Sequence[TextLine]) -> Iterator[list[int]]:
    """The lines' indices in reading order."""
    index = {id(line): n for n, line in enumerate(lines)}
    return ([index[id(line)] for line in row] for row in in_rows(lines))


@cache
def _forms(catalogue: Catalogue) -> str:
    """The words that forms print between their blanks, one stretch a line."""
    parts = (
        part if isinstance(part, str) else platform.name if part.kind is SlotKind.PLATFORM else "\n"
        for form in catalogue.forms
        for platform in catalogue.platforms_of(form.id)
        for row in form.rows
        for cell in row.cells
        for line in (*cell.lines, ("\n",))
        for part in line
    )
    return "\n".join(words(stretch) for stretch in "".join(parts).split("\n"))


@cache
def _agreements(catalogue: Catalogue) -> str:
    """The words of all agreements, one a line."""
    pairs = {(form.id, platform.id) for form in catalogue.forms for platform in catalogue.platforms_of(form.id)}
    return "\n".join({"".join(map(words, catalogue.agreement(form, platform))) for form, platform in pairs})
