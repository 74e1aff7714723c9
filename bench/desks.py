"""How fast the review desk is: `python -m bench.desks`; a long queue, then 50 reviewers at once.

The store has 10,000 open and 100,000 closed cases, each with a real reading (that of a sample, read by the real reader)
and its events. Timed is what a browser waits for on the same machine, the web in one process.
"""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import statistics
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import numpy as np
import typer
from rich.console import Console
from sqlalchemy import func, insert, select

from bench.stores import free_port, prepared, serving
from extractors.fingerprint import BANDS, ORDERS
from extractors.opening import open_scans
from pipeline import accounts, audit, pagepictures
from pipeline.clock import now, today
from pipeline.heads import START
from pipeline.pagepictures import Kept
from pipeline.reading import new_reader
from pipeline.store import codec
from pipeline.store.desk_tables import Credential, PagePicture, WaitingRow
from pipeline.store.readings import keep_reading
from pipeline.store.store import Store, new_id, open_store
from pipeline.store.tables import (
    Application,
    CorrectionRow,
    Event,
    FindingRow,
    FingerprintRow,
    PageRow,
    ReadingRow,
    Submission,
    VerdictRow,
)
from pipeline.store.verdicts import Compared
from pipeline.users import Role, add_user
from validators.policy import POLICY
from yinjian.records import Reading
from yinjian.settings import Settings

OUT = Console()
SAMPLE = Path("samples/applications/a02")
PASSWORD = "klar wie klossbruehe"
AT_ONCE = 2000
READINGS = 1000  # different ones
ALL = 10**9  # impressions: none is newer than the verdicts
FOUND = (("seal.unclear", "seal_declaration"), ("field.inconsistent", "agent_phone"), ("page.unexpected", "b.pdf"))
SEEN = re.compile(r'data-seen="(\w+)"')
CSRF = re.compile(r'name="csrf" content="(\w+)"')


def main(
    open_cases: Annotated[int, typer.Option("--open", min=50)] = 10_000,
    closed: Annotated[int, typer.Option(min=0)] = 100_000,
    pages: Annotated[int, typer.Option(min=1)] = 300,
    reviewers: Annotated[int, typer.Option(min=1)] = 50,
    seconds: Annotated[int, typer.Option(min=0)] = 300,
) -> None:
    """Print the times, and whether anything failed or was lost."""
    with TemporaryDirectory() as folder:
        settings = replace(prepared(Path(folder)), web_port=free_port())
        store = open_store(settings)
        began = time.perf_counter()
        cases = fill(store, settings, open_cases, closed)
        enter(store, reviewers)
        OUT.print(f"{open_cases} open and {closed} closed cases, made in {time.perf_counter() - began:.0f} s")
        with serving(settings) as url:
            looked_at = asyncio.run(look(url, cases, pages))
            load = Load()
            asyncio.run(crowd(url, [case for case in cases if case not in looked_at], reviewers, seconds, load))
        report(store, load)


