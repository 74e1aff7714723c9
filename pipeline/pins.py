"""PINs: of the CA's token from a file or the terminal, of subjects' tokens drawn at random."""

from __future__ import annotations

import secrets
import sys
from getpass import getpass
from pathlib import Path

from issuance.tokens import Pins
from yinjian.errors import SetupError

PIN_DIGITS, SO_PIN_DIGITS = 8, 16


def draw() -> Pins:
    """New PINs for a subject's token."""
    return Pins(_digits(SO_PIN_DIGITS), _digits(PIN_DIGITS))


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _ in range(count))


def user_pin(path: Path | None, of: str, setting: str) -> str:
    """The PIN of a token: the first line of a file, or asked at the terminal."""
    return _asked(f"PIN of {of}: ", of, setting) if path is None else _lines(path, 1, setting)[0]


def both(path: Path | None, of: str, setting: str) -> Pins:
    """Both PINs of a token: the first line of a file is the PIN, the second the security officer's."""
    if path is None:
        pin = _asked(f"New PIN of {of}: ", of, setting)
        return Pins(_asked(f"New security officer's PIN of {of}: ", of, setting), pin)
    pin, so_pin = _lines(path, 2, setting)[:2]
    return Pins(so_pin, pin)


def _lines(path: Path, wanted: int, setting: str) -> list[str]:
    try:
        lines = path.read_text("utf-8").split()
    except (OSError, ValueError) as error:
        raise SetupError(f"The PIN file {path} cannot be read.", f"Check {setting}.") from error
    if len(lines) < wanted:
        remedy = "Write the PIN on its first line and the security officer's PIN on its second."
        raise SetupError(f"The PIN file {path} lacks a PIN.", remedy)
    return lines


def _asked(question: str, of: str, setting: str) -> str:
    if not sys.stdin.isatty():
        raise SetupError(f"The PIN of {of} is not known.", f"Set {setting} to a file with it.")
    return getpass(question)
