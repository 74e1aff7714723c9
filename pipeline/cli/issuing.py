"""`ca`, `issue`, `order`, `token`: from an approval to a token."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, Case, settings, store

ca = typer.Typer(help="The certificate authority's own keys.", no_args_is_help=True)
order = typer.Typer(help="What an application costs, and whether it is paid.", no_args_is_help=True)
token = typer.Typer(help="Tokens of subjects.", no_args_is_help=True)


@ca.command("init")
def ca_init(
    organization: Annotated[str, typer.Option(help="The CA's organisation, as it stands in its certificates.")],
    actor: Annotated[str, typer.Option(help="Who makes it.")] = "operator",
) -> None:
    """Make the root and the issuing CA on a token. May be run again after an interruption."""
    from pipeline.cli.issuance import make_ca

    typer.echo(make_ca(store(), settings(), organization, actor))


def issue(
    actor: Actor,
    cases: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these; default: all.")] = None,
) -> None:
    """Issue what is approved and paid: key on a token, certificate, seal. Exits 7 when a token failed."""
    from pipeline.cli.issuance import run_issue

    raise typer.Exit(run_issue(store(), settings(), actor, cases or []))


@order.command("pay")
def order_pay(
    cases: Annotated[list[str], typer.Argument(metavar="ID...", help="Applications that were paid.")],
    actor: Actor,
    method: Annotated[str, typer.Option(help="counter, online or transfer.")] = "counter",
) -> None:
    """Record that applications were paid."""
    from pipeline.cli.issuance import record_payment

    record_payment(store(), cases, method, actor)


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


@token.command("pin")
def token_pin(serial: Annotated[str, typer.Argument(metavar="SERIAL")], actor: Actor) -> None:
    """The PIN of a certificate's token, for its envelope. That it was shown is recorded."""
    from pipeline.cli.issuance import show_pin

    show_pin(store(), settings(), serial, actor)


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.command()(issue)
    for name, part in (("ca", ca), ("order", order), ("token", token)):
        app.add_typer(part, name=name)
