"""A form of the catalogue as sheets of paper: printed, filled in, ticked, signed and stamped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymupdf
from numpy.random import Generator

from forms.document import PlacedSlot, RenderedForm, render_pdf
from samples.formmarks import Stamps, stamp_collection, stamp_declaration
from samples.hands import Hand, make_hand, sign, write
from samples.noise import resized
from samples.paper import BLACK_PEN, BLUE_PEN, TONER, Ink, Sheet
from samples.profiles import Profile, page_style
from samples.ticks import BY_HAND, GLYPHS, PRINTED, Tick, draw_tick
from samples.truth import MarkTruth
from yinjian.catalogue import Form, Platform
from yinjian.catalogue.layout import SlotKind
from yinjian.geometry import Box, union
from yinjian.records import State

ABOVE_MM = 3.0  # above the room that a form leaves blank, its print begins


@dataclass(frozen=True, slots=True)
class FormPlan:
    """What goes onto a form. `signers` are names by mark id, a missing one is not signed.

    `ticks` are the ticked labels by group, `spoiled` the labels whose box is scribbled over. `blue`: the signature that
    is collected was written with a blue pen.
    """

    form: Form
    platform: Platform
    values: Mapping[str, str]
    ticks: Mapping[str, tuple[str, ...]]
    signers: Mapping[str, str]
    stamps: Stamps
    spoiled: tuple[str, ...] = ()
    agreement: tuple[str, ...] | None = None
    blue: bool = False


@dataclass(slots=True)
class _Desk:
    """What is at hand while one form is filled in."""

    plan: FormPlan
    profile: Profile
    rng: Generator
    hand: Hand
    signing: dict[str, Hand]
    printed: RenderedForm
    sheets: list[Sheet]
    tick_by_hand: bool

    def placed(self, kind: SlotKind, part: str = "") -> Iterator[PlacedSlot]:
        return (p for p in self.printed.slots if p.slot.kind is kind and p.part == part)

    def pen(self, hand: Hand) -> Ink:
        return BLUE_PEN if hand.blue else BLACK_PEN


def draw_form(plan: FormPlan, profile: Profile, dpi: int, rng: Generator) -> list[Sheet]:
    """The form's sheets, the agreement's behind them."""
    desk = _open(plan, profile, dpi, rng)
    for placed in desk.placed(SlotKind.FIELD):
        _fill(desk, placed)
    for placed in desk.placed(SlotKind.PLATFORM):
        _project_name(desk, placed)
    for placed in desk.placed(SlotKind.DATE):
        _date(desk, placed)
    for placed in desk.placed(SlotKind.BOX):
        _tick(desk, placed)
    for placed in desk.placed(SlotKind.SIGNATURE):
        _sign(desk, placed)
    for placed in desk.placed(SlotKind.COLLECTION):
        _collect(desk, placed)
    for placed in desk.placed(SlotKind.SEAL):
        floor = max((p.box.y1 for p in desk.placed(SlotKind.COLLECTION) if p.page == placed.page), default=0.0)
        stamp_declaration(desk.sheets, placed, plan.stamps, floor, rng)
    return desk.sheets


def _open(plan: FormPlan, profile: Profile, dpi: int, rng: Generator) -> _Desk:
    by_hand = profile.by_hand or bool(rng.random() < 0.35)
    glyph = GLYPHS[PRINTED[int(rng.integers(len(PRINTED)))]]
    printed = render_pdf(
        plan.form,
        plan.platform,
        fill={} if profile.by_hand else _printable(plan, rng),
        ticks={} if by_hand else plan.ticks,
        style=page_style(profile, rng, glyph),
        agreement=plan.agreement,
    )
    signing = {mark: make_hand(rng, profile.hands) for mark in sorted(plan.signers)}
    hand, sheets = make_hand(rng, profile.hands), _sheets(printed, dpi, rng)
    return _Desk(plan, profile, rng, hand, signing, printed, sheets, by_hand)


def _printable(plan: FormPlan, rng: Generator) -> dict[str, str]:
    """The values as they are printed; the date is often left for the pen."""
    by_pen = rng.random() < 0.5
    return {k: v for k, v in plan.values.items() if v and not (by_pen and k == "application_date")}


def _sheets(printed: RenderedForm, dpi: int, rng: Generator) -> list[Sheet]:
    """The printed pages in toner, a little pale on some machines."""
    strength = float(rng.uniform(0.72, 1.0))
    untyped: Any = pymupdf
    with untyped.open(stream=printed.pdf) as document:
        return [_sheet(page, number < printed.form_pages, dpi, strength) for number, page in enumerate(document)]


def _sheet(page: pymupdf.Page, form: bool, dpi: int, strength: float) -> Sheet:
    pixmap = page.get_pixmap(dpi=dpi, colorspace=pymupdf.csGRAY)
    grey = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)[:, : pixmap.width]
    sheet = Sheet.blank(dpi, "form" if form else "agreement")
    sheet.add(1 - grey.astype(np.float32) / 255, 0, 0, tuple(d * strength for d in TONER))  # type: ignore[arg-type]
    return sheet


def _ink_inside(sheet: Sheet, box: Box) -> Box:
    """The box of what is printed inside `box`, or `box` when nothing is."""
    x0, y0, x1, y1 = box.to_pixels(sheet.width, sheet.height)
    dark = sheet.density[y0:y1, x0:x1].max(axis=2) > 0.4
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    if not len(rows):
        return box
    edges = (x0 + int(columns[0]), y0 + int(rows[0]), x0 + int(columns[-1]) + 1, y0 + int(rows[-1]) + 1)
    return Box.from_pixels(*edges, sheet.width, sheet.height)


def _fill(desk: _Desk, placed: PlacedSlot) -> None:
    """A value, printed already or now written; a blank one is noted with its room."""
    sheet, text = desk.sheets[placed.page], desk.plan.values.get(placed.slot.id, "")
    if not text:
        sheet.note(placed.slot.id, "", [placed.box])
    elif desk.profile.by_hand:
        sheet.note(placed.slot.id, text, [_write(desk, placed, text)])
    else:
        sheet.note(placed.slot.id, text, [_ink_inside(sheet, placed.box)])


def _write(desk: _Desk, placed: PlacedSlot, text: str) -> Box:
    """`text` by hand in a slot's room, smaller when it would not fit."""
    sheet, rng, box = desk.sheets[placed.page], desk.rng, placed.box
    room = (box.x1 - box.x0) * sheet.width * 0.98
    ink = write(text, desk.hand, sheet.pixels(float(rng.uniform(4.6, 6.0))), rng)
    if ink.shape[1] > room:
        ink = resized(ink, max(4, round(ink.shape[0] * room / ink.shape[1])))
    slack = max(0.0, room - ink.shape[1])
    x = box.x0 * sheet.width + float(rng.uniform(0, min(slack, sheet.pixels(4))))
    y = (box.y0 + box.y1) / 2 * sheet.height - ink.shape[0] / 2 + float(rng.normal(0, 0.3)) * sheet.dpi / 25.4
    return sheet.add(ink, round(x), round(y), desk.pen(desk.hand))


