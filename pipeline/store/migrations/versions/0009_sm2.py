"""Certificates of the SM2 CA, and its list"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    # Until now every certificate was for an RSA key of 2048 bits, as all profiles had it.
    kind = sa.Column("key_kind", sa.String(length=40), nullable=False, server_default="rsa2048")
    op.add_column("certificates", kind)
    op.add_column("revocation_lists", sa.Column("sm2_der", sa.LargeBinary(), nullable=True))
