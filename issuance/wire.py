"""The lines between a token's process and the rest: one JSON object each, strict and of limited length.

Bytes travel as `{"b64": "..."}`. Both sides use this file, so it imports nothing heavy.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from yinjian.strictjson import JsonProblem, load

LIMIT = 2 * 1024 * 1024  # bytes of a line, its newline included: an electronic seal takes some hundred KiB


class BadLine(ValueError):
    """A line that is no message of ours. The text never repeats what was in it."""


class Fault(Exception):
    """What a token's process could not do.

    `code` is a key of `issuance.faults.FAULTS`; `ckr` the module's own word for it; `tries` "low" or "final" where the
    token says how many PIN tries are left.
    """

    def __init__(self, code: str, ckr: str = "", tries: str = "") -> None:
        super().__init__(code)
        self.code, self.ckr, self.tries = code, ckr, tries

    def as_message(self) -> dict[str, str]:
        return {"code": self.code, "ckr": self.ckr, "tries": self.tries}


def pack(message: Mapping[str, object]) -> bytes:
    """The line of a message. Raises BadLine when it is too long."""
    line = json.dumps(_outward(message), separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > LIMIT:
        raise BadLine("the message is too long")
    return line


def unpack(line: bytes) -> dict[str, object]:
    """The message of a line. Raises BadLine for one that is cut, too long or no JSON object."""
    if not line.endswith(b"\n"):
        raise BadLine("the line was cut")
    try:
        message = _inward(load(line, LIMIT))
    except (JsonProblem, binascii.Error, RecursionError):
        raise BadLine("the line is no JSON that can be trusted") from None
    if not isinstance(message, dict):
        raise BadLine("the line is no JSON object")
    return message


def _outward(value: object) -> object:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {key: _outward(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_outward(item) for item in value]
    return value


def _inward(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() == {"b64"} and isinstance(value["b64"], str):
            return base64.b64decode(value["b64"].encode("utf-8", "replace"), validate=True)
        return {key: _inward(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_inward(item) for item in value]
    return value
