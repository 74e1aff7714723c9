"""Keeping heads of the audit log: on schedule it is verified against those that were kept, and one more is kept."""

from __future__ import annotations

from pathlib import Path

from issuance.signing import spki_of, strong_key
from pipeline.audit import faults, head
from pipeline.clock import now
from pipeline.heads import Head, parse_head
from pipeline.store.store import Store
from pipeline.workshop import has_ca, opened_ca
from yinjian.errors import InputError, SettingsError, StoreError
from yinjian.files import write_whole
from yinjian.settings import Settings

PATTERN = "head-*.json"


def keep_head(store: Store, settings: Settings) -> Path:
    """The file of the present head, signed where there is a CA. One is written where the log has grown.

    Raises SettingsError when the folder is not there (it is not made: what should be mounted may not be), StoreError
    when the log is not what it was.
    """
    folder = settings.audit_dir
    if folder is None or not folder.is_dir():
        raise SettingsError("The folder for the audit log's heads is not there.", "Mount it, or set YINJIAN_AUDIT_DIR.")
    with store.reading() as session:
        found = next(faults(session, _kept(folder)), None)
        present = head(session, now())
    if found is not None:
        remedy = f"Stop issuing and keep the database; see all: yinjian audit verify --head FILE (of {folder})."
        raise StoreError(f"The audit log is not whole: {found}.", remedy)
    path = folder / f"head-{present.number:012}.json"
    if not path.exists():
        write_whole(path, _signed(present, settings).as_json().encode())
    return path


def require_signed(head: Head, key_pem: bytes) -> None:
    """Raises InputError unless the head is signed by that key (PEM)."""
    try:
        key = strong_key(spki_of(key_pem))
    except ValueError:
        raise InputError("This is no public key.", "Give the file that `yinjian audit key` wrote.") from None
    if not key.holds(head.signature, head.statement()):
        what = f"The head of entry {head.number} is not signed by this key."
        raise InputError(what, "Do not trust it: take another copy of it, or the key that was kept with it.")


def _kept(folder: Path) -> list[Head]:
    return [parse_head(path.read_bytes()) for path in sorted(folder.glob(PATTERN))]


def _signed(present: Head, settings: Settings) -> Head:
    if not has_ca(settings):
        return present
    with opened_ca(settings) as authority:
        return present.signed(authority.attest)
