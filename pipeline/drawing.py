"""`yinjian show`: pages with what was read on them. Labels stand beside the page, so that they cover nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from yinjian.errors import InputError
from yinjian.findings import Finding, Severity
from yinjian.fonts import chinese_font
from yinjian.geometry import Box
from yinjian.records import Choice, FieldReading, Mark, Page, Reading, State, Verdict

Colour = tuple[int, int, int]
BLACK = (0, 0, 0)
BLUE, GREEN, GREY, ORANGE, PURPLE, RED = (
    (25, 90, 200),
    (0, 130, 60),
    (140, 140, 140),
    (220, 120, 0),
    (130, 40, 170),
    (200, 20, 30),
)
STATES = {State.TICKED: ("■", GREEN), State.CLEAR: ("□", GREY), State.UNCLEAR: ("?", ORANGE)}

LONG_SIDE = 1700  # of a page, in pixels of the picture
COLUMN = 840  # beside it
TEXT, GAP, MARGIN = 19, 6, 24


@dataclass(frozen=True, slots=True)
class Label:
    """What is written beside a page about one place of it."""

    box: Box
    text: str
    colour: Colour


def draw(
    reading: Reading, verdict: Verdict | None, pages: Sequence[NDArray[np.uint8]], only: int | None = None
) -> Image.Image:
    """All pages, two in a row, or the one page `only` (from 1). `verdict`: None where it is not to be seen."""
    if only is not None and only > len(pages):
        raise InputError(f"There is no page {only}.", f"The application has {len(pages)}: choose one of them.")
    chosen = range(len(pages)) if only is None else [only - 1]
    font = chinese_font(TEXT)
    drawn = [_page(reading, verdict, index, pages[index], font) for index in chosen]
    return _stacked(
        [_heading(reading, verdict, font, max((d.width for d in drawn), default=COLUMN * 2)), _tiled(drawn)]
    )


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG."""
    try:
        image.save(path, "PNG", optimize=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written.", "Name a file in a folder that is writable.") from error


# What is said -------------------------------------------------------------------------------------------------------


def labels(reading: Reading, verdict: Verdict | None, page: int) -> tuple[Label, ...]:
    """The labels of one page, from top to bottom; a place with a finding has it in its label, in red."""
    said = (
        *((f.page, f.id, _field(f)) for f in reading.fields),
        *((c.page, c.group, _choice(c)) for c in reading.choices),
        *((m.page, m.id, _mark(m)) for m in reading.marks),
    )
    found = (
        _with_findings(label, where, verdict.findings if verdict else ()) for on, where, label in said if on == page
    )
    return tuple(sorted(found, key=lambda label: (label.box.y0 + label.box.y1, label.box.x0)))


def _field(field: FieldReading) -> Label:
    return Label(field.box, f"{field.id}  {field.text or '（空）'}  {field.confidence:.2f}", BLUE)


def _choice(choice: Choice) -> Label:
    sign, colour = STATES[choice.state]
    return Label(choice.box, f"{choice.group}  {sign} {choice.label}", colour)


def _mark(mark: Mark) -> Label:
    size = f"{mark.size_mm:.0f} mm" if mark.size_mm else ""
    words = (mark.id, mark.kind.value, mark.shape, size, mark.ring_text)
    return Label(mark.box, "  ".join(word for word in words if word), PURPLE)


def _with_findings(label: Label, where: str, findings: Iterable[Finding]) -> Label:
    here = [f for f in findings if f.where == where and f.severity is not Severity.NOTES]
    # A clear box of a group in doubt is not what the finding is about.
    if not here or label.colour == GREY:
        return label
    return replace(label, text=label.text + "".join(f"\n× {f.code}" for f in here), colour=RED)


def _title(page: Page, number: int) -> str:
    turn = f", turned {page.rotation}°" if page.rotation else ""
    return f"{number + 1}. {page.kind.value} {page.role}  ({page.file}, page {page.page + 1}{turn})"


# How it is drawn ----------------------------------------------------------------------------------------------------


def _page(
    reading: Reading, verdict: Verdict | None, index: int, image: NDArray[np.uint8], font: ImageFont.FreeTypeFont
) -> Image.Image:
    paper = Image.fromarray(np.ascontiguousarray(image[:, :, ::-1]))
    paper.thumbnail((LONG_SIDE, LONG_SIDE))
    written = [(label, _wrapped(label.text, font, COLUMN - 90)) for label in labels(reading, verdict, index)]
    heights = [TEXT * 1.3 * (text.count("\n") + 1) + GAP for _, text in written]
    top = MARGIN + TEXT * 2
    tops = _spread([top + _middle(label) * paper.height for label, _ in written], heights, top)
    height = max([top + paper.height, *(t + h for t, h in zip(tops, heights, strict=True))]) + MARGIN
    canvas = Image.new("RGB", (MARGIN + paper.width + COLUMN, int(height)), (246, 246, 246))
    canvas.paste(paper, (MARGIN, top))
    pen = ImageDraw.Draw(canvas, "RGBA")
    pen.text((MARGIN, MARGIN), _title(reading.pages[index], index), "black", font)
    for (label, text), y in zip(written, tops, strict=True):
        _label(pen, label, text, y, (MARGIN, top, paper.width, paper.height), font)
    return canvas


def _label(
    pen: ImageDraw.ImageDraw,
    label: Label,
    text: str,
    y: float,
    paper: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont,
) -> None:
    left, top, width, height = paper
    x0, y0, x1, y1 = label.box.to_pixels(width, height)
    pen.rectangle((left + x0 - 1, top + y0 - 1, left + x1 + 1, top + y1 + 1), outline=label.colour, width=2)
    middle, edge = top + (y0 + y1) / 2, left + width
    # The line is faint on the page, where it crosses print, and bends beside it.
    pen.line((left + x1 + 2, middle, edge, middle), fill=(*label.colour, 70), width=1)
    pen.line((edge, middle, edge + 50, y + TEXT * 0.65), fill=(*label.colour, 200), width=1)
    pen.multiline_text((edge + 56, y), text, label.colour, font, spacing=TEXT * 0.3)


def _middle(label: Label) -> float:
    return (label.box.y0 + label.box.y1) / 2


def _spread(wanted: Sequence[float], heights: Sequence[float], top: float) -> list[float]:
    """Tops near where they are wanted (as middles), in the same order, with no label on another."""
    placed: list[float] = []
    free = top
    for middle, height in zip(wanted, heights, strict=True):
        placed.append(max(free, middle - height / 2))
        free = placed[-1] + height
    return placed


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    return "\n".join(part for line in text.split("\n") for part in _broken(line, font, width))


def _broken(line: str, font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    """Chinese breaks anywhere."""
    while line:
        end = len(line)
        while end > 1 and font.getlength(line[:end]) > width:
            end -= max(1, (end - 1) // 20)
        yield line[:end]
        line = line[end:]


def _judged(reading: Reading, verdict: Verdict) -> list[tuple[str, Colour]]:
    subject = " / ".join(word or "?" for word in (verdict.platform, verdict.certificate, verdict.business))
    lines = [(f"{reading.application}   {subject}   form: {reading.form or '?'}", BLACK)]
    lines.append((verdict.decision.value.upper(), GREEN if verdict.decision.value == "pass" else RED))
    for f in verdict.findings:
        colour = GREY if f.severity is Severity.NOTES else RED
        lines.append((f"{f.severity.value}  {f.code}  {f.where}：{f.message}", colour))
    return lines


def _heading(reading: Reading, verdict: Verdict | None, font: ImageFont.FreeTypeFont, width: int) -> Image.Image:
    """The verdict and all its findings."""
    lines = _judged(reading, verdict) if verdict else [(f"{reading.application}   form: {reading.form or '?'}", BLACK)]
    wrapped = [(part, colour) for text, colour in lines for part in _broken(text, font, width - 2 * MARGIN)]
    canvas = Image.new("RGB", (width, MARGIN + int(TEXT * 1.4) * len(wrapped)), (246, 246, 246))
    pen = ImageDraw.Draw(canvas)
    for row, (text, colour) in enumerate(wrapped):
        pen.text((MARGIN, MARGIN + row * int(TEXT * 1.4)), text, colour, font)
    return canvas


def _tiled(images: Sequence[Image.Image]) -> Image.Image:
    rows = [images[start : start + 2] for start in range(0, len(images), 2)]
    return _stacked([_beside(row) for row in rows])


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    canvas = Image.new("RGB", (sum(i.width for i in images), max(i.height for i in images)), (246, 246, 246))
    for number, image in enumerate(images):
        canvas.paste(image, (sum(i.width for i in images[:number]), 0))
    return canvas


def _stacked(images: Sequence[Image.Image]) -> Image.Image:
    size = (max((i.width for i in images), default=1), max(1, sum(i.height for i in images)))
    canvas = Image.new("RGB", size, (246, 246, 246))
    for number, image in enumerate(images):
        canvas.paste(image, (0, sum(i.height for i in images[:number])))
    return canvas
