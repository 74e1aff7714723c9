"""What an application costs and whether it is paid."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store.store import new_id
from pipeline.store.tables import Order, VerdictRow
from pipeline.users import SYSTEM, Role, require_role
from yinjian.catalogue import Catalogue
from yinjian.errors import CatalogueError, InputError, Refused


class OrderState(StrEnum):
    """`unpriced`: no document states the fee, staff set it."""

    UNPRICED = "unpriced"
    DUE = "due"
    PAID = "paid"
    FREE = "free"


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


def pay(session: Session, application_id: str, method: Method, actor: str) -> Order:
    """Record that it was paid. Paying what is paid changes nothing."""
    require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
    order = order_of(session, application_id)
    if order.state == OrderState.UNPRICED:
        raise Refused("No document states this fee.", f"Set it first: yinjian order price {application_id} --yuan N")
    if order.state == OrderState.DUE:
        order.state, order.method, order.recorded_by, order.paid_at = OrderState.PAID, method, actor, now()
        record(session, actor, "paid", f"order:{order.id}", "", application_id, f"{method} {_told(order.yuan)}")
    return order


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
        remedy = f"When it is paid: yinjian order pay {application_id} --actor NAME"
        raise Refused(f"{order.yuan} yuan are due.", remedy)


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
