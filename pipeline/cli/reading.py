"""`read`, `form`, `doctor`: what needs no store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.arguments import AsOf, Folder, RegisterFile, Workers, day, debug

UNREAD = 1  # exit code when an application could not be read at all


def read(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line and nothing else.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write <application>.json and mark images here.")] = None,
    as_of: AsOf = None,
    register: RegisterFile = None,
    workers: Workers = None,
) -> None:
    """Read and judge the applications in FOLDER.

    FOLDER is one application if application.json or a scan lies directly in it (its sub-folders belong to it then), or
    if it has no sub-folders. Otherwise each of its sub-folders is an application; notes (.md, .txt, .json, .csv)
    beside them are left alone.

    With neither --json nor --out a table is printed. In the JSON, "image" is relative to the --out folder, and null
    without one. Exits 0 when every application was read, whatever was decided, and 1 when one could not be read.
    """
    from pipeline import commands

    job = commands.job(day(as_of), register, workers, os.environ)
    raise typer.Exit(0 if commands.run(folder, job, as_json, out, debug()) else UNREAD)


def form(
    form_id: Annotated[str, typer.Argument(metavar="FORM", help="A form of the catalogue, as enterprise.")],
    platform: Annotated[str, typer.Option(help="hpe or ggzy.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.pdf or FILE.docx.")],
    fill: Annotated[Path | None, typer.Option(help="application.json to fill the form from.")] = None,
    reference: Annotated[str | None, typer.Option(help="The application's, for a QR code that reading uses.")] = None,
) -> None:
    """Write a form of the CA, its agreement included, blank or filled."""
    from pipeline.forming import write_form

    write_form(form_id, platform, output, fill, reference)


def doctor() -> None:
    """Say what this machine lacks and how to get it. Exits 4 when something is missing."""
    from pipeline.doctor import report

    raise typer.Exit(report(os.environ))


def add_to(app: typer.Typer) -> None:
    """The commands of this part."""
    for command in (read, form, doctor):
        app.command()(command)
