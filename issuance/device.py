"""A PKCS#11 module with its tokens, as the rest of the room sees it. The module itself lives in its own process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from issuance.faults import error_for
from issuance.process import TokenProcess
from issuance.tokens import Item, KeyKind, Sm2Mechanism, TokenInfo, checked_label, checked_pin
from yinjian.errors import SetupError, TokenError

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")  # where Debian's libsofthsm2 puts it
NO_SM2 = Sm2Mechanism()
REQUEST_SECONDS = 120.0  # a real token may take a minute over an RSA key


class Device:
    """All operations on the tokens of one module. A token is named by label and, where known, serial: never guessed.

    Each method raises TokenError (or SetupError, when the module is missing) saying what to do. A method that makes
    or writes something may be repeated: it takes what is there, and mends what a killed process left.
    """

    def __init__(
        self,
        configuration: Path | None,
        module: Path = MODULE,
        request_seconds: float = REQUEST_SECONDS,
        before_start: Callable[[], None] = lambda: None,
        sm2: Sm2Mechanism = NO_SM2,
    ) -> None:
        self._sm2 = sm2
        self._configuration, self._module, self._before_start = configuration, module, before_start
        self._process = TokenProcess(module, configuration, request_seconds, before_start)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The id of the token's process while it runs."""
        return self._process.pid

    def close(self) -> None:
        self._process.close()

    def tokens(self) -> tuple[TokenInfo, ...]:
        return tuple(TokenInfo(**token) for token in self._ask("tokens"))

    def prepare(self, label: str, so_pin: str, pin: str) -> TokenInfo:
        """A token with this label and these PINs. One that exists is taken as it is, when the PIN fits."""
        values = {"label": checked_label(label), "so_pin": checked_pin(so_pin), "pin": checked_pin(pin)}
        return TokenInfo(**self._ask("prepare", **values))

    def make_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, kind: KeyKind) -> bytes:
        """The public key (SPKI DER) of the key pair with this name, made on the token when it is not there."""
        return bytes(self._on(token, "make_key", pin=pin, key=key_label, id=key_id, kind=kind.value))

    def public_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes) -> bytes:
        """SPKI DER."""
        return bytes(self._on(token, "public_key", pin=pin, key=key_label, id=key_id))

    def sign(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, data: bytes) -> bytes:
        """RSA: PKCS#1 v1.5 with SHA-256 over `data`. P-256: ECDSA with SHA-256, DER. SM2: with SM3, DER (GM/T 0009)."""
        return self.sign_all(token, pin, key_label, key_id, [data])[0]

    def sign_all(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, data: Sequence[bytes]) -> list[bytes]:
        """As `sign`, for several at once and in their order: at most some hundred short ones, see `wire.LIMIT`."""
        values = {"pin": pin, "key": key_label, "id": key_id, "data": list(data)}
        return list(self._on(token, "sign_all", **values, sm2=self._sm2.number, hashed=self._sm2.hashed))

    def write_certificate(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, der: bytes) -> None:
        """Leave exactly this certificate under the name; what was there under it goes. Read back and compared."""
        back = self._on(token, "write_certificate", pin=pin, key=key_label, id=key_id, der=der)
        _same(back, der)

    def read_certificate(self, token: TokenInfo, pin: str, key_id: bytes) -> bytes:
        """DER. There must be exactly one with this id."""
        return bytes(self._on(token, "read_certificate", pin=pin, id=key_id))

    def write_data(self, token: TokenInfo, pin: str, name: str, value: bytes) -> None:
        """Leave exactly this value in the private data object `name`. Read back and compared."""
        _same(self._on(token, "write_data", pin=pin, name=name, value=value), value)

    def read_data(self, token: TokenInfo, pin: str, name: str) -> bytes:
        return bytes(self._on(token, "read_data", pin=pin, name=name))

    def contents(self, token: TokenInfo, pin: str) -> tuple[Item, ...]:
        """Everything on the token, private objects included."""
        return tuple(Item(**item) for item in self._on(token, "contents", pin=pin))

    def change_pin(self, token: TokenInfo, pin: str, new: str) -> None:
        self._on(token, "change_pin", pin=pin, new=checked_pin(new))
        self._before_start()

    def reset_pin(self, token: TokenInfo, so_pin: str, new: str) -> None:
        """The security officer gives the holder a new PIN (解锁). Keys and certificates stay."""
        self._on(token, "reset_pin", so_pin=so_pin, pin=checked_pin(new))
        self._before_start()

    def make_wrapping_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes) -> None:
        """An AES-256 key that never leaves the token, made when it is not there."""
        self._on(token, "make_wrapping_key", pin=pin, key=key_label, id=key_id)

    def encrypt(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, data: bytes, aad: bytes) -> bytes:
        """AES-256-GCM under the wrapping key: nonce (12 bytes), cipher text, tag (16 bytes)."""
        return bytes(self._on(token, "encrypt", pin=pin, key=key_label, id=key_id, data=data, aad=aad))

    def decrypt(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, data: bytes, aad: bytes) -> bytes:
        """What `encrypt` was given. Raises TokenError for anything damaged or encrypted under another key."""
        return bytes(self._on(token, "decrypt", pin=pin, key=key_label, id=key_id, data=data, aad=aad))

    def _on(self, token: TokenInfo, operation: str, **values: object) -> Any:
        return self._ask(operation, label=token.label, serial=token.serial, **values)

    def _ask(self, operation: str, **values: object) -> Any:
        if not self._module.is_file():
            what = f"The PKCS#11 module {self._module} is not there."
            raise SetupError(what, "Install the Debian package softhsm2, or name the right file.")
        if self._configuration is not None and not self._configuration.is_file():
            raise TokenError("The token's directory is not there.", "Restore it, or prepare the token again.")
        return self._process.ask(operation, **values)


def _same(back: object, written: bytes) -> None:
    if back != written:
        raise error_for("differs")
