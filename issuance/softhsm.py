"""SoftHSM2 in place of tokens and HSM: a directory with a configuration of its own for each token."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from issuance.device import MODULE, NO_SM2, Device
from issuance.files import locked
from issuance.tokens import Sm2Mechanism, TokenInfo, checked_label
from yinjian.errors import TokenError
from yinjian.files import write_whole

_CONFIGURATION = """\
directories.tokendir = {tokens}
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = ALL
"""
_BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class SoftTokens:
    """`<directory>/<name>/softhsm2.conf` and `<directory>/<name>/tokens/`, for the owner's eyes only.

    One token in each, of the same label as the directory.
    """

    directory: Path
    module: Path = MODULE
    sm2: Sm2Mechanism = NO_SM2

    def prepare(self, name: str, so_pin: str, pin: str) -> tuple[Device, TokenInfo]:
        """The token `name`, made with these PINs when it is not there. Close the device after use.

        SoftHSM2 writes its files in place, and one that was killed meanwhile cannot be opened again. So a new token
        is made aside and put in its place whole.
        """
        home = self._home(name)
        _own(self.directory, home)
        with locked(home):
            if not (home / "tokens").is_dir():
                self._make(home, name, so_pin, pin)
        device = self.device(name)
        try:
            return device, device.prepare(name, so_pin, pin)
        except BaseException:
            device.close()
            raise

    def device(self, name: str) -> Device:
        """The device of a token that was prepared. Raises TokenError."""
        home = self._home(name)
        if not (home / "tokens").is_dir():
            raise TokenError("The token's directory is not there.", "Restore it, or prepare the token again.")
        return Device(_configure(home), self.module, before_start=partial(mend, home), sm2=self.sm2)

    def names(self) -> tuple[str, ...]:
        """The tokens that have a directory here, in order."""
        return tuple(sorted(tokens.parent.name for tokens in self.directory.glob("*/tokens")))

    def _home(self, name: str) -> Path:
        return self.directory.absolute() / checked_label(name)

    def _make(self, home: Path, name: str, so_pin: str, pin: str) -> None:
        begun = home / _BEGUN
        shutil.rmtree(begun, ignore_errors=True)  # what a kill left
        _own(begun, begun / "tokens")
        with Device(_configure(begun), self.module) as device:  # nothing to mend yet
            device.prepare(name, so_pin, pin)
        (begun / "tokens").rename(home / "tokens")
        shutil.rmtree(begun)


def mend(home: Path) -> None:
    """Put a token's head back when a killed process tore it, else keep a copy of it.

    SoftHSM2 writes `token.object` anew at every login: empties it, then writes, with a lock on it. One that is shorter
    than before was torn; without it the token cannot be opened. Called before a process starts and after a new PIN.
    """
    with locked(home):
        for head in (home / "tokens").glob("*/token.object"):
            _mend(head, home / "token.copy")


def _mend(head: Path, copy: Path) -> None:
    with head.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)  # against a SoftHSM2 that is writing it
        there, kept = file.read(), copy.read_bytes() if copy.is_file() else b""
        if len(there) < len(kept):
            file.seek(0)
            file.write(kept)
        elif there != kept:
            write_whole(copy, there, 0o600)


def _own(*directories: Path) -> None:
    for directory in directories:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        directory.chmod(0o700)


def _configure(home: Path) -> Path:
    """The configuration file of a token's directory. Absolute paths, so a directory that was moved gets a new one."""
    file, text = home / "softhsm2.conf", _CONFIGURATION.format(tokens=home / "tokens").encode("utf-8")
    if not file.is_file() or file.read_bytes() != text:
        write_whole(file, text, 0o600)
    return file
