"""The envelope of a token: one A4 page, folded so that the PIN is inside."""

from __future__ import annotations

from html import escape

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.cases import require_certificate
from pipeline.events import record
from pipeline.personalising import require_pin
from pipeline.printed import as_pdf
from pipeline.registry import application_of, subject_of
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.users import Role, require_role

CSS = """
@page {{ size: A4; margin: 0; }}
body {{ font-family: "{family}", sans-serif; font-size: 11pt; margin: 0; }}
section {{ box-sizing: border-box; height: 99mm; padding: 14mm 20mm; border-bottom: 0.3pt dashed #888; }}
h1 {{ font-size: 15pt; margin: 0 0 5mm; }}
p {{ margin: 0 0 2.5mm; }}
.pin {{ font-family: "DejaVu Sans Mono", monospace; font-size: 24pt; letter-spacing: 3pt; }}
.small {{ font-size: 9pt; color: #444; }}
"""


def of_token(store: Store, session: Session, serial: str, actor: str) -> bytes:
    """The envelope (PDF) of a token that was not handed over yet, by one of its certificates; making it is recorded."""
    require_role(session, actor, Role.ISSUER)
    row = require_certificate(session, serial)
    pin, who = require_pin(store, row), subject_of(store, row)
    on_token = select(CertificateRow.serial).where(CertificateRow.approval_id == row.approval_id)
    record(session, actor, "envelope", f"certificate:{row.serial}", "", application_of(session, row))
    return envelope(who.person_name or who.unit_name, row.token_label, tuple(session.scalars(on_token)), pin)


def envelope(whom: str, token_label: str, serials: tuple[str, ...], pin: str) -> bytes:
    """The page as PDF: outside whose it is, inside the PIN, then what to do with it."""
    numbers = "".join(f"<p>证书序列号：{escape(serial)}</p>" for serial in serials)
    body = (
        f"<section><h1>密码信封</h1><p>{escape(whom)}</p><p>介质编号：{escape(token_label)}</p>"
        '<p class="small">请确认信封完好。如有拆封痕迹，请勿领取。</p></section>'
        f'<section><p>PIN 码：</p><p class="pin">{escape(pin)}</p>{numbers}</section>'
        "<section><p>请在领取后立即修改 PIN 码，并妥善保管本页。</p>"
        "<p>多次连续输入错误密码将导致 USBKEY 自动锁死，届时请到服务网点办理解锁。</p>"
        '<p class="small">领取时请现场验证证书信息，确认无异议后签收。</p></section>'
    )
    return as_pdf(CSS, body)
