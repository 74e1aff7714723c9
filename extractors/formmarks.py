"""The marks of a form: seals and signatures at the places that the form has for them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import cv2
import numpy as np

from extractors.align import Blank
from extractors.cutout import cut_out, cut_out_seal
from extractors.engine import Engine
from extractors.fingerprint import plate
from extractors.ink import PRINTED, stamp_ink, without_print
from extractors.linepieces import Floats
from extractors.page import Sheet
from extractors.ruling import Rect
from extractors.sealfaults import collection_faults, is_faint
from extractors.seals import Seal
from extractors.sealtext import inks_of, is_special, read_seal
from extractors.signatures import Mask, Strokes, find_strokes
from extractors.textlines import Symbol, TextLine, share_within
from extractors.typefaces import LIKE_TYPE, TYPE, likeness_to_type
from yinjian.records import Mark, MarkKind

FRAME_MM = 1.0  # paper round a seal
LARGER = 0.7  # of the largest seal's size: no name's seal is so large beside a unit's
PAGE_PX = 600  # of the long side: more than a plate shows of a page
FAINTEST = 0.04  # density: paler is paper's grain


def seal_mark(mark_id: str, sheet: Sheet, index: int, seal: Seal, engine: Engine, faults: tuple[str, ...] = ()) -> Mark:
    """A seal as a mark, with its image and what its ring says."""
    inks = inks_of(sheet, seal)
    ring = read_seal(inks, seal, engine, on_blank=mark_id.endswith("_collection"))
    angle = ring.angle
    if mark_id != "material_seal" and is_special(inks, seal, angle or 0.0, engine):
        faults = (*faults, "seal.name_mismatch")
    return Mark(
        mark_id,
        MarkKind.SEAL,
        index,
        sheet.box(seal.rect),
        cut_out_seal(sheet, seal.rect, angle or 0.0),
        seal.shape,
        round(2 * max(seal.radii) / sheet.px_per_mm, 1) if sheet.dpi else None,
        angle,
        ring.text,
        ring.lattice,
        faults,
        seal_fingerprint(sheet, seal.rect),
    )


def seal_fingerprint(sheet: Sheet, rect: Rect) -> bytes:
    """What tells this impression from others of the same die; empty when there is no ink. `rect`: pixels."""
    x0, y0, x1, y1 = sheet.around(rect, FRAME_MM)
    red, dark = sheet.red[y0:y1, x0:x1], sheet.dark[y0:y1, x0:x1]
    hidden = cv2.dilate((dark > PRINTED).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    ink = without_print(stamp_ink(sheet.image[y0:y1, x0:x1], red), dark)
    made = plate(np.maximum(ink - FAINTEST, 0), hidden, ((rect[0] + rect[2]) / 2 - x0, (rect[1] + rect[3]) / 2 - y0))
    return made.to_bytes() if made else b""


def page_fingerprint(sheet: Sheet) -> bytes:
    """What tells this copy from another of the same paper: all its ink, what is stamped on it too."""
    scale = PAGE_PX / max(sheet.size)
    ink = cv2.resize(cv2.add(sheet.dark, sheet.red), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    made = plate(np.asarray(np.maximum(ink - FAINTEST, 0), np.float32), np.zeros(ink.shape, np.bool_))
    return made.to_bytes() if made else b""


def collected_seal(
    mark_id: str,
    sheet: Sheet,
    index: int,
    seals: Sequence[Seal],
    cell: Rect,
    area: Rect,
    mask: Mask,
    dark: Floats,
    engine: Engine,
) -> Mark | None:
    """The seal in the collection area; another dark stamp there is a seal that is not red.

    `mask`, `dark`: dark ink, and its density, without the ruling.
    """
    found = [seal for seal in seals if share_within(seal.rect, cell) > 0.3]
    if found:
        seal = max(found, key=lambda s: max(s.radii))
        return seal_mark(mark_id, sheet, index, seal, engine, collection_faults(sheet, seal, mask, dark, len(found)))
    strokes = find_strokes(sheet, mask, area)
    if (
        strokes is None
        or min(strokes.rect[2] - strokes.rect[0], strokes.rect[3] - strokes.rect[1]) < 12 * sheet.px_per_mm
    ):
        return None
    image = cut_out(sheet, sheet.dark, strokes.rect)
    return Mark(mark_id, MarkKind.SEAL, index, sheet.box(strokes.rect), image, faults=("seal.not_red",))


def declared_seal(
    mark_id: str, sheet: Sheet, index: int, seals: Sequence[Seal], cell: Rect, engine: Engine
) -> Mark | None:
    """The seal on the declaration: it lies over print by nature, and may reach below the table.

    Beside a unit's seal that of its legal person is often stamped, a square half as large.
    """
    found = [seal for seal in seals if share_within(seal.rect, cell) > 0.15]
    if not found:
        return None
    largest = max(max(seal.radii) for seal in found)
    seal = max((s for s in found if max(s.radii) > LARGER * largest), key=lambda s: share_within(s.rect, cell))
    return seal_mark(mark_id, sheet, index, seal, engine, ("seal.unclear",) if is_faint(sheet, seal) else ())


def signature_place(blank: Blank, lines: Sequence[TextLine], cell: Rect) -> tuple[Rect, Rect] | None:
    """Beside the printed label, up to the next label or the cell's end; and how far strokes reach. None: label unread.

    The lines above and below are not part of it: a date written there is no signature.
    """
    if blank.before is None:
        return None
    label = blank.before.symbol
    height = label.y1 - label.y0
    left, right = label.x1 + 0.1 * height, cell[2]
    # A line is no higher than its print: a signature that leans on it may have been taken for part of it.
    printed = 1.1 * min(height, median(line.height for line in lines))
    if blank.after is not None and _beside(blank.after.symbol, label):
        begins = lines[blank.after.line].rect[0] if blank.after.index == 0 else blank.after.symbol.x0
        if blank.after.symbol.x0 - begins > 2 * printed:  # it begins with a signature that was read as nothing
            begins = blank.after.symbol.x0
        right = min(begins, blank.after.symbol.x0 - 0.3 * height)
    others = [line for line in lines if not _stands_beside(line, label)]
    ends = (min(line.rect[3], line.rect[1] + printed) for line in others)
    begin = (max(line.rect[1], line.rect[3] - printed) for line in others)
    above = [end for end in ends if end < label.y0 + 0.35 * height]
    below = [start for start in begin if start > label.y1 - 0.35 * height]
    highest, lowest = label.y0 - 1.3 * height, min(cell[3], label.y1 + 1.5 * height)
    place = (left, max([highest, *above]), right, min([lowest, *below]))
    return place, (left, highest, right, lowest)


def _stands_beside(line: TextLine, label: Symbol) -> bool:
    """Whether a line is what was written in a label's row: around its middle, or behind it and well into its height."""
    height = label.y1 - label.y0
    behind = line.rect[0] > label.x1 - 0.5 * height
    reaches = line.rect[1] < label.y1 - 0.35 * height and line.rect[3] > label.y0 + 0.35 * height
    return label.y0 < line.centre[1] < label.y1 or (behind and reaches)


