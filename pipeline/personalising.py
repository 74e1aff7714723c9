"""Certificates of one approval: reserved, their keys made, signed, brought onto their token, kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from issuance import personalise as steps
from issuance.eseal.maker import OF_PERSON, OF_UNIT, NewSeal
from issuance.keymanagement import KeyManagement
from issuance.reservation import Reservation, reserve
from issuance.services import Service, Which
from issuance.signing import key_of
from issuance.tokens import KeyKind, Pins, TokenInfo
from pipeline import leases, pins
from pipeline.clock import now
from pipeline.events import record
from pipeline.picture import Picture, picture
from pipeline.reference import Referred
from pipeline.registry import CertificateState, subject_of
from pipeline.revocation import revoke_referred
from pipeline.states import State, move
from pipeline.store.codec import dump
from pipeline.store.issuing_tables import CertificateRow, Seal
from pipeline.store.store import Store, new_id
from pipeline.store.tables import Application, ApprovalRow, VerdictRow
from pipeline.workshop import Workshop
from yinjian.approval import Approval, Usage
from yinjian.errors import Refused, SetupError
from yinjian.records import MarkKind

# An encryption key comes in an envelope for the signing key: that one is made first.
_SIGNING_FIRST = case((CertificateRow.usage == Usage.ENCRYPT, 1), else_=0)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that this process holds: on what, and as whom."""

    lease: str
    owner: str


def personalise(
    shop: Workshop, approval: Approval, service: Service, old: Referred | None, held: Held
) -> tuple[str, ...]:
    """All certificates of one approval on their token; their serial numbers."""
    shop.profiles.check_business(approval.business)
    serials = _reserve(shop, approval, service, old)
    for serial in serials:
        certificate = _certify(shop, approval, service, serial)
        _deliver(shop, serial, certificate)
    _finish(shop, approval, service, old, serials, held)
    return serials


def _reserve(shop: Workshop, approval: Approval, service: Service, old: Referred | None) -> tuple[str, ...]:
    """The serial numbers of an approval: those reserved before, or drawn now."""
    with shop.store.writing() as session:
        # Both on one row: only who holds it may reserve, on any database.
        session.get_one(ApprovalRow, approval.id, with_for_update=True)
        own = select(CertificateRow.serial).where(CertificateRow.approval_id == approval.id)
        found = session.scalars(own.order_by(_SIGNING_FIRST, CertificateRow.serial)).all()
        if found:
            return tuple(found)
        rows = _rows(shop, approval, service, old)
        session.add_all(rows)
        for row in rows:
            event = f"certificate:{row.serial}"
            record(session, shop.actor, "reserved", event, approval.evidence, approval.application, row.usage)
        return tuple(row.serial for row in sorted(rows, key=lambda row: (row.usage == Usage.ENCRYPT, row.serial)))


def _rows(shop: Workshop, approval: Approval, service: Service, old: Referred | None) -> list[CertificateRow]:
    """One for each usage, all on one token: another, or that of the certificate referred to where we made it."""
    before = {row.usage: row for row in old.rows} if old else {}
    one = next(iter(before.values()), None)
    same = one is not None and service.token is Which.SAME
    officer = token_pins(shop.store, one).so_pin if same and one is not None else None
    new, label, made = pins.draw(), one.token_label if same and one is not None else "", []
    sealed = _sealed_pins(shop.store, Pins(officer or new.so_pin, new.pin))
    ends = old.not_after if old and service.business == "renew" else None
    for usage in shop.profiles.of(approval.certificate).usages:
        years = shop.profiles.common.validity_years
        fixed = reserve(approval, usage, now(), years=years, runs_from=ends, token_label=label)
        label = label or fixed.token_label
        row = _row(shop, approval, fixed)
        row.key_kind = shop.profiles.of(approval.certificate).key
        follows = before.get(usage)
        row.predecessor = follows.serial if follows else old.serial if old else None
        row.pins_sealed = sealed
        if follows and same and service.key is Which.SAME and not is_enveloped(row):
            row.key_label, row.key_id = follows.key_label, follows.key_id
        made.append(row)
    return made


def _row(shop: Workshop, approval: Approval, reservation: Reservation) -> CertificateRow:
    vault, subject = shop.store.vault, approval.subject
    row = CertificateRow(serial=f"{reservation.serial:X}", approval_id=approval.id, usage=reservation.usage)
    row.state, row.platform, row.certificate = CertificateState.RESERVED, approval.platform, approval.certificate
    row.business, row.changed_at = approval.business, now()
    row.subject_sealed = vault.seal("certificates.subject", dump(subject).decode())
    row.unit_index, row.uscc_index = vault.blind("unit_name", subject.unit_name), vault.blind("uscc", subject.uscc)
    row.person_index = vault.blind("person_name", subject.person_name)
    row.id_number_index = vault.blind("id_number", subject.id_number)
    row.token_label, row.key_label = reservation.token_label, reservation.key_label
    row.key_id, row.reserved_by = reservation.key_id.hex(), shop.actor
    row.not_before, row.not_after = reservation.not_before, reservation.not_after
    return row


