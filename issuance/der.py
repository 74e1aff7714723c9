"""Whether bytes are DER to the last: who checks a signature over bytes must know that they mean one thing only."""

from __future__ import annotations

from typing import Any

from yinjian.errors import InputError

DEEPEST = 24
# What asn1crypto raises, sooner or later, for structures that are DER and mean nothing.
BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)
MOST_VALUES = 200_000  # a list of 60,000 revoked certificates has as many
LONGEST_OID = 64  # octets; asn1crypto takes quadratic time over long ones
_INTEGER, _BIT_STRING, _BOOLEAN, _NULL, _OID = 0x02, 0x03, 0x01, 0x05, 0x06


class NotDer(InputError):
    """The bytes are no DER."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This is not well-formed DER: {why}.", "Get the file again from where it was made.")


def require_der(data: bytes) -> None:
    """Raises NotDer unless `data` is exactly one value in DER (X.690, chapters 10 and 11).

    A DEFAULT that is encoded is let pass: seals in the field state `critical FALSE`.
    """
    if _value(data, 0, len(data), 0, [0]) != len(data):
        raise NotDer("bytes follow its end")


def parts(data: bytes) -> tuple[bytes, ...]:
    """The values in a constructed one, byte for byte: what asn1crypto gives back of what it read may be another form.

    Raises NotDer.
    """
    begin, length = _length(data, 1, len(data))
    if begin + length != len(data) or not data[0] & 0x20:
        raise NotDer("it is not made of parts")
    found = []
    while begin < len(data):
        stop = _value(data, begin, len(data), 0, [0])
        found.append(data[begin:stop])
        begin = stop
    return tuple(found)


def octets(bits: Any) -> bytes:
    """A BIT STRING of whole octets. ValueError for one with unused bits: it would say the same octets otherwise."""
    if bits.contents[:1] != b"\0":
        raise ValueError("unused bits")
    return bytes(bits.contents[1:])


def octets_or_none(bits: Any) -> bytes | None:
    """The same of an optional one."""
    return None if bits.native is None else octets(bits)


def _value(data: bytes, at: int, end: int, depth: int, seen: list[int]) -> int:
    """Where the value at `at` ends. `seen`: how many there were, one number."""
    seen[0] += 1
    if depth > DEEPEST or seen[0] > MOST_VALUES:
        raise NotDer("it is nested too deeply" if depth > DEEPEST else "it has too many parts")
    if at >= end:
        raise NotDer("it is cut short")
    tag = data[at]
    if tag & 0x1F == 0x1F:
        raise NotDer("a tag of many bytes")
    begin, length = _length(data, at + 1, end)
    stop = begin + length
    if stop > end:
        raise NotDer("it is cut short")
    if tag & 0x20:
        while begin < stop:
            begin = _value(data, begin, stop, depth + 1, seen)
    elif tag & 0xC0 == 0:
        _primitive(tag, data[begin:stop])
    return stop


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the contents begin, and how many bytes they have."""
    if at >= end:
        raise NotDer("it is cut short")
    first = data[at]
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    octets = data[at + 1 : at + 1 + count]
    if count == 0 or count > 4 or len(octets) < count:
        raise NotDer("a length that is not definite")
    length = int.from_bytes(octets, "big")
    if octets[0] == 0 or length < 0x80:
        raise NotDer("a length that is not the shortest")
    return at + 1 + count, length


def _primitive(tag: int, contents: bytes) -> None:
    if tag == _INTEGER:
        padded = len(contents) > 1 and (contents[0], contents[1] >> 7) in ((0x00, 0), (0xFF, 1))
        if not contents or padded:
            raise NotDer("a number that is not the shortest")
    elif tag == _BIT_STRING:
        unused = contents[0] if contents else 8
        if unused > 7 or (unused and (len(contents) == 1 or contents[-1] & ((1 << unused) - 1))):
            raise NotDer("a bit string with loose ends")
    elif tag == _BOOLEAN and contents not in (b"\x00", b"\xff"):
        raise NotDer("a truth value that is neither")
    elif tag == _NULL and contents:
        raise NotDer("a null with contents")
    elif tag == _OID:
        padded = any(contents[i] == 0x80 and (i == 0 or contents[i - 1] < 0x80) for i in range(min(len(contents), 64)))
        if not 1 <= len(contents) <= LONGEST_OID or contents[-1] & 0x80 or padded:
            raise NotDer("an object identifier that is none, or endless")
