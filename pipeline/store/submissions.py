"""Which submission of an application counts, and its files."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.store.tables import File, Submission


def newest_submission(session: Session, application_id: str) -> Submission:
    """The submission that counts. Every application has one from its first transaction on."""
    query = select(Submission).where(Submission.application_id == application_id)
    return session.scalars(query.order_by(Submission.number.desc()).limit(1)).one()


def stored_files(session: Session, submission_id: str) -> tuple[File, ...]:
    """A submission's files in their order."""
    return tuple(session.scalars(select(File).where(File.submission_id == submission_id).order_by(File.position)))
