"""SM2 (GB/T 32918): keys in software under a passphrase, signatures with SM3, encryption of short secrets.

Until a token's vendor mechanism is known, the seal maker's key is one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from asn1crypto import core, keys  # type: ignore[import-untyped]
from tongsuopy.backends.tongsuo import backend
from tongsuopy.crypto import _serialization as forms
from tongsuopy.crypto import hashes, serialization
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.exceptions import InternalError, InvalidSignature

from issuance.der import BROKEN, require_der
from yinjian.errors import InputError, TokenError

SM2_WITH_SM3 = "1.2.156.10197.1.501"
SM2_CURVE = "1.2.156.10197.1.301"
SM3 = "1.2.156.10197.1.401"
SHORTEST = 8


class _Pair(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Integer


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """An SM2 key in memory. It signs with SM3 and the default distinguishing id (GM/T 0009)."""

    _key: Any = field(repr=False)

    @classmethod
    def generate(cls) -> Sm2Key:
        return cls(ec.generate_private_key(ec.SM2()))

    @classmethod
    def load(cls, der: bytes, passphrase: str) -> Sm2Key:
        """Raises TokenError for a wrong passphrase, or what is no such key."""
        try:
            return cls(serialization.load_der_private_key(der, passphrase.encode()))
        except Exception as error:  # the binding raises several kinds, none of them of use to a person
            raise TokenError("The SM2 key cannot be opened.", "Check its passphrase and its file.") from error

    @classmethod
    def of(cls, number: bytes) -> Sm2Key:
        """Of its private number, 32 bytes."""
        return cls(ec.derive_private_key(int.from_bytes(number, "big"), ec.SM2()))

    def sealed(self, passphrase: str) -> bytes:
        """PKCS #8 (DER), encrypted."""
        if len(passphrase) < SHORTEST:
            raise TokenError("The passphrase is too short.", f"Take at least {SHORTEST} symbols.")
        protection = forms.BestAvailableEncryption(passphrase.encode())
        return bytes(self._key.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, protection))

    @property
    def number(self) -> bytes:
        """The private number, 32 bytes."""
        return int(self._key.private_numbers().private_value).to_bytes(32, "big")

    @property
    def public_key(self) -> bytes:
        public = self._key.public_key()
        return bytes(public.public_bytes(forms.Encoding.DER, forms.PublicFormat.SubjectPublicKeyInfo))

    def sign(self, data: bytes) -> bytes:
        """DER."""
        return bytes(self._key.sign(data, ec.ECDSA(hashes.SM3())))

    def decrypt(self, cipher: bytes) -> bytes:
        """What `encrypt` was given (an SM2Cipher, DER). Raises TokenError for what is another's or was changed."""
        return _crypt(self._key, backend._lib.EVP_PKEY_decrypt_init, backend._lib.EVP_PKEY_decrypt, cipher)


def encrypt(spki: bytes, secret: bytes) -> bytes:
    """A short secret, for the holder of a key: SM2Cipher (GM/T 0009, 7.2), DER."""
    point = bytes(keys.PublicKeyInfo.load(spki)["public_key"])
    return _crypt(_public(point), backend._lib.EVP_PKEY_encrypt_init, backend._lib.EVP_PKEY_encrypt, secret)


def holds(point: bytes, signature: bytes, data: bytes) -> bool:
    """Whether an SM2 signature (DER; SM3, the default distinguishing id) holds under a public point (65 bytes)."""
    if not _is_pair(signature):  # the library faults on some that are none, instead of refusing them
        return False
    try:
        _public(point).verify(signature, data, ec.ECDSA(hashes.SM3()))
    except (InvalidSignature, InternalError, ValueError):
        return False
    return True


def is_key(spki: bytes) -> bool:
    """Whether a SubjectPublicKeyInfo (DER) is of a point on the SM2 curve. Raises ValueError for what is none."""
    try:
        read = keys.PublicKeyInfo.load(spki, strict=True)
        algorithm = read["algorithm"]
        if algorithm["algorithm"].native != "ec" or algorithm["parameters"].native != SM2_CURVE:
            return False
        _public(bytes(read["public_key"]))
    except (*BROKEN, InternalError) as error:
        raise ValueError("no public key") from error
    return True


@lru_cache(maxsize=64)
def _public(point: bytes) -> Any:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), point)


def _is_pair(signature: bytes) -> bool:
    """SEQUENCE { r INTEGER, s INTEGER }, both positive, in DER (GM/T 0009)."""
    try:
        require_der(signature)
        pair = _Pair.load(signature, strict=True).native
    except (InputError, *BROKEN):
        return False
    return len(pair) == 2 and all(isinstance(number, int) and number > 0 for number in pair)


def _crypt(key: Any, begin: Callable[..., int], run: Callable[..., int], data: bytes) -> bytes:
    """EVP_PKEY_encrypt or _decrypt. The library has them, its Python side shows none."""
    lib, ffi = backend._lib, backend._ffi
    context = ffi.gc(lib.EVP_PKEY_CTX_new(key._evp_pkey, ffi.NULL), lib.EVP_PKEY_CTX_free)
    size = ffi.new("size_t *")
    if begin(context) != 1 or run(context, ffi.NULL, size, data, len(data)) != 1:
        lib.ERR_clear_error()
        raise TokenError("The SM2 key does not take this.", "It was changed, or is another key's.")
    out = ffi.new("unsigned char[]", size[0])
    if run(context, out, size, data, len(data)) != 1:
        lib.ERR_clear_error()
        raise TokenError("The SM2 key does not open this.", "It was changed, or is another key's.")
    return bytes(ffi.buffer(out, size[0]))
