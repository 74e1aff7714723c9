"""`issue`, `order`: from an approval to a token, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, Case, settings, store

order = typer.Typer(help="What an application costs, and whether it is paid.", no_args_is_help=True)
Receipt = Annotated[str, typer.Option(help="The receipt's number; asked for at the counter.")]


def issue(
    actor: Actor,
    cases: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these; default: all.")] = None,
    refers: Annotated[str | None, typer.Option(metavar="SERIAL", help="The certificate that it is about.")] = None,
    seal: Annotated[bool | None, typer.Option(help="Whether a binding takes the electronic seal along.")] = None,
) -> None:
    """Do what is approved and paid: issue, renew, replace, unlock, revoke, bind. Exits 7 when a token failed."""
    from pipeline.cli.issuance import run_issue
    from pipeline.issue import Choices

    raise typer.Exit(run_issue(store(), settings(), actor, cases or [], Choices(refers and refers.upper(), seal)))


@order.command("pay")
def order_pay(
    cases: Annotated[list[str], typer.Argument(metavar="ID...", help="Applications that were paid.")],
    actor: Actor,
    method: Annotated[str, typer.Option(help="counter, online or transfer.")] = "counter",
    receipt: Receipt = "",
) -> None:
    """Record that applications were paid."""
    from pipeline.cli.issuance import record_payment

    record_payment(store(), cases, method, receipt, actor)


@order.command("refund")
def order_refund(case: Case, actor: Actor, reason: Annotated[str, typer.Option(help="Why.")], receipt: Receipt) -> None:
    """Record that what was paid was given back, before anything was issued for it."""
    from pipeline.cli.issuance import give_back

    give_back(store(), case, reason, receipt, actor)


@order.command("invoice")
def order_invoice(
    case: Case,
    actor: Actor,
    title: Annotated[str, typer.Option(help="On whom it is made out from now on.")] = "",
    tax_number: Annotated[str, typer.Option(help="Of a unit.")] = "",
) -> None:
    """What the invoice of a paid application is made of, as JSON."""
    from pipeline.cli.issuance import show_invoice

    show_invoice(store(), case, title, tax_number, actor)


@order.command("price")
def order_price(case: Case, actor: Actor, yuan: Annotated[int, typer.Option(min=0, help="0 makes it free.")]) -> None:
    """Set a fee that no document states."""
    from pipeline.cli.issuance import set_price

    set_price(store(), case, yuan, actor)


@order.command("list")
def order_list(
    due: Annotated[bool, typer.Option("--due", help="Ids only, of those that are to be paid.")] = False,
) -> None:
    """Orders and how they stand."""
    from pipeline.cli.issuance import list_orders

    list_orders(store(), due)


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.command()(issue)
    app.add_typer(order, name="order")