def _certify(shop: Workshop, approval: Approval, service: Service, serial: str) -> bytes:
    """The certificate (DER) of a reservation, its key made on its token."""
    with shop.store.reading() as session:
        row = session.get_one(CertificateRow, serial)
    if row.blob is not None:
        return shop.store.blobs.get(row.blob)
    reservation, its_pins = reservation_of(row), token_pins(shop.store, row)
    if row.predecessor and service.token is Which.SAME:
        _taken_back(shop, row, its_pins)
    kind = KeyKind(row.key_kind)
    if is_enveloped(row):
        token = shop.station.prepare(row.token_label, its_pins.so_pin, its_pins.pin)
        made = steps.MadeKey(token, _keys(shop).encryption_key(serial))
    else:
        made = steps.make_key(shop.station, reservation, kind, its_pins)
    by = shop.profiles.for_sm2() if kind is KeyKind.SM2 else shop.profiles
    certificate = steps.certify(shop.issuer_of(kind), approval, reservation, made, by)
    blob = shop.store.blobs.put(certificate)
    with shop.store.writing() as session:
        row = session.get_one(CertificateRow, serial, with_for_update=True)
        row.token_serial, row.blob, row.state = made.token.serial, blob, CertificateState.SIGNED
        row.changed_at = now()
        set_pins(shop.store, session, row.token_label, its_pins)
        detail = f"on token {row.token_label}"
        record(session, shop.actor, "signed", f"certificate:{serial}", blob, approval.application, detail)
    return certificate


def _taken_back(shop: Workshop, row: CertificateRow, new: Pins) -> None:
    """A token that comes back gets a new PIN from the officer: only its holder knew the one before."""
    with shop.store.reading() as session:
        made = select(CertificateRow).where(CertificateRow.blob.is_not(None))
        before = session.scalars(made.where(CertificateRow.token_label == row.token_label)).first()
    if before is not None and before.token_serial is not None:
        shop.station.reset_pin(TokenInfo(row.token_label, before.token_serial, ""), new.so_pin, new.pin)


def _deliver(shop: Workshop, serial: str, certificate: bytes) -> None:
    """The certificate on its token, read back and compared; its key in an envelope, where that was not made there."""
    with shop.store.reading() as session:
        row = session.get_one(CertificateRow, serial)
        signing = signing_of(session, row)
    pin, chain = token_pins(shop.store, row).pin, shop.issuer_of(KeyKind(row.key_kind)).chain
    if not is_enveloped(row):
        steps.deliver(shop.station, reservation_of(row), token_of(row), pin, certificate, chain)
        return
    envelope = _keys(shop).envelope(serial, key_of(shop.store.blobs.get(signing.blob or "")).spki)
    steps.deliver_enveloped(shop.station, reservation_of(row), token_of(row), pin, certificate, chain, envelope)


def _keys(shop: Workshop) -> KeyManagement:
    if shop.keys is None:
        raise SetupError("There is no key management yet.", "Make it: yinjian ca seal-maker --actor NAME")
    return shop.keys


def is_enveloped(row: CertificateRow) -> bool:
    """Whether a certificate's key was not made on its token: the encryption key of two SM2 certificates."""
    return row.key_kind == KeyKind.SM2 and row.usage == Usage.ENCRYPT


def signing_of(session: Session, row: CertificateRow) -> CertificateRow:
    """The certificate on the same token whose key signs; itself where there is no other."""
    if not is_enveloped(row):
        return row
    beside = select(CertificateRow).where(CertificateRow.approval_id == row.approval_id)
    return session.scalars(beside.where(CertificateRow.usage == Usage.SIGN)).one()


def _finish(
    shop: Workshop, approval: Approval, service: Service, old: Referred | None, serials: tuple[str, ...], held: Held
) -> None:
    made = _picture(shop.store, approval) or _picture_before(shop.store, approval, old) if service.seal else None
    eseal = _eseal(shop, approval, made, serials) if made is not None else None
    with shop.store.writing() as session:
        for serial in serials:
            row = session.get_one(CertificateRow, serial)
            row.state, row.issued_at, row.changed_at = CertificateState.ISSUED, now(), now()
        if made is not None:
            seal = Seal(id=new_id("E"), serial=_sealing(session, serials), kind=made.kind, blob=made.blob)
            seal.platform, seal.made_at, seal.eseal = approval.platform, now(), eseal
            seal.width_mm, seal.height_mm = made.width_mm, made.height_mm
            session.add(seal)
            record(session, shop.actor, "made", f"seal:{seal.id}", made.blob, approval.application, made.kind)
        if old is not None and service.old is not None:
            revoke_referred(shop.store, session, old, service.old, shop.actor, approval.application)
        end(session, shop, approval, ", ".join(serials), held)


