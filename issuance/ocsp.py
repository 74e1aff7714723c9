"""OCSP (RFC 6960): what is asked, and the answers of a delegated signer on a token of its own.

The key that answers is not the CA's: who takes over the machine that answers can say what holds, and issue nothing.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from asn1crypto import algos, core  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from issuance.crl import Reason, Revoked
from issuance.delegated import OCSP, Delegated, opened
from issuance.device import MODULE
from yinjian.errors import InputError

LONGEST_NONCE = 128  # octets (RFC 9654, section 2.1)
ALGORITHMS: dict[str, type[hashes.HashAlgorithm]] = {
    kind.name: kind for kind in (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
}
_CODES = {  # CRLReason of RFC 5280 5.3.1
    Reason.KEY_COMPROMISE: 1,
    Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4,
    Reason.CESSATION_OF_OPERATION: 5,
    Reason.CERTIFICATE_HOLD: 6,
    Reason.PRIVILEGE_WITHDRAWN: 9,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for one certificate. `nonce`: None where none was sent."""

    serial: int
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    algorithm: str
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """This CA has issued no such certificate."""


Status = Revoked | Unknown | None  # None: good


def parse(der: bytes) -> Asked:
    """Raises InputError for what is no request for exactly one certificate."""
    try:
        request = ocsp.load_der_ocsp_request(der)
        nonce = next((e.value.nonce for e in request.extensions if isinstance(e.value, x509.OCSPNonce)), None)
        algorithm = request.hash_algorithm.name
    except (ValueError, NotImplementedError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension):
        raise InputError("This is no OCSP request for one certificate.", "Ask for one at a time.") from None
    if nonce is not None and not 1 <= len(nonce) <= LONGEST_NONCE:
        raise InputError("The nonce is too long.", f"Send 1 to {LONGEST_NONCE} octets.")
    return Asked(request.serial_number, request.issuer_name_hash, request.issuer_key_hash, algorithm, nonce)


def unsuccessful(status: OCSPResponseStatus) -> bytes:
    """An answer (DER) that says only that there is none; unsigned, as RFC 6960 has it."""
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


MALFORMED = unsuccessful(OCSPResponseStatus.MALFORMED_REQUEST)
TRY_LATER = unsuccessful(OCSPResponseStatus.TRY_LATER)
UNAUTHORIZED = unsuccessful(OCSPResponseStatus.UNAUTHORIZED)  # not our CA's: RFC 5019, section 2.2.3


