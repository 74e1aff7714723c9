"""Judging a reading of the store, with the claim and the register that it is judged against."""

from __future__ import annotations

from datetime import date

from pipeline.clock import today
from pipeline.impressions import impressions, names_of, reuses, reuses_since, unit_of
from pipeline.store.fingerprints import Remembered, blinded
from pipeline.store.store import Store
from pipeline.store.tables import Submission
from pipeline.store.verdicts import Compared
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
    remembered: Remembered | None = None,
    before: Compared | None = None,
) -> tuple[Verdict, Subject, Compared]:
    """The verdict of all rules, whom the certificate would be for, and which impressions were seen before.

    `remembered`: the process's, if it has one. `before`: what was found of the same impressions earlier.
    """
    claim, intake = claim_of(store, submission)
    compared = seen_before(
        store, remembered or Remembered(store), submission.application_id, reading, claim, before=before
    )
    verdict = judge(reading, claim, register, as_of, catalogue, intake=intake, reuse=compared.reuse)
    return verdict, holder(open_case(reading, claim, register, as_of, catalogue)), compared


def seen_before(
    store: Store,
    remembered: Remembered,
    application: str,
    reading: Reading,
    claim: Claim | None,
    before: Compared | None = None,
) -> Compared:
    """Which impressions of a reading are known from other applications, or twice in itself."""
    with store.reading() as session:
        known, last = remembered.up_to_date(session), remembered.last
    found = blinded(store, impressions(reading, application, unit_of(reading, claim)))
    if before is None or not before.upto:
        return Compared(reuses(found, known), last)
    return Compared(reuses_since(found, known, before.reuse, before.upto), last)


def same_impressions(one: Reading, other: Reading, claim: Claim | None) -> bool:
    """Whether two readings have the same impressions, of the same unit."""
    return _prints(one) == _prints(other) and unit_of(one, claim) == unit_of(other, claim)


def _prints(reading: Reading) -> list[tuple[object, ...]]:
    marks = [(m.id, m.page, m.fingerprint, m.ring_text) for m in reading.marks]
    return [names_of(reading), *marks, *((p.kind, n, p.fingerprint) for n, p in enumerate(reading.pages))]


def claim_of(store: Store, submission: Submission) -> tuple[Claim | None, tuple[Finding, ...]]:
    """What the applicant says, and what is wrong with it."""
    if submission.claim_blob is None:
        return None, ()
    return parse_claim(store.blobs.get(submission.claim_blob))
