"""Where encryption keys come from (密钥管理中心): made, kept and handed out in envelopes, never shown.

Of two certificates (GM/T 0014) the signing key is made on the token and stays there; the encryption key is kept, so
that what was encrypted for a holder can be read when the token is lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from issuance.files import locked
from issuance.keyenvelope import enveloped
from issuance.sm2 import Sm2Key
from yinjian.errors import InputError, SetupError
from yinjian.files import write_whole


class KeyManagement(Protocol):
    """A key management centre. Every call may be repeated with the same arguments. Raises TokenError, SetupError."""

    def encryption_key(self, reference: str) -> bytes:
        """The public half (SPKI DER) of the key with this reference, made where there is none.

        `reference`: the serial number of the certificate that it is for.
        """

    def envelope(self, reference: str, recipient: bytes) -> bytes:
        """The private half, for whoever has the private half of `recipient` (SPKI DER): SM2EnvelopedKey, DER."""


@dataclass(frozen=True, slots=True)
class LocalKeyManagement:
    """Keys in a directory of this machine, each encrypted under a passphrase: for a demo, and for small houses."""

    directory: Path
    passphrase: str = field(repr=False)

    def encryption_key(self, reference: str) -> bytes:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self.directory):
            file = self._file(reference)
            if not file.exists():
                write_whole(file, Sm2Key.generate().sealed(self.passphrase), 0o600)
        return self._key(reference).public_key

    def envelope(self, reference: str, recipient: bytes) -> bytes:
        return enveloped(self._key(reference), recipient)

    def _key(self, reference: str) -> Sm2Key:
        try:
            return Sm2Key.load(self._file(reference).read_bytes(), self.passphrase)
        except FileNotFoundError:
            raise SetupError(
                "The encryption key is not in the key store.", f"Restore {self.directory} from its backup."
            ) from None

    def _file(self, reference: str) -> Path:
        if not re.fullmatch(r"[0-9A-F]{1,40}", reference):
            raise InputError("A key's reference is a serial number in hex.", "Give that of its certificate.")
        return self.directory / f"{reference}.key"
