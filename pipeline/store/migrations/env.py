"""How Alembic runs the steps: on the connection that it is given, in one transaction."""

from __future__ import annotations

from alembic import context

import pipeline.store.desk_tables
import pipeline.store.issuing_tables  # noqa: F401 their tables, too
from pipeline.store.tables import Table

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Table.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
