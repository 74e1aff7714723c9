"""What was issued, as files to hand over, and what waits for people, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.issuer import pem
from issuance.tokens import KeyKind
from pipeline.cases import Summary, summaries
from pipeline.contract import as_finding
from pipeline.published import authority_chain
from pipeline.registry import CertificateState
from pipeline.states import WAITS, State
from pipeline.store.issuing_tables import CertificateRow, Seal
from pipeline.store.store import Store
from yinjian.errors import InputError
from yinjian.files import write_whole
from yinjian.findings import finding
from yinjian.settings import Settings


def export(store: Store, settings: Settings, directory: Path) -> int:
    """Write `issued/<application>/` and `review.json`; how many applications were issued. Twice gives the same."""
    try:
        with store.reading() as session:
            directory.mkdir(parents=True, exist_ok=True)
            issued = _names(tuple(summaries(store, session, (State.ISSUED,))))
            for name, case in issued:
                _export_one(store, session, settings, directory / "issued" / name, case)
            waiting = [_waiting(case) for case in summaries(store, session, WAITS)]
        text = json.dumps(waiting, ensure_ascii=False, indent=1) + "\n"
        write_whole(directory / "review.json", text.encode())
    except OSError as error:
        raise InputError(f"{directory} cannot be written: {error.strerror}.", "Name a writable folder.") from error
    return len(issued)


def _names(cases: tuple[Summary, ...]) -> list[tuple[str, Summary]]:
    """A folder's name for each: the application's, with its id where several are called alike."""
    names = [case.name for case in cases]
    return [(c.name if names.count(c.name) == 1 else f"{c.name}-{c.id}", c) for c in cases]


def _export_one(store: Store, session: Session, settings: Settings, folder: Path, case: Summary) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [session.get_one(CertificateRow, serial) for serial in case.serials]
    for row in rows:
        if row.blob is not None and row.state in (CertificateState.ISSUED, CertificateState.ACTIVE):
            name = "certificate.pem" if len(rows) == 1 else f"certificate-{row.usage}.pem"
            write_whole(folder / name, pem(store.blobs.get(row.blob)))
    chain = authority_chain(settings, sm2=any(row.key_kind == KeyKind.SM2 for row in rows))
    write_whole(folder / "chain.pem", b"".join(map(pem, chain)))
    for seal in session.scalars(select(Seal).where(Seal.serial.in_(case.serials))):
        write_whole(folder / f"{seal.kind}.png", store.blobs.get(seal.blob))
        if seal.eseal is not None:
            write_whole(folder / "seal.esl", store.blobs.get(seal.eseal))


def _waiting(case: Summary) -> dict[str, object]:
    found = case.findings
    if case.state is State.SET_ASIDE:
        found = (*found, finding("rule.failed", "application", case.fault))
    return {"application": case.name, "findings": [as_finding(item) for item in found]}
