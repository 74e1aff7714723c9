"""The tables. Columns named `*_sealed` are encrypted (`Vault.seal`), `*_index` find them again (`Vault.blind`).

Rows are added, not edited, but for the columns that say how far something has come (`state`, and what goes with it).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import DateTime, Integer, LargeBinary

ID, NAME_OF_BLOB, WORD = String(32), String(64), String(40)
COUNTER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what is INTEGER PRIMARY KEY


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; SQLite keeps no zone, so that it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class Table(DeclarativeBase):
    """Names of constraints are fixed, so that later migrations can name them on every database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Instant, bytes: LargeBinary, str: Text}


class User(Table):
    """Staff. `roles`: reviewer, issuer, administrator, auditor, with spaces between them."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(WORD, primary_key=True)
    roles: Mapped[str]
    added_at: Mapped[datetime]


class Client(Table):
    """A program that may upload. `token` is the keyed hash of what it shows."""

    __tablename__ = "clients"
    name: Mapped[str] = mapped_column(WORD, primary_key=True)
    token: Mapped[str] = mapped_column(NAME_OF_BLOB, unique=True)
    added_at: Mapped[datetime]


class Upload(Table):
    """A request to take something in: once for each key of a client. `submission_id` is None until it was done."""

    __tablename__ = "uploads"
    client: Mapped[str] = mapped_column(WORD, primary_key=True)
    key_index: Mapped[str] = mapped_column(NAME_OF_BLOB, primary_key=True)
    content: Mapped[str] = mapped_column(NAME_OF_BLOB)
    submission_id: Mapped[str | None] = mapped_column(ID)
    begun_at: Mapped[datetime]


class Application(Table):
    """`state` is one of `pipeline.states.State`; `source_index` finds the folder that it came from."""

    __tablename__ = "applications"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name_sealed: Mapped[bytes]
    name_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    source_index: Mapped[str] = mapped_column(NAME_OF_BLOB, index=True)
    state: Mapped[str] = mapped_column(WORD, index=True)
    received_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(index=True)


class Submission(Table):
    """Scans and claim as they came, and how far the work on them is."""

    __tablename__ = "submissions"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"))
    number: Mapped[int]
    content: Mapped[str] = mapped_column(NAME_OF_BLOB, unique=True)
    claim_blob: Mapped[str | None] = mapped_column(NAME_OF_BLOB)
    as_of: Mapped[date | None]
    received_by: Mapped[str] = mapped_column(WORD)
    received_at: Mapped[datetime]
    work: Mapped[str] = mapped_column(WORD, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    interruptions: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    fault: Mapped[str | None]
    trace_sealed: Mapped[bytes | None]
    __table_args__ = (UniqueConstraint("application_id", "number"),)


class File(Table):
    """A file of a submission: kept, or refused at the door with a finding.

    `left_out`: its pages (from 0, spaces between) that the applicant has replaced by others.
    """

    __tablename__ = "files"
    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    position: Mapped[int]
    name_sealed: Mapped[bytes]
    size: Mapped[int] = mapped_column(BigInteger)
    blob: Mapped[str | None] = mapped_column(NAME_OF_BLOB)
    refused_sealed: Mapped[bytes | None]
    left_out: Mapped[str] = mapped_column(default="")


class Lease(Table):
    """Who works on what: one owner at a time, until it lets go, dies or gives no sign of life."""

    __tablename__ = "leases"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]


class ReadingRow(Table):
    """A reading of a submission; the record itself is the blob."""

    __tablename__ = "readings"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    number: Mapped[int]
    blob: Mapped[str] = mapped_column(NAME_OF_BLOB)
    form: Mapped[str | None] = mapped_column(WORD)
    model: Mapped[str]
    catalogue: Mapped[str]
    policy: Mapped[str]
    made_by: Mapped[str] = mapped_column(WORD)
    made_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("submission_id", "number"),)


class PageRow(Table):
    """A page of a reading."""

    __tablename__ = "pages"
    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    file_sealed: Mapped[bytes]
    page: Mapped[int]
    kind: Mapped[str] = mapped_column(WORD)
    role: Mapped[str] = mapped_column(WORD)
    rotation: Mapped[int]


class FingerprintRow(Table):
    """An impression of a reading: its vector, and the file that its plate is; `unit_index`: whose application it is."""

    __tablename__ = "fingerprints"
    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), index=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    kind: Mapped[str] = mapped_column(WORD)
    unit_index: Mapped[str] = mapped_column(NAME_OF_BLOB)
    place: Mapped[str] = mapped_column(WORD)
    page: Mapped[int]
    plate: Mapped[str] = mapped_column(NAME_OF_BLOB)
    vector_sealed: Mapped[bytes]


class VerdictRow(Table):
    """What a reading was judged to be. One verdict for each reading, day and policy.

    `compared_sealed`: which of its impressions were seen before (`pipeline.store.verdicts.Compared`).
    """

    __tablename__ = "verdicts"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), index=True)
    decision: Mapped[str] = mapped_column(WORD)
    platform: Mapped[str | None] = mapped_column(WORD)
    certificate: Mapped[str | None] = mapped_column(WORD)
    business: Mapped[str | None] = mapped_column(WORD)
    subject_sealed: Mapped[bytes]
    as_of: Mapped[date]
    policy: Mapped[str]
    evidence: Mapped[str] = mapped_column(NAME_OF_BLOB)
    judged_at: Mapped[datetime]
    compared_sealed: Mapped[bytes | None]


class FindingRow(Table):
    """A finding of a verdict; what it says and where may name people."""

    __tablename__ = "findings"
    verdict_id: Mapped[str] = mapped_column(ForeignKey("verdicts.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(WORD, index=True)
    severity: Mapped[str] = mapped_column(WORD)
    where_sealed: Mapped[bytes]
    message_sealed: Mapped[bytes]


class DecisionRow(Table):
    """What was decided, and by whom: a user, or `system:<policy version>`."""

    __tablename__ = "decisions"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    verdict_id: Mapped[str | None] = mapped_column(ForeignKey("verdicts.id"))
    ruling: Mapped[str] = mapped_column(WORD)
    actor: Mapped[str] = mapped_column(WORD)
    reason_sealed: Mapped[bytes]
    letter_sealed: Mapped[bytes | None]
    decided_at: Mapped[datetime]


class CorrectionRow(Table):
    """What a person changed of a reading; `reading_id` is the reading that came of it.

    `subject`: a field, a choice (`business.新办`) or a mark; `act`: value, choice, confirm, recut or text.
    """

    __tablename__ = "corrections"
    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    subject: Mapped[str] = mapped_column(String(80))
    act: Mapped[str] = mapped_column(WORD)
    before_sealed: Mapped[bytes]
    after_sealed: Mapped[bytes]
    reason_sealed: Mapped[bytes]
    actor: Mapped[str] = mapped_column(WORD)
    made_at: Mapped[datetime]


class SettlementRow(Table):
    """One person's word on one finding of a submission. `finding`: the hash of all that it was given on.

    A warning needs one such word, a finding that blocks those of two persons. `withdrawn_at`: when it was taken back.
    """

    __tablename__ = "settlements"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    verdict_id: Mapped[str] = mapped_column(ForeignKey("verdicts.id"))
    finding: Mapped[str] = mapped_column(NAME_OF_BLOB)
    code: Mapped[str] = mapped_column(WORD)
    where_sealed: Mapped[bytes]
    reason_sealed: Mapped[bytes]
    actor: Mapped[str] = mapped_column(WORD)
    settled_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("submission_id", "finding", "actor"),)


class SampleRow(Table):
    """A passing submission that people review blind, and what came of it: None until it is decided.

    `outcome`: agreed, corrected, returned or rejected; `differences`: ids of what was read otherwise.
    """

    __tablename__ = "samples"
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    verdict_id: Mapped[str] = mapped_column(ForeignKey("verdicts.id"))
    outcome: Mapped[str | None] = mapped_column(WORD)
    differences: Mapped[str | None]
    chosen_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class ApprovalRow(Table):
    """Leave to issue; one for each application. `refers`: the serial of the certificate that it is about, if any.

    `picture_*`: of the seal or signature that was collected, where one was.
    """

    __tablename__ = "approvals"
    id: Mapped[str] = mapped_column(ID, primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), unique=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), unique=True)
    verdict_id: Mapped[str] = mapped_column(ForeignKey("verdicts.id"))
    evidence: Mapped[str] = mapped_column(NAME_OF_BLOB)
    actor: Mapped[str] = mapped_column(WORD)
    approved_at: Mapped[datetime]
    refers: Mapped[str | None] = mapped_column(WORD)
    picture_kind: Mapped[str | None] = mapped_column(WORD)
    picture_blob: Mapped[str | None] = mapped_column(NAME_OF_BLOB)
    picture_width_mm: Mapped[float | None] = mapped_column(Double)
    picture_height_mm: Mapped[float | None] = mapped_column(Double)


class Event(Table):
    """Who did what, when, to which hash. Never edited, never deleted; without personal data.

    `id` counts without gaps; `link` chains an entry to the one before (see `pipeline.audit`).
    """

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(WORD)
    action: Mapped[str] = mapped_column(WORD)
    subject: Mapped[str] = mapped_column(String(80), index=True)
    application_id: Mapped[str | None] = mapped_column(ID, index=True)
    hash: Mapped[str] = mapped_column(NAME_OF_BLOB)
    detail: Mapped[str]
    link: Mapped[str] = mapped_column(NAME_OF_BLOB)
    __table_args__ = (Index("ix_events_action", "action", "at"),)
