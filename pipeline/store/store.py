"""Database, files and key together: what the rest of the pipeline is given."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from pipeline.store import keyring, migrate
from pipeline.store.blobs import Blobs
from pipeline.store.database import Database, create_file
from pipeline.store.vault import Vault
from yinjian.errors import StoreError
from yinjian.settings import Settings

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that looks like something else
ID_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store."""

    database: Database
    blobs: Blobs
    vault: Vault

    def reading(self) -> AbstractContextManager[Session]:
        """See `Database.reading`."""
        return self.database.reading()

    def writing(self) -> AbstractContextManager[Session]:
        """See `Database.writing`."""
        return self.database.writing()

    def hash_of(self, value: object) -> str:
        """The keyed hash of a JSON value, whatever the order of its keys."""
        return self.vault.name(json.dumps(value, sort_keys=True, ensure_ascii=False).encode())


def open_store(settings: Settings) -> Store:
    """Raises SetupError when there is none yet, StoreError when it cannot be used."""
    vault = keyring.unlock(settings.var_dir / keyring.NAME, settings)
    database = Database.at(settings.database, settings.busy_seconds)
    migrate.require_current(database.engine)
    return Store(database, Blobs.at(settings.blobs, vault), vault)


def prepare_store(settings: Settings, wrapper: Callable[[], keyring.Wrapper] | None = None) -> bool:
    """Make whatever of a store is missing, and bring its tables up to date; whether a new key was made."""
    path = settings.var_dir / keyring.NAME
    _make(settings.var_dir)
    made = not path.exists()
    if made:
        keyring.create(path, wrapper() if wrapper else keyring.by_passphrase(keyring.passphrase(settings)))
    else:
        keyring.unlock(path, settings)
    database = Database.at(settings.database, settings.busy_seconds)
    if database.file is not None and not database.file.exists():
        create_file(database.file)
    migrate.upgrade(database.engine)
    database.engine.dispose()
    return made


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}.", "Set YINJIAN_VAR_DIR elsewhere.") from error


def new_id(kind: str) -> str:
    """An id that tells nothing but its kind, as `A7K2M9XQ4TZ`. `kind`: one letter."""
    return kind + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
