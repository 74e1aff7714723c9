"""Settings of one process: defaults here, each overridable by an environment variable `YINJIAN_<NAME>`.

Units are part of the names. An unknown name is refused, so that a typing error never passes for a setting.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from yinjian.errors import SettingsError

PREFIX = "YINJIAN_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How much of the machine may be used, what untrusted files may cost, and where things lie."""

    workers: int = 2  # reading processes, when there are several applications
    threads: int = 1  # of each reading process
    max_file_mb: int = 200  # a larger scan file is refused unopened
    max_pages_per_file: int = 200
    max_megapixels: int = 120  # declared size of one picture; more is refused before decoding
    max_page_megapixels: int = 35  # A4 at 600 dpi; a larger page is reduced to this
    decode_memory_mb: int = 1536  # address space of the decoding process
    decode_seconds: int = 120  # decoding time of one file
    low_dpi: int = 120  # an A4 page under this is `scan.low_resolution`
    model_dir: Path | None = None  # weights; None takes those of the installed packages
    var_dir: Path = Path("var")  # what the program writes and keeps

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int) and value < 1:
                raise SettingsError(f"{item.name} is {value}.", f"Set {PREFIX}{item.name.upper()} to 1 or more.")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that `environ` (usually `os.environ`) asks for."""
        given = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
        return cls(**{_field_name(name): _value(name, text) for name, text in given.items()})  # type: ignore[arg-type]


DEFAULTS = Settings()
_TYPES = {item.name: type(getattr(DEFAULTS, item.name)) for item in fields(Settings)}


def _field_name(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    if name in _TYPES:
        return name
    known = [PREFIX + item.upper() for item in _TYPES]
    near = difflib.get_close_matches(variable, known, n=1) or known
    raise SettingsError(f"Unknown setting {variable}.", f"Did you mean {' or '.join(near)}? Otherwise unset it.")


def _value(variable: str, text: str) -> int | Path:
    if _TYPES[_field_name(variable)] is not int:
        return Path(text).expanduser()
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{variable} is {text!r}, not a whole number.", f"Set {variable} to one.") from None
