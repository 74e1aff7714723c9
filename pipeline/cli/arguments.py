"""What several commands take."""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yinjian.errors import InputError
from yinjian.settings import Settings

if TYPE_CHECKING:
    from pipeline.store.store import Store

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="One application, or a folder of applications.")]
AsOf = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day of judgement; default: today.")]
RegisterFile = Annotated[Path | None, typer.Option("--register", help="JSON list of existing certificates.")]
Actor = Annotated[str, typer.Option(help="The user in whose name it is done (see `yinjian user`).")]
Case = Annotated[str, typer.Argument(metavar="ID", help="An application's id, or its name.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Reading processes; default: 2.")]

_flags: set[str] = set()


def note_flags() -> None:
    """Take `--debug`, which any command may have, out of the arguments."""
    _flags.update({"--debug"} & set(sys.argv))
    sys.argv[1:] = [argument for argument in sys.argv[1:] if argument not in _flags]


def debug() -> bool:
    """Whether faults are to be shown in full."""
    return bool(_flags)


def day(text: str | None) -> date:
    """A day as it is given, else today."""
    from pipeline.clock import today

    return given_day(text) or today()


def given_day(text: str | None) -> date | None:
    """A day as it is given."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text} is no day.", "Write it as YYYY-MM-DD.") from None


def settings() -> Settings:
    """Those of the environment."""
    return Settings.from_environment(os.environ)


def store_at_hand() -> Store | None:
    """The store that the environment names, if it can be opened without asking anybody for anything."""
    from pipeline.store import keyring

    known = settings()
    if (known.passphrase_file or known.token_pin_file) and (known.var_dir / keyring.NAME).exists():
        return store()
    return None


def store() -> Store:
    """The store that the environment names."""
    from pipeline.store.store import open_store

    return open_store(settings())
