"""The file store: encrypted contents under names that come from them (see `Vault.name`), wherever fsspec reaches."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from uuid import uuid4

import fsspec
from fsspec import AbstractFileSystem

from pipeline.store.vault import Vault
from yinjian.errors import StoreError


@dataclass(frozen=True, slots=True)
class Blobs:
    """Contents by name. Writing is complete or does not happen; reading notices each lost or changed bit."""

    files: AbstractFileSystem
    root: str
    vault: Vault

    @classmethod
    def at(cls, url: str, vault: Vault) -> Blobs:
        """The store at an fsspec URL, as `file:///srv/blobs`."""
        try:
            files, root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"{url.partition(':')[0]} is no file store.", "Check YINJIAN_BLOBS_URL.") from error
        return cls(files, root.rstrip("/"), vault)

    def put(self, content: bytes) -> str:
        """Keep `content`; its name. What is there already, and whole, is not written again."""
        name = self.vault.name(content)
        if not self._whole(name):
            self._write(name, self.vault.seal_file(name, content))
        return name

    def get(self, name: str) -> bytes:
        """The content of a name. StoreError when it is lost or damaged."""
        try:
            data = self.files.cat_file(self._path(name))
        except FileNotFoundError:
            raise StoreError(f"The stored file {name[:12]} is lost.", "Bring it back from a copy.") from None
        except OSError as error:
            raise _unusable(error) from error
        return self.vault.open_file(name, data)

    def damaged(self, name: str) -> str:
        """What is wrong with a file, `""` for nothing."""
        try:
            self.get(name)
        except StoreError as error:
            return error.what
        return ""

    def names(self) -> Iterator[str]:
        """All names that the store holds."""
        found = self.files.find(self.root) if self.files.exists(self.root) else []
        return (PurePosixPath(path).name for path in found if len(PurePosixPath(path).name) == 64)

    def _whole(self, name: str) -> bool:
        return bool(self.files.exists(self._path(name))) and not self.damaged(name)

    def _write(self, name: str, data: bytes) -> None:
        path, beside = self._path(name), f"{self.root}/.{uuid4().hex}"
        try:
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            with self.files.open(beside, "wb") as file:
                file.write(data)
                _to_disk(file)
            self.files.mv(beside, path)
        except OSError as error:
            self._drop(beside)
            raise _unusable(error) from error

    def _drop(self, path: str) -> None:
        with suppress(OSError):
            self.files.rm_file(path)

    def _path(self, name: str) -> str:
        return f"{self.root}/{name[:2]}/{name}"


def _to_disk(file: object) -> None:
    """Where the file lies on this machine; other stores answer only when they have it."""
    number = getattr(file, "fileno", None)
    if number is not None:
        file.flush()  # type: ignore[attr-defined]
        os.fsync(number())


def _unusable(error: OSError) -> StoreError:
    why = error.strerror or type(error).__name__
    return StoreError(f"The file store cannot be used: {why}.", "See to its disk and permissions, then run it again.")