def _project_name(desk: _Desk, placed: PlacedSlot) -> None:
    """The first place where the platform's name stands is the field project_name."""
    sheet = desk.sheets[placed.page]
    if all(truth.id != "project_name" for s in desk.sheets for truth in s.fields):
        sheet.note("project_name", desk.plan.platform.name, [_ink_inside(sheet, placed.box)])


def _date(desk: _Desk, placed: PlacedSlot) -> None:
    """年 月 日 are printed; the numbers are too, or are written between them."""
    sheet, iso = desk.sheets[placed.page], desk.plan.values.get("application_date", "")
    boxes = [placed.box]
    parts = [next(p for p in desk.placed(SlotKind.DATE, part)) for part in ("year", "month", "day")]
    if iso and not _printed_inside(sheet, parts[0].box):
        numbers = (str(int(n)) for n in iso.split("-"))
        boxes += [_write(desk, part, number) for part, number in zip(parts, numbers, strict=True)]
    sheet.note("application_date", iso, boxes)


def _printed_inside(sheet: Sheet, box: Box) -> bool:
    x0, y0, x1, y1 = box.to_pixels(sheet.width, sheet.height)
    return bool((sheet.density[y0:y1, x0:x1].max(axis=2) > 0.4).any())


def _tick(desk: _Desk, placed: PlacedSlot) -> None:
    """The state of one box, and the pen's mark where there is one."""
    slot, sheet = placed.slot, desk.sheets[placed.page]
    ticked = slot.label in desk.plan.ticks.get(slot.id, ())
    state = State.TICKED if ticked else State.CLEAR
    if slot.label in desk.plan.spoiled:
        state = State.UNCLEAR
        _draw_tick(desk, placed, Tick.SCRIBBLED)
    elif ticked and desk.tick_by_hand:
        _draw_tick(desk, placed, BY_HAND[int(desk.rng.integers(len(BY_HAND)))])
    elif not ticked and _first_of_group(desk, placed) and desk.rng.random() < 0.12:
        _draw_tick(desk, placed, Tick.BESIDE)
    sheet.choices.setdefault(slot.id, {})[slot.label] = state


