"""What an application costs and whether it is paid."""

from __future__ import annotations

import json
import re
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import CHINA, now
from pipeline.events import record
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow, Order
from pipeline.store.store import Store, new_id
from pipeline.store.tables import Application, ApprovalRow, VerdictRow
from pipeline.users import SYSTEM, Role, require_role
from yinjian.catalogue import Catalogue
from yinjian.errors import CatalogueError, InputError, Refused

RECEIPT, TAX_NUMBER = re.compile(r"[A-Za-z0-9-]{1,40}"), re.compile(r"[0-9A-Z]{15,20}")
LONGEST_TITLE = 100


class OrderState(StrEnum):
    """`unpriced`: no document states the fee, staff set it."""

    UNPRICED = "unpriced"
    DUE = "due"
    PAID = "paid"
    FREE = "free"
    REFUNDED = "refunded"


class Method(StrEnum):
    """How it was paid."""

    COUNTER = "counter"
    ONLINE = "online"
    TRANSFER = "transfer"


def make_order(session: Session, application_id: str, verdict: VerdictRow, catalogue: Catalogue) -> Order:
    """The order of an approved application; the one that is there already, if any."""
    found = session.scalar(select(Order).where(Order.application_id == application_id))
    if found is not None:
        return found
    yuan = _fee(verdict, catalogue, verdict.as_of)
    order = Order(id=new_id("O"), application_id=application_id, yuan=yuan, made_at=now(), state=_state(yuan))
    session.add(order)
    record(session, SYSTEM, "ordered", f"order:{order.id}", verdict.evidence, application_id, _told(yuan))
    return order


def pay(session: Session, application_id: str, method: Method, actor: str, receipt: str = "") -> Order:
    """Record that it was paid. Paying what is paid changes nothing. At the counter a receipt was given: its number."""
    require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    if method is Method.COUNTER or receipt:
        _checked_receipt(receipt)
    order = order_of(session, application_id)
    if order.state == OrderState.UNPRICED:
        raise Refused("No document states this fee.", f"Set it first: yinjian order price {application_id} --yuan N")
    if order.state in (OrderState.DUE, OrderState.REFUNDED):
        order.state, order.method, order.recorded_by, order.paid_at = OrderState.PAID, method, actor, now()
        order.receipt = receipt or None
        told = f"{method} {_told(order.yuan)} {receipt}".rstrip()
        record(session, actor, "paid", f"order:{order.id}", "", application_id, told)
    return order


def refund(store: Store, session: Session, application_id: str, reason: str, receipt: str, actor: str) -> Order:
    """Give back what was paid, as long as nothing was reserved for it. Twice is as once."""
    require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    _checked_receipt(receipt)
    if not reason.strip():
        raise InputError("A refund needs a reason.", 'Give it: --reason "..."')
    order = order_of(session, application_id)
    if order.state == OrderState.REFUNDED:
        return order
    if order.state != OrderState.PAID:
        raise Refused(f"Nothing was paid: the order is {order.state}.", "See: yinjian order list")
    if _is_begun(session, application_id):
        raise Refused("What was paid for is issued, or begun.", "Revoke the certificate first if it should not be.")
    order.state, order.refunded_by, order.refunded_at = OrderState.REFUNDED, actor, now()
    order.refund_receipt, order.refund_reason_sealed = receipt, store.vault.seal("orders.refund_reason", reason)
    record(session, actor, "refunded", f"order:{order.id}", "", application_id, f"{_told(order.yuan)} {receipt}")
    return order


def _is_begun(session: Session, application_id: str) -> bool:
    own = select(CertificateRow.serial).join(ApprovalRow, ApprovalRow.id == CertificateRow.approval_id)
    begun = session.scalars(own.where(ApprovalRow.application_id == application_id)).first() is not None
    return begun or session.get_one(Application, application_id).state == State.ISSUED


