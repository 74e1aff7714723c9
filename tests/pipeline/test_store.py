"""What is kept: on SQLite and PostgreSQL alike, encrypted, whole or noticed."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from pipeline.audit import append
from pipeline.events import record
from pipeline.store import codec, keyring
from pipeline.store.blobs import Blobs
from pipeline.store.check import problems
from pipeline.store.database import explained
from pipeline.store.migrate import upgrade
from pipeline.store.store import Store, new_id, open_store, prepare_store
from pipeline.store.tables import Event, Table, User
from pipeline.store.vault import Vault
from tests.pipeline.papers import of_unit
from tests.validators import builder
from yinjian.errors import SetupError, StoreError
from yinjian.records import Reading
from yinjian.settings import Settings

VAULT = Vault(bytes(range(32)))


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_bringing_up_to_date_twice_changes_nothing(store: Store, settings: Settings) -> None:
    with store.writing() as session:
        session.add(User(name="a", roles="reviewer", added_at=datetime.now(UTC)))
    upgrade(store.database.engine)
    assert prepare_store(settings) is False
    with store.reading() as session:
        assert session.get(User, "a") is not None


def test_an_instant_comes_back_in_utc_whatever_zone_it_had(store: Store) -> None:
    at = datetime(2026, 11, 25, 8, 0, 0, 123456, timezone(timedelta(hours=8)))
    with store.writing() as session:
        session.add(User(name="a", roles="", added_at=at))
    with store.reading() as session:
        found = session.get_one(User, "a").added_at
    assert found == at and found.utcoffset() == timedelta(0)


def test_what_raises_within_a_transaction_is_undone(store: Store) -> None:
    with pytest.raises(ValueError), store.writing() as session:
        session.add(User(name="a", roles="", added_at=datetime.now(UTC)))
        session.flush()
        raise ValueError
    with store.reading() as session:
        assert session.get(User, "a") is None


def test_a_reading_comes_back_as_it_was(store: Store) -> None:
    reading = of_unit(builder.application(), 7)
    data = codec.dump_reading(reading, store.blobs.put)
    assert codec.load_reading(data, store.blobs.get) == reading
    assert codec.dump_reading(reading, store.blobs.put) == data


def test_a_record_of_another_version_is_said_to_be_one() -> None:
    with pytest.raises(StoreError, match="another version"):
        codec.load(Reading, b'{"application": "A1"}')


def test_a_clock_set_back_stops_what_would_be_recorded(store: Store) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    with store.writing() as session:
        append(session, Event(at=later, actor="a", action="x", subject="x:1", hash="", detail=""))
    with pytest.raises(SetupError, match="clock"), store.writing() as session:
        record(session, "a", "x", "x:2")
    with store.reading() as session:
        assert len(session.scalars(select(Event)).all()) == 1


@given(st.text(), st.text(min_size=1))
def test_a_sealed_text_opens_as_itself_in_its_own_column_only(text: str, other: str) -> None:
    sealed = VAULT.seal("a.b", text)
    assert VAULT.open("a.b", sealed) == text
    assert text.encode() not in sealed or len(text) < 3
    with pytest.raises(StoreError):
        VAULT.open("a.c", sealed)
    with pytest.raises(StoreError):
        VAULT.open("a.b", other.encode())


def test_a_blind_index_finds_what_people_write_differently() -> None:
    assert VAULT.blind("uscc", "９１２３ ma1b") == VAULT.blind("uscc", "9123MA1B")
    assert VAULT.blind("uscc", "己") != VAULT.blind("uscc", "已")
    assert VAULT.blind("uscc", "1") != VAULT.blind("phone", "1")
    assert Vault(bytes(32)).blind("uscc", "1") != VAULT.blind("uscc", "1")


def test_the_same_content_is_kept_once_and_reveals_nothing(tmp_path: Path) -> None:
    blobs = Blobs.at(f"file://{tmp_path}", VAULT)
    content = "哈尔滨松北云杉软件有限公司".encode() * 100
    name = blobs.put(content)
    assert blobs.put(content) == name and list(blobs.names()) == [name]
    stored = next(path for path in tmp_path.rglob("*") if path.is_file()).read_bytes()
    assert content[:12] not in stored and blobs.get(name) == content


@pytest.mark.parametrize("fault", ["bit", "cut", "gone", "exchanged"])
def test_a_lost_or_damaged_file_is_noticed_and_healed_by_its_content(tmp_path: Path, fault: str) -> None:
    blobs = Blobs.at(f"file://{tmp_path}", VAULT)
    name, other = blobs.put(b"a scan"), blobs.put(b"another")
    path, beside = (tmp_path / n[:2] / n for n in (name, other))
    data = path.read_bytes()
    if fault == "gone":
        path.unlink()
    else:
        new = {"bit": data[:60] + bytes([data[60] ^ 1]) + data[61:], "cut": data[:-1], "exchanged": beside.read_bytes()}
        path.write_bytes(new[fault])
    with pytest.raises(StoreError, match=r"lost|damaged"):
        blobs.get(name)
    assert blobs.damaged(name)
    assert blobs.put(b"a scan") == name and blobs.get(name) == b"a scan"


def test_every_byte_of_a_stored_file_counts() -> None:
    data = VAULT.seal_file("n", b"content")
    for position in range(len(data)):
        with pytest.raises(StoreError):
            VAULT.open_file("n", data[:position] + bytes([data[position] ^ 128]) + data[position + 1 :])


def test_a_wrong_passphrase_is_said_to_be_one(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("something else entirely")
    with pytest.raises(StoreError, match="passphrase"):
        open_store(replace(settings, passphrase_file=wrong))
    with pytest.raises(SetupError, match="short"):
        wrong.write_text("short")
        open_store(replace(settings, passphrase_file=wrong))


def test_a_key_is_never_replaced(settings: Settings) -> None:
    path = settings.var_dir / keyring.NAME
    before = path.read_bytes()
    with pytest.raises(SetupError, match="exists"):
        keyring.create(path, keyring.by_passphrase("another passphrase"))
    assert path.read_bytes() == before and path.stat().st_mode & 0o077 == 0
    assert not list(settings.var_dir.glob(".*"))


def test_a_damaged_keyring_says_so(settings: Settings) -> None:
    path = settings.var_dir / keyring.NAME
    value = json.loads(path.read_bytes())
    path.write_text("{")
    with pytest.raises(StoreError, match="cannot be read"):
        open_store(settings)
    path.write_text(json.dumps(value | {"version": 2}))
    with pytest.raises(StoreError, match="this version"):
        open_store(settings)
    path.unlink()
    with pytest.raises(SetupError, match="yinjian init"):
        open_store(settings)


def test_a_damaged_value_is_found_by_the_check(store: Store) -> None:
    from tests.pipeline.flow import finished_case

    finished_case(store, "clean-1")
    with store.reading() as session:
        assert list(problems(store, session)) == []
    for path in Path(str(store.blobs.root)).rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-1])
    with store.reading() as session:
        assert any("damaged" in problem for problem in problems(store, session))


class TestSqlite:
    """What can happen to the file of an embedded database."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        from tests.conftest import prepared

        return prepared(tmp_path)

    def test_a_database_that_is_gone_is_not_made_anew(self, store: Store) -> None:
        file = store.database.file
        assert file is not None
        file.unlink()
        with pytest.raises(StoreError, match="not there"), store.writing() as session:
            session.get(User, "a")
        assert not file.exists()

    def test_a_locked_database_says_so(self, store: Store, settings: Settings) -> None:
        impatient = open_store(replace(settings, busy_seconds=1))
        holder = sqlite3.connect(str(store.database.file), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"), impatient.writing() as session:
            session.get(User, "a")
        holder.execute("ROLLBACK")
        with impatient.writing() as session:
            assert session.get(User, "a") is None

    def test_a_full_database_says_so_and_keeps_what_it_had(self, store: Store) -> None:
        with store.writing() as session:
            session.add(User(name="a", roles="", added_at=datetime.now(UTC)))
        with pytest.raises(StoreError, match="full"), store.writing() as session:
            pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
            session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            session.add(User(name="b", roles="x" * 100_000, added_at=datetime.now(UTC)))
            session.flush()
        with store.reading() as session:
            assert session.get(User, "a") is not None and session.get(User, "b") is None

    def test_a_damaged_database_says_so(self, store: Store) -> None:
        file = store.database.file
        assert file is not None
        store.database.engine.dispose()  # as the next process finds it
        file.write_bytes(b"no database" * 1000)
        with pytest.raises(StoreError, match="damaged"), store.reading() as session:
            session.get(User, "a")

    def test_an_empty_database_asks_for_init(self, settings: Settings) -> None:
        (settings.var_dir / "yinjian.db").write_bytes(b"")
        with pytest.raises(SetupError, match="yinjian init"):
            open_store(settings)


def test_a_server_that_does_not_answer_is_said_not_to(tmp_path: Path) -> None:
    from pipeline.store.database import Database

    database = Database.at(f"postgresql+psycopg://nobody@/none?host={tmp_path}", 1)
    with pytest.raises(StoreError, match="does not answer"), database.reading() as session:
        session.get(User, "a")


def test_ids_tell_nothing_but_their_kind() -> None:
    ids = {new_id("A") for _ in range(1000)}
    assert len(ids) == 1000 and all(id[0] == "A" and len(id) == 11 for id in ids)


def test_faults_of_a_rule_of_the_tables_pass_as_they_are() -> None:
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), explained():
        raise IntegrityError("", {}, Exception())
