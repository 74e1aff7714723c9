"""`python -m bench.reuse [PAGES]`: how surely an impression is known again, told from others, and how fast it is found.

Pages with twelve impressions of twelve dies are captured twice, and pages with other impressions of the same dies too.
What the die is, is told by the impressions that are not compared, as an application's other seals do.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from multiprocessing import get_context

import cv2
import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from extractors.fingerprint import Plate, SealPrint, vector
from extractors.formmarks import seal_fingerprint
from extractors.ink import separate
from extractors.page import Sheet
from extractors.ruling import Ruling
from extractors.seals import find_seals
from pipeline.impressions import Impression, Index
from samples.machine import Machine, capture
from samples.noise import resized
from samples.paper import RED, TONER
from samples.paper import Sheet as Paper
from samples.profiles import DEFAULT, PROFILES
from samples.seals import DPI, make_seal, stamp
from samples.seals import Impression as Stamped
from samples.typefaces import text_mask
from validators.policy import POLICY
from validators.rules.reuse import are_one
from yinjian.records import Reuse
from yinjian.share import Share

DIES, IMPRESSIONS, CAPTURES = 12, 4, 2
SYMBOLS = tuple("黑龙江省哈尔滨市齐齐哈尔牡丹江佳木斯大庆华远宏达瑞祥建设工程科技有限责任公司贸易环保第一中学医院")
STORED = 100_000
PROCESSES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A seal as it was captured: which die, which impression of it, and its plate."""

    die: tuple[int, int]
    impression: int
    plate: Plate


def _page(job: tuple[int, int]) -> list[Shot]:
    """All captures of one page's dies."""
    cv2.setNumThreads(1)
    seed, page = job
    rng = default_rng([seed, page])
    shapes = ("round",) * 17 + ("oval", "oval", "square")
    dies = [make_seal(rng, _name(rng), str(rng.choice(shapes))) for _ in range(DIES)]
    found = []
    for number in range(IMPRESSIONS):
        stamped = [stamp(die, rng) for die in dies]
        printed = bool(rng.random() < 0.5)  # under both captures of a sheet lies the same print
        for _ in range(CAPTURES):
            machine = PROFILES[str(rng.choice(DEFAULT))].machine
            found += [Shot((page, n), number, plate) for n, plate in _captured(stamped, printed, machine, rng)]
    return found


def _name(rng: Generator) -> str:
    return "".join(str(c) for c in rng.choice(SYMBOLS, int(rng.integers(10, 19))))


