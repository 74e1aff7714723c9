"""Applications as they reach the CA: a folder of scans and, on-line, application.json; the truth goes elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.random import Generator
from PIL import Image

from samples.cases import Case, Material, make_case
from samples.faults import FAULTS, faulty
from samples.formmarks import Stamps, stamp_sheet
from samples.formsheets import FormPlan, draw_form
from samples.machine import Shot, capture
from samples.materials import card_sheet, licence_sheet
from samples.packing import Place, places, write_files
from samples.paper import Sheet
from samples.profiles import PROFILES, Profile
from samples.seals import Seal, make_seal, stamp
from samples.truth import PageTruth, Truth, as_json, mask_name
from yinjian.catalogue import catalogue
from yinjian.geometry import union


@dataclass(frozen=True, slots=True)
class Application:
    """Pages as a machine saw them and the files they go into, with everything that is true about them."""

    truth: Truth
    shots: tuple[Shot, ...]
    where: tuple[Place, ...]
    claim: str | None


def make_application(
    name: str,
    seed: int,
    certificate: str,
    platform: str,
    business: str,
    profile: str,
    *,
    fault: str | None = None,
    online: bool = True,
) -> Application:
    """One application; equal arguments give equal papers. `fault` is a key of `FAULTS`."""
    draw, rng = Random(f"{seed}/papers"), np.random.default_rng(seed)
    case = make_case(draw, certificate, platform, business, online=online)
    found = _unstated(case)
    if fault is not None:
        case, found = faulty(case, fault, draw), (FAULTS[fault].finding, *found)
    look = PROFILES[profile]
    sheets = _sheets(case, look, int(rng.choice(look.machine.dpi)), rng)
    shots = tuple(capture(sheet, look.machine, rng) for sheet in sheets)
    where = tuple(places(look.packing, sheets, rng))
    pages = tuple(_page(*parts) for parts in zip(sheets, shots, where, strict=True))
    made = (("seed", str(seed)), ("profile", profile), ("fault", fault or ""), ("online", str(online).lower()))
    truth = Truth(name, platform, certificate, business, case.form.id, pages, found, made)
    return Application(truth, shots, where, _claim(case))


def _unstated(case: Case) -> tuple[tuple[str, str], ...]:
    """The finding of a certificate whose materials no document states: a person looks at each."""
    stated = catalogue().materials(case.platform, case.certificate, case.business)
    return () if stated else (("material.missing", "materials"),)


def write_application(application: Application, scans: Path, expected: Path) -> None:
    """The scans into a folder of their own under `scans`, the truth and its masks into `expected`."""
    folder = scans / application.truth.application
    folder.mkdir(parents=True, exist_ok=True)
    expected.mkdir(parents=True, exist_ok=True)
    write_files(folder, application.where, application.shots)
    if application.claim is not None:
        (folder / "application.json").write_text(application.claim, "utf-8")
    _write_truth(application.truth, expected)


def _write_truth(truth: Truth, expected: Path) -> None:
    text = json.dumps(as_json(truth), ensure_ascii=False, indent=1)
    (expected / f"{truth.application}.json").write_text(text + "\n", "utf-8")
    for mark in (mark for page in truth.pages for mark in page.marks):
        if mark.ink is None:
            continue
        ink = np.rint(np.clip(mark.ink, 0, 1) * 255).astype(np.uint8)
        Image.fromarray(ink).save(expected / mask_name(truth.application, mark), optimize=True)


def _claim(case: Case) -> str | None:
    """`application.json` in the design's format."""
    if case.claim is None:
        return None
    claim = {
        "platform": case.platform,
        "certificate": case.certificate,
        "business": case.business,
        "fields": case.claim,
        "submitted_on": case.submitted_on.isoformat(),
    }
    return json.dumps(claim, ensure_ascii=False, indent=1) + "\n"


def _sheets(case: Case, look: Profile, dpi: int, rng: Generator) -> list[Sheet]:
    """All sheets of the application in order: form, agreement, materials."""
    seal = make_seal(rng, case.company.name, str(rng.choice(look.seal_shapes)), look.seal_style)
    other = make_seal(rng, case.declaration_name, "round", look.seal_style) if case.declaration_name else seal
    plan = FormPlan(
        form=case.form,
        platform=catalogue().platform(case.paper_platform),
        values=case.values,
        ticks=case.ticks,
        signers=case.signers,
        stamps=Stamps(seal if case.collection else None, other if case.declaration else None, case.place, case.pasted),
        spoiled=case.spoiled,
        agreement=case.agreement,
        blue=case.blue,
    )
    sheets = draw_form(plan, look, dpi, rng)
    copied = make_seal(rng, case.copy_seal, "round", look.seal_style) if case.copy_seal else seal
    return sheets + [_copy(case, material, copied, dpi, rng) for material in case.materials]


def _copy(case: Case, material: Material, seal: Seal, dpi: int, rng: Generator) -> Sheet:
    """A copy of a document, with the unit's seal over it."""
    if material.role:
        sheet = card_sheet(case.person(material.role), material.role, material.side, dpi, rng)
    else:
        sheet = licence_sheet(case.licence, dpi, rng)
    if material.sealed:
        text = union(truth.box for truth in sheet.fields)
        x = float(rng.uniform(text.x0 + 0.1, max(text.x0 + 0.2, text.x1))) * sheet.width
        y = float(rng.uniform(text.y0 + 0.05, max(text.y0 + 0.1, text.y1 + 0.03))) * sheet.height
        stamp_sheet(sheet, "material_seal", seal, stamp(seal, rng, 25), x, y)
    return sheet


def _page(sheet: Sheet, shot: Shot, where: Place) -> PageTruth:
    choices = ((group, label, state) for group, labels in sheet.choices.items() for label, state in labels.items())
    return PageTruth(
        file=where[0],
        page=where[1],
        kind=sheet.kind,
        rotation=shot.rotation,
        role=sheet.role,
        side=sheet.side,
        homography=_rows(shot),
        fields=tuple(sheet.fields),
        marks=tuple(sheet.marks),
        choices=tuple(choices),
    )


def _rows(shot: Shot) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(float(v), 6) for v in row) for row in shot.homography)
