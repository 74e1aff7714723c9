"""Agreements printed, scanned and read: intact ones, and ones with a single symbol altered."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.reading import ONE_THREAD
from bench.score import Score
from samples.cases import form_of
from samples.formmarks import Stamps
from samples.formsheets import FormPlan, draw_form
from samples.lookalikes import like
from samples.machine import capture
from samples.packing import jpeg_bytes
from samples.profiles import PROFILES
from samples.series import CERTIFICATES
from yinjian.catalogue import catalogue

INTACT, FOUND, NAMED = (
    "agreement, intact one not accused",
    "agreement, one altered symbol found",
    "agreement, one altered symbol named altered",
)
_COMMON = "的一是不人在有中国大上公司工程服务证书用户应当可以无法责任提供使用信息密码电子"


@dataclass(frozen=True, slots=True)
class Trial:
    """One agreement: what was altered ("" for nothing), what was found, and seconds of reading by page."""

    profile: str
    altered: str
    codes: tuple[str, ...]
    message: str
    seconds: tuple[float, ...]


def trials(count: int, seed: int, profiles: Sequence[str], processes: int) -> Iterator[Trial]:
    """`count` agreements, every other one altered; profiles and forms take turns."""
    os.environ.update(ONE_THREAD)
    jobs = [(f"{seed}/{n}", profiles[n // 2 % len(profiles)], n % 2 == 1) for n in range(count)]
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_trial, jobs)


def scores(trial: Trial) -> Iterator[Score]:
    """What a trial counts for."""
    said, where = ",".join(trial.codes) or "fine", trial.profile
    if not trial.altered:
        yield Score(INTACT, where, trial.message or said, "", not trial.codes)
    else:
        yield Score(FOUND, where, said, trial.altered, bool(trial.codes))
        yield Score(NAMED, where, said, trial.altered, "agreement.altered" in trial.codes)


def alter(paragraphs: Sequence[str], draw: Random) -> tuple[tuple[str, ...], str]:
    """The paragraphs with one symbol changed, dropped or put in, and what was done."""
    places = [(p, i) for p, text in enumerate(paragraphs) for i, c in enumerate(text) if c.isalnum()]
    digits = [(p, i) for p, i in places if paragraphs[p][i].isdigit()]
    negations = [(p, i) for p, i in places if paragraphs[p][i] == "不"]
    way = draw.choice(("digit", "digit", "not", "not", "change", "change", "drop", "add"))
    p, i = draw.choice({"digit": digits, "not": negations}.get(way) or places)
    old = paragraphs[p][i]
    new = {"not": "", "drop": "", "add": old + "不"}.get(way)
    if new is None:
        pool = "0123456789" if old.isdigit() else "".join(like(old)) or _COMMON
        new = draw.choice([c for c in pool if c != old])
    text = paragraphs[p][:i] + new + paragraphs[p][i + 1 :]
    return (*paragraphs[:p], text, *paragraphs[p + 1 :]), f"{paragraphs[p][max(0, i - 4) : i]}[{old}>{new}]"


@cache
def _engine() -> Any:
    import cv2

    from extractors.engine import Engine  # takes seconds

    cv2.setNumThreads(1)
    return Engine(1)


def _trial(job: tuple[str, str, bool]) -> Trial:
    from extractors.agreement import check_agreement
    from extractors.textlines import in_rows

    name, profile, altered = job
    draw, rng = Random(name), np.random.default_rng(abs(hash_of(name)))
    form = form_of(draw.choice(CERTIFICATES))
    platform = draw.choice(catalogue().platforms_of(form.id))
    paragraphs = catalogue().agreement(form.id, platform.id)
    printed, what = alter(paragraphs, draw) if altered else (paragraphs, "")
    lines, seconds = [], []
    plan = FormPlan(form, platform, {}, {}, {}, Stamps(None, None), agreement=printed)
    for picture in _pictures(plan, profile, rng):
        start = perf_counter()
        sheet = _sheet(picture)
        seconds.append(perf_counter() - start)
        lines += [line for row in in_rows(sheet.lines) for line in row]
    findings = check_agreement(lines, paragraphs)
    return Trial(profile, what, tuple(f.code for f in findings), "".join(f.message for f in findings), tuple(seconds))


def hash_of(name: str) -> int:
    """The same number for a name in every process."""
    return int.from_bytes(name.encode(), "big") % (1 << 63)


def _pictures(plan: FormPlan, profile: str, rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    """The agreement's pages as files would hold them, BGR."""
    look = PROFILES[profile]
    for sheet in draw_form(plan, look, int(rng.choice(look.machine.dpi)), rng):
        if sheet.kind == "agreement":
            with Image.open(io.BytesIO(jpeg_bytes(capture(sheet, look.machine, rng)))) as opened:
                yield np.ascontiguousarray(np.asarray(opened.convert("RGB"))[:, :, ::-1])


def _sheet(picture: NDArray[np.uint8]) -> Any:
    from extractors.page import take_apart
    from extractors.pagetext import read_lines
    from extractors.straighten import straighten

    sheet, rects = take_apart("", 0, straighten(picture, _engine()))
    return read_lines(sheet, rects, _engine(), catalogue())
