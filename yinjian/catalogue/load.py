"""Reading the catalogue's TOML files."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from yinjian.catalogue.decode import decode
from yinjian.catalogue.model import Agreement, Form, Platform
from yinjian.errors import CatalogueError


class Named(Protocol):
    """A record with an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All business facts. `version` is a short hash of the files' content."""

    version: str
    platforms: tuple[Platform, ...]
    forms: tuple[Form, ...]
    common_agreement: tuple[str, ...]
    agreements: tuple[Agreement, ...]

    def platform(self, platform_id: str) -> Platform:
        """Raises CatalogueError when there is none."""
        return _only(self.platforms, platform_id, "platform")

    def form(self, form_id: str) -> Form:
        """Raises CatalogueError when there is none."""
        return _only(self.forms, form_id, "form")

    def agreement(self, form_id: str, platform_id: str) -> tuple[str, ...]:
        """The paragraphs of the agreement behind a form, the title first."""
        text = _only(self.agreements, self.form(form_id).agreement, "agreement")
        fees = next((clause.text for clause in text.fees if clause.platform == platform_id), None)
        if fees is None:
            raise CatalogueError(
                f"no agreement of {form_id} on {platform_id}.", "Choose a platform that has this form."
            )
        words = {"{preamble}": text.preamble, "{fees}": fees, "{closing}": text.closing}
        return tuple(words.get(paragraph, paragraph) for paragraph in self.common_agreement)


def load(directory: Path = HERE) -> Catalogue:
    """The catalogue of a directory. Raises CatalogueError naming file and key path."""
    agreement = _table(directory / "agreement.toml")
    return Catalogue(
        version=_version(directory),
        platforms=_entries(directory / "platforms.toml", "platforms", Platform),
        forms=tuple(decode(Form, _table(path), _name(path)) for path in sorted((directory / "forms").glob("*.toml"))),
        common_agreement=decode(tuple[str, ...], agreement["common"], "agreement.toml:common"),
        agreements=_entries(directory / "agreement.toml", "agreements", Agreement),
    )


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation, read once."""
    return load()


def _version(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*.toml")):
        digest.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {error}.", "Restore or correct the catalogue file.") from error


def _entries(path: Path, key: str, record: type[T]) -> tuple[T, ...]:
    return decode(tuple[record, ...], _table(path).get(key, []), f"{path.name}:{key}")  # type: ignore[valid-type]


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}:"


def _only(entries: tuple[N, ...], entry_id: str, what: str) -> N:
    found = next((entry for entry in entries if entry.id == entry_id), None)
    if found is None:
        known = ", ".join(entry.id for entry in entries)
        raise CatalogueError(f"the catalogue has no {what} {entry_id!r}.", f"Choose one of: {known}.")
    return found
