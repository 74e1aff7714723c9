"""The tables of issuing: orders, certificates and what becomes of them. As `pipeline.store.tables`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Double, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.store.tables import COUNTER, ID, NAME_OF_BLOB, WORD, Table


class Order(Table):
    """What is to be paid for an application. `yuan` is None until staff set a fee that no document states.

    `receipt`: of the payment, where it was paid at the counter; `invoice_sealed`: what the invoice is made out on.
    """

    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), unique=True)
    yuan: Mapped[int | None]
    state: Mapped[str] = mapped_column(WORD)
    method: Mapped[str | None] = mapped_column(WORD)
    recorded_by: Mapped[str | None] = mapped_column(WORD)
    made_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    receipt: Mapped[str | None] = mapped_column(WORD)
    refund_receipt: Mapped[str | None] = mapped_column(WORD)
    refund_reason_sealed: Mapped[bytes | None]
    refunded_by: Mapped[str | None] = mapped_column(WORD)
    refunded_at: Mapped[datetime | None]
    invoice_sealed: Mapped[bytes | None]


class CertificateRow(Table):
    """A certificate, reserved before its first signature: serial, dates, labels.

    `state` is one of `pipeline.registry.CertificateState`. `predecessor`: the serial of the one that it follows, also
    one of the register. `key_kind`: of `issuance.tokens.KeyKind`; those of SM2 are of another CA. `changed_at`: when
    what OCSP and CRL say of it last changed.
    """

    __tablename__ = "certificates"
    serial: Mapped[str] = mapped_column(WORD, primary_key=True)
    approval_id: Mapped[str] = mapped_column(ForeignKey("approvals.id"))
    usage: Mapped[str] = mapped_column(WORD)
    state: Mapped[str] = mapped_column(WORD, index=True)
    platform: Mapped[str] = mapped_column(WORD)
    certificate: Mapped[str] = mapped_column(WORD)
    subject_sealed: Mapped[bytes]
    unit_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    uscc_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    person_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    id_number_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    business: Mapped[str] = mapped_column(WORD)
    predecessor: Mapped[str | None] = mapped_column(WORD, index=True)
    token_label: Mapped[str] = mapped_column(WORD, index=True)
    token_serial: Mapped[str | None] = mapped_column(WORD)
    pins_sealed: Mapped[bytes]
    key_label: Mapped[str] = mapped_column(WORD)
    key_id: Mapped[str] = mapped_column(WORD)
    key_kind: Mapped[str] = mapped_column(WORD)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime] = mapped_column(index=True)
    reserved_by: Mapped[str] = mapped_column(WORD)
    blob: Mapped[str | None] = mapped_column(NAME_OF_BLOB)
    issued_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(WORD)
    changed_at: Mapped[datetime] = mapped_column(index=True)
    __table_args__ = (UniqueConstraint("approval_id", "usage"),)


class Seal(Table):
    """The picture of a seal or signature, for one platform; bound to a certificate (agreement 一.14).

    `eseal`: the electronic seal with that picture (GB/T 38540), whose id is the certificate's serial number; None where
    no seal maker was there.
    """

    __tablename__ = "seals"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("certificates.serial"), unique=True)
    kind: Mapped[str] = mapped_column(WORD)
    blob: Mapped[str] = mapped_column(NAME_OF_BLOB)
    eseal: Mapped[str | None] = mapped_column(NAME_OF_BLOB)
    width_mm: Mapped[float] = mapped_column(Double)
    height_mm: Mapped[float] = mapped_column(Double)
    platform: Mapped[str] = mapped_column(WORD)
    made_at: Mapped[datetime]


class Registered(Table):
    """A certificate of the register that was brought in from elsewhere.

    The indexes are None of what was brought in before there were any: bringing it in again fills them.
    """

    __tablename__ = "register"
    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    platform: Mapped[str] = mapped_column(WORD)
    certificate: Mapped[str] = mapped_column(WORD)
    serial_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    unit_index: Mapped[str | None] = mapped_column(NAME_OF_BLOB, index=True)
    uscc_index: Mapped[str | None] = mapped_column(NAME_OF_BLOB, index=True)
    person_index: Mapped[str | None] = mapped_column(NAME_OF_BLOB, index=True)
    id_number_index: Mapped[str | None] = mapped_column(NAME_OF_BLOB, index=True)
    entry_sealed: Mapped[bytes]
    status: Mapped[str] = mapped_column(WORD)
    valid_until: Mapped[date | None]
    imported_at: Mapped[datetime]


class Acceptance(Table):
    """That the holder checked the details and took the certificate over: a statement that the holder's key signed."""

    __tablename__ = "acceptances"
    serial: Mapped[str] = mapped_column(ForeignKey("certificates.serial"), primary_key=True)
    statement_sealed: Mapped[bytes]
    signature: Mapped[bytes]
    recorded_by: Mapped[str] = mapped_column(WORD)
    accepted_at: Mapped[datetime]


class Operation(Table):
    """What the CA does of its own accord, asked for by one person and confirmed by another.

    `kind` is one of `pipeline.operations.Kind`, `subject` what it is done to.
    """

    __tablename__ = "operations"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    kind: Mapped[str] = mapped_column(WORD)
    subject: Mapped[str] = mapped_column(WORD, index=True)
    reason: Mapped[str] = mapped_column(WORD)
    note_sealed: Mapped[bytes]
    asked_by: Mapped[str] = mapped_column(WORD)
    asked_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(WORD)
    confirmed_at: Mapped[datetime | None]


class RevocationList(Table):
    """A revocation list that was published; `number` is its CRL number. `sm2_der`: that of the SM2 CA, same number."""

    __tablename__ = "revocation_lists"
    number: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    this_update: Mapped[datetime]
    next_update: Mapped[datetime]
    entries: Mapped[int]
    der: Mapped[bytes]
    sm2_der: Mapped[bytes | None]


class Notice(Table):
    """A word to a holder, once for each kind and certificate; None until it was sent."""

    __tablename__ = "notices"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    serial: Mapped[str] = mapped_column(ForeignKey("certificates.serial"))
    kind: Mapped[str] = mapped_column(WORD)
    text_sealed: Mapped[bytes]
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("serial", "kind"),)


class Binding(Table):
    """A certificate of one platform that was made usable on another; nothing was issued for it.

    `serial`: of ours or of the register; `seal`: whether staff let the electronic seal go along.
    """

    __tablename__ = "bindings"
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    serial: Mapped[str] = mapped_column(WORD, index=True)
    platform: Mapped[str] = mapped_column(WORD)
    seal: Mapped[bool]
    bound_by: Mapped[str] = mapped_column(WORD)
    bound_at: Mapped[datetime]
