"""Hand-over: the holder checks the details on the spot and accepts; only then is the certificate active.

协议一.5: 用户领取数字证书后，应现场验证信息，确认无异议后则视为接受数字证书。

What is accepted is signed by the key that is taken over: who signs has token and PIN in hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance import personalise
from issuance.station import TokenStation
from issuance.tokens import Pins
from pipeline.cases import require_certificate
from pipeline.clock import now, shown
from pipeline.events import record
from pipeline.personalising import require_pin, reservation_of, set_pins, signing_of, token_of, token_pins
from pipeline.registry import CertificateState, application_of, subject_of
from pipeline.store.issuing_tables import Acceptance, CertificateRow
from pipeline.store.store import Store
from pipeline.users import Role, require_role
from yinjian.errors import Refused

SAID = "已现场验证信息，确认无异议，接受数字证书。"


@dataclass(frozen=True, slots=True)
class HandOver:
    """A certificate that is taken over: its row, and what its holder is shown and signs.

    `signing`: that of the key which signs, and `certificate` its bytes (DER): another's, where its own key does not.
    """

    row: CertificateRow
    signing: CertificateRow
    certificate: bytes
    statement: bytes


def accept(store: Store, station: TokenStation, serial: str, actor: str, pin: str = "") -> tuple[str, ...]:
    """Hand a token over: every certificate on it that waits becomes active; their serial numbers.

    `pin`: as the holder enters it; `""`: the one in the envelope. The PIN is no longer kept afterwards. Refused for a
    certificate that does not wait, TokenError for its token and PIN. Twice is as once.
    """
    with store.reading() as session:
        require_role(session, actor, Role.ISSUER)
        over = tuple(_waiting(store, session, serial, actor))
    signatures = [_signed(store, station, one, pin) for one in over]
    with store.writing() as session:
        for one, signature in zip(over, signatures, strict=True):
            _record(store, session, one, signature, actor)
        officer = token_pins(store, over[0].row).so_pin
        set_pins(store, session, over[0].row.token_label, Pins(officer, ""))
    return tuple(one.row.serial for one in over)


def details(store: Store, row: CertificateRow) -> dict[str, str]:
    """What the holder checks: names and numbers as they stand in the certificate, and how long it holds."""
    subject = subject_of(store, row)
    return {
        "serial": row.serial,
        "unit_name": subject.unit_name,
        "uscc": subject.uscc,
        "person_name": subject.person_name,
        "platform": row.platform,
        "certificate": row.certificate,
        "usage": row.usage,
        "not_before": shown(row.not_before),
        "not_after": shown(row.not_after),
    }


def _waiting(store: Store, session: Session, serial: str, actor: str) -> Iterator[HandOver]:
    one = require_certificate(session, serial)
    if one.state != CertificateState.ISSUED:
        what = f"This certificate is {one.state}; only one that is issued and not accepted is handed over."
        raise Refused(what, "See how it came there: yinjian trace SERIAL")
    of_approval = select(CertificateRow).where(CertificateRow.approval_id == one.approval_id)
    for row in session.scalars(of_approval.where(CertificateRow.state == CertificateState.ISSUED)):
        certificate = store.blobs.get(row.blob or "")
        digest = hashlib.sha256(certificate).hexdigest()
        signing = signing_of(session, row)
        signs = store.blobs.get(signing.blob or "")
        said = {"said": SAID, "sha256": digest, "handed_over_by": actor, "at": shown(now()), **details(store, row)}
        yield HandOver(row, signing, signs, json.dumps(said, ensure_ascii=False, sort_keys=True).encode())


def _signed(store: Store, station: TokenStation, one: HandOver, pin: str) -> bytes:
    row, pin = one.signing, pin or require_pin(store, one.row)
    return personalise.accept(station, reservation_of(row), token_of(row), pin, one.certificate, one.statement)


def _record(store: Store, session: Session, one: HandOver, signature: bytes, actor: str) -> None:
    row = session.get_one(CertificateRow, one.row.serial, with_for_update=True)
    if row.state != CertificateState.ISSUED:
        raise Refused(f"Certificate {row.serial} is {row.state} by now.", "See: yinjian trace SERIAL")
    row.state = CertificateState.ACTIVE
    row.accepted_at = row.changed_at = now()
    sealed = store.vault.seal("acceptances.statement", one.statement.decode())
    session.add(
        Acceptance(
            serial=row.serial,
            statement_sealed=sealed,
            signature=signature,
            recorded_by=actor,
            accepted_at=row.accepted_at,
        )
    )
    digest, application = store.vault.name(one.statement), application_of(session, row)
    record(session, actor, "accepted", f"certificate:{row.serial}", digest, application)
