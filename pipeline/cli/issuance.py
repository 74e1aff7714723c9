"""What the commands about issuing do and print."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from issuance import authority
from issuance.authority_plan import Names
from pipeline import orders, pins
from pipeline.cases import find, find_certificate
from pipeline.cli.progress import output
from pipeline.clock import now, shown
from pipeline.events import record
from pipeline.issue import CA_PIN, Result, ca_directory, issue_all, token_directory, token_pins
from pipeline.store.store import Store
from pipeline.store.tables import ApprovalRow, Order
from pipeline.users import Role, require_role
from yinjian.errors import InputError, Refused, TokenError
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def make_ca(store: Store, settings: Settings, organization: str, actor: str) -> str:
    """Root and issuing CA; what to say about it."""
    names = Names(organization, f"{organization} Root CA", f"{organization} Issuing CA")
    both = pins.both(settings.ca_pin_file, "the CA's token", CA_PIN)
    directory = ca_directory(settings)
    with authority.create(directory, names, both.so_pin, both.pin, now(), settings.pkcs11_module) as made:
        chain = made.chain
    with store.writing() as session:
        for name, der in zip(("issuing", "root"), chain, strict=True):
            record(session, actor, "ca", f"ca:{name}", store.vault.name(der), detail="made on its token")
    return f"Made {directory / 'root.pem'} and {directory / 'issuing.pem'}. Keep a copy of {directory}."


def run_issue(store: Store, settings: Settings, actor: str, cases: list[str]) -> int:
    """Issue, and say what came of each; the exit code."""
    with store.reading() as session:
        only = [find(store, session, case).id for case in cases]
    results = issue_all(store, settings, actor, only)
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


def record_payment(store: Store, cases: list[str], method: str, actor: str) -> None:
    """That applications were paid, all of them or none."""
    if method not in set(orders.Method):
        raise InputError(f"There is no method {method}.", f"Give one of {', '.join(orders.Method)}.")
    with store.writing() as session:
        paid = [orders.pay(session, find(store, session, c).id, orders.Method(method), actor) for c in cases]
    for order in paid:
        OUT.print(f"{order.application_id}: {order.state}, {order.yuan} yuan")


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


def show_pin(store: Store, settings: Settings, serial: str, actor: str) -> None:
    """The PIN of a token, and how to look at it."""
    with store.writing() as session:
        require_role(session, actor, Role.ISSUER)
        row = find_certificate(session, serial)
        if row is None:
            raise InputError("There is no certificate with this serial number.", "See `yinjian queue --all`.")
        application = session.get_one(ApprovalRow, row.approval_id).application_id
        record(session, actor, "pin_shown", f"certificate:{row.serial}", "", application)
        pin = token_pins(store, row).pin
    conf = (token_directory(settings) / row.token_label / "softhsm2.conf").absolute()
    if not conf.exists():
        raise TokenError(f"Token {row.token_label} is not at this station.", "Look where it was made.")
    OUT.print(f"token {row.token_label}  serial {row.token_serial}  PIN {pin}")
    OUT.print(f"SOFTHSM2_CONF={conf} pkcs11-tool --module {settings.pkcs11_module} --login --list-objects")
