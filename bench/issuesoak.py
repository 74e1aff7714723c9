"""Kill issuing again and again: `python -m bench.issuesoak`; nothing may be issued twice, lost, or left over.

Several workers issue the same applications, each holder's key on a software token. One that holds an approval is
killed (SIGKILL) at a random moment after, and another started. In the end there is one certificate and one key for
each application, and the reconciliation finds nothing.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import func, select

from bench.issuing import approve
from bench.stores import make_ca, prepared
from pipeline.crew import environment
from pipeline.issue import issue_all
from pipeline.owner import owner
from pipeline.personalising import require_pin, token_of
from pipeline.reconcile import reconcile
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow, Seal
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Application, Event, Lease
from pipeline.users import Role, add_user
from pipeline.workshop import opened_station
from yinjian.settings import Settings

OUT = Console()
LATEST = 0.8  # seconds after an approval was seen taken: about as long as issuing takes here
IDLE = 300  # looks in vain, a tenth of a second apart, while others hold what is left
ISSUER = "issuer"


def main(
    applications: Annotated[int, typer.Option(min=1)] = 50,
    kills: Annotated[int, typer.Option(min=1)] = 100,
    workers: Annotated[int, typer.Option(min=1)] = 4,
    seed: Annotated[int | None, typer.Option(help="Of the moments; default: drawn, and printed.")] = None,
) -> None:
    """Exit 1 when anything is wrong."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    with TemporaryDirectory(prefix="yinjian-issuesoak-") as folder:
        settings = prepared(Path(folder))
        make_ca(settings)
        store = open_store(settings)
        with store.writing() as session:
            add_user(session, ISSUER, (Role.ISSUER,))
            add_user(session, "rev", (Role.REVIEWER,))
        approve(store, settings, applications)
        began = time.monotonic()
        done, steps = _killed(store, settings, kills, workers, random.Random(seed))
        found = list(faults(store, settings, applications))
    took = time.monotonic() - began
    OUT.print(f"{done} kills in {took:.0f} s, seed {seed}; found at: {dict(steps)}", markup=False)
    OUT.print(
        f"{applications} applications: {found or 'one certificate and one key each, nothing orphaned'}.", markup=False
    )
    raise typer.Exit(1 if found or done < kills else 0)


def _killed(
    store: Store, settings: Settings, kills: int, workers: int, moments: random.Random
) -> tuple[int, Counter[str]]:
    """Workers until all is issued, killed on the way; how often, and how far what they were at had come."""
    crew, done, steps = [_worker(settings) for _ in range(workers)], 0, Counter[str]()
    try:
        while any(worker.poll() is None for worker in crew):
            at = _at_work(store, crew) if done < kills else None
            if at is None:
                time.sleep(0.02)
                continue
            place, approval = at
            time.sleep(moments.uniform(0, LATEST))
            crew[place].send_signal(signal.SIGKILL)
            crew[place].wait()
            done += 1
            steps[_step(store, approval)] += 1
            crew[place] = _worker(settings)
    finally:
        for worker in crew:
            worker.kill()
    # What a lease of the dead still holds is taken over by the one that comes last.
    run_worker(settings)
    return done, steps


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, "-m", "bench.issuesoak", "work"), env=environment(settings))


def _at_work(store: Store, crew: list[subprocess.Popen[bytes]]) -> tuple[int, str] | None:
    """A worker that holds an approval, and which."""
    owners = {_owner(worker.pid): place for place, worker in enumerate(crew) if worker.poll() is None}
    with store.reading() as session:
        held = session.scalars(select(Lease).where(Lease.subject.startswith("approval:"))).all()
    found = [(owners[lease.owner], lease.subject.partition(":")[2]) for lease in held if lease.owner in owners]
    return random.choice(found) if found else None


def _owner(pid: int) -> str:
    try:
        return owner(pid)
    except Exception:  # it has just ended
        return ""


def _step(store: Store, approval: str) -> str:
    with store.reading() as session:
        state = session.scalars(select(CertificateRow.state).where(CertificateRow.approval_id == approval)).first()
    return state or "nothing"


def run_worker(settings: Settings) -> None:
    """Issue until nothing is left to issue."""
    store, idle = open_store(settings), 0
    while (results := issue_all(store, settings, ISSUER)) and idle < IDLE:
        idle = idle + 1 if all(result.waits for result in results) else 0
        time.sleep(0.1 if idle else 0)
    if results:
        raise SystemExit(f"what is left cannot be issued: { ({r.waits.what for r in results if r.waits}) }")


def faults(store: Store, settings: Settings, applications: int) -> Iterator[str]:
    """What must not be, in words; nothing when all is well."""
    with store.reading() as session:
        rows = session.scalars(select(CertificateRow)).all()
        states = Counter(session.scalars(select(Application.state)))
        seals = session.scalar(select(func.count()).select_from(Seal))
        events = Counter(session.scalars(select(Event.action)))
        leases = session.scalar(select(func.count()).select_from(Lease))
    if states != {State.ISSUED: applications} or {row.state for row in rows} != {"issued"}:
        yield f"applications are {dict(states)}, certificates {Counter(row.state for row in rows)}"
    if not len(rows) == len({row.approval_id for row in rows}) == len({row.key_id for row in rows}) == applications:
        yield f"{len(rows)} certificates for {applications} applications"
    if seals != applications or events["issued"] != applications or leases:
        yield f"{seals} seals, {events['issued']} issued, {leases} leases"
    with opened_station(settings) as station:
        yield from (difference.what for difference in reconcile(store, station))
        keys = Counter(item.kind for row in rows for item in station.contents(token_of(row), require_pin(store, row)))
    if keys["private_key"] != applications or keys["public_key"] != applications:
        yield f"{dict(keys)} on the tokens of {applications} applications"


if __name__ == "__main__":
    if sys.argv[1:] == ["work"]:
        run_worker(Settings.from_environment(os.environ))
    else:
        typer.run(main)