def fill(store: Store, settings: Settings, open_cases: int, closed: int) -> list[str]:
    """The applications; the ids of those that wait."""
    reader = new_reader(settings)
    reading, upright = reader.read_with_pages("bench", open_scans(SAMPLE, settings), pagepictures.encoded)
    pictures = pagepictures.keep(store, upright)
    # More than the web keeps decoded: most case pages have to fetch and decode theirs.
    blobs = [keep_reading(store, replace(reading, application=f"bench {n}")) for n in range(READINGS)]
    OUT.print(f"pictures of its pages, first view: {', '.join(str(len(store.blobs.get(p.view))) for p in pictures)} B")
    prints = [m.fingerprint for m in reading.marks] + [p.fingerprint for p in reading.pages]
    compared = store.vault.seal("verdicts.compared", codec.dump(Compared((), ALL)).decode())
    read = Read(reading, blobs, pictures, tuple(store.vault.name(one) for one in prints if one), compared)
    log, waiting = Log(), list[str]()
    total = open_cases + closed
    for begin in range(0, total, AT_ONCE):
        rows: dict[Any, list[dict[str, Any]]] = {}
        for number in range(begin, min(total, begin + AT_ONCE)):
            is_open = number % max(1, total // open_cases) == 0 and len(waiting) < open_cases
            for table, row in _rows(store, log, number, is_open, read):
                rows.setdefault(table, []).append(row)
                if table is WaitingRow:
                    waiting.append(row["application_id"])
        with store.writing() as session:
            for table, values in rows.items():
                session.execute(insert(table), values)
    return waiting


@dataclass(frozen=True)
class Read:
    """The sample as it was read: under many names, its pictures, the names of its plates, nothing like it seen."""

    reading: Reading
    blobs: list[str]
    pictures: tuple[Kept, ...]
    plates: tuple[str, ...]
    compared: bytes


class Log:
    """The audit log, entry behind entry."""

    def __init__(self) -> None:
        self._number, self._link = 0, START

    def entry(self, actor: str, action: str, subject: str, application: str) -> dict[str, Any]:
        self._number += 1
        row = {"id": self._number, "at": now(), "actor": actor, "action": action, "subject": subject}
        row |= {"application_id": application, "hash": "", "detail": ""}
        self._link = audit.link(self._link, [row[column.key] for column in audit.ENTRY])
        return row | {"link": self._link}


def _rows(store: Store, log: Log, number: int, waits: bool, read: Read) -> Iterator[tuple[Any, dict[str, Any]]]:
    """An application's rows in the order in which they may be inserted."""
    seal, ids = store.vault.seal, {kind: new_id(kind) for kind in "ASRV"}
    at = now() - timedelta(minutes=number % 20_000)
    name = f"application {number}"
    state = "review" if waits else "issued"
    application: dict[str, Any] = {"id": ids["A"], "name_sealed": seal("applications.name", name), "state": state}
    application |= {"name_index": store.vault.blind("name", name), "source_index": "", "received_at": at}
    yield Application, application | {"changed_at": at}
    submission = {"id": ids["S"], "application_id": ids["A"], "number": 1, "content": secrets.token_hex(32)}
    submission |= {"claim_blob": None, "as_of": None, "received_by": "bench", "received_at": at, "work": "done"}
    yield Submission, submission | {"due_at": at, "attempts": 0, "interruptions": 0}
    made: dict[str, Any] = {
        "id": ids["R"],
        "submission_id": ids["S"],
        "number": 1,
        "blob": read.blobs[number % READINGS],
        "form": read.reading.form,
    }
    made |= {"model": "m", "catalogue": "c", "policy": POLICY.version, "made_by": "bench", "made_at": at}
    yield ReadingRow, made
    verdict: dict[str, Any] = {"id": ids["V"], "reading_id": ids["R"], "decision": "review", "platform": "hpe"}
    verdict |= {"certificate": "enterprise", "business": "new", "as_of": today(), "policy": POLICY.version}
    subject = '{"unit_name":"某公司","uscc":"","person_name":"","id_number":""}'
    verdict |= {"subject_sealed": seal("verdicts.subject", subject), "evidence": secrets.token_hex(32)}
    yield VerdictRow, verdict | {"judged_at": at, "compared_sealed": read.compared}
    for position, (code, where) in enumerate(FOUND[: 3 if waits else 1]):
        found: dict[str, Any] = {"verdict_id": ids["V"], "position": position, "code": code}
        found |= {"severity": "warns" if position == 2 else "blocks", "where_sealed": seal("findings.where", where)}
        yield FindingRow, found | {"message_sealed": seal("findings.message", "请核对。")}
    for position, page in enumerate(read.reading.pages if waits else ()):
        row: dict[str, Any] = {"reading_id": ids["R"], "position": position, "page": page.page, "kind": page.kind}
        row |= {"file_sealed": seal("pages.file", page.file), "role": page.role, "rotation": page.rotation}
        yield PageRow, row
    for position, kept in enumerate(read.pictures if waits else ()):
        picture: dict[str, Any] = {"submission_id": ids["S"], "position": position, "view": kept.view}
        yield PagePicture, picture | {"full": kept.full, "width": kept.width, "height": kept.height}
    if waits:
        row = {"application_id": ids["A"], "since": at, "rank": number % 3, "verdict_id": ids["V"], "holder": ""}
        yield WaitingRow, row | {"platform": "hpe", "certificate": "enterprise", "business": "new", "first": ""}
    for plate in read.plates if waits else ():  # of its own marks; their vectors are those of strangers to one another
        drawn = np.random.default_rng().standard_normal(ORDERS * BANDS).astype(np.float32)
        text = b64encode((drawn / np.linalg.norm(drawn)).astype(np.float16).tobytes()).decode()
        print_: dict[str, Any] = {"reading_id": ids["R"], "application_id": ids["A"], "kind": "seal", "unit_index": ""}
        print_ |= {"place": "seal_collection", "page": 0, "plate": plate}
        yield FingerprintRow, print_ | {"vector_sealed": seal("fingerprints.vector", text)}
    for action, about in (("submitted", f"submission:{ids['S']}"), ("read", f"reading:{ids['R']}")):
        yield Event, log.entry("system:bench", action, about, ids["A"])
    yield Event, log.entry("system:bench", state, f"application:{ids['A']}", ids["A"])


def enter(store: Store, reviewers: int) -> None:
    """Reviewers with one password."""
    with store.writing() as session:
        hashed = ""
        for number in range(reviewers):
            add_user(session, f"r{number}", (Role.REVIEWER,))
            session.flush()
            if not hashed:
                given = accounts.new_password(store, session, "r0", "bench")
                accounts.change_password(store, session, "r0", given, PASSWORD)
                hashed = session.get_one(Credential, "r0").password
            else:
                row = Credential(name=f"r{number}", password=hashed, once=False, step=0, changed_at=now())
                session.add(row)


async def look(url: str, cases: list[str], pages: int) -> set[str]:
    """One reviewer alone: case pages at random, and the queue; the cases, which that one has open now."""
    async with httpx.AsyncClient(base_url=url, timeout=30, headers={"Accept": "text/html"}) as client:
        await log_in(client, "r0")
        chosen = random.sample(cases, min(pages, len(cases)))
        await timed(client, [f"/review/{case}" for case in chosen[:3]])  # what is imported at first
        show("a case page", await timed(client, [f"/review/{case}" for case in chosen[3:]]))
        show("a page image", await timed(client, [f"/papers/{case}/page/0/view.jpg" for case in chosen[:100]]))
        show("a crop", await timed(client, [_crop(case) for case in chosen[:100]]))
        for address in ("/review", "/review?page=150", "/review?order=severity", "/review?finding=seal.unclear"):
            show(address, await timed(client, [address] * 20))
        show("/dashboard", await timed(client, ["/dashboard"] * 5))
    return set(chosen)


def _crop(case: str) -> str:
    return f"/papers/{case}/crop/0.jpg?x0=0.2&y0=0.3&x1=0.5&y1=0.33"


async def timed(client: httpx.AsyncClient, addresses: list[str]) -> list[float]:
    """Milliseconds of each."""
    times = []
    for address in addresses:
        began = time.perf_counter()
        answer = await client.get(address)
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (address, answer.status_code, answer.text[:200])
    return times


def show(what: str, times: list[float]) -> None:
    OUT.print(f"{what}: median {statistics.median(times):.1f} ms, 95 % {percentile(times):.1f} ms, n {len(times)}")


def percentile(times: list[float]) -> float:
    """The 95th."""
    return sorted(times)[min(len(times) - 1, int(0.95 * len(times)))]


async def log_in(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.post("/login", data={"name": name, "password": PASSWORD})
    assert answer.status_code == 303, answer.text[:200]


@dataclass
class Load:
    """What the crowd did: times in ms, what went wrong, and each save that was answered as kept."""

    times: dict[str, list[float]] = field(default_factory=dict)
    wrong: Counter[str] = field(default_factory=Counter)
    saved: list[tuple[str, str]] = field(default_factory=list)


async def crowd(url: str, cases: list[str], reviewers: int, seconds: int, load: Load) -> None:
    """Each reviewer on cases of their own: poll the queue, open one, look, save, give a sign of life."""
    end = time.monotonic() + seconds
    shares = [cases[number::reviewers] for number in range(reviewers)]
    await asyncio.gather(*(review(url, f"r{n}", own, end, load) for n, own in enumerate(shares)))


async def review(url: str, name: str, cases: list[str], end: float, load: Load) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60, headers={"Accept": "text/html"}) as client:
        await log_in(client, name)
        for case in cases:
            if time.monotonic() > end:
                return
            await counted(load, "queue", client.get("/review", headers={"HX-Target": "list"}))
            page = await counted(load, "case", client.get(f"/review/{case}"))
            if page is None or not (seen := SEEN.search(page.text)) or not (csrf := CSRF.search(page.text)):
                continue
            head = {"X-CSRF-Token": csrf[1], "HX-Request": "true"}
            await counted(load, "image", client.get(f"/papers/{case}/page/0/view.jpg"))
            text = f"139{random.randrange(10**8):08d}"
            body = {"subject": "agent_phone", "value": text, "seen": seen[1]}
            save = client.post(f"/review/{case}/correct", data=body, headers=head)
            if await counted(load, "save", save) is not None:
                load.saved.append((case, text))
            await counted(load, "keep", client.post(f"/review/{case}/keep", headers=head))
            await asyncio.sleep(random.uniform(2, 6))


async def counted(load: Load, what: str, asked: Awaitable[httpx.Response]) -> httpx.Response | None:
    """The answer, None for one that is none of ours; its time and what was wrong are kept."""
    began = time.perf_counter()
    try:
        answer = await asked
    except httpx.HTTPError as error:
        load.wrong[f"{what} {type(error).__name__}"] += 1
        return None
    load.times.setdefault(what, []).append((time.perf_counter() - began) * 1000)
    if answer.status_code != 200:
        load.wrong[f"{what} {answer.status_code}"] += 1
        return None
    return answer


def report(store: Store, load: Load) -> None:
    """Times, faults, and whether each save that was answered is in the database."""
    for what, times in load.times.items():
        show(f"at once, {what}", times)
    with store.reading() as session:
        rows = session.execute(select(CorrectionRow.application_id, CorrectionRow.after_sealed)).tuples()
        there = {(id, store.vault.open("corrections.after", text)) for id, text in rows}
        entries = session.scalar(select(func.count()).select_from(Event))
        whole = not list(audit.faults(session))
    lost = [save for save in load.saved if save not in there]
    OUT.print(f"{sum(map(len, load.times.values()))} requests, {sum(load.wrong.values())} errors {dict(load.wrong)}")
    OUT.print(
        f"{len(load.saved)} saves, {len(lost)} lost; the log of {entries} entries is {'whole' if whole else 'BROKEN'}"
    )


if __name__ == "__main__":
    typer.run(main)
