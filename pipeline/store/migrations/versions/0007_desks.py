"""The desks: credentials, sessions, what waits, pictures of pages, parcels; settlements taken back, pages replaced"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID, NAME, WORD = sa.String(length=32), sa.String(length=64), sa.String(length=40)
INSTANT, BYTES = sa.DateTime(timezone=True), sa.LargeBinary()


def upgrade() -> None:
    op.add_column("files", sa.Column("left_out", sa.Text(), nullable=False, server_default=""))
    op.add_column("verdicts", sa.Column("compared_sealed", BYTES, nullable=True))
    op.add_column("settlements", sa.Column("withdrawn_at", INSTANT, nullable=True))
    _access()
    _work()
    _fill()


def _access() -> None:
    op.create_table(
        "credentials",
        sa.Column("name", WORD, sa.ForeignKey("users.name", name="fk_credentials_name"), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("totp_sealed", BYTES, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_credentials"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("token", NAME, nullable=False),
        sa.Column("name", WORD, sa.ForeignKey("users.name", name="fk_web_sessions_name"), nullable=False),
        sa.Column("csrf", NAME, nullable=False),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_name", "web_sessions", ["name"])


def _work() -> None:
    applications = sa.ForeignKey("applications.id", name="fk_waiting_application_id")
    op.create_table(
        "waiting",
        sa.Column("application_id", ID, applications, nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        *(sa.Column(name, WORD, nullable=False) for name in ("platform", "certificate", "business")),
        sa.Column("verdict_id", ID, nullable=True),
        *(sa.Column(name, WORD, nullable=False) for name in ("holder", "first")),
        sa.PrimaryKeyConstraint("application_id", name="pk_waiting"),
    )
    op.create_index("ix_waiting_since", "waiting", ["since", "application_id"])
    op.create_index("ix_waiting_rank", "waiting", ["rank", "since", "application_id"])
    op.create_index("ix_waiting_verdict_id", "waiting", ["verdict_id"])
    op.create_table(
        "page_pictures",
        sa.Column(
            "submission_id", ID, sa.ForeignKey("submissions.id", name="fk_page_pictures_submission_id"), nullable=False
        ),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("position", "width", "height")),
        *(sa.Column(name, NAME, nullable=False) for name in ("view", "full")),
        sa.PrimaryKeyConstraint("submission_id", "position", name="pk_page_pictures"),
    )
    op.create_table(
        "parcels",
        sa.Column("id", ID, nullable=False),
        sa.Column(
            "application_id", ID, sa.ForeignKey("applications.id", name="fk_parcels_application_id"), nullable=False
        ),
        *(sa.Column(name, BYTES, nullable=False) for name in ("carrier_sealed", "tracking_sealed")),
        sa.Column("tracking_index", NAME, nullable=False),
        sa.Column("sent_by", WORD, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_parcels"),
    )
    op.create_index("ix_parcels_application_id", "parcels", ["application_id"])
    op.create_index("ix_parcels_tracking_index", "parcels", ["tracking_index"])
    # Looked for by the queue and by each case; so far only walked through.
    op.create_index("ix_applications_changed_at", "applications", ["changed_at"])
    op.create_index("ix_events_action", "events", ["action", "at"])
    op.create_index("ix_certificates_not_after", "certificates", ["not_after"])


def _fill() -> None:
    """What waits already, as `pipeline.waiting.refresh` does it from now on."""
    op.execute(
        "INSERT INTO waiting (application_id, since, rank, platform, certificate, business, verdict_id, holder, first) "
        "SELECT a.id, a.changed_at, CASE WHEN a.state = 'set_aside' THEN 0 ELSE 1 END, "
        "COALESCE(v.platform, ''), COALESCE(v.certificate, ''), COALESCE(v.business, ''), v.id, '', '' "
        "FROM applications a LEFT JOIN verdicts v ON v.id = ("
        "SELECT w.id FROM verdicts w JOIN readings r ON r.id = w.reading_id JOIN submissions s "
        "ON s.id = r.submission_id WHERE s.application_id = a.id "
        "ORDER BY s.number DESC, r.number DESC, w.judged_at DESC LIMIT 1) "
        "WHERE a.state IN ('review', 'set_aside')"
    )
