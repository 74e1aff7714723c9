"""The master key of the data at rest, wrapped by a key that never leaves its token (AES-256-GCM on the token)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from issuance.device import MODULE, Device
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyName, TokenInfo
from yinjian.errors import InputError, TokenError

MASTER_BYTES = 32
_MAGIC = b"YJW1"
_PURPOSE = b"yinjian: master key"  # authenticated with it: nothing else that the key encrypted passes for a master key
_KEY = KeyName("YJ-wrap", b"yinjian-wrap")


@dataclass(frozen=True, slots=True)
class KeyWrap:
    """A token with a wrapping key. `close` ends its process."""

    device: Device
    token: TokenInfo
    pin: str = field(repr=False)

    def wrap(self, master: bytes) -> bytes:
        """`master` (32 bytes) wrapped: "YJW1", nonce, cipher text, tag. Raises InputError, TokenError."""
        if len(master) != MASTER_BYTES:
            raise InputError(f"A master key has {MASTER_BYTES} bytes.", "Draw one of that length.")
        return _MAGIC + self.device.encrypt(self.token, self.pin, _KEY.label, _KEY.id, master, _PURPOSE)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The master key. Raises TokenError for anything that this token's key did not wrap."""
        if not wrapped.startswith(_MAGIC) or len(wrapped) != len(_MAGIC) + 12 + MASTER_BYTES + 16:
            raise TokenError("This is no wrapped master key.", "Restore the wrapped key from its backup.")
        data = wrapped.removeprefix(_MAGIC)
        return self.device.decrypt(self.token, self.pin, _KEY.label, _KEY.id, data, _PURPOSE)

    def close(self) -> None:
        self.device.close()


def create(directory: Path, label: str, so_pin: str, pin: str, module: Path = MODULE) -> KeyWrap:
    """A software token with a wrapping key in `directory`; what is there already is taken as it is. May be repeated."""
    device, token = SoftTokens(directory, module).prepare(label, so_pin, pin)
    try:
        device.make_wrapping_key(token, pin, _KEY.label, _KEY.id)
    except BaseException:
        device.close()
        raise
    return KeyWrap(device, token, pin)


def open_keywrap(directory: Path, label: str, serial: str, pin: str, module: Path = MODULE) -> KeyWrap:
    """The token of an earlier `create`, which is never made anew here: a new key could unwrap nothing."""
    return KeyWrap(SoftTokens(directory, module).device(label), TokenInfo(label, serial, ""), pin)
