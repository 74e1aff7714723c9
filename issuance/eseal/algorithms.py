"""Verifying by the algorithm that a seal or certificate names: SM2 with SM3, ECDSA and RSA with SHA-256."""

from __future__ import annotations

from asn1crypto import core  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import load_der_public_key
from tongsuopy.crypto import hashes as sm_hashes
from tongsuopy.crypto.asymciphers import ec as sm_ec
from tongsuopy.crypto.exceptions import InternalError, InvalidSignature

from issuance.eseal.der import BROKEN, require_der
from issuance.signing import checked_key, holds
from yinjian.errors import InputError, Refused

SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM2_CURVE = "1.2.156.10197.1.301"
SM3 = "1.2.156.10197.1.401"
ECDSA_SHA256, RSA_SHA256 = "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11"
NAMES = {SM2_WITH_SM3: "SM2/SM3", ECDSA_SHA256: "ECDSA/SHA-256", RSA_SHA256: "RSA/SHA-256"}


class _Pair(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Integer


_KINDS = {ECDSA_SHA256: "ec", RSA_SHA256: "rsa"}


def verifies(certificate: bytes, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` holds under the key of a certificate (DER).

    Raises InputError for an algorithm that is not known, or a key that is none of that algorithm's.
    """
    if algorithm not in NAMES:
        raise InputError(f"The algorithm {algorithm} is not known.", f"Known are {', '.join(NAMES.values())}.")
    try:
        key = asn1_x509.Certificate.load(certificate, strict=True).public_key
        kind, point = key["algorithm"]["algorithm"].native, bytes(key["public_key"])
        curve = key["algorithm"]["parameters"].native if kind == "ec" else ""
    except BROKEN as error:
        raise InputError("The signer's certificate cannot be read.", "Get the file again.") from error
    if algorithm == SM2_WITH_SM3:
        if kind != "ec" or curve != SM2_CURVE:
            raise InputError("The signer's key is not on the SM2 curve.", "Its certificate is for another algorithm.")
        return sm2_holds(point, signature, data)
    if kind != _KINDS[algorithm]:
        raise InputError("The signer's key is none of the algorithm's.", "Its certificate is for another one.")
    try:
        return holds(checked_key(load_der_public_key(key.dump())), signature, data)
    except (ValueError, Refused) as error:
        raise InputError("The signer's key cannot be used.", "It is weak or of another kind.") from error


def sm2_holds(point: bytes, signature: bytes, data: bytes) -> bool:
    """Whether an SM2 signature (DER; SM3, the default distinguishing id) holds under a public point (65 bytes)."""
    if not _is_pair(signature):  # the library faults on some that are none, instead of refusing them
        return False
    try:
        key = sm_ec.EllipticCurvePublicKey.from_encoded_point(sm_ec.SM2(), point)
        key.verify(signature, data, sm_ec.ECDSA(sm_hashes.SM3()))
    except (InvalidSignature, InternalError, ValueError):
        return False
    return True


def _is_pair(signature: bytes) -> bool:
    """SEQUENCE { r INTEGER, s INTEGER }, both positive, in DER (GM/T 0009)."""
    try:
        require_der(signature)
        pair = _Pair.load(signature, strict=True).native
    except (InputError, *BROKEN):
        return False
    return len(pair) == 2 and all(isinstance(number, int) and number > 0 for number in pair)
