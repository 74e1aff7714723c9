"""Stores with staff and a CA: made once, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.stores import make_ca
from pipeline.store.store import open_store
from pipeline.users import Role, add_user
from tests.conftest import new_database, prepared
from yinjian.settings import Settings

STAFF = {
    "rev": (Role.REVIEWER,),
    "iss": (Role.ISSUER,),
    "both": (Role.REVIEWER, Role.ISSUER),
    "adm": (Role.ADMINISTRATOR,),
    "aud": (Role.AUDITOR,),
}


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
    settings = prepared(tmp_path, url)
    shutil.copytree(authority, settings.var_dir / "ca")
    with open_store(settings).writing() as session:
        for name, roles in STAFF.items():
            add_user(session, name, roles)
    return settings
