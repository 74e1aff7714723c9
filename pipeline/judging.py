"""Judging a reading of the store, with the claim and the register that it is judged against."""

from __future__ import annotations

from datetime import date

from pipeline.clock import today
from pipeline.store.store import Store
from pipeline.store.tables import Submission
from validators.holder import holder
from validators.judge import judge, open_case
from yinjian.approval import Subject
from yinjian.catalogue import Catalogue
from yinjian.claim import parse_claim
from yinjian.findings import Finding
from yinjian.records import Claim, Reading, RegisterEntry, Verdict


def day_of(submission: Submission) -> date:
    """The day that a submission is judged by."""
    return submission.as_of or today()


def judged(
    store: Store,
    submission: Submission,
    reading: Reading,
    register: tuple[RegisterEntry, ...],
    as_of: date,
    catalogue: Catalogue,
) -> tuple[Verdict, Subject]:
    """The verdict of all rules, and whom the certificate would be for."""
    claim, intake = _claim(store, submission)
    verdict = judge(reading, claim, register, as_of, catalogue, intake=intake)
    return verdict, holder(open_case(reading, claim, register, as_of, catalogue))


def _claim(store: Store, submission: Submission) -> tuple[Claim | None, tuple[Finding, ...]]:
    if submission.claim_blob is None:
        return None, ()
    return parse_claim(store.blobs.get(submission.claim_blob))
