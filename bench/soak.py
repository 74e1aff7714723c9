"""`make soak`: a run over many applications that is killed again and again, and what must hold when it has finished."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.stores import make_ca, prepared
from issuance.station import SoftTokenStation
from pipeline import orders
from pipeline.crew import environment
from pipeline.export import export
from pipeline.ingest import finish, take_in
from pipeline.issue import issue_all
from pipeline.personalising import token_pins
from pipeline.registry import CertificateState, import_register
from pipeline.states import State, Work
from pipeline.store.check import problems
from pipeline.store.issuing_tables import CertificateRow, Order, Seal
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Application, ApprovalRow, Event, Lease, Submission
from pipeline.users import Role, add_user
from pipeline.workshop import token_directory
from yinjian.settings import Settings

SAMPLES = Path(__file__).parents[1] / "samples"
AS_OF = "2026-11-30"  # the samples play in autumn 2026
EARLIEST, LATEST = 0.5, 25.0  # seconds after its start at which a run is killed
OUT = Console()


def soak(
    kills: Annotated[int, typer.Option(min=1)] = 30,
    applications: Annotated[int, typer.Option(min=1)] = 30,
    seed: Annotated[int | None, typer.Option(help="Of the moments; default: a new one.")] = None,
    worker: Annotated[str, typer.Option(help="The module that reads.")] = "pipeline.worker",
    latest: Annotated[float, typer.Option(help="Seconds after which a run is killed at the latest.")] = LATEST,
    as_of: Annotated[str, typer.Option(help="Day of judgement.")] = AS_OF,
    inbox: Annotated[Path | None, typer.Option(help="Applications to use; default: the samples and new ones.")] = None,
) -> None:
    """Kill runs over APPLICATIONS applications at random moments, start them again, and look at what they left.

    A run that finishes before it is killed is looked at, and a new one begins on an empty store, until there were
    KILLS kills.
    """
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    moments = random.Random(seed)
    with TemporaryDirectory(prefix="yinjian-soak-") as work:
        folder = inbox or _inbox(Path(work) / "inbox", applications)
        done = rounds = 0
        while done < kills:
            rounds += 1
            settings = _prepared(Path(work) / f"round{rounds}")
            done += _round(settings, folder, worker, moments, kills - done, latest, as_of)
            found = list(faults(open_store(settings), settings, len(list(folder.iterdir()))))
            OUT.print(f"round {rounds}: {done} kills, {found or 'nothing wrong'}", markup=False)
            if found:
                raise typer.Exit(1)
    OUT.print(
        f"{done} kills in {rounds} rounds, seed {seed}: every application in one state, nothing doubled, nothing lost."
    )


def _round(
    settings: Settings, folder: Path, worker: str, moments: random.Random, kills: int, latest: float, as_of: str
) -> int:
    """Runs until one finishes; how many were killed."""
    killed = 0
    while True:
        after = moments.uniform(EARLIEST, latest) if killed < kills else None
        if _run(settings, [str(folder), worker, as_of], after):
            return killed
        killed += 1


def _run(settings: Settings, arguments: list[str], kill_after: float | None) -> bool:
    """One run, killed with all its processes after some seconds; whether it finished before."""
    command = [sys.executable, "-m", "bench.soak", "run", *arguments]
    process = subprocess.Popen(command, env=environment(settings), start_new_session=True)
    try:
        code = process.wait(kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return False
    if code:
        raise SystemExit(f"a run ended with {code}")
    return True


def run(folder: Path, worker: str, as_of: date) -> None:
    """What `make demo` does, in one process: take in, work, pay, issue, export."""
    settings = Settings.from_environment(os.environ)
    store = open_store(settings)
    taken = take_in(store, folder, "soak", settings, as_of, None)
    list(finish(store, [receipt.submission for receipt in taken.receipts], settings, worker))
    with store.writing() as session:
        for order in session.scalars(select(Order).where(Order.state == orders.OrderState.DUE)).all():
            orders.pay(session, order.application_id, orders.Method.COUNTER, "issuer", "S-1")
    issue_all(store, settings, "issuer")
    export(store, settings, settings.var_dir / "out")


def faults(store: Store, settings: Settings, applications: int) -> Iterator[str]:
    """What must not be, in words; nothing when all is well."""
    with store.reading() as session:
        yield from _state_faults(session, applications)
        yield from _certificate_faults(session)
        yield from _token_faults(store, session, settings)
        yield from problems(store, session)
        if session.scalars(select(Lease)).all():
            yield "leases that nobody let go"


def _state_faults(session: Session, applications: int) -> Iterator[str]:
    states = session.scalars(select(Application.state)).all()
    if len(states) != applications:
        yield f"{len(states)} applications of {applications}"
    unfinished = [s for s in states if s in (State.RECEIVED, State.SET_ASIDE)]
    if unfinished:
        yield f"{len(unfinished)} applications are {set(unfinished)}"
    if session.scalars(select(Submission).where(Submission.work != Work.DONE)).all():
        yield "submissions that are not done"
    moved = Counter((id, action) for id, action in session.execute(select(Event.application_id, Event.action)))
    doubled = {action for (application, action), n in moved.items() if application and n > 1}
    if doubled:
        yield f"done twice: {sorted(doubled)}"


def _certificate_faults(session: Session) -> Iterator[str]:
    approvals = session.scalars(select(ApprovalRow.id)).all()
    rows = session.scalars(select(CertificateRow)).all()
    if Counter(approvals) != Counter(row.approval_id for row in rows):
        yield f"{len(rows)} certificates for {len(approvals)} approvals"
    if any(row.state != CertificateState.ISSUED for row in rows):
        yield "certificates that were begun and not issued"
    seals = session.scalar(select(func.count()).select_from(Seal)) or 0
    if seals > len(rows):
        yield f"{seals} seals for {len(rows)} certificates"


def _token_faults(store: Store, session: Session, settings: Settings) -> Iterator[str]:
    """Each token holds one key pair, its certificate and the chain; there is none that no certificate names."""
    rows = {row.token_label: row for row in session.scalars(select(CertificateRow))}
    with SoftTokenStation(token_directory(settings), settings.pkcs11_module) as station:
        tokens = station.tokens() if rows else ()
        if sorted(token.label for token in tokens) != sorted(rows):
            yield f"{len(tokens)} tokens for {len(rows)} certificates"
        for token in tokens:
            pin = token_pins(store, rows[token.label]).pin
            kinds = Counter(item.kind for item in station.contents(token, pin))
            if kinds != {"private_key": 1, "public_key": 1, "certificate": 3}:
                yield f"token {token.label} holds {dict(kinds)}"


def _inbox(folder: Path, count: int) -> Path:
    """The ready samples, and new ones to make up the number."""
    ready = sorted((SAMPLES / "applications").iterdir())[:count]
    for path in ready:
        shutil.copytree(path, folder / path.name)
    if count > len(ready):
        command = [sys.executable, "-m", "samples", "make", "--out", str(folder.parent / "made")]
        subprocess.run([*command, "--count", str(count - len(ready)), "--seed", "77"], check=True, capture_output=True)
        for path in (folder.parent / "made" / "applications").iterdir():
            shutil.copytree(path, folder / path.name)
    return folder


def _prepared(folder: Path) -> Settings:
    """A store with staff, register and CA."""
    settings = prepared(folder)
    store = open_store(settings)
    import_register(store, SAMPLES / "register.json", "soak")
    with store.writing() as session:
        add_user(session, "issuer", (Role.ISSUER,))
    make_ca(settings)
    return settings


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(Path(sys.argv[2]), sys.argv[3], date.fromisoformat(sys.argv[4]))
    else:
        typer.run(soak)
