"""Reading the catalogue's TOML files."""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from yinjian.catalogue.check import check
from yinjian.catalogue.decode import decode
from yinjian.catalogue.lookup import Catalogue
from yinjian.catalogue.model import (
    Agreement,
    Business,
    Certificate,
    FeeEntry,
    FieldInfo,
    Form,
    Material,
    Offer,
    Platform,
    Remedy,
    Rule,
    Step,
)
from yinjian.errors import CatalogueError

T = TypeVar("T")

HERE = Path(__file__).parent


def load(directory: Path = HERE) -> Catalogue:
    """The catalogue of a directory. Raises CatalogueError naming file and key path."""
    agreement = _table(directory / "agreement.toml", "common", "agreements")
    found = Catalogue(
        version=_version(directory),
        platforms=_entries(directory, "platforms", Platform),
        businesses=_entries(directory, "businesses", Business),
        certificates=_entries(directory, "certificates", Certificate),
        fields=_entries(directory, "fields", FieldInfo),
        forms=_forms(directory / "forms"),
        offers=_entries(directory, "offers", Offer),
        materials_asked=_entries(directory, "materials", Material),
        fees=_entries(directory, "fees", FeeEntry),
        common_agreement=decode(tuple[str, ...], agreement["common"], "agreement.toml: common"),
        agreements=decode(tuple[Agreement, ...], agreement["agreements"], "agreement.toml: agreements"),
        rules=_entries(directory, "rules", Rule),
        steps=_entries(directory, "process", Step, key="steps"),
        remedies=_entries(directory, "remedies", Remedy),
    )
    check(found)
    return found


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation, read once."""
    return load()


def _version(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*.toml")):
        digest.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _forms(directory: Path) -> tuple[Form, ...]:
    return tuple(decode(Form, _read(path), f"forms/{path.name}: ") for path in sorted(directory.glob("*.toml")))


def _entries(directory: Path, name: str, record: type[T], key: str = "") -> tuple[T, ...]:
    key = key or name
    table = _table(directory / f"{name}.toml", key)
    return decode(tuple[record, ...], table[key], f"{name}.toml: {key}")  # type: ignore[valid-type]


def _table(path: Path, *keys: str) -> dict[str, Any]:
    """The file's table with exactly these keys."""
    table = _read(path)
    for key in sorted(table.keys() ^ set(keys)):
        what = "is missing" if key in keys else "is not known"
        raise CatalogueError(f"{path.name}: {key}: this key {what}.", "Correct the catalogue file and try again.")
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {error}.", "Restore or correct the catalogue file.") from error