def _beside(one: Symbol, other: Symbol) -> bool:
    """Whether symbols stand on one line; a signature in the same line makes its box higher."""
    return min(one.y1, other.y1) - max(one.y0, other.y0) > 0.5 * min(one.y1 - one.y0, other.y1 - other.y0)


def signature_mark(
    mark_id: str, sheet: Sheet, index: int, place: Rect, reach: Rect, mask: Mask, dark: Floats, engine: Engine
) -> Mark | None:
    """The signature in a place, None when there is no ink, or a name in type, which is none.

    `mask`, `dark`: a pen's ink, and the density of all, without the ruling.
    """
    strokes = find_strokes(sheet, mask, place, reach)
    if strokes is None or (alike := likeness_to_type(dark, strokes, engine)) > TYPE:
        return None
    faults = ("signature.unclear",) if alike > LIKE_TYPE or not strokes.sure else ()
    image, told = signature_image(sheet, strokes), signature_fingerprint(sheet, strokes)
    return Mark(mark_id, MarkKind.SIGNATURE, index, sheet.box(strokes.rect), image, faults=faults, fingerprint=told)


def with_faults(mark: Mark, faults: Sequence[str]) -> Mark:
    """A mark with more faults, each once."""
    return replace(mark, faults=tuple(dict.fromkeys((*mark.faults, *faults))))


def signature_image(sheet: Sheet, strokes: Strokes) -> bytes:
    """The ink of the strokes alone: ruling, and print beside them, are masked away."""
    drawn = np.zeros(sheet.dark.shape, np.uint8)
    x0, y0, x1, y1 = (int(v) for v in strokes.rect)
    drawn[y0:y1, x0:x1] = strokes.drawn
    near = cv2.dilate(drawn, np.ones((3, 3), np.uint8))
    return cut_out(sheet, np.asarray(sheet.dark * near, np.float32), strokes.rect)


def signature_fingerprint(sheet: Sheet, strokes: Strokes) -> bytes:
    """What tells this signature from any other of the same hand."""
    x0, y0, x1, y1 = (int(v) for v in strokes.rect)
    near = cv2.dilate(np.pad(strokes.drawn.astype(np.uint8), 2), np.ones((3, 3), np.uint8))
    ink = np.pad(sheet.dark[y0:y1, x0:x1], 2) * near
    made = plate(np.asarray(ink, np.float32), np.zeros(ink.shape, np.bool_))
    return made.to_bytes() if made else b""
