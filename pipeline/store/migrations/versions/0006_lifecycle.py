"""What becomes of certificates: acceptance, revocation, notices, bindings; receipts; indexes of the register"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

WORD, INSTANT = sa.String(length=40), sa.DateTime(timezone=True)
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _certificates()
    _orders()
    _register()
    _tables()


def _certificates() -> None:
    with op.batch_alter_table("certificates") as batch:
        # One token may hold several certificates, and a renewed one may keep its key.
        batch.drop_constraint("uq_certificates_token_label", type_="unique")
        batch.drop_constraint("uq_certificates_key_label", type_="unique")
        batch.add_column(sa.Column("business", WORD, nullable=False, server_default="new"))
        batch.add_column(sa.Column("predecessor", WORD, nullable=True))
        for name in ("accepted_at", "revoked_at"):
            batch.add_column(sa.Column(name, INSTANT, nullable=True))
        batch.add_column(sa.Column("reason", WORD, nullable=True))
        batch.add_column(sa.Column("changed_at", INSTANT, nullable=False, server_default="2026-01-01 00:00:00+00:00"))
        for name in ("token_label", "predecessor", "changed_at"):
            batch.create_index(f"ix_certificates_{name}", [name])
    # What was handed over before acceptance was recorded is in use: its day of issue stands for it.
    op.execute("UPDATE certificates SET state = 'active', accepted_at = issued_at WHERE state = 'issued'")
    op.execute("UPDATE certificates SET changed_at = issued_at WHERE issued_at IS NOT NULL")


def _orders() -> None:
    with op.batch_alter_table("orders") as batch:
        for name in ("receipt", "refund_receipt", "refunded_by"):
            batch.add_column(sa.Column(name, WORD, nullable=True))
        for name in ("refund_reason_sealed", "invoice_sealed"):
            batch.add_column(sa.Column(name, sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("refunded_at", INSTANT, nullable=True))
    with op.batch_alter_table("approvals") as batch:
        batch.add_column(sa.Column("refers", WORD, nullable=True))
        batch.add_column(sa.Column("picture_kind", WORD, nullable=True))
        batch.add_column(sa.Column("picture_blob", sa.String(length=64), nullable=True))
        for name in ("picture_width_mm", "picture_height_mm"):
            batch.add_column(sa.Column(name, sa.Double(), nullable=True))


def _register() -> None:
    with op.batch_alter_table("register") as batch:
        for name in ("unit_index", "uscc_index", "person_index", "id_number_index"):
            batch.add_column(sa.Column(name, sa.String(length=64), nullable=True))
            batch.create_index(f"ix_register_{name}", [name])


def _tables() -> None:
    op.create_table(
        "acceptances",
        sa.Column("serial", WORD, sa.ForeignKey("certificates.serial", name="fk_acceptances_serial"), nullable=False),
        sa.Column("statement_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", WORD, nullable=False),
        sa.Column("accepted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_acceptances"),
    )
    op.create_table(
        "operations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("subject", WORD, nullable=False),
        sa.Column("reason", WORD, nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", WORD, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("confirmed_by", WORD, nullable=True),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
    )
    op.create_index("ix_operations_subject", "operations", ["subject"])
    op.create_table(
        "revocation_lists",
        sa.Column("number", COUNTER, nullable=False),
        sa.Column("this_update", INSTANT, nullable=False),
        sa.Column("next_update", INSTANT, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_revocation_lists"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("serial", WORD, sa.ForeignKey("certificates.serial", name="fk_notices_serial"), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("serial", "kind", name="uq_notices_serial"),
    )
    op.create_table(
        "bindings",
        sa.Column(
            "application_id",
            sa.String(length=32),
            sa.ForeignKey("applications.id", name="fk_bindings_application_id"),
            nullable=False,
        ),
        sa.Column("serial", WORD, nullable=False),
        sa.Column("platform", WORD, nullable=False),
        sa.Column("seal", sa.Boolean(), nullable=False),
        sa.Column("bound_by", WORD, nullable=False),
        sa.Column("bound_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", name="pk_bindings"),
    )
    op.create_index("ix_bindings_serial", "bindings", ["serial"])
