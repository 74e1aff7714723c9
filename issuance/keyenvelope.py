"""SM2EnvelopedKey (GM/T 0009, 7.4): an encryption key on its way onto the token that has the signing key.

SM2EnvelopedKey ::= SEQUENCE {
    symAlgID AlgorithmIdentifier, symEncryptedKey SM2Cipher,
    sm2PublicKey BIT STRING, sm2EncryptedPrivateKey BIT STRING }
"""

from __future__ import annotations

import secrets
from typing import ClassVar

from asn1crypto import algos, core, keys  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from issuance import sm2
from issuance.der import BROKEN, octets, require_der
from issuance.sm2 import Sm2Key
from yinjian.errors import InputError, TokenError

SM4_ECB = "1.2.156.10197.1.104.1"
_KEY = 16  # octets of an SM4 key


class _Enveloped(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("algorithm", algos.AlgorithmIdentifier),
        ("encrypted_key", core.Any),
        ("public_key", core.OctetBitString),
        ("encrypted_private_key", core.OctetBitString),
    ]


def enveloped(key: Sm2Key, recipient: bytes) -> bytes:
    """`key` for whoever has the private half of `recipient` (SPKI DER); DER.

    SM4-ECB as the standard has it: two blocks of a random number under a key that is used once.
    """
    once = secrets.token_bytes(_KEY)
    cipher = Cipher(algorithms.SM4(once), modes.ECB()).encryptor()
    return bytes(
        _Enveloped(
            {
                "algorithm": {"algorithm": SM4_ECB},
                "encrypted_key": core.load(sm2.encrypt(recipient, once)),
                "public_key": bytes(keys.PublicKeyInfo.load(key.public_key)["public_key"]),
                "encrypted_private_key": cipher.update(key.number) + cipher.finalize(),
            }
        ).dump()
    )


def opened(envelope: bytes, recipient: Sm2Key) -> Sm2Key:
    """The key inside. Raises InputError for what is no envelope, TokenError for another's or one that was changed."""
    try:
        require_der(envelope)
        read = _Enveloped.load(envelope, strict=True)
        if read["algorithm"]["algorithm"].dotted != SM4_ECB:
            raise InputError("The envelope's algorithm is not known.", "Known is SM4-ECB.")
        cipher, point = read["encrypted_key"].dump(), octets(read["public_key"])
        private = octets(read["encrypted_private_key"])
    except BROKEN as error:
        raise InputError("This is no enveloped SM2 key.", "Get it again from where the key was made.") from error
    once = recipient.decrypt(cipher)
    if len(once) != _KEY or len(private) != 2 * _KEY:
        raise TokenError("The envelope holds no SM2 key.", "Have the key sent again.")
    plain = Cipher(algorithms.SM4(once), modes.ECB()).decryptor()
    try:
        key = Sm2Key.of(plain.update(private) + plain.finalize())
    except ValueError as error:
        raise TokenError("The envelope holds no SM2 key.", "Have the key sent again.") from error
    if bytes(keys.PublicKeyInfo.load(key.public_key)["public_key"]) != point:
        raise TokenError("The key in the envelope is not that of its public key.", "Have the key sent again.")
    return key
