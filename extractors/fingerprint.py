"""Fingerprints of impressions: whether two pictures show one and the same act of stamping or signing.

Two impressions of one die differ in ink: pressure, pale patches, the grain of pad and paper, how far the rubber gave.
A picture that was pasted, or a sheet that was scanned again, differs in none of these, only in resolution, turn and
light. So two pictures are laid over one another as well as they fit, and compared piece by piece: the correlation of a
tile's ink does not ask how strong the ink is, and the median over the tiles not whether print hides some of them.

Most of a seal is what all of its impressions show, and of a clean one the rim and the star, which all seals have, are
most of it: impressions of strangers are as like as 0.998. What tells is what a picture shows beyond its die, which is
the mean of other impressions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIDE = 192  # px of a plate
REACH = 1.9  # of the ink's root mean square distance from its middle: a square's corners lie at 1.7
RINGS, SECTORS = 40, 256  # of the polar picture
ORDERS, BANDS = 17, 8  # of the vector: angular orders, and bands of rings
TURNS = 6  # turns that are tried: a square looks alike after each quarter
FIRST_ORDER, LAST_ORDER = 2, 64  # a rim that is a little off its middle is all that the lowest say
TILE = 17  # px: 5 mm of a round seal
EMPTY = 0.15  # of the variance of the tiles that vary most: less is paper
PALE = 0.02  # the same where thin text counts beside a broad rim
OTHER_DIE, MOSTLY = 0.96, 0.1  # likeness that this share of the tiles of two impressions of one die may fall short of
PASTED = 0.99  # the same of one impression; of pasted ones on a sheet 0.991 and more, of stamped ones 0.987 at most
INK = 0.1  # of full ink: where less is, there is nothing of the die
SEEN = 0.5  # of a tile that must not be hidden
FEWEST = 6  # tiles that can tell
SMOOTH = 0.8  # px


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A mark's ink on (SIDE, SIDE) float32, 0 to 1, its middle in the middle, its size always the same.

    `seen`: 1 where the ink can be seen, 0 where print or a line hides it.
    """

    ink: Floats
    seen: Floats

    def to_bytes(self) -> bytes:
        """As a PNG, what is seen below the ink."""
        stacked = np.vstack([self.ink * 255.0, self.seen * 255.0])
        _, png = cv2.imencode(".png", np.rint(stacked).astype(np.uint8))
        return bytes(png.tobytes())

    @staticmethod
    def from_bytes(data: bytes) -> Plate:
        """ValueError when it is none."""
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
        if image is None or image.shape != (2 * SIDE, SIDE):
            raise ValueError("not a fingerprint")
        levels = image.astype(np.float32) / 255.0
        return Plate(levels[:SIDE], levels[SIDE:])


