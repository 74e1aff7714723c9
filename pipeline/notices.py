"""Words to holders: that a certificate was revoked, that one ends soon. They are kept, and sent by what can send."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import CHINA, now, today
from pipeline.events import record
from pipeline.reference import last_day
from pipeline.registry import CertificateState, application_of, subject_of
from pipeline.store.issuing_tables import CertificateRow, Notice
from pipeline.store.store import Store, new_id
from pipeline.users import SYSTEM
from yinjian.errors import InputError

DAYS_BEFORE = (60, 30, 7)
# 协议一.11, in the words that RFC 5280's reasons have for a holder.
REASONS = {
    "keyCompromise": "密钥可能已泄露",
    "affiliationChanged": "证书信息已变更",
    "superseded": "已由新证书替代",
    "cessationOfOperation": "不再使用",
    "privilegeWithdrawn": "不再符合使用条件",
}


def remind(store: Store, session: Session) -> tuple[Notice, ...]:
    """Notices for the certificates that end within 60, 30 and 7 days; each once. One that was renewed has none."""
    made = []
    soon = now() + timedelta(days=DAYS_BEFORE[0] + 1)
    ending = select(CertificateRow).where(
        CertificateRow.state == CertificateState.ACTIVE, CertificateRow.not_after.between(now(), soon)
    )
    for row in session.scalars(ending.order_by(CertificateRow.not_after)).all():
        left = (last_day(row.not_after) - today()).days
        due = [days for days in DAYS_BEFORE if left <= days]
        # Who looks for the first time a week before the end gets one notice, not three.
        if due and not _renewed(session, row):
            notice = _made(store, session, row, f"expiry-{min(due)}", _ends(store, row, left))
            made += [notice] if notice else []
    return tuple(made)


def of_revocation(store: Store, session: Session, row: CertificateRow, reason: str, note: str) -> Notice | None:
    """The notice that a certificate was revoked by the CA, with its grounds."""
    text = (
        f"{_whom(store, row)}：贵方的数字证书（序列号 {row.serial}）已于{now().astimezone(CHINA):%Y年%m月%d日}被撤销，"
        f"原因：{REASONS[reason]}。{note} 该证书及其电子印章即日起无效。如有异议，请与我们联系。"
    )
    return _made(store, session, row, "revoked", text)


def waiting(session: Session) -> tuple[Notice, ...]:
    """Those that were not sent, oldest first."""
    return tuple(session.scalars(select(Notice).where(Notice.sent_at.is_(None)).order_by(Notice.made_at, Notice.id)))


def text_of(store: Store, notice: Notice) -> str:
    """What it says."""
    return store.vault.open("notices.text", notice.text_sealed)


def sent(session: Session, ids: list[str], actor: str) -> None:
    """Record that notices were sent."""
    for id in ids:
        notice = session.get(Notice, id.upper())
        if notice is None:
            raise InputError("There is no such notice.", "See: yinjian notice list")
        if notice.sent_at is None:
            notice.sent_at = now()
            record(session, actor, "sent", f"notice:{notice.id}", detail=notice.kind)


def _ends(store: Store, row: CertificateRow, left: int) -> str:
    return (
        f"{_whom(store, row)}：贵方的数字证书（序列号 {row.serial}）将于{last_day(row.not_after):%Y年%m月%d日}到期，"
        f"还有{left}天。请提前办理续费，逾期将无法登录平台。"
    )


def _whom(store: Store, row: CertificateRow) -> str:
    subject = subject_of(store, row)
    return subject.person_name or subject.unit_name


def _renewed(session: Session, row: CertificateRow) -> bool:
    following = select(CertificateRow.serial).where(CertificateRow.predecessor == row.serial)
    lasting = following.where(CertificateRow.state == CertificateState.ACTIVE, CertificateRow.business == "renew")
    return session.scalars(lasting).first() is not None


def _made(store: Store, session: Session, row: CertificateRow, kind: str, text: str) -> Notice | None:
    there = select(Notice.id).where(Notice.serial == row.serial, Notice.kind == kind)
    if session.scalars(there).first() is not None:
        return None
    notice = Notice(id=new_id("N"), serial=row.serial, kind=kind, made_at=now())
    notice.text_sealed = store.vault.seal("notices.text", text)
    session.add(notice)
    session.flush()
    digest, application = store.vault.name(text.encode()), application_of(session, row)
    record(session, SYSTEM, "noticed", f"certificate:{row.serial}", digest, application, kind)
    return notice


def listed(store: Store, session: Session) -> Iterator[dict[str, str]]:
    """Those that wait, for a program that sends them."""
    for notice in waiting(session):
        yield {"id": notice.id, "serial": notice.serial, "kind": notice.kind, "text": text_of(store, notice)}
