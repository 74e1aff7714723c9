"""Records as bytes and back. Pictures of marks are not among them: they are files of their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from yinjian.errors import StoreError
from yinjian.records import Mark, Reading

R = TypeVar("R")


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, kind))


def dump(record: object) -> bytes:
    """A record of the house as JSON, always the same bytes for the same record."""
    value = _adapter(cast(Hashable, type(record))).dump_python(record, mode="json")
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def load(kind: type[R], data: bytes) -> R:
    """StoreError when the bytes are no such record, as those of another version may be."""
    try:
        return cast(R, _adapter(cast(Hashable, kind)).validate_json(data))
    except ValidationError as error:
        remedy = "Read the application again: yinjian retry ID"
        raise StoreError(f"A stored {kind.__name__} is of another version.", remedy) from error


def dump_reading(reading: Reading, keep: Callable[[bytes], str]) -> bytes:
    """A reading; `keep` takes each mark's picture and gives the name under which it is found again."""
    marks = tuple(replace(mark, image=keep(mark.image).encode() if mark.image else b"") for mark in reading.marks)
    return zlib.compress(dump(replace(reading, marks=marks)))


def load_reading(data: bytes, fetch: Callable[[str], bytes]) -> Reading:
    """A reading with its pictures."""
    reading = load_bare(data)
    return replace(reading, marks=tuple(_with_image(mark, fetch) for mark in reading.marks))


def load_bare(data: bytes) -> Reading:
    """A reading whose marks carry the names of their pictures in place of them."""
    return load(Reading, zlib.decompress(data))


def _with_image(mark: Mark, fetch: Callable[[str], bytes]) -> Mark:
    return replace(mark, image=fetch(mark.image.decode())) if mark.image else mark
