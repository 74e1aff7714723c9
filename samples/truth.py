"""The exact reading of an application: what a perfect reader would say, and what a judge should find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from samples.typefaces import Mask
from yinjian.geometry import Box
from yinjian.records import State


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """A field's text, "" when blank, and the box of its ink (of its room when blank)."""

    id: str
    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class MarkTruth:
    """A seal or signature. `ink` is the mark alone (0..1) over `box`, kept for marks that are collected."""

    id: str
    kind: str
    box: Box
    shape: str = ""
    size_mm: float | None = None
    angle: float | None = None
    ring_text: str = ""
    ink: Mask | None = None


@dataclass(frozen=True, slots=True)
class PageTruth:
    """One page as it is found in the folder. `homography` maps fractions of the page to pixels of its image."""

    file: str
    page: int
    kind: str
    rotation: int
    role: str
    side: str
    homography: tuple[tuple[float, ...], ...]
    fields: tuple[FieldTruth, ...]
    marks: tuple[MarkTruth, ...]
    choices: tuple[tuple[str, str, State], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """All about one application. `findings` are (code, where) of the seeded fault; none means that it must pass."""

    application: str
    platform: str
    certificate: str
    business: str
    form: str | None
    pages: tuple[PageTruth, ...]
    findings: tuple[tuple[str, str], ...]
    made_with: tuple[tuple[str, str], ...]


def as_json(truth: Truth) -> dict[str, Any]:
    """The truth in the schema of `yinjian read`, with `made_with` and each page's homography beside it."""
    return {
        "schema": 1,
        "application": truth.application,
        "platform": truth.platform,
        "certificate": truth.certificate,
        "business": truth.business,
        "form": truth.form,
        "decision": "review" if truth.findings else "pass",
        "pages": [_page(page) for page in truth.pages],
        "fields": _fields(truth.pages),
        "choices": _choices(truth.pages),
        "marks": [_mark(truth, mark, i) for i, page in enumerate(truth.pages) for mark in page.marks],
        "findings": [{"code": code, "where": where} for code, where in truth.findings],
        "made_with": dict(truth.made_with),
    }


def mask_name(application: str, mark: MarkTruth) -> str:
    """The file beside the expected reading that holds the mark's ink."""
    return f"{application}.{mark.id}.png"


def _page(page: PageTruth) -> dict[str, Any]:
    return {
        "file": page.file,
        "page": page.page,
        "kind": page.kind,
        "rotation": page.rotation,
        "role": page.role,
        "side": page.side,
        "homography": page.homography,
    }


def _fields(pages: Sequence[PageTruth]) -> dict[str, Any]:
    """The first page that shows a field keeps it; a card's name may be on two sheets."""
    found: dict[str, Any] = {}
    for number, page in enumerate(pages):
        for truth in page.fields:
            found.setdefault(truth.id, {"text": truth.text, "page": number, "box": truth.box.as_tuple()})
    return found


def _choices(pages: Sequence[PageTruth]) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for page in pages:
        for group, label, state in page.choices:
            groups.setdefault(group, {})[label] = state.value
    return groups


def _mark(truth: Truth, mark: MarkTruth, page: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": mark.id, "kind": mark.kind, "page": page, "box": mark.box.as_tuple()}
    if mark.kind == "seal":
        seal = {"shape": mark.shape, "size_mm": mark.size_mm, "angle": mark.angle, "ring_text": mark.ring_text}
        entry |= seal
    if mark.ink is not None:
        entry["mask"] = mask_name(truth.application, mark)
    return entry