def plate(ink: Floats, hidden: NDArray[np.bool_], middle: tuple[float, float] | None = None) -> Plate | None:
    """The plate of the ink in a cut (H, W), densities. `middle`: of the mark (x, y); default: of its ink.

    None when there is no ink.
    """
    height, width = ink.shape
    total = float(ink.sum())
    if total <= 0.0:
        return None
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cx, cy = middle or (float((ink * x).sum()) / total, float((ink * y).sum()) / total)
    spread = float(np.sqrt((ink * ((x - cx) ** 2 + (y - cy) ** 2)).sum() / total))
    scale = SIDE / (2 * REACH * max(spread, 1.0))
    matrix = np.array([[scale, 0, SIDE / 2 - 0.5 - scale * cx], [0, scale, SIDE / 2 - 0.5 - scale * cy]], np.float32)
    soft = cv2.GaussianBlur(ink, (0, 0), 0.4 / scale) if scale < 1 else ink
    drawn = cv2.warpAffine(soft, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    full = float(np.percentile(drawn[drawn > 0.1 * drawn.max()], 90))
    seen = cv2.warpAffine(1.0 - hidden.astype(np.float32), matrix, (SIDE, SIDE), borderValue=1.0)
    return Plate(np.clip(drawn / full, 0, 1), np.asarray(seen, np.float32))


def vector(mark: Plate) -> Floats:
    """What a turn does not change, (ORDERS * BANDS,) of length 1: like marks have a large dot product."""
    orders = np.abs(np.fft.rfft(_polar(mark.ink) * _weights(), axis=0))[:ORDERS].astype(np.float32)
    bands = np.sqrt(cv2.resize(orders, (BANDS, ORDERS), interpolation=cv2.INTER_AREA)).ravel()
    return np.asarray(bands / max(float(np.linalg.norm(bands)), 1e-9), np.float32)


def likeness(one: Plate, other: Plate, share: float = 0.5) -> float:
    """How much two marks look like one impression, at most 1: what `share` of their tiles correlate less than.

    0 when too few tiles can tell.
    """
    return _quantile(_tiles(one, _laid_over(one, other)), share, EMPTY)


@dataclass(frozen=True, eq=False)
class SealPrint:
    """A seal's plate, and those of other impressions of its die, which are laid over it once, when they are needed."""

    plate: Plate
    die: tuple[Plate, ...] = ()

    def likeness(self, other: Plate) -> tuple[float, float | None]:
        """How much another looks like one impression, at most 1, and how much of their own ink both have in common.

        The second figure is None where the die is not known; else it is 1 for one impression, and at most 0 on average
        for two.
        """
        laid = _laid_over(self.plate, other)
        tiles = _tiles(self.plate, laid)
        least = _quantile(tiles, MOSTLY, PALE)
        if least < OTHER_DIE:  # the rim alone is every seal's
            return least, 0.0 if self.die else None
        return _quantile(tiles, 0.5, EMPTY), self._in_common(laid, least)

    def _in_common(self, laid: Plate, least: float) -> float | None:
        if not self.die:
            return None
        return _in_common(self.plate, laid, self._others) if self._others else float(least >= PASTED)

    @cached_property
    def _others(self) -> list[Plate]:
        """The die's other impressions, laid over this one; what is pasted in many places tells no die."""
        laid = (_laid_over(self.plate, impression) for impression in self.die)
        return [one for one in laid if _quantile(_tiles(self.plate, one), MOSTLY, PALE) < PASTED]


def _in_common(one: Plate, other: Plate, die: Sequence[Plate]) -> float:
    """The correlation of what two impressions show beyond the mean of others; all lie over one another.

    The error of a mean of n is in both: where these print with twice the variance, which is more than most do, it is
    2 / (n + 2) of what impressions that have nothing in common show.
    """
    seen = np.min([p.seen for p in (one, other, *die)], axis=0) > 0.9
    first, second, *rest = (cv2.GaussianBlur(p.ink, (0, 0), SMOOTH) for p in (one, other, *die))
    mean = np.mean(rest, axis=0)
    told = seen & (np.max([first, second, mean], axis=0) > INK)
    a, b = (_beyond(ink[told], mean[told]) for ink in (first, second))
    shared = float(a @ b / max(1e-9, float(np.linalg.norm(a) * np.linalg.norm(b))))
    by_error = 2 / (len(die) + 2)
    return (shared - by_error) / (1 - by_error)


def _beyond(ink: Floats, die: Floats) -> Floats:
    """Ink without so much of the die as explains most of it (least squares)."""
    return np.asarray(ink - float(ink @ die) / max(1e-9, float(die @ die)) * die, np.float32)


def _tiles(one: Plate, other: Plate) -> tuple[Floats, Floats]:
    """The tiles (overlapping by half) of which enough is seen: how the ink of both correlates, and how much it varies.

    The variance is told in that of the tiles that vary most; both (n,).
    """
    a, b = (cv2.GaussianBlur(p.ink, (0, 0), SMOOTH) for p in (one, other))
    w = np.where((one.seen > 0.9) & (other.seen > 0.9), np.float32(1.0), np.float32(0.0))
    step = slice(TILE // 2, -(TILE // 2), TILE // 2)

    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.boxFilter(values, -1, (TILE, TILE))[step, step], np.float32)

    area = np.maximum(mean(w), np.float32(1e-6))
    ma, mb = mean(w * a) / area, mean(w * b) / area
    va, vb = mean(w * a * a) / area - ma**2, mean(w * b * b) / area - mb**2
    both = mean(w * a * b) / area - ma * mb
    most = np.maximum(va, vb)
    seen, usual = area > SEEN, max(1e-9, float(np.percentile(most, 90)))
    return both[seen] / np.sqrt(np.maximum(va * vb, 1e-12))[seen], most[seen] / np.float32(usual)


def _quantile(tiles: tuple[Floats, Floats], share: float, empty: float) -> float:
    """What `share` of the tiles that vary by more than `empty` correlate less than; 0 when too few can tell."""
    correlations, variances = tiles
    told = correlations[variances > empty]
    return float(np.quantile(told, share)) if len(told) >= FEWEST else 0.0


def _laid_over(one: Plate, other: Plate) -> Plate:
    """`other` turned, moved and stretched onto `one`: the best of a few turns, then refined (Evangelidis 2008)."""
    small, second = _halved(one.ink), _halved(other.ink)
    turns = [_turn(angle, SIDE // 2) for angle in _likely_turns(one.ink, other.ink)]
    fits = [float((small * _warped(second, turn)).sum()) for turn in turns]
    matrix = turns[int(np.argmax(fits))]
    matrix = _refined(small, second, matrix, 30, 1e-5)
    matrix[:, 2] = 2 * matrix[:, 2] + 0.5 - 0.5 * matrix[:, :2].sum(1)
    soft = [cv2.GaussianBlur(p.ink, (0, 0), SMOOTH) for p in (one, other)]
    matrix = _refined(soft[0], soft[1], matrix, 8, 1e-4)
    return Plate(_warped(other.ink, matrix), _warped(other.seen, matrix))


def _refined(fixed: Floats, moving: Floats, matrix: Floats, steps: int, enough: float) -> Floats:
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, enough)
    try:
        return np.asarray(
            cv2.findTransformECC(fixed, moving, matrix.copy(), cv2.MOTION_AFFINE, criteria, None, 1)[1], np.float32
        )
    except cv2.error:  # the two have nothing in common
        return matrix


def _likely_turns(one: Floats, other: Floats) -> Iterator[float]:
    """Degrees by which `other` may be turned beside `one`: peaks of the correlation along the angle, best first.

    Half whitened: neither the star's few orders decide alone, nor the noise of many.
    """
    cross = np.fft.rfft(_polar(one), axis=0) * np.conj(np.fft.rfft(_polar(other), axis=0)) * _weights() ** 2
    size = np.abs(cross)
    orders = (cross / np.sqrt(size + 1e-6 * float(size.max()) + 1e-12)).sum(1)
    orders[:FIRST_ORDER], orders[LAST_ORDER:] = 0, 0
    fit = np.fft.irfft(orders, SECTORS)
    peaks = np.flatnonzero((fit >= np.roll(fit, 1)) & (fit > np.roll(fit, -1)))
    best = peaks[np.argsort(-fit[peaks])][:TURNS] if len(peaks) else np.zeros(1, np.intp)
    return (float(peak) * 360.0 / SECTORS for peak in best)


def _polar(ink: Floats) -> Floats:
    """(SECTORS, RINGS): clockwise from the right, from the middle outwards."""
    middle = (SIDE / 2 - 0.5, SIDE / 2 - 0.5)
    soft = cv2.GaussianBlur(ink, (0, 0), 1.0)
    return np.asarray(cv2.warpPolar(soft, (RINGS, SECTORS), middle, SIDE / 2 * 0.95, cv2.INTER_LINEAR), np.float32)


def _weights() -> Floats:
    """The root of the area that a place of the polar picture stands for."""
    return np.asarray(np.sqrt(np.arange(RINGS) + 0.5)[None], np.float32)


def _halved(ink: Floats) -> Floats:
    soft = cv2.GaussianBlur(ink, (0, 0), 1.2)
    half = np.asarray(cv2.resize(soft, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(half - half.mean(), np.float32)


def _turn(angle: float, side: int) -> Floats:
    return np.asarray(cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), angle, 1.0), np.float32)


def _warped(picture: Floats, matrix: Floats) -> Floats:
    side = picture.shape[0]
    return np.asarray(
        cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP), np.float32
    )
