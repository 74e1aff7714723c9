"""The command line. Commands import what they need when they run, so that `yinjian --help` answers at once."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from yinjian.errors import InputError, YinjianError

app = typer.Typer(
    name="yinjian",
    help="印鉴: reads and checks scanned applications for digital certificates and electronic seals.",
    epilog="Any command takes --debug, which shows where a fault arose (it may show personal data).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
UNREAD = 1  # exit code when an application could not be read at all
FAULT = 70  # exit code of a fault of ours

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="One application, or a folder of applications.")]
AsOf = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of judgement; default: today.")]
RegisterFile = Annotated[Path | None, typer.Option("--register", help="JSON list of existing certificates.")]


@app.command()
def read(
    folder: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per line and nothing else.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write <application>.json and mark images here.")] = None,
    as_of: AsOf = None,
    register: RegisterFile = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Reading processes; default: 2.")] = None,
) -> None:
    """Read and judge the applications in FOLDER.

    FOLDER is one application if application.json or a scan lies directly in it (its sub-folders belong to it then), or
    if it has no sub-folders. Otherwise each of its sub-folders is an application; notes (.md, .txt, .json, .csv)
    beside them are left alone.

    With neither --json nor --out a table is printed. In the JSON, "image" is relative to the --out folder, and null
    without one. Exits 0 when every application was read, whatever was decided, and 1 when one could not be read.
    """
    from pipeline import commands

    job = commands.job(_day(as_of), register, workers, os.environ)
    raise typer.Exit(0 if commands.run(folder, job, as_json, out, "--debug" in _flags) else UNREAD)


@app.command()
def show(
    folder: Folder,
    image: Annotated[Path, typer.Option(help="The PNG to write.")],
    page: Annotated[int | None, typer.Option(min=1, help="Draw this page only, from 1; default: all.")] = None,
    as_of: AsOf = None,
    register: RegisterFile = None,
) -> None:
    """Draw what was read where: the pages of one application with fields, ticks, marks and findings beside them."""
    from pipeline import commands

    commands.show(folder, commands.job(_day(as_of), register, 1, os.environ), image, page)


@app.command()
def form(
    form_id: Annotated[str, typer.Argument(metavar="FORM", help="A form of the catalogue, as enterprise.")],
    platform: Annotated[str, typer.Option(help="hpe or ggzy.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="FILE.pdf or FILE.docx.")],
    fill: Annotated[Path | None, typer.Option(help="application.json to fill the form from.")] = None,
) -> None:
    """Write a form of the CA, its agreement included, blank or filled."""
    from pipeline.forming import write_form

    write_form(form_id, platform, output, fill)


@app.command()
def doctor() -> None:
    """Say what this machine lacks and how to get it. Exits 4 when something is missing."""
    from pipeline.doctor import report

    raise typer.Exit(report(os.environ))


@app.callback(invoke_without_command=True)
def options(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options of the program itself."""
    if show_version:
        typer.echo(f"yinjian {version('yinjian')}")
        raise typer.Exit


def _day(text: str | None) -> date:
    from pipeline.clock import today

    try:
        return today() if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text} is no day.", "Write it as YYYY-MM-DD.") from None


_flags: set[str] = set()


def main() -> None:
    """The one place where faults become exit codes and words for the operator."""
    _flags.update({"--debug"} & set(sys.argv))
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument not in _flags]
    try:
        app()
    except YinjianError as error:
        _explain(f"{error.what}\n{error.remedy}", error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os._exit(1)
    except Exception as error:  # its words may hold personal data; its kind does not
        _explain(f"A fault in yinjian ({type(error).__name__}).\nRun the command again with --debug.", FAULT)


def _explain(text: str, code: int) -> None:
    if _flags:
        traceback.print_exc()
    print(f"yinjian: {text}", file=sys.stderr)
    raise SystemExit(code)
