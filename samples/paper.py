"""A sheet of paper as optical density: what is printed, written and stamped on it adds up, as ink on ink does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samples.noise import resized
from samples.truth import FieldTruth, MarkTruth
from samples.typefaces import Mask, text_mask
from yinjian.geometry import Box, union
from yinjian.records import State

Colour = NDArray[Any]  # float32 density or uint8 picture, (height, width, 3), red green blue
Ink = tuple[float, float, float]  # densities to red, green and blue light

TONER: Ink = (1.5, 1.5, 1.5)
BLACK_PEN: Ink = (1.2, 1.2, 1.15)
BLUE_PEN: Ink = (1.15, 0.8, 0.28)
RED: Ink = (0.06, 0.85, 0.72)
WIDTH_MM, HEIGHT_MM = 210.0, 297.0


@dataclass(slots=True)
class Sheet:
    """A sheet while it is being made, and the truth about what is on it. Density is float32 (height, width, 3)."""

    dpi: int
    kind: str
    density: Colour
    role: str = ""
    side: str = ""
    fields: list[FieldTruth] = field(default_factory=list)
    marks: list[MarkTruth] = field(default_factory=list)
    choices: dict[str, dict[str, State]] = field(default_factory=dict)

    @classmethod
    def blank(
        cls, dpi: int, kind: str, role: str = "", side: str = "", size: tuple[float, float] = (WIDTH_MM, HEIGHT_MM)
    ) -> Sheet:
        """An empty sheet of `size` mm, width and height."""
        shape = (round(size[1] / 25.4 * dpi), round(size[0] / 25.4 * dpi), 3)
        return cls(dpi, kind, np.zeros(shape, np.float32), role, side)

    @property
    def height(self) -> int:
        return int(self.density.shape[0])

    @property
    def width(self) -> int:
        return int(self.density.shape[1])

    def pixels(self, mm: float) -> int:
        return max(1, round(mm * self.dpi / 25.4))

    def add(self, ink: Mask, x: int, y: int, colour: Ink) -> Box:
        """Lay `ink` with its top left corner at pixel (x, y), cut at the sheet's edges; the box of what shows."""
        left, top = max(0, x), max(0, y)
        part = ink[top - y : self.height - y, left - x : self.width - x]
        here = self.density[top : top + part.shape[0], left : left + part.shape[1]]
        here += part[:, :, None] * np.asarray(colour, np.float32)
        return self._ink_box(part, left, top)

    def add_centred(self, ink: Mask, x: float, y: float, colour: Ink) -> Box:
        """Lay `ink` with its middle at pixel (x, y)."""
        return self.add(ink, round(x - ink.shape[1] / 2), round(y - ink.shape[0] / 2), colour)

    def print_text(self, text: str, x_mm: float, y_mm: float, font: str, size_mm: float, colour: Ink = TONER) -> Box:
        """One line of print, its top left corner at (x, y) mm; the box of its ink."""
        return self.add(text_mask(text, font, self.pixels(size_mm)), self.pixels(x_mm), self.pixels(y_mm), colour)

    def paste(self, plate: Sheet, x_mm: float, y_mm: float) -> None:
        """Copy a smaller sheet of the same resolution onto this one, its fields with it."""
        x, y = self.pixels(x_mm), self.pixels(y_mm)
        here = self.density[y : y + plate.height, x : x + plate.width]
        here += plate.density[: here.shape[0], : here.shape[1]]
        for truth in plate.fields:
            b = truth.box
            edges = (x + b.x0 * plate.width, y + b.y0 * plate.height, x + b.x1 * plate.width, y + b.y1 * plate.height)
            self.fields.append(replace(truth, box=Box.from_pixels(*edges, self.width, self.height)))

    def _ink_box(self, ink: Mask, x: int, y: int) -> Box:
        if not ink.size or ink.max() < 0.15:
            return Box.from_pixels(x, y, x, y, self.width, self.height)
        rows, columns = np.flatnonzero(ink.max(axis=1) > 0.15), np.flatnonzero(ink.max(axis=0) > 0.15)
        edges = (x + int(columns[0]), y + int(rows[0]), x + int(columns[-1]) + 1, y + int(rows[-1]) + 1)
        return Box.from_pixels(*edges, self.width, self.height)

    def without_colour(self) -> None:
        """What a black-and-white copier makes of it: grey, and what was pale nearly gone."""
        light = (10**-self.density) @ np.asarray((0.35, 0.5, 0.15), np.float32)
        grey = np.maximum(0, -1.25 * np.log10(np.maximum(light, 1e-3)) - 0.05)
        self.density[:] = grey[:, :, None]

    def note(self, field_id: str, text: str, boxes: Iterable[Box]) -> None:
        """Keep the truth of a field: its text and the box round its lines."""
        self.fields.append(FieldTruth(field_id, text, union(boxes)))

    def picture(self, paper: Ink = (0.02, 0.02, 0.03)) -> Colour:
        """The sheet in even light, float32 0..255 (height, width, 3)."""
        return np.asarray(255 * 10 ** -(self.density + np.asarray(paper, np.float32)), np.float32)


def at_scale(ink: Mask, drawn_dpi: int, dpi: int) -> Mask:
    """Ink drawn at one resolution, at another."""
    return resized(ink, max(1, round(ink.shape[0] * dpi / drawn_dpi)))
