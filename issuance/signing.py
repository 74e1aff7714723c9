"""Certificates and revocation lists whose signature comes from a token.

`cryptography` encodes what is to be signed but takes no key from a token. So it signs with a key that is thrown away,
and the token's signature over the same bytes takes that one's place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from asn1crypto import core  # type: ignore[import-untyped]
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from issuance.tokens import KeyKind
from yinjian.errors import Refused, TokenError

Sign = Callable[[bytes], bytes]  # RSA PKCS#1 v1.5 or DER ECDSA, with SHA-256
Lint = Callable[[bytes], None]  # raises what keeps a draft from being signed
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_WEAK = "Make a key of the profile's kind on the token."


def signed(builder: x509.CertificateBuilder, sign: Sign, signer: PublicKey, lint: Lint) -> bytes:
    """The certificate (DER) that `sign` signs, when `lint` let it pass. `signer` is the public half, for the result.

    What is linted is the certificate to the last byte but for its signature. Raises what `lint` raises, and TokenError
    when the signature does not hold.
    """
    draft = builder.sign(_throw_away(), SHA256())
    der = draft.public_bytes(Encoding.DER)
    lint(der)
    certificate = asn1_x509.Certificate.load(der)
    certificate["signature_value"] = core.OctetBitString(sign(draft.tbs_certificate_bytes))
    der = bytes(certificate.dump())
    check_signature(der, signer)
    return der


def signed_list(builder: x509.CertificateRevocationListBuilder, sign: Sign, signer: PublicKey, lint: Lint) -> bytes:
    """The revocation list (DER) that `sign` signs; as `signed`."""
    draft = builder.sign(_throw_away(), SHA256())
    der = draft.public_bytes(Encoding.DER)
    lint(der)
    revoked = asn1_crl.CertificateList.load(der)
    revoked["signature"] = core.OctetBitString(sign(draft.tbs_certlist_bytes))
    der = bytes(revoked.dump())
    check_made(signer, x509.load_der_x509_crl(der).signature, draft.tbs_certlist_bytes)
    return der


def check_signature(der: bytes, signer: PublicKey) -> None:
    """Raises TokenError unless the certificate's signature holds under `signer`."""
    certificate = x509.load_der_x509_certificate(der)
    check_made(signer, certificate.signature, certificate.tbs_certificate_bytes)


def check_made(signer: PublicKey, signature: bytes, data: bytes) -> None:
    """Raises TokenError unless a signature that a token made holds under `signer`."""
    if not holds(signer, signature, data):
        raise TokenError("The signature that the token made does not hold.", "Check that it is the right token.")


def pem_of(spki: bytes) -> str:
    """A public key (SPKI DER) as PEM."""
    return load_der_public_key(spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def holds(key: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature with SHA-256 (RSA PKCS#1 v1.5 or DER ECDSA) over `data` holds under `key`."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), SHA256())
        else:
            key.verify(signature, data, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def strong_key(spki: bytes) -> PublicKey:
    """The public key of a SubjectPublicKeyInfo DER. Raises Refused for one that is weak or of another kind."""
    try:
        key = load_der_public_key(spki)
    except ValueError:
        raise Refused("The public key cannot be read.", _WEAK) from None
    return checked_key(key)


def checked_key(key: PublicKeyTypes) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 and key.public_numbers().e >= 65537:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise Refused("The public key is neither RSA of 2048 bits or more nor on P-256.", _WEAK)


def kind_of(key: PublicKey) -> KeyKind:
    """The kind of a key that `strong_key` let pass. Raises Refused for a size that no profile has."""
    sizes = {2048: KeyKind.RSA_2048, 3072: KeyKind.RSA_3072}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return KeyKind.P_256
    if key.key_size in sizes:
        return sizes[key.key_size]
    raise Refused("The RSA key is neither 2048 nor 3072 bits long.", _WEAK)


@cache
def _throw_away() -> rsa.RSAPrivateKey:
    """Its signatures never leave this file; RSA, so that the algorithm named inside is the token's."""
    return rsa.generate_private_key(65537, 2048)
