"""What the QR code on a pre-filled form says: which form, which platform, and the application's reference."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r"yinjian:1:([a-z_]{1,40}):([a-z]{1,20}):([A-Za-z0-9_-]{0,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormCode:
    """The content of a code. `reference` names the application, and may be empty; it names nobody."""

    form: str
    platform: str
    reference: str

    def text(self) -> str:
        """As it is printed. Raises ValueError for what no code can hold."""
        text = f"yinjian:1:{self.form}:{self.platform}:{self.reference}"
        if _TEXT.fullmatch(text) is None:
            raise ValueError("a reference is at most 64 letters, digits, hyphens and underscores")
        return text


def parse_code(text: str) -> FormCode | None:
    """What a code says; None for anybody else's."""
    found = _TEXT.fullmatch(text)
    return FormCode(*found.groups()) if found else None
