"""Bringing a database to the tables of this version (Alembic; the steps are in `migrations/versions/`)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from pipeline.store.database import explained
from yinjian.errors import SetupError

SCRIPTS = Path(__file__).with_name("migrations")


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run what is missing up to a step, the last one unless told; nothing when the database is there already."""
    config = _config()
    with explained(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


def require_current(engine: Engine) -> None:
    """Raises SetupError when the tables are those of another version."""
    found = revision(engine)
    if found != ScriptDirectory.from_config(_config()).get_current_head():
        what = "The database is of another version." if found else "The database is empty."
        raise SetupError(what, "Run `yinjian init`, which brings it up to date; make a copy before.")


def revision(engine: Engine) -> str | None:
    """The step that a database is at."""
    with explained(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
