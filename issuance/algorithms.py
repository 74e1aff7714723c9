"""Verifying by the algorithm that a seal or certificate names: SM2 with SM3, ECDSA and RSA with SHA-256."""

from __future__ import annotations

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.serialization import load_der_public_key

from issuance import sm2
from issuance.der import BROKEN
from issuance.signing import ECDSA_SHA256, RSA_SHA256, checked_key, holds
from issuance.sm2 import SM2_CURVE, SM2_WITH_SM3
from yinjian.errors import InputError, Refused

NAMES = {SM2_WITH_SM3: "SM2/SM3", ECDSA_SHA256: "ECDSA/SHA-256", RSA_SHA256: "RSA/SHA-256"}
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
        return sm2.holds(point, signature, data)
    if kind != _KINDS[algorithm]:
        raise InputError("The signer's key is none of the algorithm's.", "Its certificate is for another one.")
    try:
        return holds(checked_key(load_der_public_key(key.dump())), signature, data)
    except (ValueError, Refused) as error:
        raise InputError("The signer's key cannot be used.", "It is weak or of another kind.") from error
