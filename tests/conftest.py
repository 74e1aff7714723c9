"""Stores to test on: SQLite, and a PostgreSQL of Debian's that the tests start and end themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from bench import stores
from bench.stores import make_ca
from pipeline import upload
from pipeline.store.store import Store, open_store
from pipeline.users import Role, add_user
from yinjian.settings import Settings

_numbers = count()
STAFF = {
    "rev": (Role.REVIEWER,),
    "iss": (Role.ISSUER,),
    "both": (Role.REVIEWER, Role.ISSUER),
    "adm": (Role.ADMINISTRATOR,),
    "aud": (Role.AUDITOR,),
}


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server on a socket of its own, without its database's name."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert found, "PostgreSQL is missing: apt-get install postgresql"
    home = Path(f"/tmp/yinjian-pg-{os.getpid()}")  # a short path: a socket's has at most 107 bytes
    home.mkdir(mode=0o700)
    # It refuses to run as root.
    run = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if run:
        shutil.chown(home, "postgres", "postgres")
    tools, data = found[-1].parent, home / "data"
    subprocess.run(
        [*run, tools / "initdb", "-D", data, "-A", "trust", "-N", "-E", "UTF8"], check=True, capture_output=True
    )
    # Pools that tests leave behind hold connections until they are collected: more than the usual 100 at a time.
    options = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off -c max_connections=500"
    control = [*run, tools / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True)
    try:
        user = "postgres" if run else os.environ.get("USER", "postgres")
        yield f"postgresql+psycopg://{user}@/{{}}?host={home}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True)
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Those of a store that was prepared, on either database."""
    url = ""
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgresql")
        url = server.format(new_database(server))
    return prepared(tmp_path, url)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    made = open_store(settings)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what arrives lies in clear, of this test alone: others run beside it on the machine."""
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(upload, "MEMORY", folder)
    return folder


def new_database(server: str) -> str:
    """The name of a new, empty database."""
    import psycopg

    name = f"y{os.getpid()}_{next(_numbers)}"
    address = server.format("postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return name


def prepared(folder: Path, url: str = "") -> Settings:
    """A store in `folder` that neither waits long nor tries late."""
    return stores.prepared(folder, database_url=url, retry_seconds=0, busy_seconds=5)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, made once: its directory."""
    settings = prepared(tmp_path_factory.mktemp("ca"))
    make_ca(settings)
    return settings.var_dir / "ca"


@pytest.fixture
def with_ca(request: pytest.FixtureRequest, tmp_path: Path, authority: Path) -> Settings:
    """The settings of a store with staff and a CA, on SQLite unless asked otherwise."""
    url = ""
    if getattr(request, "param", "") == "postgresql":
        server: str = request.getfixturevalue("postgresql")
        url = server.format(new_database(server))
    return store_with_ca(tmp_path, authority, url)


def store_with_ca(folder: Path, authority: Path, url: str = "") -> Settings:
    """The settings of a store in `folder` with staff and a copy of a CA."""
    settings = prepared(folder, url)
    shutil.copytree(authority, settings.var_dir / "ca")
    with open_store(settings).writing() as session:
        for name, roles in STAFF.items():
            add_user(session, name, roles)
    return settings
