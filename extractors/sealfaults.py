"""What spoils a seal that becomes an electronic one, told by the pixels: 「请保证其清晰完整，请勿贴边、压字、压线」."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ink import FAINT, HALF, RED_PRESENT, RESIDUE_ROOM, residue
from extractors.linepieces import Floats, Rule
from extractors.page import Sheet
from extractors.seals import Seal

Mask = NDArray[np.bool_]
Place = tuple[slice, slice]

EDGE_MM = 0.6  # nearer to a line than this is 贴边
OVER_TEXT_MM2 = 0.4  # printed ink under a seal, a stroke of some 0.4 by 1 mm; seals on blank paper have none
INTO_MM = 0.3  # so far into a seal reach the feet of print that its rim lies over; its outline is known more exactly
ROUND_MM = 5.0  # the height of a line of print: so far round a seal print is looked for that reaches into it
LEAST_PRINT_MM2 = 0.05  # a dot of print; less is grain
MOST = 90  # percentile of density that tells how dark a line of print is, and how dark a stamp
FAINT_RED = 0.16  # density: a stamp paler than this cannot be used
WHOLE = 0.7  # share of a seal's border that must show
CUT_DEGREES = 45.0  # a stretch of border this long without any ink is cut off, not pale


def collection_faults(sheet: Sheet, seal: Seal, mask: Mask, dark: Floats, stamped: int) -> tuple[str, ...]:
    """The codes of a collected seal's faults.

    `mask`, `dark`: dark ink, and its density, without the ruling; `stamped`: seals in its cell.
    """
    faults = []
    distance = _nearest_line(sheet, seal)
    width, height = sheet.size
    at_edge = min(seal.rect[0], seal.rect[1], width - seal.rect[2], height - seal.rect[3]) < 0
    if distance < -EDGE_MM * sheet.px_per_mm:
        faults.append("seal.overlaps_line")
    elif distance < EDGE_MM * sheet.px_per_mm or at_edge:
        faults.append("seal.clipped")
    if seal.gap_degrees >= CUT_DEGREES and "seal.clipped" not in faults:
        faults.append("seal.clipped")
    if _print_under(sheet, seal, mask) > OVER_TEXT_MM2 or _print_into(sheet, seal, dark) > INTO_MM:
        faults.append("seal.overlaps_text")
    if is_faint(sheet, seal) or stamped > 1:
        faults.append("seal.unclear")
    return tuple(faults)


def is_faint(sheet: Sheet, seal: Seal) -> bool:
    """Whether too little of a seal is seen, or too pale."""
    return seal.closed < WHOLE or _strength(sheet, seal) < FAINT_RED


def _nearest_line(sheet: Sheet, seal: Seal) -> float:
    """Pixels between the seal's outline and the nearest ruled line; negative when a line runs through the seal."""
    x, y = seal.centre
    rx, ry = (seal.rect[2] - seal.rect[0]) / 2, (seal.rect[3] - seal.rect[1]) / 2

    def gaps(rules: Sequence[Rule], along: float, across: float, half: float, reach: float) -> list[float]:
        near = [r for r in rules if r.start < along + 0.7 * reach and r.end > along - 0.7 * reach]
        return [abs(r.at(along) - across) - half for r in near]

    level = gaps(sheet.ruling.horizontal, x, y, ry, rx)
    plumb = gaps(sheet.ruling.vertical, y, x, rx, ry)
    return min([*level, *plumb], default=float("inf"))


def _disc(sheet: Sheet, seal: Seal, room_mm: float = 0.0) -> tuple[Place, Mask]:
    """The seal with the paper round it as page slices, and the inside of its outline there."""
    x0, y0, x1, y1 = sheet.around(seal.rect, room_mm)
    disc = np.zeros((max(1, y1 - y0), max(1, x1 - x0)), np.uint8)
    centre = (round(seal.centre[0] - x0), round(seal.centre[1] - y0))
    axes = (max(1, round(seal.radii[0])), max(1, round(seal.radii[1])))
    if seal.shape == "square":
        box = cv2.boxPoints((centre, (2.0 * axes[0], 2.0 * axes[1]), seal.tilt))
        cv2.fillPoly(disc, [box.astype(np.int32)], 1)
    else:
        cv2.ellipse(disc, centre, axes, seal.tilt, 0, 360, 1, -1)
    return (slice(y0, y1), slice(x0, x1)), disc.astype(bool)


def _print_under(sheet: Sheet, seal: Seal, mask: Mask) -> float:
    """Dark ink within the seal in mm2, where it is darker than what red ink leaves in red light."""
    place, disc = _disc(sheet, seal)  # print that the rim alone touches is under the seal too
    over = sheet.dark[place] > residue(sheet.red[place])
    ink = disc & over & mask[place]
    opened = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return float(opened.sum()) / sheet.px_per_mm**2


def _print_into(sheet: Sheet, seal: Seal, dark: Floats) -> float:
    """How deep (mm) ink that stands out of the seal reaches into it: a rim that lies over the feet of a printed line.

    The ink is told by half the density of the print round about, and by more than almost all of the seal leaves in red
    light: where print and stamp lie over one another, the red that is seen there is no measure of that.
    """
    place, disc = _disc(sheet, seal, ROUND_MM)
    seen, stamp = dark[place], disc & (sheet.red[place] > RED_PRESENT)
    print_ = seen[~disc & (seen > FAINT)]
    if not print_.size or not stamp.any():
        return 0.0
    left = float(np.percentile(sheet.dark[place][stamp], MOST)) + RESIDUE_ROOM
    ink = seen > max(FAINT, HALF * float(np.percentile(print_, MOST)), left)
    _, pieces = cv2.connectedComponents(ink.astype(np.uint8))
    least = LEAST_PRINT_MM2 * sheet.px_per_mm**2
    beyond = np.bincount(pieces[~disc], minlength=int(pieces.max()) + 1) >= least
    beyond[0] = False
    depth = cv2.distanceTransform(disc.astype(np.uint8), cv2.DIST_L2, 3)
    return float(depth[beyond[pieces]].max(initial=0.0)) / sheet.px_per_mm


def _strength(sheet: Sheet, seal: Seal) -> float:
    """The typical density of the seal's ink."""
    place, disc = _disc(sheet, seal)
    ink = sheet.red[place][disc & (sheet.red[place] > 0.07)]
    return float(np.percentile(ink, 60)) if ink.size else 0.0
