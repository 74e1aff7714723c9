"""The words for tokens and what lies on them. Nothing here touches a device."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from yinjian.errors import InputError
from yinjian.strictjson import is_plain

# A label is a file name, too (each software token has a directory), and PKCS#11 gives it 32 bytes.
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
SHORTEST_PIN, LONGEST_PIN = 4, 255  # bytes, SoftHSM2's limits; real tokens take fewer


class KeyKind(StrEnum):
    """Which key pair a token makes."""

    RSA_2048 = "rsa2048"
    RSA_3072 = "rsa3072"
    P_256 = "p256"
    SM2 = "sm2"

    @property
    def is_rsa(self) -> bool:
        return self in (KeyKind.RSA_2048, KeyKind.RSA_3072)


@dataclass(frozen=True, slots=True)
class Sm2Mechanism:
    """How a token signs with SM2: the vendor's number, 0 where none is known. `hashed`: it takes the digest with Z."""

    number: int = 0
    hashed: bool = True


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """One token. `serial` is what the device says of itself; label and serial together name it exactly."""

    label: str
    serial: str
    model: str


@dataclass(frozen=True, slots=True)
class Pins:
    """The PINs of a token: the security officer's and the holder's. Never shown."""

    so_pin: str = field(repr=False)
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyName:
    """How a key (pair) is found on its token: by label and id, both of them."""

    label: str
    id: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One object on a token. `sensitive` and `extractable` are None where the class has no such attribute."""

    kind: str  # certificate, public_key, private_key, secret_key, data
    label: str
    id: bytes
    sensitive: bool | None
    extractable: bool | None


def checked_label(label: str) -> str:
    """`label`, when it can name a token. Raises InputError."""
    if not _LABEL.fullmatch(label):
        raise InputError(
            "A token's label must be 1 to 32 letters, digits, - or _, the first a letter or digit.",
            "Give another label; it must hold no personal data.",
        )
    return label


def checked_pin(pin: str) -> str:
    """`pin`, when it can become the PIN of a token. Raises InputError, before anything is half done with it."""
    if not SHORTEST_PIN <= len(pin.encode("utf-8", "replace")) <= LONGEST_PIN or not is_plain(pin):
        raise InputError(
            f"A PIN must have {SHORTEST_PIN} to {LONGEST_PIN} characters and no control characters.",
            "Choose another one; real tokens often take 6 to 16.",
        )
    return pin