def _captured(
    stamped: Sequence[Stamped], printed: bool, machine: Machine, rng: Generator
) -> Iterator[tuple[int, Plate]]:
    """The seals found on one sheet, each with its die's number."""
    paper = Paper.blank(int(rng.choice(machine.dpi)), "form")
    if printed:
        line = resized(text_mask("".join(SYMBOLS[:44]), "song", 60), paper.pixels(4))
        for y in range(20, 285, 8):
            paper.add(line[:, : paper.width - paper.pixels(30)], paper.pixels(20), paper.pixels(y), TONER)
    middles = [(40 + 65 * (n % 3), 40 + 68 * (n // 3)) for n in range(len(stamped))]
    for impression, (x, y) in zip(stamped, middles, strict=True):
        ink = resized(impression.ink, round(impression.ink.shape[0] * paper.dpi / DPI))
        paper.add(ink, paper.pixels(x) - ink.shape[1] // 2, paper.pixels(y) - ink.shape[0] // 2, RED)
    sheet = _sheet(paper, machine, rng)
    for seal in find_seals(sheet):
        away = [np.hypot(seal.centre[0] - paper.pixels(x), seal.centre[1] - paper.pixels(y)) for x, y in middles]
        if min(away) < paper.pixels(8):
            yield int(np.argmin(away)), Plate.from_bytes(seal_fingerprint(sheet, seal.rect))


def _sheet(paper: Paper, machine: Machine, rng: Generator) -> Sheet:
    """The sheet laid flat by its true corners, and turned by up to 1.5 degrees: no reader is measured here."""
    shot = capture(paper, replace(machine, turns=0.0), rng)
    _, jpeg = cv2.imencode(".jpg", shot.image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, shot.quality])
    flat = np.diag([paper.width, paper.height, 1.0]) @ np.linalg.inv(shot.homography)
    turn = cv2.getRotationMatrix2D((paper.width / 2, paper.height / 2), float(rng.uniform(-1.5, 1.5)), 1.0)
    matrix = np.vstack([turn, [0, 0, 1]]) @ flat
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert picture is not None
    size = (paper.width, paper.height)
    image = np.asarray(cv2.warpPerspective(picture, matrix, size, borderValue=(255, 255, 255)), np.uint8)
    dark, red = separate(image)
    return Sheet("page", 0, image, 0, float(paper.dpi), dark, red, Ruling((), ()), (), ())


def known_again(shots: Sequence[Shot]) -> tuple[Share, Share]:
    """Of the pairs that show one impression those that are told so; of other impressions of a die those that are."""
    same: list[bool] = []
    apart: list[bool] = []
    for one, other in combinations(shots, 2):
        if one.die == other.die:
            pair = {one.impression, other.impression}
            beside = {s.impression: s.plate for s in shots if s.die == one.die and s.impression not in pair}
            score, in_common = SealPrint(one.plate, tuple(beside.values())).likeness(other.plate)
            told = are_one(Reuse("seal_collection", 0, "", "", score, in_common=in_common), POLICY)
            (same if one.impression == other.impression else apart).append(told)
    return Share(sum(same), len(same)), Share(sum(apart), len(apart))


def searched(shots: Sequence[Shot], rng: Generator) -> tuple[Share, float]:
    """Of the second captures those that are found among `STORED` others, and the median seconds of a search.

    The others are drawn from the distribution that the real ones show (their mean and covariance).
    """
    first, second = _captures(shots)
    vectors = np.stack([vector(shot.plate) for shot in first])
    index = Index()
    for drawn in _like(vectors, STORED - len(first), rng):
        index.add(Impression("other", "", "seal", "", 0, b""), drawn)
    for shot, own in zip(first, vectors, strict=True):
        index.add(Impression(str((shot.die, shot.impression)), "", "seal", "", 0, shot.plate.to_bytes()), own)
    found, seconds = [], []
    for shot in second:
        asked = vector(shot.plate)
        start = time.perf_counter()
        near = list(index.nearest(asked, "asking"))
        seconds.append(time.perf_counter() - start)
        found.append(str((shot.die, shot.impression)) in [entry.application for entry in near])
    return Share(sum(found), len(found)), float(np.median(seconds))


def _captures(shots: Sequence[Shot]) -> tuple[list[Shot], list[Shot]]:
    """Of each impression that was found in both captures the first and the second."""
    first: dict[tuple[tuple[int, int], int], Shot] = {}
    pairs = []
    for shot in shots:
        key = (shot.die, shot.impression)
        if key in first:
            pairs.append((first[key], shot))
        first.setdefault(key, shot)
    return [one for one, _ in pairs], [other for _, other in pairs]


def _like(vectors: NDArray[np.float32], count: int, rng: Generator) -> NDArray[np.float32]:
    middle = vectors.mean(0)
    _, lengths, axes = np.linalg.svd(vectors - middle, full_matrices=False)
    spread = (lengths / np.sqrt(len(vectors) - 1))[:, None] * axes
    drawn = middle + rng.standard_normal((count, len(spread)), np.float32) @ spread
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def main(pages: int, seed: int) -> None:
    """Print all figures, each with n and its 95 % interval."""
    with get_context("spawn").Pool(PROCESSES) as pool:
        shots = [shot for found in pool.map(_page, [(seed, page) for page in range(pages)], 1) for shot in found]
    again, mistaken = known_again(shots)
    found, seconds = searched(shots, default_rng(seed))
    print(f"{len(shots)} seals captured, seed {seed}")
    print(f"one impression, known again: {_told(again)}")
    print(f"other impressions of the die, taken for it: {_told(mistaken)}")
    print(f"found among {STORED:,}: {_told(found)}; {1000 * seconds:.1f} ms a search")


def _told(share: Share) -> str:
    low, high = share.interval()
    return f"{share.right} of {share.n} ({100 * share.value:.2f} %, {100 * low:.2f} to {100 * high:.2f})"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, int(time.time()) % 1_000_000)
