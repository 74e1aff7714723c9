"""A curled sheet bends the lines of its table: their common bend is told from them and taken out.

Each long ruled line is a straight line of its own plus a bend that all lines of the page share (Legendre polynomials
across the page, changing slowly down it): linear in what is unknown, so solved by least squares, reweighted against
strokes that are no lines. Many lines show more of it than few: waves, which a telephone's scanner leaves of a sheet
that it took for flat, and how their slopes change down a page of which one end is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from extractors.linepieces import contrasted, long_runs

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])

SIDE = 1400  # px of the long side that lines are traced at
LEAST_MM = 0.4  # a bend that does no harm
MOST_MM = 12.0
LONG = 0.3  # of the page's width: a line that shows a bend
APART = 0.15  # of the page: lines closer together say nothing of the rest of it
FEWEST, OF_TEXT = 3, 4  # lines: fewer may be bent for reasons of their own
ENOUGH, OVER = 8, 0.4  # lines, over so much of the page, that show what many do
HARMFUL_MM = 1.5  # a bend of text: a line's box holds parts of the next
RUN_MM = 4.0
WORD_MM, WRITTEN = 8.0, 0.12  # of text: over so much of a line, this share of each row that has any is ink
LINE_MM = 5.5  # a line of running text is lower
GRID = 33  # points a side at which the bend is computed


@dataclass(frozen=True, slots=True)
class Basis:
    """The polynomials that a bend is made of: from P`first` on along the lines, so many for each power down the page.

    From P1 on, lines share their slope; from P2 on, each has its own. `steepest`: what changes from line to line, of
    their distance.
    """

    first: int
    orders: tuple[int, ...]
    steepest: float


FEW, MANY = Basis(2, (3, 2), 0.05), Basis(1, (6, 5, 4), 0.2)


@dataclass(frozen=True, slots=True)
class Bend:
    """How far (in page lengths across it) each line departs from straight."""

    basis: Basis
    terms: tuple[float, ...]

    def at(self, along: Doubles, across: Doubles) -> Doubles:
        """The departure at fractions of the page along and across the lines."""
        return np.asarray(_terms(along, across, self.basis) @ np.asarray(self.terms))

    def reach(self, lines: list[Doubles]) -> float:
        """The most that it moves one of these lines' ends and middle apart, in page lengths."""
        return max(float(np.ptp(self.at(line[:, 0], line[:, 1]))) for line in lines)


