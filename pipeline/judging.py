"""Judging a reading of the store, with the claim and the register that it is judged against."""

from __future__ import annotations

from datetime import date

from pipeline.clock import today
from pipeline.impressions import impressions, reuses, unit_of
from pipeline.store.fingerprints import Remembered, blinded
from pipeline.store.store import Store
from pipeline.store.tables import Submission
from validators.holder import holder
from validators.judge import judge, open_case
from yinjian.approval import Subject
from yinjian.catalogue import Catalogue
from yinjian.claim import parse_claim
from yinjian.findings import Finding
from yinjian.records import Claim, Reading, RegisterEntry, Reuse, Verdict


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
    remembered: Remembered | None = None,
) -> tuple[Verdict, Subject]:
    """The verdict of all rules, and whom the certificate would be for. `remembered`: the process's, if it has one."""
    claim, intake = claim_of(store, submission)
    reuse = seen_before(store, remembered or Remembered(store), submission.application_id, reading, claim)
    verdict = judge(reading, claim, register, as_of, catalogue, intake=intake, reuse=reuse)
    return verdict, holder(open_case(reading, claim, register, as_of, catalogue))


def seen_before(
    store: Store, remembered: Remembered, application: str, reading: Reading, claim: Claim | None
) -> tuple[Reuse, ...]:
    """Which impressions of a reading are known from other applications, or twice in itself."""
    with store.reading() as session:
        known = remembered.up_to_date(session)
    return reuses(blinded(store, impressions(reading, application, unit_of(reading, claim))), known)


def claim_of(store: Store, submission: Submission) -> tuple[Claim | None, tuple[Finding, ...]]:
    """What the applicant says, and what is wrong with it."""
    if submission.claim_blob is None:
        return None, ()
    return parse_claim(store.blobs.get(submission.claim_blob))