def make_out(store: Store, session: Session, application_id: str, title: str, tax_number: str, actor: str) -> Order:
    """Record on whom the invoice is made out. `tax_number`: 15 to 20 letters and digits, `""` for a person."""
    require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    if not title.strip() or len(title) > LONGEST_TITLE:
        raise InputError("An invoice is made out on a name.", f"Give 1 to {LONGEST_TITLE} characters: --title NAME")
    if tax_number and not TAX_NUMBER.fullmatch(tax_number):
        raise InputError("This is no tax number.", "It has 15 to 20 capital letters and digits.")
    order = order_of(session, application_id)
    said = json.dumps({"title": title.strip(), "tax_number": tax_number}, ensure_ascii=False)
    order.invoice_sealed = store.vault.seal("orders.invoice", said)
    record(session, actor, "invoiced", f"order:{order.id}", store.vault.name(said.encode()), application_id)
    return order


def invoice(store: Store, order: Order) -> dict[str, object]:
    """What an invoice is made of, for the program that makes them. Refused before it was paid."""
    if order.state != OrderState.PAID or order.paid_at is None:
        raise Refused(f"The order is {order.state}.", "An invoice is made of what was paid.")
    if order.invoice_sealed is None:
        remedy = f"Say so: yinjian order invoice {order.application_id} --title NAME --tax-number N --actor NAME"
        raise Refused("It is not known on whom the invoice is made out.", remedy)
    buyer = json.loads(store.vault.open("orders.invoice", order.invoice_sealed))
    return {
        "order": order.id,
        "application": order.application_id,
        "buyer": buyer,
        "item": "数字证书服务费",
        "yuan": order.yuan,
        "method": order.method,
        "receipt": order.receipt or "",
        "paid_on": order.paid_at.astimezone(CHINA).date().isoformat(),
    }


def _checked_receipt(receipt: str) -> None:
    if not RECEIPT.fullmatch(receipt):
        raise InputError("A receipt's number is missing or is none.", "Give it: --receipt NUMBER (letters, digits, -)")


def price(session: Session, application_id: str, yuan: int, actor: str) -> Order:
    """Set a fee that no document states; 0 makes it free."""
    require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    order = order_of(session, application_id)
    if order.state != OrderState.UNPRICED:
        raise Refused(f"The fee is {_told(order.yuan)} already.", "A fee that the documents state is not changed.")
    if yuan < 0:
        raise InputError("A fee cannot be less than nothing.", "Give 0 or more.")
    order.yuan, order.state, order.recorded_by = yuan, _state(yuan), actor
    record(session, actor, "priced", f"order:{order.id}", "", application_id, _told(yuan))
    return order


def order_of(session: Session, application_id: str) -> Order:
    """InputError when the application has none, for it is not approved."""
    order = session.scalar(select(Order).where(Order.application_id == application_id).with_for_update())
    if order is None:
        raise InputError("This application has no order.", "One is made when it is approved: yinjian queue")
    return order


def require_paid(session: Session, application_id: str) -> None:
    """Raises Refused while something is due."""
    order = order_of(session, application_id)
    if order.state == OrderState.UNPRICED:
        raise Refused("Its fee is not set.", f"Set it: yinjian order price {application_id} --yuan N --actor NAME")
    if order.state == OrderState.DUE:
        remedy = f"When it is paid: yinjian order pay {application_id} --receipt NUMBER --actor NAME"
        raise Refused(f"{order.yuan} yuan are due.", remedy)
    if order.state == OrderState.REFUNDED:
        raise Refused("What was paid was given back.", "Return the application, or record that it was paid again.")


def _fee(verdict: VerdictRow, catalogue: Catalogue, on: date) -> int | None:
    """A renewal is a later year, all else a first one."""
    year = 2 if verdict.business == "renew" else 1
    try:
        fee = catalogue.fee(verdict.platform or "", verdict.certificate or "", verdict.business or "", year, on)
    except CatalogueError:  # not offered, yet a person approved it
        return None
    return fee.amount


def _state(yuan: int | None) -> OrderState:
    if yuan is None:
        return OrderState.UNPRICED
    return OrderState.DUE if yuan else OrderState.FREE


def _told(yuan: int | None) -> str:
    return "fee not stated" if yuan is None else f"{yuan} yuan"
