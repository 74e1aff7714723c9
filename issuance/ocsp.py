"""OCSP (RFC 6960): what is asked, and the answers of a delegated signer on a token of its own.

The key that answers is not the CA's: who takes over the machine that answers can say what holds, and issue nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from asn1crypto import core  # type: ignore[import-untyped]
from asn1crypto import ocsp as asn1
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from issuance.crl import Reason, Revoked
from issuance.device import Device
from issuance.tokens import KeyName, TokenInfo
from yinjian.errors import InputError

LONGEST_NONCE = 128  # octets (RFC 9654, section 2.1)
_ALGORITHMS: dict[str, type[hashes.HashAlgorithm]] = {
    kind.name: kind for kind in (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
}
# asn1crypto's names for them
_REASONS = {
    Reason.KEY_COMPROMISE: "key_compromise",
    Reason.AFFILIATION_CHANGED: "affiliation_changed",
    Reason.SUPERSEDED: "superseded",
    Reason.CESSATION_OF_OPERATION: "cessation_of_operation",
    Reason.PRIVILEGE_WITHDRAWN: "privilege_withdrawn",
    Reason.CERTIFICATE_HOLD: "certificate_hold",
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
    """The key that answers, on its token. Use as a context manager; safe for several threads.

    `chain`: its certificate and the issuing CA's, DER.
    """

    def __init__(self, device: Device, token: TokenInfo, pin: str, key: KeyName, chain: tuple[bytes, bytes]) -> None:
        self._device, self._token, self._pin, self._key = device, token, pin, key
        self._own, above = (asn1_x509.Certificate.load(der) for der in chain)
        # "KeyHash ::= OCTET STRING -- SHA-1 hash of responder's public key" (RFC 6960 4.2.1)
        own_key = hashlib.sha1(bytes(self._own.public_key["public_key"]), usedforsecurity=False).digest()
        self._id = asn1.ResponderId(name="by_key", value=own_key)
        self._hashes = {name: _hashed(above, kind()) for name, kind in _ALGORITHMS.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._device.close()

    def is_for(self, asked: Asked) -> bool:
        """Whether the request is about a certificate of this CA."""
        ours = self._hashes.get(asked.algorithm)
        return ours == (asked.issuer_name_hash, asked.issuer_key_hash)

    def answer(self, asked: Asked, status: Status, this_update: datetime, next_update: datetime) -> bytes:
        """The signed answer (DER). `status` None: good. Raises TokenError when the token does not sign.

        Its signature is not checked again: many answers are made, each for a moment, and all who ask check it.
        """
        single = {
            "cert_id": {
                "hash_algorithm": {"algorithm": asked.algorithm},
                "issuer_name_hash": asked.issuer_name_hash,
                "issuer_key_hash": asked.issuer_key_hash,
                "serial_number": asked.serial,
            },
            "cert_status": _cert_status(status),
            "this_update": this_update,
            "next_update": next_update,
        }
        said = asn1.ResponseData(
            {"responder_id": self._id, "produced_at": this_update, "responses": [asn1.SingleResponse(single)]}
        )
        if asked.nonce is not None:
            said["response_extensions"] = [{"extn_id": "nonce", "extn_value": core.OctetString(asked.nonce)}]
        basic = asn1.BasicOCSPResponse(
            {
                "tbs_response_data": said,
                "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                "signature": self._sign(bytes(said.dump())),
                "certs": [self._own],
            }
        )
        body = {"response_type": "basic_ocsp_response", "response": basic}
        return bytes(asn1.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())

    def _sign(self, data: bytes) -> bytes:
        return self._device.sign(self._token, self._pin, self._key.label, self._key.id, data)


def _cert_status(status: Status) -> asn1.CertStatus:
    if status is None:
        return asn1.CertStatus(name="good", value=core.Null())
    if isinstance(status, Unknown):
        return asn1.CertStatus(name="unknown", value=core.Null())
    reason = _REASONS[status.reason]
    return asn1.CertStatus(name="revoked", value={"revocation_time": status.since, "revocation_reason": reason})


def _hashed(issuing: asn1_x509.Certificate, kind: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Hashes of the CA's name and of its key, the bits alone, as requests carry them (RFC 6960 4.1.1)."""
    name, key = bytes(issuing.subject.dump()), bytes(issuing.public_key["public_key"])
    return tuple(hashlib.new(kind.name, data).digest() for data in (name, key))  # type: ignore[return-value]
