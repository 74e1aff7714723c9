"""The audit log becomes a chain that is only added to"""

from __future__ import annotations

from datetime import UTC

import sqlalchemy as sa
from alembic import op

from pipeline.audit import link
from pipeline.heads import START

revision = "0005"
down_revision = "0004"

ENTRY = ("id", "at", "actor", "action", "subject", "application_id", "hash", "detail")
REFUSED = "the audit log is only added to"


def upgrade() -> None:
    with op.batch_alter_table("events") as batch:
        batch.add_column(sa.Column("link", sa.String(length=64), nullable=False, server_default=""))
    _chain()
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            then = f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
            op.execute(f"CREATE TRIGGER events_no_{change.lower()} BEFORE {change} ON events {then}")
    else:
        body = f"$$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
        op.execute(f"CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS {body}")
        changes = "BEFORE UPDATE OR DELETE OR TRUNCATE ON events FOR EACH STATEMENT"
        op.execute(f"CREATE TRIGGER events_no_change {changes} EXECUTE FUNCTION events_refuse()")


def _chain() -> None:
    """What was written before is linked in its order, and numbered without the gaps that a database may leave."""
    events = sa.table(
        "events", sa.column("at", sa.DateTime(timezone=True)), *map(sa.column, (*ENTRY[2:], "id", "link"))
    )
    before = START
    rows = op.get_bind().execute(sa.select(*(events.c[name] for name in ENTRY)).order_by(events.c.id)).all()
    for number, (old, at, *rest) in enumerate(rows, start=1):
        before = link(before, (number, at.replace(tzinfo=at.tzinfo or UTC), *rest))
        op.execute(events.update().where(events.c.id == old).values(id=number, link=before))
