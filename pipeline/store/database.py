"""Sessions on SQLite (embedded) or PostgreSQL: one code path, and faults in words that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from yinjian.errors import SettingsError, StoreError

WRITES = "yinjian_writes"
WRITER = 0x79696E6A  # PostgreSQL's number for the lock of who writes


@dataclass(frozen=True, slots=True)
class Database:
    """A database that exists. Transactions are short; those that write follow one another from their start."""

    engine: Engine

    @classmethod
    def at(cls, url: str, busy_seconds: int) -> Database:
        """By SQLAlchemy's URL. Nothing is opened yet."""
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite":
                return cls(_sqlite(Path(parsed.database or ""), busy_seconds))
            arguments = {"connect_timeout": busy_seconds, "options": f"-c lock_timeout={busy_seconds}s"}
            return cls(create_engine(parsed, pool_pre_ping=True, hide_parameters=True, connect_args=arguments))
        except (ArgumentError, NoSuchModuleError) as error:
            remedy = "Set YINJIAN_DATABASE_URL as postgresql+psycopg://user@host/name."
            raise SettingsError("The database URL cannot be used.", remedy) from error

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        name = self.engine.url.database
        return Path(name) if self.engine.name == "sqlite" and name else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only looks."""
        with explained(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that is kept when the block ends, and undone when it raises.

        Those that write follow one another from their start: the entries of the audit log are one chain.
        """
        engine = self.engine.execution_options(**{WRITES: True})
        with explained(), Session(engine, expire_on_commit=False) as session, session.begin():
            if self.engine.name != "sqlite":  # which is told so by `_begin`
                session.execute(select(func.pg_advisory_xact_lock(WRITER)))
            yield session


def _sqlite(path: Path, busy_seconds: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a database that is gone must never be answered with a new, empty one.
        address = f"file:{quote(str(path))}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def opened(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _identity(path)

    def taken(connection: sqlite3.Connection, record: ConnectionPoolEntry, proxy: object) -> None:
        """A file that was taken away or replaced is noticed, not written to any more."""
        if record.info.get("file") != _identity(path):
            raise DisconnectionError

    url = f"sqlite:///{path}"
    engine = create_engine(url, creator=connect, poolclass=QueuePool, max_overflow=-1, hide_parameters=True)
    event.listen(engine, "connect", opened)
    event.listen(engine, "checkout", taken)
    event.listen(engine, "begin", _begin)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    """One that will write says so at once: two that have read before both write would lock each other out."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def create_file(path: Path) -> None:
    """An empty SQLite database in WAL mode, so that readers and a writer do not wait for each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
    path.chmod(0o600)


FAULTS = {
    "locked": ("The database is locked by another process.", "Wait for it or end it, then run this again."),
    "unable to open": ("The database is not there.", "Run `yinjian init`, or bring it back from a copy."),
    "full": ("The disk of the database is full.", "Free space, then run this again; nothing was lost."),
    "malformed": ("The database is damaged.", "Bring it back from a copy."),
    "not a database": ("The database is damaged.", "Bring it back from a copy."),
    "readonly": ("The database cannot be written to.", "Check its permissions."),
    "disk i/o": ("The disk of the database fails.", "See to the disk, then run this again."),
    "no such table": ("The database lacks a table.", "Run `yinjian init`, which brings it up to date."),
    "does not exist": ("The database lacks something.", "Run `yinjian init`, which brings it up to date."),
    "lock timeout": ("The database is locked by another process.", "Wait for it or end it, then run this again."),
    "connection": ("The database does not answer.", "Start it, or check YINJIAN_DATABASE_URL."),
    "no space": ("The disk of the database is full.", "Free space, then run this again; nothing was lost."),
}


@contextmanager
def explained() -> Iterator[None]:
    """The database's faults as StoreError. What breaks a rule of the tables (IntegrityError) passes as it is."""
    from sqlalchemy.exc import IntegrityError

    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        what, remedy = _fault(error)
        raise StoreError(what, remedy) from error


def _fault(error: DBAPIError) -> tuple[str, str]:
    said = str(error.orig).lower()
    unknown = (f"The database failed ({type(error.orig).__name__}).", "See its own log, then run this again.")
    return next((fault for word, fault in FAULTS.items() if word in said), unknown)
