"""From a field of a certificate back to the pixels it was read from, the rules that looked at it, and the people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from cryptography import x509
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from issuance.profiles import profiles
from pipeline.explaining import Explanation, explanation, stored
from pipeline.pages import Pages
from pipeline.registry import application_of, subject_of
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from validators.explain import Explained
from yinjian.catalogue import catalogue
from yinjian.errors import InputError
from yinjian.geometry import Box
from yinjian.records import Mark, Reading, RegisterEntry
from yinjian.textfold import fold, fold_code

# Where the subject's fields come from, first the one that the form or, without one, the licence gives.
SOURCES = {
    "unit_name": ("unit_name", "licence_unit_name", "employer"),
    "uscc": ("uscc", "licence_uscc"),
    "person_name": ("applicant_name", "name", "legal_person.id_name", "expert.id_name", "authorized_rep.id_name"),
    "id_number": (
        "applicant_id",
        "id_number",
        "legal_person.id_number",
        "expert.id_number",
        "authorized_rep.id_number",
    ),
}
TELLING = ("seal_collection", "seal_declaration", "material_seal")  # seals name the unit too
MARGIN = 0.02  # of the page, round a place


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was read: field or mark, its text, how surely and by whom; page of the reading, and box."""

    where: str
    text: str
    confidence: float | None
    corrected_by: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Origin:
    """A field of the certificate, the places that it was read from, and the rules that looked at those."""

    field: str
    value: str
    attributes: tuple[str, ...]
    places: tuple[Place, ...]
    rules: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """A certificate's fields; `reading` has the pages that places are on."""

    reading: Reading
    origins: tuple[Origin, ...]


def provenance(store: Store, session: Session, row: CertificateRow) -> Provenance:
    """Every field of a certificate that names somebody. InputError before there is a certificate."""
    if row.blob is None:
        raise InputError("This certificate is not signed yet.", "See how far it is: yinjian certificate list")
    certificate = x509.load_der_x509_certificate(store.blobs.get(row.blob))
    reading, by = stored(store, session, application_of(session, row))
    register = tuple(entry for entry in by.register or () if not _own(session, row, entry))
    found = explanation(reading, by.against(register), catalogue())
    return Provenance(reading, tuple(_origins(found, _values(store, row), certificate)))


def _own(session: Session, row: CertificateRow, entry: RegisterEntry) -> bool:
    """Whether an entry of the register came of this very application: it was not there when that was judged."""
    other = session.get(CertificateRow, entry.serial)
    return other is not None and other.not_before >= row.not_before


def _values(store: Store, row: CertificateRow) -> dict[str, str]:
    subject = subject_of(store, row)
    return {name: value for name in SOURCES if (value := str(getattr(subject, name)))}


def _origins(found: Explanation, values: dict[str, str], certificate: x509.Certificate) -> Iterator[Origin]:
    for name, value in values.items():
        places = tuple(_places(found.reading, name, value))
        seen = {place.where for place in places}
        rules = tuple(rule for rule in found.rules if seen & {evidence.where for evidence in rule.evidence})
        yield Origin(name, value, tuple(_attributes(certificate, name, value)), places, rules)


def _attributes(certificate: x509.Certificate, name: str, value: str) -> Iterator[str]:
    """The parts of the certificate that carry the value; an identity number is there as its hash only."""
    id_number = profiles().identity_number.oid
    yield from (item.rfc4514_attribute_name for item in certificate.subject if item.value == value)
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.UnrecognizedExtension):
            oid = extension.oid.dotted_string
            if value.encode() in extension.value.value or (name == "id_number" and oid == id_number):
                yield oid


def _places(reading: Reading, name: str, value: str) -> Iterator[Place]:
    alike = fold_code if name in ("uscc", "id_number") else fold
    for field in reading.fields:
        if field.id in SOURCES[name] and alike(field.text) == alike(value):
            yield Place(field.id, field.text, field.confidence, field.corrected_by, field.page, field.box)
    if name == "unit_name":
        seals = (mark for mark in reading.marks if mark.id in TELLING and fold(mark.ring_text) == fold(value))
        yield from map(_of_seal, seals)


def _of_seal(mark: Mark) -> Place:
    return Place(mark.id, mark.ring_text, None, "", mark.page, mark.box)


def lines(found: Provenance) -> Iterator[str]:
    """As text: each field, what it was read from, and the rules."""
    for origin in found.origins:
        carried = ", ".join(origin.attributes) or "not in the certificate"
        yield f"field        {origin.field}  {origin.value}  ({carried})"
        for place in origin.places:
            page = found.reading.pages[place.page]
            sure = f"corrected by {place.corrected_by}" if place.corrected_by else _sure(place.confidence)
            box = ", ".join(f"{side:.3f}" for side in place.box.as_tuple())
            at = f"{page.file} page {page.page + 1}  [{box}]"
            yield f"  pixels     {place.where}  「{place.text}」  {at}  {sure}".rstrip()
        for rule in origin.rules:
            yield f"  rule       {rule.rule}  {'holds' if rule.holds else 'does not hold'}  「{rule.sentence}」"


def _sure(confidence: float | None) -> str:
    return "" if confidence is None else f"confidence {confidence:.2f}"


def write_crops(found: Provenance, pages: Pages, folder: Path) -> tuple[Path, ...]:
    """A PNG of each place, named by field and place. InputError when the folder cannot be written."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for origin in found.origins:
            for number, place in enumerate(origin.places, start=1):
                path = folder / f"{origin.field}-{number}-{place.where}.png"
                path.write_bytes(_crop(pages[place.page], place.box))
                written.append(path)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}.", "Name a writable folder.") from error
    return tuple(written)


def _crop(image: NDArray[np.uint8], box: Box) -> bytes:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box.as_tuple()
    top, bottom = int(max(0, y0 - MARGIN) * height), int(min(1, y1 + MARGIN) * height)
    left, right = int(max(0, x0 - MARGIN) * width), int(min(1, x1 + MARGIN) * width)
    return bytes(cv2.imencode(".png", image[top:bottom, left:right])[1])
