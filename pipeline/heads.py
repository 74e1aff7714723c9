"""Heads of the audit log, to be kept where who can write to the database cannot; a signature tells whose they are."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from yinjian import strictjson
from yinjian.errors import InputError

START = "0" * 64  # the link before the first entry
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's number and link when it was taken, 0 and `START` of an empty log.

    `signature`: by the audit key on the CA's token over `statement`, DER ECDSA with SHA-256; empty when it has none.
    """

    number: int
    link: str
    taken_at: datetime
    signature: bytes = b""

    def statement(self) -> bytes:
        """What is signed."""
        return json.dumps(self._said()).encode()

    def as_json(self) -> str:
        """One line."""
        signed = {"signature": base64.b64encode(self.signature).decode()} if self.signature else {}
        return json.dumps(self._said() | signed) + "\n"

    def signed(self, sign: Callable[[bytes], bytes]) -> Head:
        """The same, signed."""
        return replace(self, signature=sign(self.statement()))

    def _said(self) -> dict[str, object]:
        return {"number": self.number, "link": self.link, "taken_at": self.taken_at.isoformat()}


def parse_head(data: bytes) -> Head:
    """A head that was kept. Raises InputError when it is none."""
    try:
        value = strictjson.load(data, MAX_BYTES)
        if isinstance(value, dict) and isinstance(value["number"], int) and isinstance(value["link"], str):
            signature = base64.b64decode(value.get("signature", ""), validate=True)
            return Head(value["number"], value["link"], datetime.fromisoformat(value["taken_at"]), signature)
    except (strictjson.JsonProblem, KeyError, TypeError, ValueError):
        pass
    raise InputError("This is no head of an audit log.", "Give a file that `yinjian audit head` wrote.")
