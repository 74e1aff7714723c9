"""A service for a certificate that exists, begun at the counter: the papers are taken in like any others.

Nothing is done for it before a reviewer has approved them: who begins it, reviews it and issues it are not one person.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from issuance.services import Act, Refers, Service, Which, services
from pipeline.cases import require_certificate
from pipeline.clock import today
from pipeline.intake import Receipt
from pipeline.registry import IN_FORCE
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.upload import take_in
from pipeline.users import Role, require_role
from yinjian.approval import Subject
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError, Refused
from yinjian.settings import Settings

TOKEN = {Which.NEW: "新介质", Which.SAME: "原介质（须带来）"}
KEY = {Which.NEW: "新密钥", Which.SAME: "原密钥"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A service for a certificate: its business, the documents' word for it, and what becomes of what."""

    business: str
    label: str
    what: str


def offered(row: CertificateRow, known: Catalogue) -> Iterator[Offered]:
    """What may be begun for a certificate in force, on its own platform."""
    if row.state not in IN_FORCE:
        return
    for business in known.businesses:
        if known.offer(row.platform, row.certificate, business.id) is None:
            continue
        service, _ = services().of(row.certificate, business.id)
        if service.refers is not Refers.NONE and service.act is not Act.BIND:
            yield Offered(business.id, business.label, _what(service))


def begin(
    store: Store,
    settings: Settings,
    actor: str,
    serial: str,
    business: str,
    whom: Subject,
    files: Sequence[tuple[str, bytes]],
    known: Catalogue,
) -> Receipt:
    """Take in the papers of a service for a certificate. `whom`: as it is to be from now on (变更 changes it)."""
    with store.reading() as session:
        require_role(session, actor, Role.ISSUER)
        row = require_certificate(session, serial)
    if business not in {one.business for one in offered(row, known)}:
        raise Refused("This is not offered for this certificate.", "See what is, beside the certificate.")
    if not files or len(files) > settings.upload_files:
        raise InputError("There are no papers.", "Scan the form and the copies, and choose the files.")
    claim = {
        "platform": row.platform,
        "certificate": row.certificate,
        "business": business,
        "fields": dict(_fields(row, business, whom, known)),
        "submitted_on": today().isoformat(),
    }
    data = json.dumps(claim, ensure_ascii=False).encode()
    return take_in(store, settings, actor, files, data)


def _fields(row: CertificateRow, business: str, whom: Subject, known: Catalogue) -> Iterator[tuple[str, str]]:
    """What the form has room for; without a form, whom it is about."""
    form = known.form_for(row.platform, row.certificate, business)
    room = {slot.id for slot in known.form(form).slots()} if form else {"unit_name", "uscc"}
    said = {
        "unit_name": whom.unit_name,
        "uscc": whom.uscc,
        "applicant_name": whom.person_name,
        "applicant_id": whom.id_number,
        "name": whom.person_name,
        "id_number": whom.id_number,
    }
    return ((field, text) for field, text in said.items() if text and field in room)


def _what(service: Service) -> str:
    if service.act is Act.RESET_PIN:
        return "原介质（须带来）重设 PIN，证书不变"
    if service.act is Act.REVOKE:
        return "证书撤销，电子印章失效"
    old = "原证书撤销" if service.old else "原证书继续有效"
    seal = "重新制作电子印章" if service.seal else "不含电子印章"
    return "；".join((TOKEN[service.token], KEY[service.key], old, seal))
