"""Issuing: from an approval to a certificate on its token, exactly once however often it is interrupted.

Serial, dates, labels and PINs are reserved in the database before anything is made. Every step after that may be done
again and ends in the same: the key is found by its reserved name, and the CA's signature (RSA PKCS#1 v1.5) over the
same content is the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance import personalise
from issuance.authority import ISSUING_FILE, Authority, open_authority
from issuance.images import checked_image
from issuance.profiles import profiles
from issuance.reservation import Reservation, reserve
from issuance.station import SoftTokenStation, TokenStation
from issuance.tokens import Pins, TokenInfo
from pipeline import leases, pins
from pipeline.approvals import load_approval, require_evidence
from pipeline.clock import now, today
from pipeline.events import record
from pipeline.leases import Taken
from pipeline.orders import require_paid
from pipeline.owner import owner
from pipeline.registry import CertificateState, register
from pipeline.states import State, move
from pipeline.store.codec import dump
from pipeline.store.readings import load_reading
from pipeline.store.store import Store, new_id
from pipeline.store.tables import Application, ApprovalRow, CertificateRow, ReadingRow, Seal, VerdictRow
from pipeline.users import Role, require_another, require_role
from yinjian.approval import Approval, Usage
from yinjian.catalogue import catalogue
from yinjian.errors import Refused, SetupError, YinjianError
from yinjian.records import Mark, RegisterEntry
from yinjian.settings import Settings
from yinjian.textfold import fold

COLLECTED = {"seal_collection", "signature_collection"}  # the marks that become electronic ones
CA_PIN = "YINJIAN_CA_PIN_FILE"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one approval: serial numbers, or why nothing was issued."""

    application: str
    serials: tuple[str, ...] = ()
    waits: YinjianError | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What issuing needs: the CA, and the station where the tokens are."""

    store: Store
    settings: Settings
    authority: Authority
    station: TokenStation
    actor: str


def issue_all(store: Store, settings: Settings, actor: str, only: Sequence[str] = ()) -> tuple[Result, ...]:
    """Issue what is approved, or only those applications; one that has to wait does not hold up the others."""
    with store.reading() as session:
        require_role(session, actor, Role.ISSUER)
        query = select(ApprovalRow.id, ApprovalRow.application_id).join(Application)
        query = query.where(Application.state == State.APPROVED).order_by(ApprovalRow.approved_at)
        waiting = [(a, b) for a, b in session.execute(query) if not only or b in only]
    if not waiting:
        return ()
    with workshop(store, settings, actor) as shop:
        return tuple(_attempt(shop, approval, application) for approval, application in waiting)


@contextmanager
def workshop(store: Store, settings: Settings, actor: str) -> Iterator[Workshop]:
    """The CA's token opened, and the station."""
    with (
        opened_ca(settings) as authority,
        SoftTokenStation(token_directory(settings), settings.pkcs11_module) as station,
    ):
        yield Workshop(store, settings, authority, station, actor)


def has_ca(settings: Settings) -> bool:
    """Whether the CA was made, to its end."""
    return (ca_directory(settings) / ISSUING_FILE).exists()


def opened_ca(settings: Settings) -> Authority:
    """The CA, its token opened. Raises SetupError when there is none yet."""
    if not has_ca(settings):
        raise SetupError("There is no CA yet.", "Make it: yinjian ca init --organization NAME")
    pin = pins.user_pin(settings.ca_pin_file, "the CA's token", CA_PIN)
    return open_authority(ca_directory(settings), pin, settings.pkcs11_module)


def ca_directory(settings: Settings) -> Path:
    """Where the CA's token and certificates lie."""
    return settings.var_dir / "ca"


def token_directory(settings: Settings) -> Path:
    """Where the software tokens of subjects lie."""
    return settings.var_dir / "tokens"


def _attempt(shop: Workshop, approval: str, application: str) -> Result:
    try:
        serials = issue_one(shop, approval)
    except YinjianError as error:
        return Result(application, waits=error)
    return Result(application, serials)


