"""Records as bytes and back. Pictures and fingerprints are not among them: they are files of their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from yinjian.errors import StoreError
from yinjian.records import Reading

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
    """A reading; `keep` takes each picture and gives the name under which it is found again."""

    def named(picture: bytes) -> bytes:
        return keep(picture).encode() if picture else b""

    marks = tuple(replace(m, image=named(m.image), fingerprint=named(m.fingerprint)) for m in reading.marks)
    pages = tuple(replace(page, fingerprint=named(page.fingerprint)) for page in reading.pages)
    return zlib.compress(dump(replace(reading, marks=marks, pages=pages)))


def load_reading(data: bytes, fetch: Callable[[str], bytes]) -> Reading:
    """A reading with its pictures."""
    reading = load_bare(data)

    def fetched(name: bytes) -> bytes:
        return fetch(name.decode()) if name else b""

    marks = tuple(replace(m, image=fetched(m.image), fingerprint=fetched(m.fingerprint)) for m in reading.marks)
    pages = tuple(replace(page, fingerprint=fetched(page.fingerprint)) for page in reading.pages)
    return replace(reading, marks=marks, pages=pages)


def load_bare(data: bytes) -> Reading:
    """A reading whose marks and pages carry the names of their pictures in place of them."""
    return load(Reading, zlib.decompress(data))
