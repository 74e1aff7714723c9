"""TOML tables to frozen records, strictly: a key that is unknown, missing or of another type is refused by name."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from yinjian.catalogue.layout import Line, parse_line
from yinjian.errors import CatalogueError

T = TypeVar("T")

_REMEDY = "Correct the catalogue file and try again."

# Types that are written as one string.
_PARSERS: Mapping[Any, Callable[[str], Any]] = {Line: parse_line}


def decode(record: type[T], value: object, where: str) -> T:
    """The TOML `value` as a `record`.

    `record` may be a dataclass, an enum, a date, a plain type, `X | None` or `tuple[X, ...]`; `where` is the file and
    key path so far. Raises CatalogueError naming file and key path.
    """
    return _value(record, value, where)  # type: ignore[no-any-return]


def _value(hint: Any, value: object, where: str) -> Any:
    if hint in _PARSERS:
        return _parsed(_PARSERS[hint], _plain(str, value, where), where)
    if get_origin(hint) is tuple:
        items = _plain(list, value, where)
        return tuple(_value(get_args(hint)[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if get_origin(hint) in (Union, types.UnionType):
        return _one_of(tuple(arg for arg in get_args(hint) if arg is not type(None)), value, where)
    if is_dataclass(hint):
        return _record(hint, _plain(dict, value, where), where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _parsed(hint, _plain(str, value, where), where)
    return _plain(hint, value, where)


def _one_of(hints: tuple[Any, ...], value: object, where: str) -> Any:
    # The plain types of a union are told apart by the value's own type; the last names the error.
    return _value(next((hint for hint in hints if type(value) is hint), hints[-1]), value, where)


def _record(hint: Any, table: dict[str, object], where: str) -> Any:
    hints = get_type_hints(hint)
    known = {f.name: f for f in fields(hint)}
    for key in table:
        if key not in known:
            raise CatalogueError(f"{where}.{key}: this key is not known.", _REMEDY)
    for name, f in known.items():
        if name not in table and f.default is MISSING and f.default_factory is MISSING:
            raise CatalogueError(f"{where}.{name}: this key is missing.", _REMEDY)
    return hint(**{key: _value(hints[key], value, f"{where}.{key}") for key, value in table.items()})


def _parsed(parser: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return parser(text)
    except ValueError as error:
        raise CatalogueError(f"{where}: {error}.", _REMEDY) from error


def _plain(kind: type[T], value: object, where: str) -> T:
    # A TOML true is a Python bool, which is also an int; a date-time is also a date.
    if type(value) is not kind:
        raise CatalogueError(f"{where}: {kind.__name__} expected, found {type(value).__name__}.", _REMEDY)
    return value
