"""Reading a PDF that is to be sealed, or was: what it cannot be is told apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from yinjian.errors import InputError, YinjianError

MOST_NODES = 20_000  # of a page tree
_ANEW = "Make the PDF anew from its source, by printing it to a PDF say."
# What the library raises, sooner or later, for files that are PDF and mean nothing.
_BROKEN = (
    PdfError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    ArithmeticError,  # also of numbers that are none, which it reads as decimals
)


def opened(data: bytes) -> PdfFileReader:
    """Raises InputError for what is no PDF, is broken, or can be read only with a password."""
    if not data:
        raise InputError("The file is empty.", "Get the file again from where it was made.")
    if b"%PDF-" not in data[:1024]:
        raise InputError("This is not a PDF.", "Print it to a PDF.")
    with reading():
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        if reader.encrypted:
            raise InputError("The PDF is encrypted.", "Take its protection away, or print it to a new PDF.")
    return reader


def pages(handler: Any) -> list[Any]:
    """The pages (dictionaries), in order. Raises InputError for a tree that is none, or not as large as it says."""
    with reading():
        root = handler.root["/Pages"]
        found, seen = list(_pages(root, set())), int(root["/Count"])
        if len(found) != seen or not found:
            raise InputError("The PDF's pages are not as many as it says.", _ANEW)
        return found


def _pages(node: Any, seen: set[int]) -> Iterator[Any]:
    """A node that is met twice would be there twice as often at each level."""
    if id(node) in seen or len(seen) > MOST_NODES:
        raise InputError("The PDF's page tree is none.", _ANEW)
    seen.add(id(node))
    if "/Kids" not in node:
        yield node
        return
    for kid in node["/Kids"]:
        yield from _pages(kid.get_object(), seen)


def value(of: Any, name: str) -> Any:
    """An entry of a dictionary, resolved; None where it is missing or null, which is the same (ISO 32000-2, 7.3.7)."""
    found = of[name] if name in of else None  # noqa: SIM401 get gives references
    return None if isinstance(found, generic.NullObject) else found


@contextmanager
def reading(*other: type[Exception]) -> Iterator[None]:
    """What the library says of a PDF that is broken, as an InputError. `other`: what says something else."""
    try:
        yield
    except YinjianError:
        raise
    except other:
        raise
    except _BROKEN as error:
        raise InputError("The PDF is broken.", _ANEW) from error
