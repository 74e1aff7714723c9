"""What the CA publishes: its certificates and the revocation list in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pipeline.clock import now
from pipeline.revocation import latest_list
from pipeline.store.store import Store
from pipeline.workshop import ca_directory
from yinjian.settings import Settings

FETCHED_AGAIN = timedelta(minutes=10)  # a list that follows a revocation is not to wait long in others' caches
NAMES = {  # and where they lie
    "issuing": "issuing.pem",
    "root": "root.pem",
    "sm2": "seal/holders.pem",
    "sm2-root": "seal/root.pem",
    "seal": "seal/issuing.pem",
}


@dataclass(frozen=True, slots=True)
class Published:
    """A revocation list: DER, until when it says it holds, and until when others may keep it."""

    der: bytes
    next_update: datetime
    until: datetime


def current_list(store: Store, sm2: bool = False) -> Published | None:
    """The revocation list in force, of the CA for SM2 keys or of the other; None before there is one."""
    with store.reading() as session:
        found = latest_list(session)
        der = None if found is None else found.sm2_der if sm2 else found.der
        return None if found is None or der is None else Published(der, found.next_update, now() + FETCHED_AGAIN)


def authority_certificate(settings: Settings, name: str) -> bytes | None:
    """The certificate of a CA (DER) by its name in `NAMES`; None for another name, or where there is no such CA."""
    path = ca_directory(settings) / NAMES.get(name, "")
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER) if path.is_file() else None
