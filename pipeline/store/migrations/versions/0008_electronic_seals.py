"""Electronic seals beside their pictures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("seals", sa.Column("eseal", sa.String(length=64), nullable=True))
