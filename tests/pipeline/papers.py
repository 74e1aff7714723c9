"""Applications of known content: folders with a picture each, and a reader that knows what they say."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from extractors.opening import Scan
from tests.validators import builder
from yinjian.checkdigits import uscc_check
from yinjian.findings import Finding, finding
from yinjian.records import FieldReading, Mark, Reading
from yinjian.settings import Settings

AS_OF = builder.TODAY
SECRETS = (builder.UNIT, builder.USCC, builder.LEGAL_ID, builder.AGENT_ID, "贺云舟", "13804510001", "松北区创新一路")


FOUND = {
    "altered": (finding("agreement.altered", "agreement", "协议第三条与本机构文本不一致。"),),
    "warned": (finding("page.unexpected", "b.pdf", "有一页无关。"),),
}


FORMLESS = ("unlock", "change", "bind")
BUSINESSES = ("secondary", "renew", "replace", "revoke", *FORMLESS)


def claim_of(name: str, platform: str = "hpe", certificate: str = "enterprise") -> str:
    """The claim of an application without a form, as its `application.json`."""
    business, _, number = name.partition("-")
    return json.dumps(
        {
            "platform": platform,
            "certificate": certificate,
            "business": business,
            "fields": {"unit_name": builder.UNIT, "uscc": code_of(int(number))},
            "submitted_on": builder.TODAY.isoformat(),
        }
    )


def _copies_only(reading: Reading) -> tuple[FieldReading, ...]:
    return tuple(f for f in reading.fields if "." in f.id or f.id.startswith("licence_"))


def _copied(reading: Reading) -> tuple[Mark, ...]:
    return tuple(m for m in reading.marks if m.id == "material_seal")


class Knows:
    """Reads by the application's name: `clean-3` passes, `faulty-3` lacks its telephone, others crash or kill.

    `misread-3` has a symbol of the unit's name wrong, `altered-3` another agreement, `smudged-3` a seal that is
    unclear and clipped, `warned-3` a page too many;
    `renew-3` and the other businesses are clean applications of the same unit as `clean-3`.
    """

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        given = tuple(scans)
        opened = tuple(item for item in given if isinstance(item, Finding))
        kind, _, number = application.partition("-")
        if kind == "crashes":
            raise ValueError(f"{builder.UNIT} {builder.LEGAL_ID}")
        if kind == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        business = kind if kind in BUSINESSES else "new"
        reading = of_unit(builder.application(business="new" if kind in FORMLESS else business), int(number or 0))
        if kind in FORMLESS:
            reading = replace(reading, form=None, choices=(), fields=_copies_only(reading), marks=_copied(reading))
        if kind == "faulty":
            reading = builder.with_field(reading, "agent_phone", "")
        if kind == "misread":
            reading = builder.with_field(reading, "unit_name", builder.UNIT.replace("云杉", "云彬"))
        if kind == "smudged":
            reading = builder.with_mark(reading, "seal_collection", faults=("seal.unclear", "seal.clipped"))
        found = (*opened, *FOUND.get(kind, ()))
        names = [item.file for item in given if isinstance(item, Scan)] or ["scan.png"]
        pages = tuple(replace(p, file=names[min(n, len(names) - 1)], page=n) for n, p in enumerate(reading.pages))
        return replace(reading, application=application, findings=found, pages=pages)

    def read_with_pages(self, application: str, scans: Iterable[Scan | Finding], show: Any) -> Any:
        reading = self.read(application, scans)
        return reading, tuple(show(page_of(reading, number)) for number in range(len(reading.pages)))


def page_of(reading: Reading, number: int) -> NDArray[np.uint8]:
    """A page as it may have looked: each value where it stands. BGR."""
    page = np.full((877, 620, 3), 255, np.uint8)
    for field in (f for f in reading.fields if f.page == number):
        x, y = int(field.box.x0 * 620), int(field.box.y1 * 877)
        cv2.putText(page, field.id[:24], (x, y), cv2.FONT_HERSHEY_PLAIN, 0.9, (40, 40, 40))
    return page


def knows(settings: Settings) -> Knows:
    """For a worker."""
    return Knows()


def code_of(number: int) -> str:
    """The code of the unit with that number."""
    code = f"91230109MA1B{number:05d}"
    return code + uscc_check(code)


def of_unit(reading: Reading, number: int) -> Reading:
    """The same application of another unit, with a picture of its seal."""
    code = code_of(number)
    fields = tuple(_with_code(f, code) if f.id in ("uscc", "licence_uscc") else f for f in reading.fields)
    marks = tuple(replace(m, image=seal()) if m.id == "seal_collection" else m for m in reading.marks)
    return replace(reading, fields=fields, marks=marks)


def _with_code(field: FieldReading, code: str) -> FieldReading:
    return replace(field, text=code, lattices=(builder.lattice(code),))


@cache
def seal() -> bytes:
    """A red ring of 40 mm at 600 dpi on a transparent ground."""
    picture = Image.new("RGBA", (945, 945), (200, 30, 30, 0))
    ImageDraw.Draw(picture).ellipse((20, 20, 925, 925), outline=(200, 30, 30, 255), width=30)
    stream = io.BytesIO()
    picture.save(stream, "PNG", dpi=(600, 600))
    return stream.getvalue()


def folder(root: Path, name: str, claim: str | None = None) -> Path:
    """An application's folder; no two hold the same picture."""
    path = root / name
    path.mkdir(parents=True)
    number = int.from_bytes(name.encode(), "big") % (256**3)
    Image.new("RGB", (40, 30), (number & 255, number >> 8 & 255, number >> 16)).save(path / f"{builder.UNIT}.png")
    if claim is not None:
        (path / "application.json").write_text(claim, "utf-8")
    return path


def main() -> None:
    """`python -m tests.pipeline.papers`: a worker that knows."""
    from pipeline.worker import main as work

    work(knows)


if __name__ == "__main__":
    assert sys.flags.optimize == 0
    main()