@dataclass(frozen=True, slots=True)
class Curl:
    """The bends of level and of plumb lines; None where lines are straight or too few."""

    level: Bend | None
    plumb: Bend | None

    def maps(self, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        """For each pixel of the flat page, where it is on the curled one: x and y, each (H, W)."""
        height, width = shape[:2]
        y, x = np.meshgrid(np.linspace(0, 1, GRID), np.linspace(0, 1, GRID), indexing="ij")
        off_y = self.level.at(x.ravel(), y.ravel()).reshape(x.shape) if self.level else np.zeros_like(x)
        off_x = self.plumb.at(y.ravel(), x.ravel()).reshape(x.shape) if self.plumb else np.zeros_like(x)
        return (
            _grown(off_x * width, width, height) + np.arange(width, dtype=np.float32)[None],
            _grown(off_y * height, width, height) + np.arange(height, dtype=np.float32)[:, None],
        )

    def flat(self, quads: Floats, shape: tuple[int, ...]) -> Floats:
        """Points of the curled page, (n, 4, 2) in pixels, where they are on the flat one."""
        size = np.array(shape[1::-1], float)
        x, y = (quads.reshape(-1, 2) / size).T
        off_x = self.plumb.at(y, x) if self.plumb else np.zeros_like(x)
        off_y = self.level.at(x, y) if self.level else np.zeros_like(y)
        moved = np.stack([x - off_x, y - off_y], 1) * size
        return np.asarray(moved.reshape(quads.shape), np.float32)


def find_curl(dark: Floats, px_per_mm: float) -> Curl | None:
    """The curl of an upright page by its dark ink's density, (H, W); None when it is flat."""
    small, scale = _small(dark)
    level, plumb = _bend(small, px_per_mm * scale), _bend(np.ascontiguousarray(small.T), px_per_mm * scale)
    return None if level is None and plumb is None else Curl(level, plumb)


def find_text_curl(dark: Floats, px_per_mm: float, found: int) -> Curl | None:
    """The curl of a page of running text by its lines, where no ruled lines show it; None when it is flat.

    `found`: long lines that were told before. Where that is most of them, a small bend does no harm.
    """
    text = [line[::4] for line in _traced_text(dark, px_per_mm)]
    if len(text) < OF_TEXT or len(_traced(dark, px_per_mm)) >= FEWEST:
        return None
    mm = dark.shape[0] / px_per_mm
    level = _shared(text, mm)
    harmful = level is not None and (len(text) >= OF_TEXT + 2 * found or level.reach(text) * mm > HARMFUL_MM)
    return Curl(level, None) if harmful else None


def flattened(pixels: Pixels, maps: tuple[Floats, Floats]) -> Pixels:
    """A picture or a density of the curled page as it is on the flat one."""
    method = cv2.INTER_CUBIC if pixels.dtype == np.uint8 else cv2.INTER_LINEAR
    return np.asarray(cv2.remap(pixels, *maps, method, borderMode=cv2.BORDER_REPLICATE), pixels.dtype)


def _grown(coarse: Doubles, width: int, height: int) -> Floats:
    fine = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(fine, np.float32)


def _small(dark: Floats) -> tuple[Floats, float]:
    scale = min(1.0, SIDE / max(dark.shape))
    return np.asarray(cv2.resize(dark, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32), scale


def _bend(dark: Floats, px_per_mm: float) -> Bend | None:
    """The bend of the ruled lines along the second axis."""
    return _shared(_traced(dark, px_per_mm), dark.shape[0] / px_per_mm)


def _shared(lines: list[Doubles], mm: float) -> Bend | None:
    """The bend that lines have in common; `mm`: of the page, across them."""
    spread = np.ptp([float(line[:, 1].mean()) for line in lines]) if lines else 0.0
    if len(lines) < FEWEST or spread < APART:
        return None
    many = len(lines) >= ENOUGH and spread > OVER
    bends = (_fitted(lines, mm, basis) for basis in ((MANY, FEW) if many else (FEW,)))
    return next((bend for bend in bends if bend is not None), None)


def _fitted(lines: list[Doubles], mm: float, basis: Basis) -> Bend | None:
    """The bend in these polynomials; None where it is none of a sheet's, or too small to matter."""
    terms, before, after = _solved(lines, basis)
    bend = Bend(basis, tuple(terms))
    seen = LEAST_MM < bend.reach(lines) * mm < MOST_MM and after < 0.6 * before
    return bend if seen and _is_papers(bend, mm) else None


def _is_papers(bend: Bend, mm: float) -> bool:
    """Whether a sheet can be bent so: nowhere far, and nowhere folded. Beyond the lines the bend is a guess."""
    across, along = np.meshgrid(np.linspace(0, 1, GRID), np.linspace(0, 1, GRID), indexing="ij")
    off = bend.at(along.ravel(), across.ravel()).reshape(across.shape)
    steepest = float(np.abs(np.diff(off, axis=0)).max()) * GRID
    return float(np.abs(off).max()) * mm < MOST_MM and steepest < bend.basis.steepest


def _traced(dark: Floats, px_per_mm: float) -> list[Doubles]:
    """Long thin pieces of ink along the second axis: points in fractions of the page (along, across), each (n, 2)."""
    ink = contrasted(dark, px_per_mm)
    height, width = dark.shape
    found = []
    for mask, x, y in long_runs(ink, max(9, int(RUN_MM * px_per_mm))):
        w = mask.shape[1]
        if w > LONG * width and mask.sum() < 1.6 * px_per_mm * w + 3 * w:
            found.append(_points(mask, x, y) / (width, height))
    return found


def _traced_text(dark: Floats, px_per_mm: float) -> list[Doubles]:
    """Long lines of text, each symbol run into the next: points as `_traced` has them."""
    ink = contrasted(dark, px_per_mm).astype(np.float32)
    bars = np.asarray(cv2.blur(ink, (round(WORD_MM * px_per_mm) | 1, 1)) > WRITTEN, np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(bars, connectivity=4)
    height, width = dark.shape
    found = []
    for i in range(1, count):
        x, y, w, h, area = (int(v) for v in stats[i])
        if w > LONG * width and area < LINE_MM * px_per_mm * w:
            found.append(_points(labels[y : y + h, x : x + w] == i, x, y) / (width, height))
    return found


def _points(mask: NDArray[np.bool_], x: int, y: int) -> Doubles:
    """The middle of the ink in each column, every third of them."""
    columns = np.flatnonzero(mask.any(0))[::3]
    rows = np.arange(mask.shape[0])
    part = mask[:, columns]
    return np.stack([x + columns, y + (rows @ part) / part.sum(0)], 1).astype(float)


def _solved(lines: list[Doubles], basis: Basis) -> tuple[Doubles, float, float]:
    """The shared terms, and the median departure of the points from straight lines before and after."""
    points = np.concatenate(lines)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    own = np.zeros((len(points), basis.first * len(lines)))
    for power in range(basis.first):
        own[np.arange(len(points)), basis.first * owner + power] = points[:, 0] ** power
    straight = _robust(own, points[:, 1])
    bent = _robust(np.hstack([own, _terms(points[:, 0], points[:, 1], basis)]), points[:, 1])
    return bent[0][own.shape[1] :], straight[1], bent[1]


def _robust(design: Doubles, values: Doubles) -> tuple[Doubles, float]:
    """Least squares, reweighted (Huber's weights): the solution, and the median of what is left."""
    weight = np.ones(len(values))
    for _ in range(6):
        solution = np.linalg.lstsq(design * weight[:, None], values * weight, rcond=None)[0]
        rest = np.abs(design @ solution - values)
        middle = float(np.median(rest))
        weight = np.sqrt(np.minimum(1.0, 2.0 * middle / np.maximum(rest, 1e-9)))
    return np.asarray(solution, float), middle


def _terms(along: Doubles, across: Doubles, basis: Basis) -> Doubles:
    """The basis at places of the page; (n, sum of its orders)."""
    values = legendre.legvander(2 * along - 1, basis.first + max(basis.orders) - 1)[:, basis.first :]
    down = (2 * across - 1)[:, None]
    return np.hstack([values[:, :n] * down**power for power, n in enumerate(basis.orders)])
