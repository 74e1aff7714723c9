"""The audit log: only added to, and no way of bending it goes unnoticed."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bench.stores import make_ca
from issuance.signing import pem_of
from pipeline.audit import append, faults, head, link
from pipeline.events import record
from pipeline.headkeeping import keep_head, require_signed
from pipeline.heads import START, Head, parse_head
from pipeline.schedules import deployments
from pipeline.store.migrate import upgrade
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Event
from pipeline.workshop import opened_ca
from tests.conftest import prepared
from tests.pipeline.test_commands import run
from yinjian.errors import InputError, SettingsError, StoreError
from yinjian.settings import Settings

NOW = datetime(2026, 11, 25, 8, 0, 0, 123456, UTC)
COUNT = 12
MANY = 100_000


@pytest.fixture
def log(store: Store) -> Store:
    """A dozen entries."""
    for n in range(COUNT):
        with store.writing() as session:
            record(session, "li", "decided", f"application:{n}", "ab" * 32, detail="同意")
    return store


def found(store: Store, *heads: Head) -> list[str]:
    with store.reading() as session:
        return list(faults(session, heads))


def kept(store: Store) -> Head:
    with store.reading() as session:
        return head(session, NOW)


def unguarded(store: Store, change: Callable[[Session], object]) -> None:
    """A change by somebody who may do anything with the database."""
    sqlite = store.database.engine.name == "sqlite"
    off = ("DROP TRIGGER events_no_update", "DROP TRIGGER events_no_delete") if sqlite else ()
    with store.writing() as session:
        for statement in off or ("ALTER TABLE events DISABLE TRIGGER ALL",):
            session.execute(text(statement))
        change(session)


def forged(entry: int, before: str) -> Event:
    event = Event(id=entry, at=NOW, actor="li", action="decided", subject="application:x", application_id=None)
    event.hash, event.detail = "", ""
    event.link = link(before, (entry, NOW, "li", "decided", "application:x", None, "", ""))
    return event


def swap(session: Session) -> None:
    for old, new in ((4, 99), (5, 4), (99, 5)):
        session.execute(update(Event).where(Event.id == old).values(id=new))


def put_in(session: Session) -> None:
    """An entry that follows from the one before it, the later ones moved up."""
    for number in range(COUNT, 5, -1):
        session.execute(update(Event).where(Event.id == number).values(id=number + 1))
    before = session.scalars(select(Event.link).where(Event.id == 5)).one()
    session.add(forged(6, before))


def cut(session: Session) -> None:
    session.execute(delete(Event).where(Event.id > COUNT - 3))


def cut_and_written_on(session: Session) -> None:
    """A database that was brought back, and in use since."""
    cut(session)
    for _ in range(6):
        append(session, Event(at=NOW, actor="li", action="x", subject="x:1", hash="", detail=""))


def anew(session: Session) -> None:
    """One entry changed, and the chain behind it computed once more."""
    rows, before = session.scalars(select(Event).order_by(Event.id)).all(), START
    rows[3].detail = "不同意"
    for row in rows:
        said = (row.id, row.at, row.actor, row.action, row.subject, row.application_id, row.hash, row.detail)
        before = row.link = link(before, said)


def test_a_whole_log(log: Store) -> None:
    assert found(log, Head(0, START, NOW), kept(log)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s: s.execute(update(Event).where(Event.id == 5).values(detail="不同意")), "entry 5 does not follow"),
        (lambda s: s.execute(update(Event).where(Event.id == 5).values(at=NOW)), "entry 5 does not follow"),
        (lambda s: s.execute(delete(Event).where(Event.id == 5)), "entries 5 to 5 are missing"),
        (swap, "entry 4 does not follow from entry 3"),
        (put_in, "entry 7 does not follow from entry 6"),
    ],
    ids=["edit", "clock", "deletion", "reordering", "insertion"],
)
def test_what_the_log_alone_shows(log: Store, change: Callable[[Session], object], told: str) -> None:
    unguarded(log, change)
    assert any(line.startswith(told) for line in found(log))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (cut, "the log ends at entry 9, but entry 12"),
        (cut_and_written_on, "entry 12 is not"),
        (anew, "entry 12 is not"),
    ],
    ids=["truncation", "roll-back", "computed anew"],
)
def test_what_a_kept_head_shows(log: Store, change: Callable[[Session], object], told: str) -> None:
    head = kept(log)
    unguarded(log, change)
    assert found(log) == []
    assert any(line.startswith(told) for line in found(log, head))


@pytest.mark.parametrize("change", [update(Event).values(detail=""), delete(Event)], ids=["update", "delete"])
def test_the_database_refuses_to_change_it(log: Store, change: object) -> None:
    with pytest.raises((DBAPIError, StoreError)), log.writing() as session:
        session.execute(change)  # type: ignore[call-overload]
    assert found(log, kept(log)) == []


def test_many_write_at_once(store: Store) -> None:
    def write(n: int) -> None:
        with store.writing() as session:
            session.scalars(select(Event.id)).first()
            record(session, "li", "decided", f"application:{n}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    assert found(store) == []
    assert kept(store).number == 60


def test_a_log_of_an_earlier_version_is_chained(settings: Settings) -> None:
    engine: Engine = create_engine(_emptied(settings))
    upgrade(engine, "0004")
    with engine.begin() as connection:
        columns = "id, at, actor, action, subject, hash, detail"
        entry = f"INSERT INTO events ({columns}) VALUES (:id, :at, 'a', 'b', 'c:1', '', '')"
        connection.execute(text(entry), [{"id": n, "at": str(NOW)[:26]} for n in (1, 2, 5, 6)])
    upgrade(engine)
    with Session(engine) as session:
        assert list(faults(session)) == []
        append(session, Event(at=NOW + timedelta(1), actor="li", action="x", subject="x:1", hash="", detail=""))
        assert head(session, NOW).number == 5


def _emptied(settings: Settings) -> str:
    """The address of the database without its tables."""
    engine = create_engine(settings.database)
    if engine.name == "sqlite":
        Path(engine.url.database or "").unlink()
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return settings.database


def test_a_hundred_thousand_entries(store: Store) -> None:
    rows, before = [], START
    for n in range(1, MANY + 1):
        said = {"id": n, "at": NOW, "actor": "li", "action": "x", "subject": "x:1", "application_id": None}
        said |= {"hash": "ab" * 32, "detail": ""}
        before = link(before, tuple(said.values()))
        rows.append(said | {"link": before})
    with store.writing() as session:
        session.execute(insert(Event), rows)
    start = time.perf_counter()
    assert found(store, kept(store)) == []
    assert time.perf_counter() - start < 10


def test_a_head_is_kept_and_read_again(log: Store) -> None:
    assert parse_head(kept(log).as_json().encode()) == kept(log)
    for data in (b"", b"[]", b'{"number": "1"}', b'{"number": 1, "link": "a", "taken_at": "x"}', b"\xff"):
        with pytest.raises(InputError, match="no head"):
            parse_head(data)


def test_a_signed_head_bears_its_signers_mark_alone() -> None:
    own, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    signed = Head(9, "ab" * 32, NOW).signed(lambda data: own.sign(data, ec.ECDSA(SHA256())))
    again = parse_head(signed.as_json().encode())
    assert again == signed
    require_signed(again, public(own))
    for head_of, key in (
        (again, public(other)),
        (replace(again, number=8), public(own)),
        (replace(again, link="cd" * 32), public(own)),
        (replace(again, taken_at=NOW + timedelta(1)), public(own)),
        (replace(again, signature=b""), public(own)),
        (replace(again, signature=b"x"), public(own)),
    ):
        with pytest.raises(InputError, match="not signed"):
            require_signed(head_of, key)
    with pytest.raises(InputError, match="no public key"):
        require_signed(again, b"x")


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_heads_are_kept_on_schedule(log: Store, settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, audit_dir=tmp_path / "heads")
    with pytest.raises(SettingsError, match="not there"):
        keep_head(log, settings)
    (tmp_path / "heads").mkdir()
    first = keep_head(log, settings)
    assert parse_head(first.read_bytes()).number == COUNT
    assert keep_head(log, settings) == first
    with log.writing() as session:
        record(session, "li", "decided", "application:x")
    second = keep_head(log, settings)
    assert sorted(first.parent.iterdir()) == [first, second]
    unguarded(log, cut)
    with pytest.raises(StoreError, match="the log ends at entry"):
        keep_head(log, settings)
    assert sorted(first.parent.iterdir()) == [first, second]


def test_a_head_that_is_kept_is_signed_by_the_ca(tmp_path: Path) -> None:
    settings = replace(prepared(tmp_path), audit_dir=tmp_path)
    opened = open_store(settings)
    make_ca(settings)
    kept = parse_head(keep_head(opened, settings).read_bytes())
    with opened_ca(settings) as authority:
        require_signed(kept, pem_of(authority.audit_key()).encode())


def test_what_is_scheduled(settings: Settings, tmp_path: Path) -> None:
    assert [d.name for d in deployments(replace(settings, audit_dir=tmp_path))] == ["audit"]
    assert [d.name for d in deployments(replace(settings, inbox=tmp_path, issuer="li"))] == ["inbox", "issue"]


def test_on_the_command_line(tmp_path: Path) -> None:
    settings = prepared(tmp_path)

    def told(*arguments: str, code: int = 0) -> str:
        done = run(settings, *arguments, code=code)
        return done.stdout + done.stderr

    assert "ca ceremony" in told("audit", "head", "--sign", code=4)
    for name, role in (("adm", "administrator"), ("aud", "auditor")):
        told("user", "add", name, "--role", role)
    people = ("--operator", "adm", "--witness", "aud")
    assert "cannot be both" in told("ca", "ceremony", "--organization", "Test CA", *people[:3], "adm", code=8)
    told("ca", "ceremony", "--organization", "Test CA", *people)
    kept, key = tmp_path / "head", tmp_path / "audit.pem"
    key.write_text(told("audit", "key"))
    kept.write_text(told("audit", "head"))
    assert "whole" in told("audit", "verify", "--head", str(kept))
    assert "not signed" in told("audit", "verify", "--head", str(kept), "--key", str(key), code=2)
    kept.write_text(told("audit", "head", "--sign"))
    assert told("audit", "key") == key.read_text()
    assert "whole" in told("audit", "verify", "--head", str(kept), "--key", str(key))
    kept.write_text(Head(99, "ab" * 32, NOW).as_json())
    assert "entry 99 was there" in told("audit", "verify", "--head", str(kept), code=1)
