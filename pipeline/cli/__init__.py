"""The command line. Commands import what they need when they run, so that `yinjian --help` answers at once."""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline.cli import arguments, auditing, authority, cases, clients, issuing, reading, review, running, seals
from yinjian.errors import StoreError, YinjianError

app = typer.Typer(
    name="yinjian",
    help="印鉴: reads and checks scanned applications for digital certificates and electronic seals.",
    epilog="Any command takes --debug, which shows where a fault arose (it may show personal data).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
FAULT = 70  # exit code of a fault of ours


for part in (reading, running, cases, review, issuing, authority, seals, clients, auditing):
    part.add_to(app)


@app.callback(invoke_without_command=True)
def options(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options of the program itself."""
    if show_version:
        typer.echo(f"yinjian {version('yinjian')}")
        raise typer.Exit


def main() -> None:
    """The one place where faults become exit codes and words for the operator."""
    arguments.note_flags()
    try:
        app()
    except YinjianError as error:
        _explain(f"{error.what}\n{error.remedy}", error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os._exit(1)
    except OSError as error:
        what = f"The machine refuses: {error.strerror or type(error).__name__}."
        _explain(f"{what}\nSee to disk space and permissions, then run it again.", StoreError.exit_code)
    except Exception as error:  # its words may hold personal data; its kind does not
        _explain(f"A fault in yinjian ({type(error).__name__}).\nRun the command again with --debug.", FAULT)


def _explain(text: str, code: int) -> None:
    if arguments.debug():
        traceback.print_exc()
    print(f"yinjian: {text}", file=sys.stderr)
    raise SystemExit(code)
