"""`audit`: whether the audit log is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import store

audit = typer.Typer(help="The audit log: its head, and whether it is whole.", no_args_is_help=True)
Heads = Annotated[
    list[Path] | None,
    typer.Option("--head", exists=True, dir_okay=False, help="A head that was kept elsewhere; may be given again."),
]


@audit.command()
def head() -> None:
    """Print the log's head. Keep it where who can write to the database cannot: on paper, or on another machine."""
    from pipeline.audit import head as head_of
    from pipeline.clock import now

    with store().reading() as session:
        typer.echo(head_of(session, now()).as_json(), nl=False)


@audit.command()
def verify(kept: Heads = None) -> None:
    """Tell every place where the log was changed; exit code 1 when there is one."""
    from itertools import islice

    from pipeline.audit import TOLD, faults, parse_head

    heads = [parse_head(path.read_bytes()) for path in kept or ()]
    with store().reading() as session:
        found = list(islice(faults(session, heads), TOLD + 1))
    for fault in found[:TOLD]:
        typer.echo(fault)
    if len(found) > TOLD:
        typer.echo("and more")
    if found:
        raise typer.Exit(1)
    typer.echo(f"The log is whole, and holds {len(heads)} kept head(s)." if heads else "The log is whole.")


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.add_typer(audit, name="audit")
