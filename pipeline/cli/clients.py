"""`client`: programs that may upload."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, store

clients = typer.Typer(help="Programs that may upload applications (see `yinjian serve`).", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The client's name.")]


@clients.command()
def add(name: Name, actor: Actor) -> None:
    """Enter a client and print its token. It is shown this once."""
    from pipeline.clients import add_client

    opened = store()
    with opened.writing() as session:
        token = add_client(opened, session, name, actor)
    typer.echo(token)


@clients.command()
def remove(name: Name, actor: Actor) -> None:
    """Take a client away: its token is good for nothing from now on."""
    from pipeline.clients import remove_client

    with store().writing() as session:
        remove_client(session, name, actor)
    typer.echo(f"{name} cannot upload any more.")


@clients.command("list")
def show() -> None:
    """Name the clients."""
    from sqlalchemy import select

    from pipeline.clock import shown
    from pipeline.store.tables import Client

    with store().reading() as session:
        for client in session.scalars(select(Client).order_by(Client.name)):
            typer.echo(f"{client.name}  since {shown(client.added_at)}")


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.add_typer(clients, name="client")