def _first_of_group(desk: _Desk, placed: PlacedSlot) -> bool:
    """Only left of the first box can a stray mark not be taken for its neighbour's."""
    return next(p for p in desk.placed(SlotKind.BOX) if p.slot.id == placed.slot.id) is placed


def _draw_tick(desk: _Desk, placed: PlacedSlot, tick: Tick) -> None:
    sheet = desk.sheets[placed.page]
    box = _ink_inside(sheet, placed.box)
    side = (box.x1 - box.x0) * sheet.width
    label_widths = len(placed.slot.label) * (placed.box.x1 - placed.box.x0) / (box.x1 - box.x0)
    drawn = draw_tick(tick, desk.rng, label_widths)
    ink = resized(drawn.ink, max(4, round(drawn.ink.shape[0] * side / drawn.unit)))
    x, y = box.x0 * sheet.width - drawn.left * side, box.y0 * sheet.height - drawn.top * side
    sheet.add(ink, round(x), round(y), desk.pen(desk.hand))


def _sign(desk: _Desk, placed: PlacedSlot) -> None:
    """A signature beside its label; on the line, and as high as people sign."""
    name = desk.plan.signers.get(placed.slot.id)
    if name is None:
        return
    sheet, rng, box = desk.sheets[placed.page], desk.rng, placed.box
    hand = desk.signing[placed.slot.id]
    ink = sign(name, hand, sheet.pixels(float(rng.uniform(7, 10))), rng)
    room = (box.x1 - box.x0) * sheet.width
    if ink.shape[1] > room:
        ink = resized(ink, max(6, round(ink.shape[0] * room / ink.shape[1])))
    x = box.x0 * sheet.width + float(rng.uniform(0, max(1.0, min(room - ink.shape[1], sheet.pixels(10)))))
    y = (box.y0 + box.y1) / 2 * sheet.height - ink.shape[0] / 2 - float(rng.uniform(0.3, 2.5)) * sheet.dpi / 25.4
    where = sheet.add(ink, round(x), round(y), desk.pen(hand))
    sheet.marks.append(MarkTruth(placed.slot.id, "signature", where))


def _collect(desk: _Desk, placed: PlacedSlot) -> None:
    """The collection area: a seal, or a signature with a black pen."""
    sheet = desk.sheets[placed.page]
    if placed.slot.id == "seal_collection":
        stamp_collection(sheet, placed, desk.plan.stamps, desk.rng)
        return
    name = desk.plan.signers.get(placed.slot.id)
    if name is None:
        return
    ink = sign(name, desk.signing[placed.slot.id], sheet.pixels(float(desk.rng.uniform(15, 20))), desk.rng)
    middle = union([placed.box])
    x = (middle.x0 + middle.x1) / 2 * sheet.width + float(desk.rng.normal(0, 8)) * sheet.dpi / 25.4
    y = _height(desk, placed, ink.shape[0])
    where = sheet.add_centred(ink, x, y, BLUE_PEN if desk.plan.blue else BLACK_PEN)
    sheet.marks.append(MarkTruth(placed.slot.id, "signature", where, ink=ink))


def _height(desk: _Desk, placed: PlacedSlot, ink: int) -> float:
    """Where the middle of a collected signature `ink` pixels high stands: clear, or too low or too high (`Stamps`)."""
    sheet, place = desk.sheets[placed.page], desk.plan.stamps.place
    over = float(desk.rng.uniform(0.25, 0.4)) * ink if place in ("line", "text") else 0.0
    if place == "line":
        return placed.box.y1 * sheet.height - ink / 2 + over
    if place == "text":
        return placed.box.y0 * sheet.height + ink / 2 - over - sheet.pixels(ABOVE_MM)
    return (placed.box.y0 + placed.box.y1) / 2 * sheet.height
