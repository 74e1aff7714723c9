"""From an approval to a token in the holder's hand: three steps, and whoever calls persists between them.

    reservation = reserve(approval, usage, now)                       # persist
    made = make_key(station, reservation, kind, pins)                  # persist
    certificate = certify(authority, approval, reservation, made)      # persist
    delivered = deliver(station, reservation, made.token, pin, certificate, authority.chain)

Each may be repeated with the same arguments after a kill, and ends in the same.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field

from issuance.faults import error_for
from issuance.issuer import Issuer
from issuance.profiles import Profiles
from issuance.reservation import Reservation
from issuance.signing import key_of
from issuance.station import TokenStation, authority_name
from issuance.tokens import Item, KeyKind, KeyName, Pins, TokenInfo
from yinjian.approval import Approval
from yinjian.errors import TokenError

# A token that signs what it is given must never be led to sign a document by way of a challenge, nor the reverse.
_CHALLENGE = b"yinjian: proof of possession\0"
_ACCEPTANCE = b"yinjian: acceptance\0"


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key pair that exists on a token, and its public half (SPKI DER)."""

    token: TokenInfo
    public_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A certificate that lies on its token and whose key answered. `thumbprint`: SHA-256 of the DER, hex."""

    token: TokenInfo
    thumbprint: str


def make_key(station: TokenStation, reservation: Reservation, kind: KeyKind, pins: Pins) -> MadeKey:
    """Prepare the reserved token and make the reserved key on it. Raises TokenError."""
    token = station.prepare(reservation.token_label, pins.so_pin, pins.pin)
    key = station.make_key(token, pins.pin, reservation.key_label, reservation.key_id, kind)
    return MadeKey(token, key)


def certify(
    authority: Issuer, approval: Approval, reservation: Reservation, made: MadeKey, by: Profiles | None = None
) -> bytes:
    """The certificate (DER). Raises Refused, or TokenError for the CA's token."""
    return authority.issue(approval, reservation, made.public_key, by)


def deliver(
    station: TokenStation,
    reservation: Reservation,
    token: TokenInfo,
    pin: str,
    certificate: bytes,
    chain: tuple[bytes, ...],
) -> Delivered:
    """Write certificate and chain, read back, compare, and let the key prove itself. Raises TokenError."""
    station.write(token, pin, reservation.key_label, reservation.key_id, certificate, chain)
    if station.read_certificate(token, pin, reservation.key_id) != certificate:
        raise error_for("differs")
    _check_contents(station.contents(token, pin), reservation, chain)
    _check_possession(station, reservation, token, pin, certificate)
    return Delivered(token, hashlib.sha256(certificate).hexdigest())


def deliver_enveloped(
    station: TokenStation,
    reservation: Reservation,
    token: TokenInfo,
    pin: str,
    certificate: bytes,
    chain: tuple[bytes, ...],
    envelope: bytes,
) -> Delivered:
    """Write an encryption certificate, its chain and its key in an envelope (SM2EnvelopedKey), and read back.

    Raises TokenError. The token takes the key out of the envelope by its maker's own means.
    """
    station.write_envelope(token, pin, _key(reservation), certificate, chain, envelope)
    if station.read_certificate(token, pin, reservation.key_id) != certificate:
        raise error_for("differs")
    return Delivered(token, hashlib.sha256(certificate).hexdigest())


def accept(
    station: TokenStation, reservation: Reservation, token: TokenInfo, pin: str, certificate: bytes, statement: bytes
) -> bytes:
    """The holder's signature over a statement, by the key that is taken over. Raises TokenError."""
    signature = station.prove(token, pin, _key(reservation), _ACCEPTANCE + statement)
    if not accepted(certificate, statement, signature):
        raise _foreign_key()
    return signature


def accepted(certificate: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether a signature under an acceptance is that of the certificate's key."""
    return key_of(certificate).holds(signature, _ACCEPTANCE + statement)


def _check_possession(
    station: TokenStation, reservation: Reservation, token: TokenInfo, pin: str, certificate: bytes
) -> None:
    challenge = _CHALLENGE + secrets.token_bytes(32)
    signature = station.prove(token, pin, _key(reservation), challenge)
    if not key_of(certificate).holds(signature, challenge):
        raise _foreign_key()


def _key(reservation: Reservation) -> KeyName:
    return KeyName(reservation.key_label, reservation.key_id)


def _foreign_key() -> TokenError:
    what = "The key on the token is not the certificate's."
    return TokenError(what, "Revoke the certificate and issue anew on another token.")


def _check_contents(items: tuple[Item, ...], reservation: Reservation, chain: tuple[bytes, ...]) -> None:
    """One closed key pair and one certificate of this reservation, the chain once, and nothing without a name."""
    own = sorted(item.kind for item in items if item.id == reservation.key_id)
    above = sorted(item.id for item in items if item.kind == "certificate" and item.label.startswith("CA-"))
    private = [item for item in items if item.kind == "private_key"]
    orderly = (
        own == ["certificate", "private_key", "public_key"]
        and set(above) >= {authority_name(der).id for der in chain}
        and len(above) == len(set(above))
        and all(item.sensitive and not item.extractable for item in private)
        and all(item.label for item in items)
    )
    if not orderly:
        raise TokenError(
            "The token holds other objects than one key pair, its certificate and the chain.",
            "Repeat the step; if that does not help, issue anew on another token.",
        )
