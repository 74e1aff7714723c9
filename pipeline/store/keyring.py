"""`keyring.json`: the master key of the store, wrapped by a passphrase or by a key on a token.

Losing it, or what unwraps it, loses all that is stored: keep a copy of the file and of the passphrase, apart.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pipeline.store.vault import KEY_BYTES, NONCE_BYTES, Vault
from yinjian.errors import SetupError, StoreError
from yinjian.files import write_new
from yinjian.settings import Settings

NAME = "keyring.json"
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**16, 8, 1  # 64 MiB, about 0.2 s
MIN_PASSPHRASE = 12  # characters


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What wraps the master key. `kind` and `facts` go into the file; `unwrap` takes what `wrap` gave."""

    kind: str
    facts: dict[str, str]
    wrap: Callable[[bytes], bytes]
    unwrap: Callable[[bytes], bytes]


def create(path: Path, wrapper: Wrapper) -> Vault:
    """A new master key. Raises SetupError when there is one already: it is never replaced."""
    master = os.urandom(KEY_BYTES)
    value = {"version": 1, "wrapping": wrapper.kind, **wrapper.facts, "key": _text(wrapper.wrap(master))}
    try:
        write_new(path, json.dumps(value, indent=1).encode() + b"\n")
    except FileExistsError:
        raise SetupError(f"{path} exists already.", "Nothing to do; it is never replaced.") from None
    return Vault(master)


def read(path: Path) -> dict[str, str]:
    """What the file says, without the key being opened."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SetupError(f"{path} is not there.", "Run `yinjian init`, or bring it back from a copy.") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read.", "Bring it back from a copy.") from error
    if not isinstance(value, dict) or value.get("version") != 1 or "key" not in value:
        raise StoreError(f"{path} is not a keyring of this version.", "Bring it back from a copy.")
    return {key: str(text) for key, text in value.items()}


def unlock(path: Path, settings: Settings) -> Vault:
    """The vault that `path` holds the key of."""
    facts = read(path)
    return Vault(wrapper_of(facts, settings).unwrap(b64decode(facts["key"])))


def wrapper_of(facts: dict[str, str], settings: Settings) -> Wrapper:
    """What unwraps an existing key."""
    if facts["wrapping"] == "passphrase":
        return by_passphrase(passphrase(settings), b64decode(facts["salt"]))
    if facts["wrapping"] == "token":
        from pipeline.store.token_wrapper import by_token

        return by_token(settings, facts)
    raise StoreError(f"The key of the store is wrapped by {facts['wrapping']}.", "Use the version that made it.")


def by_passphrase(words: str, salt: bytes | None = None) -> Wrapper:
    """Wrapping by AES-256-GCM under scrypt(words) (RFC 7914)."""
    salt = salt or os.urandom(16)

    def cipher() -> AESGCM:
        return AESGCM(Scrypt(salt, KEY_BYTES, SCRYPT_N, SCRYPT_R, SCRYPT_P).derive(words.encode()))

    def wrap(master: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + cipher().encrypt(nonce, master, NAME.encode())

    def unwrap(wrapped: bytes) -> bytes:
        try:
            return cipher().decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], NAME.encode())
        except (InvalidTag, ValueError):
            remedy = "Check YINJIAN_PASSPHRASE_FILE; it must be the passphrase that the store was made with."
            raise StoreError("The passphrase does not open the store.", remedy) from None

    return Wrapper("passphrase", {"kdf": "scrypt", "salt": _text(salt)}, wrap, unwrap)


def passphrase(settings: Settings) -> str:
    """From the file that the settings name, else from the terminal."""
    path = settings.passphrase_file
    if path is None:
        return _asked()
    try:
        words = path.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SetupError(f"The passphrase file {path} cannot be read.", "Check YINJIAN_PASSPHRASE_FILE.") from error
    if len(words) < MIN_PASSPHRASE:
        raise SetupError(f"The passphrase in {path} is too short.", f"Use {MIN_PASSPHRASE} characters or more.")
    return words


def _asked() -> str:
    import sys
    from getpass import getpass

    if not sys.stdin.isatty():
        raise SetupError("The store is locked.", "Set YINJIAN_PASSPHRASE_FILE to the file with its passphrase.")
    return getpass("Passphrase of the store: ")


def _text(data: bytes) -> str:
    return b64encode(data).decode()
