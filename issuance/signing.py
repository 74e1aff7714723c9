"""Certificates and revocation lists, signed by any signer: a token's key, or an SM2 key in software.

`cryptography` encodes what is to be signed, but takes no key from a token and knows no SM2. So it signs with a key that
is thrown away; what it cannot encode is put in afterwards, and the signer's signature over those bytes with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from asn1crypto import core, keys, pem  # type: ignore[import-untyped]
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key

from issuance import sm2
from issuance.tokens import KeyKind
from yinjian.errors import Refused, TokenError

Lint = Callable[[bytes], None]  # raises what keeps a draft from being signed
ECDSA_SHA256, RSA_SHA256 = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"
ALGORITHMS = {
    KeyKind.RSA_2048: RSA_SHA256,
    KeyKind.RSA_3072: RSA_SHA256,
    KeyKind.P_256: ECDSA_SHA256,
    KeyKind.SM2: sm2.SM2_WITH_SM3,
}
_SIZES = {2048: KeyKind.RSA_2048, 3072: KeyKind.RSA_3072}
_WEAK = "Make a key of the profile's kind on the token."


class Signer(Protocol):
    """What signs: a token's key, or one in software. The algorithm is that of the kind of its key (`ALGORITHMS`)."""

    @property
    def public_key(self) -> bytes:
        """SPKI DER."""
        ...

    def sign(self, data: bytes) -> bytes:
        """RSA PKCS#1 v1.5 with SHA-256; DER ECDSA with SHA-256; DER SM2 with SM3."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that is strong and of one of our kinds. `spki`: SubjectPublicKeyInfo, DER."""

    spki: bytes = field(repr=False)
    kind: KeyKind

    @property
    def bits(self) -> bytes:
        """What the SubjectPublicKeyInfo wraps: an RSAPublicKey, or a point."""
        return bytes(keys.PublicKeyInfo.load(self.spki)["public_key"])

    @property
    def identifier(self) -> bytes:
        """SHA-1 of the bits (RFC 5280 4.2.1.2, method 1): a name, not a protection."""
        return hashlib.sha1(self.bits, usedforsecurity=False).digest()

    @property
    def algorithm(self) -> str:
        """Dotted OID of its signatures."""
        return ALGORITHMS[self.kind]

    @property
    def encoded(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """What `cryptography` puts into a certificate: the key, or for SM2 another, until `signed` puts this there."""
        return _stand_in() if self.kind is KeyKind.SM2 else _loaded(self.spki)

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Whether a signature over `data` is of this key."""
        if self.kind is KeyKind.SM2:
            return sm2.holds(self.bits, signature, data)
        return holds(_loaded(self.spki), signature, data)


def signed(builder: x509.CertificateBuilder, key: PublicKey, signer: Signer, lint: Lint) -> bytes:
    """The certificate (DER) for `key` that `signer` signs, when `lint` let it pass.

    What is linted is the certificate to the last byte but for its signature. Raises what `lint` raises, and TokenError
    when the signature does not hold.
    """
    own = strong_key(signer.public_key)
    certificate = asn1_x509.Certificate.load(builder.sign(_throw_away(), SHA256()).public_bytes(Encoding.DER))
    body = certificate["tbs_certificate"]
    if key.kind is KeyKind.SM2:
        body["subject_public_key_info"] = keys.PublicKeyInfo.load(key.spki)
    if own.algorithm != RSA_SHA256:
        body["signature"] = certificate["signature_algorithm"] = {"algorithm": own.algorithm}
    lint(certificate.dump())
    return _finished(certificate, "signature_value", body, own, signer)


def signed_list(builder: x509.CertificateRevocationListBuilder, signer: Signer, lint: Lint) -> bytes:
    """The revocation list (DER) that `signer` signs; as `signed`."""
    own = strong_key(signer.public_key)
    revoked = asn1_crl.CertificateList.load(builder.sign(_throw_away(), SHA256()).public_bytes(Encoding.DER))
    body = revoked["tbs_cert_list"]
    if own.algorithm != RSA_SHA256:
        body["signature"] = revoked["signature_algorithm"] = {"algorithm": own.algorithm}
    lint(revoked.dump())
    return _finished(revoked, "signature", body, own, signer)


def _finished(draft: Any, where: str, body: Any, own: PublicKey, signer: Signer) -> bytes:
    data = body.dump()
    signature = signer.sign(data)
    check_made(own, signature, data)
    draft[where] = core.OctetBitString(signature)
    return bytes(draft.dump())


def check_signature(der: bytes, signer: PublicKey) -> None:
    """Raises TokenError unless the certificate's signature holds under `signer`."""
    certificate = x509.load_der_x509_certificate(der)
    check_made(signer, certificate.signature, certificate.tbs_certificate_bytes)


def check_made(signer: PublicKey, signature: bytes, data: bytes) -> None:
    """Raises TokenError unless a signature that a token made holds under `signer`."""
    if not signer.holds(signature, data):
        raise TokenError("The signature that the token made does not hold.", "Check that it is the right token.")


def pem_of(spki: bytes) -> str:
    """A public key (SPKI DER) as PEM."""
    return str(pem.armor("PUBLIC KEY", spki), "ascii")


def spki_of(text: bytes) -> bytes:
    """A public key (PEM) as SPKI DER. Raises ValueError."""
    return bytes(pem.unarmor(text)[2])


def key_of(certificate: bytes) -> PublicKey:
    """The public key of a certificate (DER). Raises Refused for one that is weak or of another kind."""
    try:
        return strong_key(asn1_x509.Certificate.load(certificate).public_key.dump())
    except ValueError:
        raise Refused("The certificate cannot be read.", _WEAK) from None


def strong_key(spki: bytes) -> PublicKey:
    """The public key of a SubjectPublicKeyInfo DER. Raises Refused for one that is weak or of another kind."""
    try:
        if sm2.is_key(spki):
            return PublicKey(spki, KeyKind.SM2)
        key = checked_key(load_der_public_key(spki))
    except ValueError:
        raise Refused("The public key cannot be read.", _WEAK) from None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return PublicKey(spki, KeyKind.P_256)
    if key.key_size in _SIZES:
        return PublicKey(spki, _SIZES[key.key_size])
    raise Refused("The RSA key is neither 2048 nor 3072 bits long.", _WEAK)


def checked_key(key: PublicKeyTypes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """The key, if it is strong. Raises Refused."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 and key.public_numbers().e >= 65537:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise Refused("The public key is neither RSA of 2048 bits or more nor on P-256 or the SM2 curve.", _WEAK)


def holds(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature with SHA-256 (RSA PKCS#1 v1.5 or DER ECDSA) over `data` holds under `key`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), SHA256())
        else:
            key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _loaded(spki: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    return checked_key(load_der_public_key(spki))


@cache
def _throw_away() -> rsa.RSAPrivateKey:
    """Its signatures never leave this file; RSA, so that the algorithm named inside is most tokens'."""
    return rsa.generate_private_key(65537, 2048)


@cache
def _stand_in() -> ec.EllipticCurvePublicKey:
    """In place of an SM2 key while `cryptography` encodes the rest."""
    return ec.generate_private_key(ec.SECP256R1()).public_key()
