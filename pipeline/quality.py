"""The blind sample: a share of what passes is reviewed by people who are not told that it passed.

Which ones is not to be foreseen by anybody without the store's key, and is the same however often it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store import codec
from pipeline.store.readings import latest_reading
from pipeline.store.store import Store
from pipeline.store.tables import ReadingRow, SampleRow, Submission, VerdictRow
from yinjian.approval import Ruling
from yinjian.records import Reading
from yinjian.share import Share
from yinjian.textfold import fold

NOTE = "quality sample"
AGREED, CORRECTED = "agreed", "corrected"
OUTCOMES = {Ruling.RETURN: "returned", Ruling.REJECT: "rejected"}
HEX = 16**64  # what an HMAC-SHA256 may be


def choose(store: Store, session: Session, verdict: VerdictRow, share: float) -> bool:
    """Whether the submission of a passing verdict is reviewed as a sample; it is noted then."""
    submission = session.get_one(ReadingRow, verdict.reading_id).submission_id
    if not is_chosen(store, submission, share):
        return False
    session.merge(SampleRow(submission_id=submission, verdict_id=verdict.id, chosen_at=now()))
    return True


def is_chosen(store: Store, submission_id: str, share: float) -> bool:
    """Whether a submission falls into a share of all (0 to 1)."""
    return int(store.vault.blind("sample", submission_id), 16) < share * HEX


def is_blind(session: Session, submission_id: str) -> bool:
    """Whether what the program judged is kept from people: a sample, until it is decided or they correct something."""
    sample = session.get(SampleRow, submission_id)
    if sample is None or sample.outcome is not None:
        return False
    latest = latest_reading(session, submission_id)
    return latest is not None and latest.id == session.get_one(VerdictRow, sample.verdict_id).reading_id


def compare(store: Store, session: Session, submission_id: str, ruling: Ruling, actor: str) -> None:
    """Keep what a person made of a sample, beside what the program said. Nothing happens for all other submissions."""
    sample = session.get(SampleRow, submission_id)
    if sample is None or sample.outcome is not None:
        return
    before = session.get_one(ReadingRow, session.get_one(VerdictRow, sample.verdict_id).reading_id)
    after = latest_reading(session, submission_id) or before
    one, other = (codec.load_bare(store.blobs.get(row.blob)) for row in (before, after))
    found = tuple(differences(one, other))
    sample.outcome = OUTCOMES.get(ruling) or (CORRECTED if found else AGREED)
    sample.differences, sample.decided_at = " ".join(found), now()
    application = session.get_one(Submission, submission_id).application_id
    detail = f"{sample.outcome} {sample.differences}".strip()
    record(session, actor, "compared", f"submission:{submission_id}", before.blob, application, detail)


def differences(one: Reading, other: Reading) -> Iterator[str]:
    """Ids of the fields, boxes and marks that two readings of the same papers do not have in common."""
    yield from _changed(_texts(one), _texts(other))
    yield from _changed(_boxes(one), _boxes(other))
    yield from (name.partition(":")[2] for name in _changed(_marks(one), _marks(other)))


def _changed(one: dict[str, object], other: dict[str, object]) -> Iterator[str]:
    return (name for name in {**one, **other} if one.get(name) != other.get(name))


def _texts(reading: Reading) -> dict[str, object]:
    return {field.id: fold(field.text) for field in reading.fields}


def _boxes(reading: Reading) -> dict[str, object]:
    return {f"{choice.group}.{choice.label}": choice.state for choice in reading.choices}


def _marks(reading: Reading) -> dict[str, object]:
    return {f"{n}:{m.id}": (m.page, m.box, m.ring_text, m.faults, m.image) for n, m in enumerate(reading.marks)}


def result(session: Session) -> tuple[Share, int]:
    """How many samples were right of those decided, and how many wait."""
    outcomes = session.scalars(select(SampleRow.outcome)).all()
    decided = [outcome for outcome in outcomes if outcome is not None]
    return Share(sum(outcome == AGREED for outcome in decided), len(decided)), len(outcomes) - len(decided)


def what_was_wrong(session: Session) -> tuple[tuple[str, str, str], ...]:
    """(submission, outcome, ids of what was otherwise) of each sample that people did not agree with."""
    query = select(SampleRow).where(SampleRow.outcome.is_not(None), SampleRow.outcome != AGREED)
    rows = session.scalars(query.order_by(SampleRow.decided_at))
    return tuple((row.submission_id, row.outcome or "", row.differences or "") for row in rows)
