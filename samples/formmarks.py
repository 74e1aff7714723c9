"""Stamping a form: the collection area, kept clear of text and lines, and the declaration over its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from forms.document import PlacedSlot
from samples.paper import RED, Sheet, at_scale
from samples.seals import DPI, Impression, Seal, make_seal, stamp
from samples.truth import MarkTruth
from samples.typefaces import Mask, crop
from yinjian.geometry import Box


@dataclass(frozen=True, slots=True)
class Stamps:
    """Which seals go where, None for none. `place`: clear, line, text or cut (only part of the seal is inked).

    A signature that is collected takes the same `place`s but cut.
    `pasted`: the declaration bears the very impression of the collection area.
    """

    collection: Seal | None
    declaration: Seal | None
    place: str = "clear"
    pasted: bool = False


def stamp_sheet(sheet: Sheet, mark: str, seal: Seal, inked: Impression, x: float, y: float, keep: bool = False) -> None:
    """Put an impression with its middle at pixel (x, y) and note it; `keep` its ink when the mark is collected."""
    ink = np.clip(crop(at_scale(inked.ink, DPI, sheet.dpi)), 0, 1)
    box = sheet.add_centred(ink, x, y, RED)
    sheet.marks.append(_truth(mark, seal, inked, box, ink if keep else None))


def printed_seal(sheet: Sheet, text: str, x_mm: float, y_mm: float, rng: Generator) -> None:
    """An authority's seal that came with a document: no mark of the applicant's."""
    seal = make_seal(rng, text)
    sheet.add_centred(at_scale(stamp(seal, rng).ink, DPI, sheet.dpi), sheet.pixels(x_mm), sheet.pixels(y_mm), RED)


def _truth(mark: str, seal: Seal, inked: Impression, box: Box, ink: Mask | None) -> MarkTruth:
    size = round(max(seal.width, seal.height), 1)
    return MarkTruth(mark, "seal", box, seal.shape, size, inked.angle, seal.text, ink)


def stamp_collection(sheet: Sheet, placed: PlacedSlot, stamps: Stamps, rng: Generator) -> None:
    """In the middle of the empty area, or where it must not be."""
    seal = stamps.collection
    if seal is None:
        return
    inked = stamp(seal, rng)
    if stamps.place == "cut":
        inked = Impression(_half(inked.ink, rng), inked.angle)
    x, y = _place(sheet, placed, _reach_mm(seal, inked), stamps.place, rng)
    stamp_sheet(sheet, placed.slot.id, seal, inked, x, y, keep=True)


def _half(ink: Mask, rng: Generator) -> Mask:
    """The stamp stood on the edge of another sheet: what lies beyond a straight line is missing."""
    height, width = ink.shape
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    lean, start = float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.25, 0.45))
    return np.asarray(ink * (y + lean * x < start), np.float32)


def _reach_mm(seal: Seal, inked: Impression) -> float:
    """Half the height that the turned seal takes, and a little air; a square one grows when it is turned."""
    theta = np.radians(abs(inked.angle))
    if seal.shape == "square":
        return float(seal.width * (np.cos(theta) + np.sin(theta)) / 2) + 1.5
    return float(np.hypot(seal.height * np.cos(theta), seal.width * np.sin(theta)) / 2) + 1.5


def _place(sheet: Sheet, placed: PlacedSlot, reach_mm: float, place: str, rng: Generator) -> tuple[float, float]:
    """The middle of the impression in pixels."""
    box, mm = placed.box, sheet.dpi / 25.4
    x0, x1, y0, y1 = box.x0 * sheet.width, box.x1 * sheet.width, box.y0 * sheet.height, box.y1 * sheet.height
    reach = reach_mm * mm
    x = float(rng.uniform(x0 + reach + 8 * mm, x1 - reach - 8 * mm))
    if place == "line":
        return x, y1 - reach + float(rng.uniform(8, 14)) * mm
    if place == "text":
        return x, y0 + reach - float(rng.uniform(8, 11)) * mm
    slack = max(0.0, (y1 - y0) / 2 - reach)
    return x, (y0 + y1) / 2 + float(rng.uniform(-slack, slack))


def stamp_declaration(
    sheets: Sequence[Sheet], placed: PlacedSlot, stamps: Stamps, floor: float, rng: Generator
) -> None:
    """Beside or over 单位公章 and the lines around it, below the collection area (`floor`, a fraction of the page)."""
    seal = stamps.declaration
    if seal is None:
        return
    sheet = sheets[placed.page]
    inked = _again(sheets, stamps, seal, rng)
    mm = sheet.dpi / 25.4
    x = placed.box.x0 * sheet.width + float(rng.uniform(10, 45)) * mm
    x = min(x, sheet.width - (seal.width / 2 + 6) * mm)
    y = (placed.box.y0 + placed.box.y1) / 2 * sheet.height + float(rng.uniform(-5, 6)) * mm
    reach = _reach_mm(seal, inked) * mm
    y = min(max(y, floor * sheet.height + reach), sheet.height - reach - mm)
    stamp_sheet(sheet, placed.slot.id, seal, inked, x, y)


def _again(sheets: Sequence[Sheet], stamps: Stamps, seal: Seal, rng: Generator) -> Impression:
    """A new impression, or for a pasted one the ink of the collection area once more."""
    first = next((m for sheet in sheets for m in sheet.marks if m.id == "seal_collection"), None)
    if not stamps.pasted or first is None or first.ink is None:
        return stamp(seal, rng)
    grown = at_scale(first.ink, sheets[0].dpi, DPI)
    return Impression(grown, first.angle or 0.0)
