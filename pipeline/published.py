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
from yinjian.errors import SetupError
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


def authority_chain(settings: Settings, sm2: bool = False) -> tuple[bytes, ...]:
    """The certificates (DER) of the CA, or of the one for SM2 keys, and of its root; none where there are none."""
    names = ("sm2", "sm2-root") if sm2 else ("issuing", "root")
    return tuple(der for name in names if (der := authority_certificate(settings, name)) is not None)


def authority_certificate(settings: Settings, name: str) -> bytes | None:
    """The certificate of a CA (DER) by its name in `NAMES`; None for another name, or where there is no such CA.

    Raises SetupError for a damaged file.
    """
    path = ca_directory(settings) / NAMES.get(name, "")
    if not path.is_file():
        return None
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise SetupError(f"{path.name} of the CA is damaged.", "Restore its folder from a copy.") from error
