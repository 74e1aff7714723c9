"""The clerk's machine, where the tokens are: what personalisation asks of it, and one that has software tokens."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from cryptography import x509

from issuance.device import MODULE, NO_SM2, Device
from issuance.softhsm import SoftTokens
from issuance.tokens import Item, KeyKind, KeyName, Sm2Mechanism, TokenInfo
from yinjian.errors import TokenError

OPEN_PROCESSES = 4  # token processes kept ready, about 30 MB each


SEAL = "ESEAL"  # the data object that holds the electronic seal


class TokenStation(Protocol):
    """A machine with tokens. Every call may be repeated with the same arguments, after a kill at any moment.

    Repeated in order, the calls leave exactly one key pair, one certificate and its chain on the token. All raise
    TokenError, saying what to do.
    """

    def prepare(self, label: str, so_pin: str, pin: str) -> TokenInfo:
        """A token with this label and these PINs, initialised when there is none."""

    def make_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, kind: KeyKind) -> bytes:
        """SubjectPublicKeyInfo DER of the key pair with this name, made on the token when it is not there."""

    def prove(self, token: TokenInfo, pin: str, key: KeyName, challenge: bytes) -> bytes:
        """The token's signature over the challenge, by the key's kind (see `Device.sign`)."""

    def write(
        self,
        token: TokenInfo,
        pin: str,
        key_label: str,
        key_id: bytes,
        certificate: bytes,
        chain: tuple[bytes, ...],
    ) -> None:
        """Leave this certificate (DER) beside its key, and those above it."""

    def read_certificate(self, token: TokenInfo, pin: str, key_id: bytes) -> bytes:
        """DER."""

    def write_seal(self, token: TokenInfo, pin: str, seal: bytes) -> None:
        """Leave this electronic seal as the token's only one, and read it back."""

    def write_envelope(
        self, token: TokenInfo, pin: str, key: KeyName, certificate: bytes, chain: tuple[bytes, ...], envelope: bytes
    ) -> None:
        """Leave an encryption certificate (DER), those above it, and its key in an SM2EnvelopedKey, under one name."""

    def reset_pin(self, token: TokenInfo, so_pin: str, pin: str) -> None:
        """The security officer gives the holder a new PIN, also where it is locked (解锁)."""

    def contents(self, token: TokenInfo, pin: str) -> tuple[Item, ...]:
        """Everything on the token."""

    def tokens(self) -> tuple[TokenInfo, ...]:
        """All tokens of the machine."""


class SoftTokenStation:
    """A `TokenStation` in this machine: for each token a SoftHSM2 directory and a process of its own.

    `directory` holds them all. Safe for several threads. Use as a context manager, or `close` it.
    """

    def __init__(self, directory: Path, module: Path = MODULE, sm2: Sm2Mechanism = NO_SM2) -> None:
        self._soft = SoftTokens(directory, module, sm2)
        self._devices: dict[str, Device] = {}
        self._guard = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all token processes."""
        with self._guard:
            devices, self._devices = tuple(self._devices.values()), {}
        for device in devices:
            device.close()

    def prepare(self, label: str, so_pin: str, pin: str) -> TokenInfo:
        device, token = self._soft.prepare(label, so_pin, pin)
        self._keep(label, device)
        return token

    def make_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, kind: KeyKind) -> bytes:
        return self.device(token.label).make_key(token, pin, key_label, key_id, kind)

    def prove(self, token: TokenInfo, pin: str, key: KeyName, challenge: bytes) -> bytes:
        return self.device(token.label).sign(token, pin, key.label, key.id, challenge)

    def write(
        self,
        token: TokenInfo,
        pin: str,
        key_label: str,
        key_id: bytes,
        certificate: bytes,
        chain: tuple[bytes, ...],
    ) -> None:
        device = self.device(token.label)
        for above in chain:
            name = authority_name(above)
            device.write_certificate(token, pin, name.label, name.id, above)
        # The holder's last: a token that has it has all.
        device.write_certificate(token, pin, key_label, key_id, certificate)

    def read_certificate(self, token: TokenInfo, pin: str, key_id: bytes) -> bytes:
        return self.device(token.label).read_certificate(token, pin, key_id)

    def write_seal(self, token: TokenInfo, pin: str, seal: bytes) -> None:
        self.device(token.label).write_data(token, pin, SEAL, seal)

    def write_envelope(
        self, token: TokenInfo, pin: str, key: KeyName, certificate: bytes, chain: tuple[bytes, ...], envelope: bytes
    ) -> None:
        self.device(token.label).write_data(token, pin, key.label, envelope)
        self.write(token, pin, key.label, key.id, certificate, chain)

    def reset_pin(self, token: TokenInfo, so_pin: str, pin: str) -> None:
        self.device(token.label).reset_pin(token, so_pin, pin)

    def contents(self, token: TokenInfo, pin: str) -> tuple[Item, ...]:
        return self.device(token.label).contents(token, pin)

    def tokens(self) -> tuple[TokenInfo, ...]:
        return tuple(token for name in self._soft.names() for token in self.device(name).tokens())

    def device(self, label: str) -> Device:
        """The device of one token. Raises TokenError when it was never prepared here."""
        with self._guard:
            open_one = self._devices.get(label)
        return self._keep(label, open_one or self._soft.device(label))

    def _keep(self, label: str, device: Device) -> Device:
        """Keep the process for the next call. The last used is the last to go; it starts again when asked."""
        with self._guard:
            before = self._devices.pop(label, device)
            self._devices[label] = device
            idle = [self._devices.pop(name) for name in list(self._devices)[:-OPEN_PROCESSES]]
        for other in [*idle, before]:
            if other is not device:
                other.close()
        return device


def authority_name(certificate: bytes) -> KeyName:
    """How a CA's certificate is named on a token: by its subject key identifier, the same for the same CA key.

    Raises TokenError for a certificate without one.
    """
    try:
        body = x509.load_der_x509_certificate(certificate)
        key_id = body.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (ValueError, x509.ExtensionNotFound):
        raise TokenError(
            "A certificate of the chain cannot be read.", "Restore the chain from the CA's files."
        ) from None
    return KeyName(f"CA-{key_id.hex()[:16]}", key_id)
