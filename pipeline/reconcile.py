"""Whether database, tokens and certificates tell the same: what belongs to nothing, what was begun and not ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from cryptography import x509
from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.station import SEAL, TokenStation
from issuance.tokens import Item
from pipeline.clock import now
from pipeline.events import record
from pipeline.personalising import is_enveloped, token_of, token_pins
from pipeline.registry import CertificateState
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.store.tables import Application, ApprovalRow
from pipeline.users import SYSTEM
from yinjian.errors import StoreError, YinjianError

HANDED_OVER = (CertificateState.ACTIVE, CertificateState.REVOKED)


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree. `orphan`: it belongs to nothing; otherwise it was begun and goes on when repeated."""

    orphan: bool
    what: str
    remedy: str


def reconcile(store: Store, station: TokenStation, actor: str = SYSTEM) -> tuple[Difference, ...]:
    """All that does not agree; that it was looked for is recorded."""
    with store.reading() as session:
        rows = session.scalars(select(CertificateRow).order_by(CertificateRow.token_label, CertificateRow.serial)).all()
        found = [*_states(session, rows), *_certificates(store, rows)]
    found += _tokens(store, station, rows)
    with store.writing() as session:
        orphans = sum(difference.orphan for difference in found)
        detail = f"{orphans} orphans, {len(found) - orphans} unfinished, of {len(rows)} certificates"
        record(session, actor, "reconciled", f"certificates:{now():%Y%m%d%H%M%S}", detail=detail)
    return tuple(found)


def _states(session: Session, rows: Sequence[CertificateRow]) -> Iterator[Difference]:
    """Certificates that are not as far as their application, and the other way round."""
    together = select(ApprovalRow.id, Application).join(Application, Application.id == ApprovalRow.application_id)
    applications = dict(session.execute(together).tuples().all())
    for row in rows:
        application = applications.get(row.approval_id)
        begun = row.state in (CertificateState.RESERVED, CertificateState.SIGNED)
        if application is None:
            yield Difference(True, f"Certificate {row.serial} belongs to no application.", "Have an auditor look.")
        elif begun and application.state == State.APPROVED:
            remedy = f"Repeat it: yinjian issue {application.id} --actor NAME"
            yield Difference(False, f"Certificate {row.serial} is {row.state}, not issued.", remedy)
        elif (application.state == State.ISSUED) is begun:
            what = f"Certificate {row.serial} is {row.state}, its application {application.state}."
            yield Difference(True, what, "Have an auditor look: yinjian trace SERIAL")


def _certificates(store: Store, rows: Sequence[CertificateRow]) -> Iterator[Difference]:
    """Each kept certificate is the one of its row, and no key has two that do not follow one another."""
    keys: dict[bytes, CertificateRow] = {}
    for row in (row for row in rows if row.blob is not None):
        try:
            certificate = x509.load_der_x509_certificate(store.blobs.get(row.blob or ""))
        except (StoreError, ValueError):
            yield Difference(True, f"Certificate {row.serial} is lost or damaged.", "Restore the file store.")
            continue
        if f"{certificate.serial_number:X}" != row.serial:
            yield Difference(True, f"What is kept as {row.serial} is another certificate.", "Have an auditor look.")
        key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        other = keys.setdefault(key, row)
        if other is not row and not {other.serial, row.serial} & {other.predecessor, row.predecessor}:
            yield Difference(True, f"Certificates {other.serial} and {row.serial} have one key.", "Revoke both.")


def _tokens(store: Store, station: TokenStation, rows: Sequence[CertificateRow]) -> Iterator[Difference]:
    """Tokens at the station that nobody knows, and what lies on those that were not handed over yet."""
    at_station = Counter(token.label for token in station.tokens())
    known = {label: tuple(group) for label, group in groupby(rows, key=lambda row: row.token_label)}
    for label in sorted(label for label, count in at_station.items() if count > 1):
        yield Difference(True, f"Several tokens are called {label}: one is a copy.", "Have an auditor look; use none.")
    for label in sorted(at_station.keys() - known.keys()):
        yield Difference(True, f"Token {label} belongs to no certificate.", "Take it out, and initialise it anew.")
    for label, group in known.items():
        made = [row for row in group if row.state == CertificateState.ISSUED]
        if label not in at_station:
            yield from (
                Difference(True, f"Token {label} of certificate {row.serial} is not here.", "Look for it, or revoke.")
                for row in made
            )
        elif not all(row.state in HANDED_OVER for row in group):
            yield from _on_token(store, station, group)


def _on_token(store: Store, station: TokenStation, rows: Sequence[CertificateRow]) -> Iterator[Difference]:
    """The token's objects beside the rows of its certificates."""
    first = next((row for row in rows if row.token_serial), rows[0])
    pin = token_pins(store, first).pin
    if not pin:
        return  # its holder has the PIN: it was handed over
    try:
        items = station.contents(token_of(first), pin)
    except YinjianError as error:
        yield Difference(False, f"Token {first.token_label} cannot be looked at: {error.what}", error.remedy)
        return
    ids, envelopes = {bytes.fromhex(row.key_id) for row in rows}, {row.key_label for row in rows if is_enveloped(row)}
    for item in items:
        if not _is_chain(item) and not _is_seal(item) and item.id not in ids and item.label not in envelopes:
            what = f"A {item.kind} on token {first.token_label} belongs to no certificate."
            yield Difference(True, what, "Initialise the token anew, and issue on another.")
    for row in (row for row in rows if row.state == CertificateState.ISSUED):
        kinds = sorted(item.kind for item in items if item.id == bytes.fromhex(row.key_id))
        if kinds != (["certificate"] if is_enveloped(row) else ["certificate", "private_key", "public_key"]):
            what = f"Token {row.token_label} lacks the key or certificate {row.serial}."
            yield Difference(True, what, "Revoke the certificate, and replace it.")


def _is_seal(item: Item) -> bool:
    """The electronic seal: one of that name at most, for it takes the place of the one before."""
    return (item.kind, item.label) == ("data", SEAL)


def _is_chain(item: Item) -> bool:
    return item.kind == "certificate" and item.label.startswith("CA-")