def _eseal(shop: Workshop, approval: Approval, of: Picture, serials: tuple[str, ...]) -> str | None:
    """The electronic seal of a picture, made and on its token; its file in the store. None without a seal maker.

    Its id is the serial number that was reserved for its certificate; it ends with it.
    """
    if shop.maker is None:
        return None
    with shop.store.reading() as session:
        row = session.get_one(CertificateRow, _sealing(session, serials))
    subject, holder = approval.subject, shop.store.blobs.get(row.blob or "")
    new = NewSeal(
        row.serial,
        OF_UNIT if of.kind == MarkKind.SEAL else OF_PERSON,
        subject.person_name or subject.unit_name,
        holder,
        shop.store.blobs.get(of.blob),
        of.width_mm,
        of.height_mm,
        row.not_before.replace(microsecond=0),
        row.not_after.replace(microsecond=0),
    )
    made = shop.maker.make(new)
    shop.station.write_seal(token_of(row), token_pins(shop.store, row).pin, made)
    return shop.store.blobs.put(made)


def end(session: Session, shop: Workshop, approval: Approval, detail: str, held: Held) -> None:
    """What was approved is done, and its lease let go. Raises when it is no longer ours: then nothing is kept."""
    leases.require(session, held.lease, held.owner)
    application = session.get_one(Application, approval.application, with_for_update=True)
    move(session, application, State.ISSUED, shop.actor, approval.evidence, detail)
    leases.release(session, held.lease, held.owner)


def _picture(store: Store, approval: Approval) -> Picture | None:
    """That which was made when it was approved; made now where it was not, or the reason why it cannot be."""
    with store.reading() as session:
        row = session.get_one(ApprovalRow, approval.id)
        if row.picture_blob and row.picture_kind:
            size = row.picture_width_mm or 0.0, row.picture_height_mm or 0.0
            return Picture(row.picture_kind, row.picture_blob, *size)
        return picture(store, session, session.get_one(VerdictRow, row.verdict_id))


def _picture_before(store: Store, approval: Approval, old: Referred | None) -> Picture | None:
    """The picture of the seal that is remade, where none was collected anew: none where it would show another name."""
    if approval.business != "change" or old is None:
        return None
    names = approval.subject.unit_name, approval.subject.person_name
    same = [row for row in old.rows if (subject_of(store, row).unit_name, subject_of(store, row).person_name) == names]
    with store.reading() as session:
        kept = select(Seal).where(Seal.serial.in_([row.serial for row in same]))
        before = session.scalars(kept.order_by(Seal.made_at.desc())).first()
    return None if before is None else Picture(before.kind, before.blob, before.width_mm, before.height_mm)


def _sealing(session: Session, serials: tuple[str, ...]) -> str:
    """The certificate that an electronic seal goes with: one that may sign."""
    rows = [session.get_one(CertificateRow, serial) for serial in serials]
    return next((row.serial for row in rows if row.usage != Usage.ENCRYPT), serials[0])


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


def token_of(row: CertificateRow) -> TokenInfo:
    """The token of a certificate, as it was recorded."""
    return TokenInfo(row.token_label, row.token_serial or "", "")


def token_pins(store: Store, row: CertificateRow) -> Pins:
    """The PINs of a subject's token; the holder's is `""` once only the holder knows it."""
    return Pins(**json.loads(store.vault.open("certificates.pins", row.pins_sealed)))


def require_pin(store: Store, row: CertificateRow) -> str:
    """The PIN of a token that was not handed over yet. Refused for one that only its holder knows."""
    pin = token_pins(store, row).pin
    if not pin:
        remedy = "The holder enters it; if it is forgotten, it is unlocked (解锁)."
        raise Refused("The PIN of this token is the holder's alone.", remedy)
    return pin


def set_pins(store: Store, session: Session, token_label: str, new: Pins) -> None:
    """The PINs of a token from now on, with all its certificates."""
    for row in session.scalars(select(CertificateRow).where(CertificateRow.token_label == token_label)):
        row.pins_sealed = _sealed_pins(store, new)


def _sealed_pins(store: Store, of: Pins) -> bytes:
    return store.vault.seal("certificates.pins", json.dumps({"so_pin": of.so_pin, "pin": of.pin}))
