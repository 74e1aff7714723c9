"""The JSON that other programs read, and the files it is written to. Fixed: a change is a new schema number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yinjian.errors import InputError
from yinjian.files import write_whole
from yinjian.findings import Finding, finding
from yinjian.records import Choice, Decision, FieldReading, Mark, MarkKind, Page, Reading, Verdict

SCHEMA = 1
Json = dict[str, Any]


def as_json(reading: Reading, verdict: Verdict, images: Sequence[str | None] = ()) -> Json:
    """A reading and its verdict. `images`: for each mark, in order, where its picture lies; none of them: null."""
    paths = images or [None] * len(reading.marks)
    return {
        "schema": SCHEMA,
        "application": reading.application,
        "platform": verdict.platform,
        "certificate": verdict.certificate,
        "business": verdict.business,
        "form": reading.form,
        "decision": verdict.decision.value,
        "pages": [_page(page) for page in reading.pages],
        "fields": {item.id: _field(item) for item in reading.fields},
        "choices": _choices(reading.choices),
        "marks": [_mark(mark, path) for mark, path in zip(reading.marks, paths, strict=True)],
        "findings": [as_finding(item) for item in verdict.findings],
    }


def fault_json(application: str, message: str) -> Json:
    """An application that could not be read at all: it goes to a person, with the reason."""
    nothing: Json = dict.fromkeys(("platform", "certificate", "business", "form"))
    found = finding("rule.failed", "application", message)
    return (
        {"schema": SCHEMA, "application": application}
        | nothing
        | {"decision": Decision.REVIEW.value, "pages": [], "fields": {}, "choices": {}, "marks": []}
        | {"findings": [as_finding(found)]}
    )


def line(value: Json) -> str:
    """One line of text without its end."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write(directory: Path, value: Json, marks: Sequence[Mark] = ()) -> None:
    """`<application>.json` and the pictures of its marks, each complete or not there at all."""
    for mark, entry in zip(marks, value["marks"], strict=True):
        if entry["image"]:
            _replace(directory / entry["image"], mark.image)
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    _replace(directory / f"{value['application']}.json", text.encode())


def image_names(application: str, marks: Sequence[Mark]) -> list[str | None]:
    """File names of the marks' pictures; None for a mark without one. Marks of copies share an id, so they count."""
    return [f"{application}.{n}-{mark.id}.png" if mark.image else None for n, mark in enumerate(marks)]


def _replace(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise InputError(message, "Give an --out folder that is writable and has space.") from error


def _page(page: Page) -> Json:
    return {"file": page.file, "page": page.page, "kind": page.kind.value, "rotation": page.rotation}


def _field(item: FieldReading) -> Json:
    confidence = round(item.confidence, 4)
    return {"text": item.text, "confidence": confidence, "page": item.page, "box": list(item.box.as_tuple())}


def _choices(choices: Sequence[Choice]) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for choice in choices:
        groups.setdefault(choice.group, {})[choice.label] = choice.state.value
    return groups


def _mark(mark: Mark, image: str | None) -> Json:
    entry: Json = {"id": mark.id, "kind": mark.kind.value, "page": mark.page, "box": list(mark.box.as_tuple())}
    entry["image"] = image
    if mark.kind is MarkKind.SEAL:
        entry |= {"shape": mark.shape, "size_mm": mark.size_mm, "angle": mark.angle, "ring_text": mark.ring_text}
    return entry


def as_finding(item: Finding) -> Json:
    return {"code": item.code, "where": item.where, "message": item.message, "severity": item.severity.value}
