"""Encryption at rest: one master key, wrapped by a passphrase or a token, and what is derived from it.

Text in columns and whole files are sealed with AES-256-GCM. What has to be found again has a blind index beside it: an
HMAC-SHA-256 of the folded text. Files are named by an HMAC of their content, so that neither a name nor a hash in
the log tells anything to whoever lacks the key, not even whether a certain scan is among them.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from yinjian.errors import StoreError
from yinjian.textfold import fold_code

KEY_BYTES, NONCE_BYTES, WRAPPED_BYTES = 32, 12, 40
MAGIC = b"YJB1"


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals and opens under one master key (32 bytes). Everything it raises is a StoreError."""

    master: bytes = field(repr=False)
    _columns: AESGCM = field(init=False, repr=False)
    _files: bytes = field(init=False, repr=False)
    _index: bytes = field(init=False, repr=False)
    _names: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.master) != KEY_BYTES:
            raise StoreError("The key of the store is damaged.", "Bring keyring.json back from a copy.")
        object.__setattr__(self, "_columns", AESGCM(self._derived(b"columns")))
        object.__setattr__(self, "_files", self._derived(b"files"))
        object.__setattr__(self, "_index", self._derived(b"index"))
        object.__setattr__(self, "_names", self._derived(b"names"))

    def seal(self, column: str, text: str) -> bytes:
        """`text` for a column; `column` is `table.column`, and the result opens only as that."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._columns.encrypt(nonce, text.encode(), column.encode())

    def open(self, column: str, sealed: bytes) -> str:
        try:
            return self._columns.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], column.encode()).decode()
        except (InvalidTag, ValueError) as error:
            message = f"A value of {column} in the database is damaged or belongs to another key."
            raise StoreError(message, "Bring the database and keyring.json back from the same copy.") from error

    def blind(self, kind: str, text: str) -> str:
        """The blind index of a text, equal for texts that differ in width, spaces and capitals only; `""` for `""`."""
        folded = fold_code(text)
        return self._hmac(self._index, kind.encode() + b"\0" + folded.encode()) if folded else ""

    def name(self, content: bytes) -> str:
        """The name that stands for a content: 64 hexadecimal digits."""
        return self._hmac(self._names, content)

    def seal_file(self, name: str, content: bytes) -> bytes:
        """A file under a key of its own, which is wrapped beside it (envelope encryption)."""
        key, nonce = os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        return MAGIC + aes_key_wrap(self._files, key) + nonce + AESGCM(key).encrypt(nonce, content, name.encode())

    def open_file(self, name: str, data: bytes) -> bytes:
        """The content; StoreError unless each bit is as it was, and it is the file of that name."""
        start = len(MAGIC) + WRAPPED_BYTES
        try:
            if not data.startswith(MAGIC):
                raise ValueError("no file of ours")
            key = aes_key_unwrap(self._files, data[len(MAGIC) : start])
            nonce = data[start : start + NONCE_BYTES]
            return AESGCM(key).decrypt(nonce, data[start + NONCE_BYTES :], name.encode())
        except (InvalidTag, InvalidUnwrap, ValueError) as error:
            raise StoreError(f"The stored file {name[:12]} is damaged.", "Bring it back from a copy.") from error

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"yinjian " + purpose).derive(self.master)

    @staticmethod
    def _hmac(key: bytes, data: bytes) -> str:
        return hmac.new(key, data, sha256).hexdigest()
