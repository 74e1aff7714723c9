"""`audit`: whether the audit log is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import settings, store

TOLD = 20  # faults; a log that was changed in many places may have thousands
audit = typer.Typer(help="The audit log: its head, and whether it is whole.", no_args_is_help=True)
Heads = Annotated[
    list[Path] | None,
    typer.Option("--head", exists=True, dir_okay=False, help="A head that was kept elsewhere; may be given again."),
]
Key = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="What `audit key` wrote: heads must be signed by it."),
]


@audit.command()
def head(sign: Annotated[bool, typer.Option("--sign", help="By the audit key on the CA's token.")] = False) -> None:
    """Print the log's head. Keep it where who can write to the database cannot: on paper, or on another machine."""
    from pipeline.audit import head as head_of
    from pipeline.clock import now
    from pipeline.workshop import opened_ca

    with store().reading() as session:
        taken = head_of(session, now())
    if sign:
        with opened_ca(settings()) as authority:
            taken = taken.signed(authority.attest)
    typer.echo(taken.as_json(), nl=False)


@audit.command()
def key() -> None:
    """Print the key that heads are signed by (PEM). Keep it beside them."""
    from issuance.signing import pem_of
    from pipeline.workshop import opened_ca

    with opened_ca(settings()) as authority:
        typer.echo(pem_of(authority.audit_key()), nl=False)


@audit.command()
def verify(kept: Heads = None, key: Key = None) -> None:
    """Tell every place where the log was changed; exit code 1 when there is one."""
    from itertools import islice

    from pipeline.audit import faults
    from pipeline.heads import parse_head

    heads = [parse_head(path.read_bytes()) for path in kept or ()]
    if key is not None:
        from pipeline.headkeeping import require_signed

        for taken in heads:
            require_signed(taken, key.read_bytes())
    with store().reading() as session:
        found = list(islice(faults(session, heads), TOLD + 1))
    for fault in found[:TOLD]:
        typer.echo(fault)
    if len(found) > TOLD:
        typer.echo("and more")
    if found:
        raise typer.Exit(1)
    typer.echo(f"The log is whole, and agrees with {len(heads)} kept head(s)." if heads else "The log is whole.")


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    app.add_typer(audit, name="audit")
