"""A square seal's text: characters of one size in columns from the right, or in rows from the left."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.seals import RED_INK, Seal

Floats = NDArray[np.float32]

CELL = 48  # px: characters are drawn at this size one after the other
GRIDS = 8  # of the most likely ones are read
ROOM = 3  # px round each
EMPTY = 0.03  # share of a cell: no character has less ink
FEWEST, MOST = 2, 7  # rows or columns
FRAME = 0.14  # of the side: no frame is thicker
FRAMED = 0.5  # share of a row that is inked in a frame
CLEAR = 0.07  # of a character's size about a grid line that no ink should cross


def lines_of_square(ink: Floats, centre: tuple[float, float], seal: Seal) -> Iterator[tuple[Floats, int]]:
    """Ways in which a square seal's characters may follow one another, set in one line, and how many they are.

    `ink`: density of the stamp, (h, w); `centre`: the seal's in it, pixels. Nothing where nothing stands in the frame.
    """
    inside = _inner(_upright(ink, centre, seal))
    if (inside > RED_INK).any():
        for columns, rows in _grids(inside):
            yield from _lines(inside, columns, rows)


def _upright(ink: Floats, centre: tuple[float, float], seal: Seal) -> Floats:
    """The seal alone, its turn taken out, at the page's own resolution."""
    turn = cv2.getRotationMatrix2D(centre, seal.tilt, 1.0)
    width, height = max(60, round(2 * seal.radii[0])), max(60, round(2 * seal.radii[1]))
    turn[:, 2] += np.array((width / 2, height / 2)) - np.array(centre)
    return np.asarray(cv2.warpAffine(ink, turn, (width, height), flags=cv2.INTER_CUBIC), np.float32)


def _inner(square: Floats) -> Floats:
    """What stands inside the frame, without the empty border."""
    inked = (square > RED_INK).astype(np.float32)
    top, bottom = _frame(inked.mean(1)), _frame(inked.mean(1)[::-1])
    left, right = _frame(inked.mean(0)), _frame(inked.mean(0)[::-1])
    inside = square[top : len(square) - bottom, left : square.shape[1] - right]
    rows = np.flatnonzero((inside > RED_INK).mean(1) > 0.02)
    columns = np.flatnonzero((inside > RED_INK).mean(0) > 0.02)
    if not len(rows) or not len(columns):
        return inside
    return inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _frame(inked: NDArray[np.float32]) -> int:
    """How many rows from the edge the frame takes, its soft edge with it."""
    reach = max(1, int(FRAME * len(inked)))
    near = np.flatnonzero(inked[:reach] > FRAMED)
    if not len(near):
        return 0
    # The first run only: strokes of the characters behind it may be as long.
    ends = np.flatnonzero(inked[near[0] : reach] <= FRAMED)
    return int(near[0] + (ends[0] if len(ends) else reach - near[0])) + 1


def _grids(inside: Floats) -> list[tuple[int, int]]:
    """The numbers of columns and rows whose dividing lines cross the least ink, most likely first."""
    inked = (inside > RED_INK).astype(np.float32)
    across, down = _crossed(inked.mean(0)), _crossed(inked.mean(1))
    pairs = [(c, r) for c in across for r in down if 0.4 < (inside.shape[1] / c) / (inside.shape[0] / r) < 2.5]
    return sorted(pairs, key=lambda pair: across[pair[0]] + down[pair[1]])[:GRIDS]


def _crossed(profile: NDArray[np.float32]) -> dict[int, float]:
    """For each number of parts, the ink on the lines between them against the ink elsewhere."""
    found = {}
    for parts in range(FEWEST, MOST + 1):
        size = len(profile) / parts
        place = (np.arange(len(profile)) + 0.5) / size
        off = np.abs(place - np.round(place))
        between = (off < CLEAR) & (np.round(place) > 0) & (np.round(place) < parts)
        found[parts] = float(profile[between].mean() / max(1e-6, float(profile.mean()))) if between.any() else 9.0
    return found


def _lines(inside: Floats, columns: int, rows: int) -> Iterator[tuple[Floats, int]]:
    """The characters in one line: by columns from the right, then by rows from the left."""
    height, width = inside.shape
    xs, ys = (
        np.linspace(0, width, columns + 1).round().astype(int),
        np.linspace(0, height, rows + 1).round().astype(int),
    )
    cells = [[inside[ys[r] : ys[r + 1], xs[c] : xs[c + 1]] for c in range(columns)] for r in range(rows)]
    yield _joined([cells[r][c] for c in reversed(range(columns)) for r in range(rows)])
    yield _joined([cells[r][c] for r in range(rows) for c in range(columns)])


def _joined(cells: list[Floats]) -> tuple[Floats, int]:
    """The cells beside one another, and how many of them there are; without the empty ones."""
    full = [cell for cell in cells if (cell > RED_INK).mean() > EMPTY] or cells[:1]
    drawn = [np.pad(cv2.resize(cell, (CELL, CELL), interpolation=cv2.INTER_CUBIC), ROOM) for cell in full]
    return np.asarray(np.hstack(drawn), np.float32), len(full)
