"""What a form's page says and where it leaves room: rows of labelled cells, cells of lines, lines of text and slots.

A line is written in the catalogue as its words with slots in braces, for example
`单位法人手写签名：{signature:signature_legal_person}`. Spaces inside the braces are the room that is printed for the
value. The same layout draws the blank form and reads the filled one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class SlotKind(StrEnum):
    """What belongs into a slot."""

    FIELD = "field"  # a value
    DATE = "date"  # a value with 年 月 日 printed between its parts
    BOX = "box"  # a tick box: {box:<group>:<label>}
    SIGNATURE = "signature"  # a signature by hand
    SEAL = "seal"  # a stamp
    COLLECTION = "collection"  # the empty area where a seal or signature is collected
    PLATFORM = "platform"  # the platform's name, printed with the form


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for a value: a field id, a mark id, or for a tick box the choice group with the label.

    `room` is how many half-width spaces the form prints for it, 0 where the value has the rest of its line or cell.
    """

    kind: SlotKind
    id: str = ""
    label: str = ""
    room: int = field(default=0, compare=False)


Line = tuple[str | Slot, ...]

_SLOT = re.compile(r"\{([a-z_]+)(?::([a-z_]+))?(?::([^{} ]+))?( *)\}")


def parse_line(source: str) -> Line:
    """A catalogue line as words and slots.

    Raises ValueError for a brace that is no slot or a slot kind that does not exist.
    """
    parts: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(source):
        if match.start() > end:
            parts.append(source[end : match.start()])
        parts.append(Slot(SlotKind(match[1]), match[2] or "", match[3] or "", len(match[4])))
        end = match.end()
    if end < len(source):
        parts.append(source[end:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise ValueError(f"a brace that is no slot: {source}")
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed label and the lines beside it."""

    label: str
    lines: tuple[Line, ...]

    def slots(self) -> Iterator[Slot]:
        """In reading order."""
        return (part for line in self.lines for part in line if isinstance(part, Slot))


@dataclass(frozen=True, slots=True)
class Row:
    """Cells that stand beside one another. `section` is a label that spans this and neighbouring rows, or empty."""

    cells: tuple[Cell, ...]
    section: str = ""

    def slots(self) -> Iterator[Slot]:
        return (slot for cell in self.cells for slot in cell.slots())