def issue_one(shop: Workshop, approval_id: str) -> tuple[str, ...]:
    """All certificates of one approval; their serial numbers. Refused while something is missing."""
    subject, ours = _lease(approval_id), owner()
    with shop.store.writing() as session:
        if leases.take(session, subject, ours, shop.settings.lease_seconds) is Taken.NOT:
            raise Refused("Another process is issuing it.", "Nothing to do; see later how it went.")
    try:
        with leases.kept_alive(shop.store, subject, ours, shop.settings.lease_seconds):
            return _issue(shop, approval_id, ours)
    finally:
        with shop.store.writing() as session:
            leases.release(session, subject, ours)


def _lease(approval_id: str) -> str:
    return f"approval:{approval_id}"


def _issue(shop: Workshop, approval_id: str, ours: str) -> tuple[str, ...]:
    approval = _guarded(shop, approval_id)
    serials = _reserve(shop, approval)
    for serial in serials:
        certificate = _certify(shop, approval, serial)
        _deliver(shop, serial, certificate)
    _finish(shop, approval, serials, ours)
    return serials


def _guarded(shop: Workshop, approval_id: str) -> Approval:
    """The approval, once every guard has let it through."""
    with shop.store.reading() as session:
        row = session.get_one(ApprovalRow, approval_id)
        require_role(session, shop.actor, Role.ISSUER)
        require_another(session, shop.actor, row.application_id)
        require_paid(session, row.application_id)
        require_evidence(shop.store, session, row)
        approval = load_approval(shop.store, session, row)
        profiles().check_business(approval.business)
        _require_none_active(shop.store, session, approval)
    return approval


def _require_none_active(store: Store, session: Session, approval: Approval) -> None:
    """Two applications for the same may both have passed before one was issued."""
    own = set(session.scalars(select(CertificateRow.serial).where(CertificateRow.approval_id == approval.id)))
    others = (entry for entry in register(store, session, today()) if entry.serial not in own)
    if approval.business == "new" and any(_same_holder(approval, entry) for entry in others):
        remedy = "Return the application: it should be 续费, 补办 or 副锁."
        raise Refused("The holder has an active certificate of this kind already.", remedy)


def _same_holder(approval: Approval, entry: RegisterEntry) -> bool:
    if (entry.platform, entry.certificate, entry.status) != (approval.platform, approval.certificate, "active"):
        return False
    if entry.valid_until is not None and entry.valid_until < today():
        return False
    subject = approval.subject
    ours, theirs = (subject.id_number, entry.id_number) if subject.person_name else (subject.uscc, entry.uscc)
    if ours and theirs:
        return fold(ours).upper() == fold(theirs).upper()
    names = (subject.person_name, entry.name) if subject.person_name else (subject.unit_name, entry.unit_name)
    return fold(names[0]) == fold(names[1])


def _reserve(shop: Workshop, approval: Approval) -> tuple[str, ...]:
    """The serial numbers of an approval: those reserved before, or drawn now."""
    with shop.store.writing() as session:
        # Both on one row: only who holds it may reserve, on any database.
        session.get_one(ApprovalRow, approval.id, with_for_update=True)
        found = session.scalars(select(CertificateRow.serial).where(CertificateRow.approval_id == approval.id)).all()
        if found:
            return tuple(found)
        rows = [_row(shop, approval, reserve(approval, u, now())) for u in profiles().of(approval.certificate).usages]
        session.add_all(rows)
        for row in rows:
            event = f"certificate:{row.serial}"
            record(session, shop.actor, "reserved", event, approval.evidence, approval.application, row.usage)
        return tuple(row.serial for row in rows)


def _row(shop: Workshop, approval: Approval, reservation: Reservation) -> CertificateRow:
    vault, subject, new = shop.store.vault, approval.subject, pins.draw()
    row = CertificateRow(serial=f"{reservation.serial:X}", approval_id=approval.id, usage=reservation.usage)
    row.state, row.platform, row.certificate = CertificateState.RESERVED, approval.platform, approval.certificate
    row.subject_sealed = vault.seal("certificates.subject", dump(subject).decode())
    row.unit_index, row.uscc_index = vault.blind("unit_name", subject.unit_name), vault.blind("uscc", subject.uscc)
    row.person_index = vault.blind("person_name", subject.person_name)
    row.id_number_index = vault.blind("id_number", subject.id_number)
    row.token_label, row.key_label = reservation.token_label, reservation.key_label
    row.key_id, row.reserved_by = reservation.key_id.hex(), shop.actor
    row.not_before, row.not_after = reservation.not_before, reservation.not_after
    row.pins_sealed = vault.seal("certificates.pins", json.dumps({"so_pin": new.so_pin, "pin": new.pin}))
    return row


