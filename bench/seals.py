"""Seals: whether their text was read, whose name is accepted for it, and how well the image has the ink alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.reading import Read
from bench.score import Score
from samples.lookalikes import impostors
from samples.paper import RED
from samples.profiles import PROFILES
from validators.case import Case
from validators.policy import POLICY
from validators.rules.seals import Owner, owner_of_name
from yinjian.records import Mark, MarkKind
from yinjian.textfold import fold

COLLECTED, STAMPED, COPIED = "seal text, collected", "seal text, over print", "seal text, on copies"
WHAT = {"seal_collection": COLLECTED, "seal_declaration": STAMPED, "material_seal": COPIED}
OWN, IMPOSTOR = "seal, the unit's own accepted (form)", "seal, one-character impostor refused"
IMPOSTORS = 6  # for each seal
NEAR = 0.12  # of the page: a seal read this near to a true one is that one
IOU = {False: "collected seal, overlap with its ink, scans", True: "collected seal, overlap with its ink, photographs"}
STARTS = (0.0, -5.0, 5.0, -12.0, 12.0)  # degrees: the reader may have taken the seal's turn for another
_LOOSE = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)


def scores(read: Read) -> Iterator[Score]:
    """Every seal of an application."""
    draw = Random(read.recipe.name)
    for true in read.expected["marks"]:
        if true["kind"] != MarkKind.SEAL.value:
            continue
        found, name = _found(read, true), true["ring_text"]
        said = found.ring_text if found else None
        right = said is not None and fold(said).strip("0123456789") == fold(name)
        yield Score(WHAT[true["id"]], true["id"], said, name, right)
        if found is not None:
            yield from _owners(found, name, draw)


def _owners(found: Mark, name: str, draw: Random) -> Iterator[Score]:
    if found.id != "material_seal":
        yield Score(OWN, found.id, found.ring_text, name, _is_units(found, name))
    for false in impostors(fold(name), IMPOSTORS, draw):
        yield Score(IMPOSTOR, found.id, found.ring_text, false, not _is_units(found, false))


def _is_units(mark: Mark, name: str) -> bool:
    """By the rule that judges applications."""
    share = POLICY.ring_share_collected if mark.id == "seal_collection" else POLICY.ring_share
    return owner_of_name(cast(Case, SimpleNamespace(policy=POLICY)), mark, fold(name), share) is Owner.UNIT


def _found(read: Read, true: dict[str, Any]) -> Mark | None:
    """The seal read where the true one is."""
    x, y = _middle(true["box"])
    page = read.expected["pages"][true["page"]]
    places = [(p.file, p.page) for p in read.reading.pages]
    index = places.index((page["file"], page["page"])) if (page["file"], page["page"]) in places else -1
    there = [m for m in read.reading.marks if m.id == true["id"] and m.page == index]
    near = [(abs(u - x) + abs(v - y), m) for m in there for u, v in (_middle(m.box.as_tuple()),)]
    return min(((d, m) for d, m in near if d < NEAR), key=lambda pair: pair[0], default=(0.0, None))[1]


def _middle(box: Any) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


@dataclass(frozen=True, slots=True)
class Overlap:
    """Intersection over union of a collected seal's alpha with its true ink."""

    photographed: bool
    value: float


def overlaps(read: Read) -> Iterator[Overlap]:
    """One for each collected seal whose ink is known."""
    camera = PROFILES[read.recipe.profile].machine.camera
    for true in read.expected["marks"]:
        if true["id"] == "seal_collection" and true["id"] in read.masks:
            found = _found(read, true)
            value = overlap(found, read.masks[true["id"]], true) if found is not None and found.image else 0.0
            yield Overlap(camera, value)


def overlap(found: Mark, ink: NDArray[np.uint8], true: dict[str, Any]) -> float:
    """The image laid over the true ink (grey, any size) as well as turning, moving and scaling allows."""
    alpha = cv2.imdecode(np.frombuffer(found.image, np.uint8), cv2.IMREAD_UNCHANGED)[:, :, 3]
    size = max(alpha.shape)
    known = _canvas(_upright(_opaque(ink), found.angle or 0.0, true["size_mm"]), size)
    seen = _canvas(alpha, size)
    soft = [cv2.GaussianBlur(picture, (0, 0), size / 80).astype(np.float32) / 255 for picture in (known, seen)]
    matrix = max((_aligned(soft[0], soft[1], degrees) for degrees in STARTS), key=lambda found: found[0])[1]
    laid = cv2.warpAffine(seen, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    one, other = known > 127, laid > 127
    return float((one & other).sum() / max(1, (one | other).sum()))


def _opaque(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How far ink covers paper: the light that it takes, of that which full ink takes. Ink is known by its density."""
    full = RED[1]
    light = (1.0 - np.power(10.0, -full * ink / 255.0)) / (1.0 - 10.0**-full)
    return np.asarray(np.round(255.0 * light), np.uint8)


def _aligned(known: Any, seen: Any, degrees: float) -> tuple[float, Any]:
    """How well the pictures correlate once aligned, beginning with a turn, and the (2, 3) matrix (Evangelidis 2008)."""
    middle = (known.shape[1] / 2, known.shape[0] / 2)
    start = cv2.getRotationMatrix2D(middle, degrees, 1.0).astype(np.float32)
    align: Any = cv2.findTransformECC
    try:
        found, matrix = align(known, seen, start, cv2.MOTION_AFFINE, _LOOSE, None, 5)
    except cv2.error:
        return -1.0, start
    return float(found), matrix


def _upright(ink: NDArray[np.uint8], angle: float, size_mm: float) -> NDArray[np.uint8]:
    """The true ink at 600 dpi, turned back by `angle` degrees."""
    # The ink's box holds the seal turned: its longer side is a little more than the seal's own.
    scale = size_mm / 25.4 * 600 / max(ink.shape)
    big = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = big.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(big, turn, (width, height)), np.uint8)


def _canvas(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The picture in the middle of a square of that size."""
    height, width = picture.shape
    big = np.zeros((max(size, height), max(size, width)), np.uint8)
    y, x = (big.shape[0] - height) // 2, (big.shape[1] - width) // 2
    big[y : y + height, x : x + width] = picture
    y, x = (big.shape[0] - size) // 2, (big.shape[1] - size) // 2
    return np.ascontiguousarray(big[y : y + size, x : x + size])
