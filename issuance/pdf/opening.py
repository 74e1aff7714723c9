"""Reading a PDF that is to be sealed, or was: what it cannot be is told apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from yinjian.errors import InputError

_ANEW = "Make the PDF anew from its source, by printing it to a PDF say."
# What the library raises, sooner or later, for files that are PDF and mean nothing.
_BROKEN = (PdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError)


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
        if not pages(reader):
            raise InputError("The PDF has no pages.", _ANEW)
    return reader


def pages(reader: PdfFileReader) -> int:
    """How many it has, as it says of itself."""
    return int(reader.root["/Pages"]["/Count"])


@contextmanager
def reading() -> Iterator[None]:
    """What the library says of a PDF that is broken, as an InputError."""
    try:
        yield
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError("The PDF is broken.", _ANEW) from error
