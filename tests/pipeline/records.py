"""Readings made by hand, for what comes after reading."""

from __future__ import annotations

import io

from PIL import Image

from yinjian.findings import finding
from yinjian.geometry import Box
from yinjian.records import (
    Choice,
    FieldReading,
    Mark,
    MarkKind,
    Page,
    PageKind,
    Reading,
    State,
    Verdict,
    Versions,
)

BOX = Box(0.1, 0.2, 0.3, 0.25)


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 128)).save(stream, "PNG")
    return stream.getvalue()


def a_reading() -> Reading:
    return Reading(
        application="A1",
        form="enterprise",
        pages=(Page("a.pdf", 0, PageKind.FORM, 90),),
        fields=(FieldReading("unit_name", "甲公司", 0.98765, 0, BOX), FieldReading("address", "", 1.0, 0, BOX)),
        choices=(
            Choice("business", "新办", State.TICKED, 0, BOX),
            Choice("business", "续费", State.CLEAR, 0, Box(0.1, 0.4, 0.2, 0.42)),
        ),
        marks=(
            Mark("seal_collection", MarkKind.SEAL, 0, BOX, png(), "circle", 40.2, 3.0, "甲公司"),
            Mark("signature_agent", MarkKind.SIGNATURE, 0, BOX),
        ),
        findings=(),
        versions=Versions("m", "c", "p"),
    )


def a_verdict() -> Verdict:
    return Verdict("hpe", "enterprise", "new", (finding("field.missing", "address", "地址未填。"),))
