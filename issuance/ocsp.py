"""OCSP (RFC 6960): what is asked, and the answers of a delegated signer on a token of its own.

The key that answers is not the CA's: who takes over the machine that answers can say what holds, and issue nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPResponseStatus

from issuance.crl import Revoked
from issuance.device import Device
from issuance.signing import signed_answer
from issuance.tokens import KeyName, TokenInfo
from yinjian.errors import InputError

LONGEST_NONCE = 128  # octets (RFC 9654, section 2.1)
_ALGORITHMS: dict[str, type[hashes.HashAlgorithm]] = {
    kind.name: kind for kind in (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
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
        self.certificate = x509.load_der_x509_certificate(chain[0])
        above = x509.load_der_x509_certificate(chain[1])
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
        """The signed answer (DER). `status` None: good. Raises TokenError when the token does not sign."""
        revoked = status if isinstance(status, Revoked) else None
        said = ocsp.OCSPCertStatus.GOOD if status is None else ocsp.OCSPCertStatus.UNKNOWN
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            asked.issuer_name_hash,
            asked.issuer_key_hash,
            asked.serial,
            _ALGORITHMS[asked.algorithm](),
            ocsp.OCSPCertStatus.REVOKED if revoked else said,
            this_update,
            next_update,
            revoked.since if revoked else None,
            x509.ReasonFlags(revoked.reason) if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        builder = builder.certificates([self.certificate])
        if asked.nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(asked.nonce), critical=False)
        return signed_answer(builder, self._sign)

    def _sign(self, data: bytes) -> bytes:
        return self._device.sign(self._token, self._pin, self._key.label, self._key.id, data)


def _hashed(issuing: x509.Certificate, kind: hashes.HashAlgorithm) -> tuple[bytes, bytes]:
    """Hashes of the CA's name and of its key, as requests carry them: `cryptography` makes them in a request."""
    request = ocsp.OCSPRequestBuilder().add_certificate(issuing, issuing, kind).build()
    return request.issuer_name_hash, request.issuer_key_hash
