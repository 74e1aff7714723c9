"""The register of certificates as a JSON file: what `--register FILE` reads and `register import` brings in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from yinjian import strictjson
from yinjian.catalogue import Catalogue
from yinjian.catalogue import catalogue as installed
from yinjian.claim import parse_day
from yinjian.errors import InputError
from yinjian.records import RegisterEntry

MAX_BYTES = 64 * 1024 * 1024
STATUSES = ("active", "revoked", "expired")
_KEYS = tuple(RegisterEntry.__dataclass_fields__)


def load_register(path: Path, catalogue: Catalogue | None = None) -> tuple[RegisterEntry, ...]:
    """The entries of a file. Raises InputError naming the file, the entry (from 0) and the key."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"The register {path} cannot be read: {error.strerror}.", "Check the path.") from error
    return parse_register(data, str(path), catalogue)


def parse_register(
    data: bytes, name: str = "register", catalogue: Catalogue | None = None
) -> tuple[RegisterEntry, ...]:
    """The entries of a JSON list; `name` stands for the file in errors. Values are never repeated in them."""
    try:
        value = strictjson.load(data, MAX_BYTES)
    except strictjson.JsonProblem as problem:
        raise InputError(f"{name}: {problem}.", "Export the register again as UTF-8 JSON.") from problem
    if not isinstance(value, list):
        raise InputError(f"{name}: not a JSON list.", "Give a list of certificates, [] for none.")
    words = catalogue or installed()
    entries = tuple(_entry(item, f"{name}: entry {index}", words) for index, item in enumerate(value))
    _each_serial_once(entries, name)
    return entries


def _entry(item: object, where: str, catalogue: Catalogue) -> RegisterEntry:
    if not isinstance(item, dict):
        raise InputError(f"{where}: not an object.", "Give one object for each certificate.")
    unknown = sum(key not in _KEYS for key in item)
    if unknown:
        raise InputError(f"{where}: {unknown} unknown key(s).", f"Use only {', '.join(_KEYS)}.")
    texts = {key: _text(item, key, where) for key in _KEYS if key != "valid_until"}
    _one_of(texts, "platform", tuple(p.id for p in catalogue.platforms), where)
    _one_of(texts, "certificate", tuple(c.id for c in catalogue.certificates), where)
    _one_of(texts, "status", STATUSES, where)
    return RegisterEntry(**texts, valid_until=_day(item, where))


def _text(item: dict[str, object], key: str, where: str) -> str:
    value = item.get(key)
    if value is None and key in item:
        return ""
    if not isinstance(value, str) or not strictjson.is_plain(value):
        raise InputError(f"{where}, key {key}: missing or not a plain text.", 'Give a text, "" where there is none.')
    return value


def _one_of(texts: dict[str, str], key: str, known: tuple[str, ...], where: str) -> None:
    if texts[key] not in known:
        raise InputError(f"{where}, key {key}: unknown value.", f"Use one of {', '.join(known)}.")


def _day(item: dict[str, object], where: str) -> date | None:
    value = item.get("valid_until")
    day = parse_day(value) if isinstance(value, str) else None
    if day is None and value is not None:
        raise InputError(f"{where}, key valid_until: not a day.", "Write YYYY-MM-DD, or null where it is not known.")
    return day


def _each_serial_once(entries: tuple[RegisterEntry, ...], name: str) -> None:
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry.serial and entry.serial in seen:
            raise InputError(f"{name}: entry {index}, key serial: given twice.", "Keep one entry for each certificate.")
        seen.add(entry.serial)
