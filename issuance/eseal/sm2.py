"""SM2 keys in software, under a passphrase: until a token's vendor mechanism is known, the seal maker's key is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from tongsuopy.crypto import _serialization as forms
from tongsuopy.crypto import hashes, serialization
from tongsuopy.crypto.asymciphers import ec

from yinjian.errors import TokenError

SHORTEST = 8


class Signer(Protocol):
    """What signs for a certificate: a software key, or a token."""

    @property
    def public_key(self) -> bytes:
        """SPKI DER."""
        ...

    @property
    def algorithm(self) -> str:
        """Dotted OID of its signatures."""
        ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """An SM2 key in memory. It signs with SM3 and the default distinguishing id (GB/T 32918, GM/T 0009)."""

    _key: Any = field(repr=False)
    algorithm: str = "1.2.156.10197.1.501"

    @classmethod
    def generate(cls) -> Sm2Key:
        return cls(ec.generate_private_key(ec.SM2()))

    @classmethod
    def load(cls, der: bytes, passphrase: str) -> Sm2Key:
        """Raises TokenError for a wrong passphrase, or what is no such key."""
        try:
            return cls(serialization.load_der_private_key(der, passphrase.encode()))
        except Exception as error:  # the binding raises several kinds, none of them of use to a person
            raise TokenError("The seal maker's key cannot be opened.", "Check its passphrase and its file.") from error

    def sealed(self, passphrase: str) -> bytes:
        """PKCS #8 (DER), encrypted."""
        if len(passphrase) < SHORTEST:
            raise TokenError("The passphrase is too short.", f"Take at least {SHORTEST} symbols.")
        protection = forms.BestAvailableEncryption(passphrase.encode())
        return bytes(self._key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, protection))

    @property
    def public_key(self) -> bytes:
        public = self._key.public_key()
        return bytes(public.public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo))

    def sign(self, data: bytes) -> bytes:
        """DER."""
        return bytes(self._key.sign(data, ec.ECDSA(hashes.SM3())))
