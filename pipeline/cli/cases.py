"""Commands that work on what is in the store: `queue`, `show`, `explain`, `decide` and the like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import Actor, AsOf, Case, RegisterFile, day, settings, store
from yinjian.approval import Ruling
from yinjian.errors import InputError

user = typer.Typer(help="Staff: who may review, issue, administer, audit.", no_args_is_help=True)
register = typer.Typer(help="The register of existing certificates.", no_args_is_help=True)
keeping = typer.Typer(help="The store itself.", no_args_is_help=True)


def queue(
    everything: Annotated[bool, typer.Option("--all", help="All applications, not only those that wait.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> None:
    """What waits for a person, oldest first."""
    from pipeline.cli.casework import show_queue

    show_queue(store(), everything, as_json)


def show(
    case: Annotated[str, typer.Argument(metavar="ID|FOLDER", help="An application's id or name, or a folder.")],
    image: Annotated[Path | None, typer.Option(help="The PNG to write: what was read where.")] = None,
    page: Annotated[int | None, typer.Option(min=1, help="Draw this page only, from 1; default: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The reading and its verdict as JSON.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="Where the program failed; may show personal data.")] = False,
    as_of: AsOf = None,
    register: RegisterFile = None,
    reading: Annotated[int | None, typer.Option(min=1, help="An earlier reading, by its number.")] = None,
) -> None:
    """An application in the store: what was read, found and decided. Of a FOLDER: its pages drawn, with --image."""
    from pipeline.cli.casework import draw_case
    from pipeline.cli.showing import show_case

    if Path(case).is_dir():
        if image is None:
            raise InputError("Nowhere to draw to.", "Give --image FILE.png for a folder, or the id of an application.")
        from pipeline import commands

        commands.show(Path(case), commands.job(day(as_of), register, 1, os.environ), image, page)
    elif image is not None:
        draw_case(store(), settings(), case, image, page)
    else:
        show_case(store(), case, as_json, trace, reading)


def explain(
    case: Annotated[str, typer.Argument(metavar="ID|FOLDER", help="An application's id or name, or a folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Write one A4 page with the crops, for the file.")] = None,
    as_of: AsOf = None,
    register: RegisterFile = None,
) -> None:
    """Why an application passes or does not: each rule, what it looked at and where, and what it found.

    Of a FOLDER the scans are read; --as-of and --register are for that alone.
    """
    from pipeline.cli.explained import explain_case, explain_folder

    if Path(case).is_dir():
        from pipeline.commands import job

        explain_folder(Path(case), job(day(as_of), register, 1, os.environ), as_json, pdf)
    else:
        explain_case(store(), case, settings(), as_json, pdf)


def decide(
    case: Case,
    ruling: Annotated[Ruling, typer.Argument(help="approve, return to the applicant, or reject.")],
    actor: Actor,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the decision.")],
    seen: Annotated[str, typer.Option(metavar="READING", help="Refuse when it is no longer the latest.")] = "",
) -> None:
    """Decide on an application that waits for a person. What blocks must be settled before it is approved."""
    from pipeline.approvals import Word
    from pipeline.cli.casework import decide_case

    typer.echo(decide_case(store(), case, Word(ruling, actor, reason, seen=seen)))


def retry(case: Case, actor: Actor) -> None:
    """Have an application that was set aside tried again."""
    from pipeline.cli.casework import retry_case

    typer.echo(retry_case(store(), case, actor))


def trace(
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="In hexadecimal digits.")],
    crops: Annotated[Path | None, typer.Option(help="A folder for pictures of where each field was read.")] = None,
) -> None:
    """The way from a certificate's fields to pixels, rules and people. Of an application's id: what happened to it."""
    from pipeline.cli.tracing import show_trace

    show_trace(store(), settings(), serial, crops)


@user.command("add")
def user_add(
    name: Annotated[str, typer.Argument(help="Up to 40 letters, digits, '.', '-', '_', '@'.")],
    role: Annotated[list[str], typer.Option(help="reviewer, issuer, administrator, auditor; may be repeated.")],
    actor: Annotated[str, typer.Option(help="Who enters it.")] = "operator",
) -> None:
    """Enter a member of staff, or change what one may do."""
    from pipeline.cli.casework import enter_user

    typer.echo(enter_user(store(), name, role, actor))


@user.command("password")
def user_password(
    name: Annotated[str, typer.Argument(help="Whose.")],
    actor: Annotated[str, typer.Option(help="Who gives it.")] = "operator",
) -> None:
    """Print a password for one log-in to the desks, to be changed then. A second factor is set back."""
    from pipeline.cli.casework import give_password

    typer.echo(give_password(store(), name, actor))


@user.command("list")
def user_list() -> None:
    """Who may do what."""
    from pipeline.cli.casework import list_users

    list_users(store())


@register.command("import")
def register_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list of certificates.")],
    actor: Annotated[str, typer.Option(help="Who brings it in.")] = "operator",
) -> None:
    """Bring existing certificates into the database; twice is as once."""
    from pipeline.registry import import_register

    typer.echo(f"{import_register(store(), file, actor)} certificates were new or had changed.")


@keeping.command("check")
def store_check() -> None:
    """Look at every stored file and value: whether it is there and whole. Exits 6 when something is not."""
    from pipeline.cli.casework import check_store

    check_store(store())


def pages(case: Case) -> None:
    """Make the pictures of an application's pages for the desk, where it was read before they were kept."""
    from pipeline.cli.casework import make_pages

    typer.echo(make_pages(store(), settings(), case))


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    for command in (queue, show, explain, decide, retry, trace, pages):
        app.command()(command)
    app.add_typer(user, name="user")
    app.add_typer(register, name="register")
    app.add_typer(keeping, name="store")
