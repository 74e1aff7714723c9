"""`init`, `up`, `ingest`: what sets the store up and moves applications through it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import AsOf, Folder, Workers, given_day, settings, store

SENDER = "intake"


class Wrap(StrEnum):
    """What unlocks the store's key."""

    PASSPHRASE = "passphrase"
    TOKEN = "token"


def init(
    wrap: Annotated[Wrap, typer.Option(help="What the key of the store is wrapped by.")] = Wrap.PASSPHRASE,
) -> None:
    """Make the store (key, database, folders), or bring its tables up to date. May be run again."""
    from pipeline.store.store import prepare_store
    from pipeline.store.token_wrapper import new_token

    chosen = settings()
    made = prepare_store(chosen, (lambda: new_token(chosen)) if wrap is Wrap.TOKEN else None)
    if made:
        typer.echo(f"Made {chosen.var_dir / 'keyring.json'}: keep a copy of it, apart from what unlocks it.")
    typer.echo(f"The store in {chosen.var_dir} is ready.")


def ingest(
    folder: Folder,
    as_of: AsOf = None,
    sent_again: Annotated[
        str | None, typer.Option("--for", metavar="ID", help="The application that this one is sent again for.")
    ] = None,
    replaces: Annotated[
        list[int] | None, typer.Option(min=1, help="With --for: a page (from 1) that FOLDER holds anew; repeatable.")
    ] = None,
    actor: Annotated[str, typer.Option(help="Who took the papers in.")] = SENDER,
    workers: Workers = None,
) -> None:
    """Take in the applications of FOLDER and have them read, judged and routed.

    `yinjian up` does the work when it runs; otherwise this command does. What was taken in before is known again.
    Exits 1 when a folder was not taken in or an application was set aside.
    """
    from pipeline.cli.progress import run_ingest
    from pipeline.crew import with_workers

    chosen = with_workers(settings(), workers)
    done = run_ingest(store(), folder, actor, chosen, given_day(as_of), sent_again, replaces or ())
    raise typer.Exit(0 if done else 1)


def up(workers: Workers = None) -> None:
    """Run Prefect's server, workers and schedules until stopped."""
    from pipeline.crew import with_workers
    from pipeline.up import up as run

    run(store(), with_workers(settings(), workers), typer.echo)


def serve() -> None:
    """Run the web alone: the upload API, with its documentation at /docs. `up` runs it too."""
    from pipeline.running import serve_web

    serve_web(settings())


def export(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write.")]) -> None:
    """Write issued certificates, chains and pictures to FOLDER/issued, what waits for people to FOLDER/review.json."""
    from pipeline.export import export as run

    count = run(store(), settings(), folder)
    typer.echo(f"{count} issued applications in {folder / 'issued'}; what waits is in {folder / 'review.json'}.")


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    for command in (init, ingest, up, serve, export):
        app.command()(command)
