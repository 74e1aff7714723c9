"""Where a form's options stand: each printed label with the room in which its box is looked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from extractors.align import Blank, ReadSymbol
from extractors.boxframes import BEFORE, Floats, Option
from extractors.ruling import Rect
from extractors.textlines import TextLine

STRONG, PRINT = 95, 0.4  # percentile of density in a label; ink has this share of it
APART = 0.12  # of its height: so far apart are symbols, and no strokes of one
CUT_OFF = 0.6  # of its height that was found: so much of a label may lie above or below
NO_ROOM = 0.8  # heights of a label from its cell's border: there is no room for its box


def option_of(blank: Blank, lines: Sequence[TextLine], cell: Rect, dark: Floats) -> Option | None:
    """The label behind a box with the room before it; None when the label was not read.

    `lines`: the cell's; `dark`: density of dark ink with the ruling taken out, (H, W).
    """
    if blank.after is None:
        return None
    line = lines[blank.after.line]
    unread = max(0, blank.slot.label.find(blank.after.symbol.text))  # symbols of it before the first that was read
    symbols = line.symbols()[blank.after.index : blank.after.index + len(blank.slot.label) - unread]
    middles = [(s.x0 + s.x1) / 2 for s in symbols]
    pitch = (middles[-1] - middles[0]) / (len(middles) - 1) if len(middles) > 1 else 0.8 * line.height
    label = (middles[0] - (unread + 0.5) * pitch, line.rect[1], middles[-1] + 0.5 * pitch, line.rect[3])
    before = blank.before
    level = before is not None and abs(before.symbol.y0 - label[1]) < 0.6 * line.height
    same_line = before is not None and level and before.symbol.x0 < label[0]  # lines that a mark made high overlap
    if before is not None and not same_line and label[0] - cell[0] < NO_ROOM * line.height:
        return _at_end_of(lines[before.line], before, len(blank.slot.label), cell[2], dark)
    limit = before.symbol.x1 if before is not None and same_line else cell[0]
    return Option(_tight(dark, label, 0.5 * pitch), min(limit, label[0] - 0.5 * pitch))


def _at_end_of(line: TextLine, before: ReadSymbol, symbols: int, edge: float, dark: Floats) -> Option:
    """A box that stayed at the end of a line when its label went to the next: the cell's border is its label."""
    end = before.symbol.x1
    _, top, _, foot = _tight(dark, (line.rect[0], line.rect[1], end, line.rect[3]), 0.0)
    return Option((edge, top, edge + symbols * line.height, foot), end, reach=symbols + BEFORE)


def _goes_on(inked: NDArray[np.bool_]) -> int:
    """How many rows of ink there are before the first without; 0 where there is none without."""
    return int(inked.argmin()) if not inked.all() else 0


def _tight(dark: Floats, rect: Rect, reach: float) -> Rect:
    """The rectangle narrowed to the height of its ink, for the detector leaves room, and to the end of its last symbol.

    On a bent page the detector may have cut it off instead: its ink goes on then to the first row without any.

    A symbol ends where there is no more ink beside it, at most `reach` px from where it was read to. Ink is what has a
    share of the density of the label's own print, which may be pale beside a pen's.
    """
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    cut = dark[y0:y1, x0:x1]
    if not cut.size:
        return rect
    level = PRINT * np.percentile(cut, STRONG)
    rows = np.flatnonzero(cut.max(1) > level)
    if len(rows) < 4:
        return rect
    most = round(CUT_OFF * (y1 - y0))
    above, below = dark[max(0, y0 - most) : y0, x0:x1].max(1) > level, dark[y1 : y1 + most, x0:x1].max(1) > level
    top = y0 + int(rows[0]) - (_goes_on(above[::-1]) if rows[0] == 0 else 0)
    foot = y0 + int(rows[-1]) + 1 + (_goes_on(below) if rows[-1] == len(cut) - 1 else 0)
    beside = np.flatnonzero(dark[top:foot, x1 : x1 + round(reach)].max(0, initial=0.0) > level) + 1
    apart = np.flatnonzero(np.diff(beside, prepend=0) > APART * (foot - top))
    last = beside[: apart[0]] if len(apart) else beside
    return rect[0], float(top), max(rect[2], float(x1 + last[-1])) if len(last) else rect[2], float(foot)
