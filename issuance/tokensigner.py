"""A key on a token, as what signs."""

from __future__ import annotations

from dataclasses import dataclass, field

from issuance.device import Device
from issuance.tokens import KeyName, TokenInfo


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """A `Signer` (`issuance.signing`) whose key lies on a token. `public_key`: SPKI DER."""

    device: Device
    token: TokenInfo
    pin: str = field(repr=False)
    key: KeyName
    public_key: bytes = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """By the key's kind: see `Device.sign`. Raises TokenError."""
        return self.device.sign(self.token, self.pin, self.key.label, self.key.id, data)
