"""Faults an operator can act on. Findings are values (see `yinjian.findings`); exceptions are for faults.

Every error carries a remedy, and `EXIT_CODES` is the one place that maps errors to exit codes.
"""

from __future__ import annotations


class YinjianError(Exception):
    """A fault with what happened and what to do about it."""

    exit_code = 1

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class InputError(YinjianError):
    """The operator's input (a folder, a file, an argument) cannot be used."""

    exit_code = 2


class CatalogueError(YinjianError):
    """A catalogue file names an unknown key, lacks one, or contradicts another."""

    exit_code = 3


class SetupError(YinjianError):
    """Something that the machine must have is missing: weights, fonts, a library, a program."""

    exit_code = 4


class SettingsError(YinjianError):
    """A setting (environment variable or file) is unknown or out of range."""

    exit_code = 5


class StoreError(YinjianError):
    """The database or the file store cannot be used: gone, locked, full, or something in it is damaged."""

    exit_code = 6


class TokenError(YinjianError):
    """A PKCS#11 token is missing, locked, full, not the expected one, or its PIN is wrong."""

    exit_code = 7


class Refused(YinjianError):
    """A guard refuses: the state, the role, the order or the clock does not allow what was asked."""

    exit_code = 8