def _certify(shop: Workshop, approval: Approval, serial: str) -> bytes:
    """The certificate (DER) of a reservation, its key made on its token."""
    with shop.store.reading() as session:
        row = session.get_one(CertificateRow, serial)
    if row.blob is not None:
        return shop.store.blobs.get(row.blob)
    reservation = reservation_of(row)
    made = personalise.make_key(
        shop.station, reservation, profiles().of(approval.certificate).key, token_pins(shop.store, row)
    )
    certificate = personalise.certify(shop.authority, approval, reservation, made)
    blob = shop.store.blobs.put(certificate)
    with shop.store.writing() as session:
        row = session.get_one(CertificateRow, serial, with_for_update=True)
        row.token_serial, row.blob, row.state = made.token.serial, blob, CertificateState.SIGNED
        detail = f"on token {row.token_label}"
        record(session, shop.actor, "signed", f"certificate:{serial}", blob, approval.application, detail)
    return certificate


def _deliver(shop: Workshop, serial: str, certificate: bytes) -> None:
    """The certificate on its token, read back and compared."""
    with shop.store.reading() as session:
        row = session.get_one(CertificateRow, serial)
    token = TokenInfo(row.token_label, row.token_serial or "", "")
    pin = token_pins(shop.store, row).pin
    personalise.deliver(shop.station, reservation_of(row), token, pin, certificate, shop.authority.chain)


def _finish(shop: Workshop, approval: Approval, serials: tuple[str, ...], ours: str) -> None:
    mark = _mark(shop.store, approval)
    image = checked_image(mark.image) if mark else None
    blob = shop.store.blobs.put(image.png) if image else ""
    with shop.store.writing() as session:
        leases.require(session, _lease(approval.id), ours)
        for serial in serials:
            row = session.get_one(CertificateRow, serial)
            row.state, row.issued_at = CertificateState.ISSUED, now()
        if mark is not None and image is not None:
            seal = Seal(id=new_id("E"), serial=serials[0], kind=mark.kind, blob=blob, platform=approval.platform)
            seal.width_mm, seal.height_mm, seal.made_at = image.width_mm, image.height_mm, now()
            session.add(seal)
            record(session, shop.actor, "made", f"seal:{seal.id}", blob, approval.application, mark.kind)
        application = session.get_one(Application, approval.application, with_for_update=True)
        move(session, application, State.ISSUED, shop.actor, approval.evidence, ", ".join(serials))
        leases.release(session, _lease(approval.id), ours)


def _mark(store: Store, approval: Approval) -> Mark | None:
    """The collected seal or signature; None where the business makes no electronic one, or a person let it go."""
    with store.reading() as session:
        row = session.get_one(ApprovalRow, approval.id)
        reading = session.get_one(ReadingRow, session.get_one(VerdictRow, row.verdict_id).reading_id)
    if reading.form is None:
        return None
    asked = {mark.id for mark in catalogue().required_marks(reading.form, approval.business)}
    marks = load_reading(store, reading).marks
    return next((mark for mark in marks if mark.id in asked & COLLECTED and mark.image), None)


def reservation_of(row: CertificateRow) -> Reservation:
    """What was fixed of a certificate."""
    return Reservation(
        serial=int(row.serial, 16),
        usage=Usage(row.usage),
        key_label=row.key_label,
        key_id=bytes.fromhex(row.key_id),
        token_label=row.token_label,
        not_before=row.not_before,
        not_after=row.not_after,
    )


def token_pins(store: Store, row: CertificateRow) -> Pins:
    """The PINs of a subject's token."""
    return Pins(**json.loads(store.vault.open("certificates.pins", row.pins_sealed)))
