"""What the commands about issuing do and print."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from pipeline import orders
from pipeline.cases import find
from pipeline.cli.progress import output
from pipeline.clock import shown
from pipeline.issue import Choices, Result, issue_all
from pipeline.store.issuing_tables import Order
from pipeline.store.store import Store
from yinjian.errors import InputError, Refused
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def run_issue(store: Store, settings: Settings, actor: str, cases: list[str], choices: Choices) -> int:
    """Issue, and say what came of each; the exit code."""
    if choices != Choices() and len(cases) != 1:
        raise InputError("Which certificate is meant is said for one application.", "Give its id.")
    with store.reading() as session:
        only = [find(store, session, case).id for case in cases]
    results = issue_all(store, settings, actor, only, choices)
    if not results:
        OUT.print("Nothing to issue: no application is approved and not issued yet.")
        return 0
    output().print(_table(results))
    return max((r.waits.exit_code for r in results if r.waits and not isinstance(r.waits, Refused)), default=0)


def _table(results: tuple[Result, ...]) -> Table:
    found = Table("application", "serial number", "waits for", show_lines=True)
    for result in results:
        waits = f"{result.waits.what} {result.waits.remedy}" if result.waits else ""
        found.add_row(result.application, "\n".join(result.serials), waits)
    return found


def record_payment(store: Store, cases: list[str], method: str, receipt: str, actor: str) -> None:
    """That applications were paid, all of them or none."""
    if method not in set(orders.Method):
        raise InputError(f"There is no method {method}.", f"Give one of {', '.join(orders.Method)}.")
    how = orders.Method(method)
    with store.writing() as session:
        paid = [orders.pay(session, find(store, session, case).id, how, actor, receipt) for case in cases]
    for order in paid:
        OUT.print(f"{order.application_id}: {order.state}, {order.yuan} yuan")


def give_back(store: Store, case: str, reason: str, receipt: str, actor: str) -> None:
    with store.writing() as session:
        order = orders.refund(store, session, find(store, session, case).id, reason, receipt, actor)
    OUT.print(f"{order.application_id}: {order.state}, {order.yuan} yuan")


def show_invoice(store: Store, case: str, title: str, tax_number: str, actor: str) -> None:
    """What the invoice of an application is made of, as JSON; with a title, on whom it is made out from now on."""
    with store.writing() as session:
        id = find(store, session, case).id
        if title:
            orders.make_out(store, session, id, title, tax_number, actor)
        found = orders.invoice(store, orders.order_of(session, id))
    OUT.print(json.dumps(found, ensure_ascii=False, indent=1))


def set_price(store: Store, case: str, yuan: int, actor: str) -> None:
    with store.writing() as session:
        order = orders.price(session, find(store, session, case).id, yuan, actor)
    OUT.print(f"{order.application_id}: {order.state}, {order.yuan} yuan")


def list_orders(store: Store, due: bool) -> None:
    """Orders; with `due` only the ids of applications that are to be paid, one a line."""
    query = select(Order).order_by(Order.made_at)
    with store.reading() as session:
        found = session.scalars(query.where(Order.state == orders.OrderState.DUE) if due else query).all()
    if due:
        for order in found:
            OUT.print(order.application_id)
        return
    table = Table("application", "yuan", "state", "method", "recorded by", "paid at")
    for order in found:
        paid = shown(order.paid_at) if order.paid_at else ""
        yuan = "not stated" if order.yuan is None else str(order.yuan)
        table.add_row(order.application_id, yuan, order.state, order.method or "", order.recorded_by or "", paid)
    output().print(table)