class Responder:
    """The key that answers, on its token. Use as a context manager; safe for several threads."""

    def __init__(self, key: Delegated) -> None:
        self._key = key
        own, above = (asn1_x509.Certificate.load(der) for der in key.chain)
        self._certificates = _explicit(0, _sequence(key.chain[0]))
        # "KeyHash ::= OCTET STRING -- SHA-1 hash of responder's public key" (RFC 6960 4.2.1)
        own_key = hashlib.sha1(bytes(own.public_key["public_key"]), usedforsecurity=False).digest()
        self._id = _explicit(2, _der(0x04, own_key))
        self._hashes = {name: _hashed(above, kind()) for name, kind in ALGORITHMS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._key.device.close()

    def about(self, serial: int, algorithm: str) -> Asked:
        """What is asked of one of this CA's certificates by a client that sends no nonce."""
        return Asked(serial, *self._hashes[algorithm], algorithm, None)

    def is_for(self, asked: Asked) -> bool:
        """Whether the request is about a certificate of this CA."""
        ours = self._hashes.get(asked.algorithm)
        return ours == (asked.issuer_name_hash, asked.issuer_key_hash)

    def answer(self, asked: Asked, status: Status, this_update: datetime, next_update: datetime) -> bytes:
        """The signed answer (DER). `status` None: good. Raises TokenError when the token does not sign."""
        return self.answers([(asked, status)], this_update, next_update)[0]

    def answers(
        self, asked: Sequence[tuple[Asked, Status]], this_update: datetime, next_update: datetime
    ) -> list[bytes]:
        """As `answer`, for several that the token signs at one request.

        Their signatures are not checked again: many answers are made, each for a moment, and all who ask check them.
        """
        updates = _time(this_update), _explicit(0, _time(next_update))
        said = [self._said(*one, updates) for one in asked]
        signatures = self.sign(said)
        return [self._whole(*pair) for pair in zip(said, signatures, strict=True)]

    def sign(self, data: Sequence[bytes]) -> list[bytes]:
        """The token's signature over each, ECDSA with SHA-256."""
        own = self._key
        return own.device.sign_all(own.token, own.pin, own.key.label, own.key.id, data)

    def _said(self, asked: Asked, status: Status, updates: tuple[bytes, bytes]) -> bytes:
        issuer = asked.algorithm, asked.issuer_name_hash, asked.issuer_key_hash
        single = _sequence(_cert_id(asked.serial, *issuer), _cert_status(status), *updates)
        nonce = b"" if asked.nonce is None else _nonce_head(len(asked.nonce)) + asked.nonce
        return _sequence(self._id, updates[0], _sequence(single), nonce)

    def _whole(self, said: bytes, signature: bytes) -> bytes:
        basic = _sequence(said, _ECDSA, _der(0x03, b"\0", signature), self._certificates)
        return _sequence(_SUCCESSFUL, _explicit(0, _sequence(_BASIC, _der(0x04, basic))))


def open_responder(directory: Path, pin: str, module: Path = MODULE) -> Responder:
    """That of a CA's directory. Raises SetupError when there is none, TokenError for its token and PIN."""
    return Responder(opened(directory, OCSP, pin, module))


# Answers with a nonce are made one by one, as fast as the token signs: libraries take four times as long to encode
# one as the token takes to sign it. What never changes is encoded by them, once; the rest is a few nested pieces.


def _der(tag: int, *parts: bytes) -> bytes:
    """Tag, length and contents (X.690 8.1.3)."""
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, *parts)


def _explicit(number: int, *parts: bytes) -> bytes:
    return _der(0xA0 | number, *parts)


def _time(instant: datetime) -> bytes:
    return _der(0x18, f"{instant.astimezone(UTC):%Y%m%d%H%M%SZ}".encode())


@functools.lru_cache(1024)
def _cert_id(serial: int, algorithm: str, name_hash: bytes, key_hash: bytes) -> bytes:
    """RFC 6960 4.1.1, as it was asked."""
    hashes = _der(0x04, name_hash), _der(0x04, key_hash)
    return _sequence(_HASHED_BY[algorithm], *hashes, bytes(core.Integer(serial).dump()))


@functools.lru_cache(256)
def _cert_status(status: Status) -> bytes:
    """CertStatus of RFC 6960 4.2.1: good [0], revoked [1], unknown [2]."""
    if status is None:
        return b"\x80\0"
    if isinstance(status, Unknown):
        return b"\x82\0"
    return _explicit(1, _time(status.since), _explicit(0, bytes((0x0A, 1, _CODES[status.reason]))))


@functools.cache
def _nonce_head(size: int) -> bytes:
    """responseExtensions with a nonce of RFC 9654 alone, up to its octets, which are the last ones."""
    return _explicit(1, _sequence(_sequence(_NONCE, _der(0x04, _der(0x04, bytes(size))))))[:-size]


_SUCCESSFUL = b"\x0a\1\0"
_BASIC = bytes(core.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1").dump())
_NONCE = bytes(core.ObjectIdentifier("1.3.6.1.5.5.7.48.1.2").dump())
_ECDSA = bytes(algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump())
_HASHED_BY = {name: bytes(algos.DigestAlgorithm({"algorithm": name}).dump()) for name in ALGORITHMS}


def _hashed(issuing: asn1_x509.Certificate, kind: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Hashes of the CA's name and of its key, the bits alone, as requests carry them (RFC 6960 4.1.1)."""
    name, key = bytes(issuing.subject.dump()), bytes(issuing.public_key["public_key"])
    return tuple(hashlib.new(kind.name, data).digest() for data in (name, key))  # type: ignore[return-value]
