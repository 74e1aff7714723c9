"""The ceremony in which a CA is made: two people, and a written record of what was done.

The record is a JSON file that the audit key signed, and a page for both to sign by hand.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.metadata import version
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from issuance import authority, authority_plan, delegated, sm2authority
from issuance.authority import Authority
from issuance.authority_plan import Names
from issuance.delegated import OCSP, TIME_STAMPS, Task
from issuance.profiles import profiles
from issuance.signing import pem_of
from pipeline import pins
from pipeline.clock import now, shown
from pipeline.events import record
from pipeline.printed import as_pdf
from pipeline.revocation import publish
from pipeline.store.store import Store
from pipeline.users import Role, require_role, require_two
from pipeline.workshop import (
    CA_PIN,
    ca_directory,
    delegate_pin_file,
    has_ca,
    opened_ca,
    seal_directory,
    seal_passphrase,
)
from yinjian.errors import InputError, Refused
from yinjian.files import write_whole
from yinjian.settings import Settings

RECORD, PAGE = "ceremony.json", "ceremony.pdf"
CSS = """
@page {{ size: A4; margin: 15mm; }}
body {{ font-family: "{family}", sans-serif; font-size: 9.5pt; line-height: 1.3; }}
pre {{ font-size: 8pt; }}
h1 {{ font-size: 16pt; }} h2 {{ font-size: 12pt; border-bottom: 0.4pt solid #888; }}
td {{ padding: 1mm 4mm 1mm 0; vertical-align: top; word-break: break-all; }}
.sign td {{ height: 18mm; border-bottom: 0.4pt solid #000; width: 75mm; }}
"""
LABELS = {
    "label": "介质编号",
    "serial": "序列号",
    "module": "PKCS#11 模块",
    "subject": "主体",
    "not_before": "生效",
    "not_after": "失效",
    "sha256": "SHA-256",
}


@dataclass(frozen=True, slots=True)
class People:
    """Who makes it, and who watches."""

    operator: str
    witness: str


def hold(store: Store, settings: Settings, organization: str, people: People) -> Path:
    """Root, issuing CA, OCSP responder and first revocation list; the file of the record.

    May be repeated after an interruption, by the same two. Refused for one person, without the roles, or where there
    is a CA and its record already.
    """
    with store.reading() as session:
        require_role(session, people.operator, Role.ADMINISTRATOR)
        require_role(session, people.witness, Role.ADMINISTRATOR, Role.AUDITOR)
    require_two(people.operator, people.witness)
    file, begun = ca_directory(settings) / RECORD, now()
    if file.exists():
        raise Refused("A CA exists, and the record of its ceremony.", f"Read it: {file}")
    with _made(settings, organization) as made:
        for task in (OCSP, TIME_STAMPS):
            make_delegate(store, settings, made, task, people.operator)
        make_seal_maker(store, settings, organization, people.operator)
        publish(store, made, settings, people.operator)
        said = _said(settings, made, people, begun)
        signed = {**said, "signature": base64.b64encode(made.attest(_canonical(said))).decode()}
    write_whole(file.with_name(PAGE), _page(said))
    with store.writing() as session:
        for name, der in zip(("issuing", "root"), made.chain, strict=True):
            record(session, people.operator, "ca", f"ca:{name}", store.vault.name(der), detail="made on its token")
        digest = hashlib.sha256(_canonical(said)).hexdigest()
        record(session, people.operator, "ceremony", "ca:ceremony", digest, detail=f"with {people.witness}")
        record(session, people.witness, "witnessed", "ca:ceremony", digest, detail=f"by {people.operator}")
    write_whole(file, json.dumps(signed, ensure_ascii=False, indent=1).encode())  # last: it ends the ceremony
    return file


def make_delegate(store: Store, settings: Settings, made: Authority, task: Task, actor: str) -> bool:
    """A new OCSP responder or time stamp authority where there is none, or it is due; whether one was made."""
    directory = ca_directory(settings)
    if not delegated.is_due(directory, task, now()):
        return False
    its, urls = pins.both(*delegate_pin_file(settings, task)), profiles().at(settings.public_url).common.crl_urls
    der = delegated.make(directory, task, made, its, now(), urls, settings.pkcs11_module)
    with store.writing() as session:
        record(session, actor, "ca", f"ca:{task.name}", store.vault.name(der), detail="made on its token")
    return True


def make_seal_maker(store: Store, settings: Settings, organization: str, actor: str) -> bool:
    """The SM2 root, issuing CA and seal maker, where there are none; whether they were made."""
    directory = seal_directory(settings)
    if not sm2authority.create(directory, organization, seal_passphrase(settings), now()):
        return False
    with store.writing() as session:
        for der in (sm2authority.certificate(directory, level) for level in sm2authority.LEVELS):
            record(session, actor, "ca", "ca:seal", store.vault.name(der), detail="in software, under a passphrase")
    return True


def organization_of(settings: Settings) -> str:
    """As the CA was made for."""
    return authority_plan.read(ca_directory(settings)).organization


def _made(settings: Settings, organization: str) -> Authority:
    if has_ca(settings):  # an earlier ceremony was interrupted after this
        return opened_ca(settings)
    names = Names(organization, f"{organization} Root CA", f"{organization} Issuing CA")
    both = pins.both(settings.ca_pin_file, "the CA's token", CA_PIN)
    return authority.create(ca_directory(settings), names, both.so_pin, both.pin, now(), settings.pkcs11_module)


def _said(settings: Settings, made: Authority, people: People, begun: datetime) -> dict[str, object]:
    plan = authority_plan.read(ca_directory(settings))
    issuing, root = made.chain
    delegates = ((ca_directory(settings) / task.certificate).read_bytes() for task in (OCSP, TIME_STAMPS))
    sm2 = (sm2authority.certificate(seal_directory(settings), level) for level in sm2authority.LEVELS)
    certificates = [x509.load_der_x509_certificate(der) for der in (root, issuing, *sm2)]
    return {
        "schema": 1,
        "organization": plan.organization,
        "operator": people.operator,
        "witness": people.witness,
        "begun_at": shown(begun),
        "ended_at": shown(now()),
        "token": {"label": plan.token_label, "serial": plan.token_serial, "module": str(settings.pkcs11_module)},
        "certificates": [
            _described(one) for one in (*certificates[:2], *map(x509.load_pem_x509_certificate, delegates))
        ]
        + [_described(one) for one in certificates[2:]],
        "audit_key": pem_of(made.audit_key()),
        "software": {name: version(name) for name in ("yinjian", "cryptography", "python-pkcs11")},
    }


def _described(certificate: x509.Certificate) -> dict[str, str]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "serial": f"{certificate.serial_number:X}",
        "not_before": shown(certificate.not_valid_before_utc),
        "not_after": shown(certificate.not_valid_after_utc),
        "sha256": certificate.fingerprint(SHA256()).hex(),
    }


def _canonical(said: dict[str, object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode()


def read_record(path: Path) -> tuple[dict[str, object], bytes, bytes]:
    """What a record says, as it was signed, and its signature. Raises InputError."""
    try:
        said = json.loads(path.read_bytes())
        signature = base64.b64decode(said.pop("signature"), validate=True)
    except (OSError, ValueError, KeyError, AttributeError):
        raise InputError("This is no record of a ceremony.", f"Give the {RECORD} of a CA.") from None
    return said, _canonical(said), signature


def _page(said: dict[str, object]) -> bytes:
    """The record on paper, with room for both to sign."""
    token, certificates = said["token"], said["certificates"]
    assert isinstance(token, dict) and isinstance(certificates, list)
    parts = [f"<h1>密钥生成仪式记录</h1><p>{escape(str(said['organization']))}</p>"]
    parts.append(_table({"开始": said["begun_at"], "结束": said["ended_at"], **token}))
    for certificate in certificates:
        parts.append(f"<h2>{escape(certificate['subject'])}</h2>{_table(certificate)}")
    parts.append(f"<h2>审计公钥</h2><pre>{escape(str(said['audit_key']))}</pre>")
    names = f"<td>操作人：{escape(str(said['operator']))}</td><td>见证人：{escape(str(said['witness']))}</td>"
    parts.append(f'<table class="sign"><tr>{names}</tr></table>')
    return as_pdf(CSS, "".join(parts))


def _table(rows: dict[str, object]) -> str:
    named = ((LABELS.get(name, name), str(value)) for name, value in rows.items())
    cells = (f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in named)
    return f"<table>{''.join(cells)}</table>"
