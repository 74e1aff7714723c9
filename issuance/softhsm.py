"""SoftHSM2 in place of tokens and HSM: a directory with a configuration of its own for each token."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from issuance.tokens import checked_label
from yinjian.errors import SetupError, TokenError

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")  # where Debian's libsofthsm2 puts it
_CONFIGURATION = """\
directories.tokendir = {tokens}
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = ALL
"""


@dataclass(frozen=True, slots=True)
class SoftTokens:
    """`<directory>/<name>/softhsm2.conf` and `<directory>/<name>/tokens/`, for the owner's eyes only."""

    directory: Path

    def make(self, name: str) -> Path:
        """The configuration file for the token `name`, made when it is not there. Absolute."""
        home = self._home(name)
        (home / "tokens").mkdir(parents=True, exist_ok=True)
        for path in (self.directory, home, home / "tokens"):
            path.chmod(0o700)
        text = _CONFIGURATION.format(tokens=home / "tokens")
        file = home / "softhsm2.conf"
        if not file.exists() or file.read_text("utf-8") != text:
            part = file.with_suffix(".part")
            part.write_text(text, "utf-8")
            part.replace(file)
        return file

    def find(self, name: str) -> Path:
        """The configuration file of a token that was made. Raises TokenError."""
        file = self._home(name) / "softhsm2.conf"
        if not file.is_file() or not (file.parent / "tokens").is_dir():
            raise TokenError("The token's directory is not there.", "Restore it, or prepare the token again.")
        return file

    def names(self) -> tuple[str, ...]:
        """The tokens that have a directory here, in order."""
        return tuple(sorted(file.parent.name for file in self.directory.glob("*/softhsm2.conf")))

    def _home(self, name: str) -> Path:
        return self.directory.absolute() / checked_label(name)


def checked_module(module: Path) -> Path:
    """`module`, when it is there. Raises SetupError naming the package."""
    if not module.is_file():
        raise SetupError(
            f"The PKCS#11 module {module} is not there.", "Install the Debian package softhsm2, or name the right file."
        )
    return module
