"""Decisions on applications, by the program or a person, and the approvals that come of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pipeline import quality
from pipeline.clock import now
from pipeline.intake import content_hash
from pipeline.orders import make_order
from pipeline.picture import tried
from pipeline.review.guard import open_review, require_latest
from pipeline.review.standing import holding_back, settled, standings
from pipeline.states import State, Work, move
from pipeline.store import codec
from pipeline.store.store import Store, new_id
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, ApprovalRow, DecisionRow, ReadingRow, Submission, VerdictRow
from pipeline.store.verdicts import evidence_hash, latest_verdict, load_verdict, subject_of
from pipeline.users import Role, require_role
from yinjian.approval import Approval, PersonDecision, Ruling, Standing
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError, Refused, StoreError
from yinjian.findings import Severity

ON_FILES = ("scan.", "page.several_in_photo", "page.unexpected", "page.duplicate")  # findings that name a file
LEADS_TO = {Ruling.RETURN: State.RETURNED, Ruling.REJECT: State.REJECTED}


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says with a ruling. `letter`: to the applicant; `seen`: the reading ruled on, `""` for any."""

    ruling: Ruling
    actor: str
    reason: str
    letter: str = ""
    seen: str = ""


def rule(store: Store, session: Session, application: Application, word: Word, known: Catalogue) -> None:
    """A person's decision on an application in review. Refused without the role, or in another state.

    An application of which something that blocks is not settled is not approved.
    """
    require_role(session, word.actor, Role.REVIEWER)
    if not word.reason.strip() and not word.letter.strip():
        raise InputError("A decision by a person needs a reason.", 'Give it: --reason "..."')
    if word.ruling is Ruling.APPROVE:
        opened = open_review(session, application.id, word.actor, word.seen)
        approve(store, session, application, opened.verdict, word, known)
        quality.compare(store, session, opened.submission.id, word.ruling, word.actor)
        return
    session.refresh(application, with_for_update=True)
    require_latest(session, application.id, word.seen)
    verdict = verdict_of(session, application)
    _decision(store, session, application, verdict, word)
    evidence = verdict.evidence if verdict else ""
    move(session, application, LEADS_TO[word.ruling], word.actor, evidence, "see its decision")
    quality.compare(store, session, newest_submission(session, application.id).id, word.ruling, word.actor)


def require_settled(store: Store, session: Session, verdict: VerdictRow) -> None:
    """Raises Refused while something that blocks is not settled by two reviewers; it says what."""
    left = holding_back(standings(store, session, verdict), Severity.BLOCKS)
    if left:
        what = ", ".join(_named(standing) for standing in left)
        remedy = (
            "Correct it (yinjian correct, yinjian mark), or have two reviewers settle it: yinjian settle ID CODE WHERE "
            '--reason "..." --actor NAME.'
        )
        raise Refused(f"This blocks: {what}.", remedy)


def _named(standing: Standing) -> str:
    """A finding by code and place; a file's name is not repeated."""
    found = standing.finding
    where = "(a file)" if found.code.startswith(ON_FILES) else found.where
    pending = ", settled by one" if standing.people else ""
    return f"{found.code} {where}{pending}"


def approve(
    store: Store,
    session: Session,
    application: Application,
    verdict: VerdictRow,
    word: Word,
    known: Catalogue,
) -> ApprovalRow:
    """The approval of an application, its decision and its order.

    Refused when nothing could be issued on it, or something that blocks is not settled.
    """
    require_settled(store, session, verdict)
    decision = _decision(store, session, application, verdict, word)
    row = ApprovalRow(id=new_id("P"), application_id=application.id, decision_id=decision.id, verdict_id=verdict.id)
    made = tried(store, session, verdict)
    if made is not None:
        row.picture_kind, row.picture_blob = made.kind, made.blob
        row.picture_width_mm, row.picture_height_mm = made.width_mm, made.height_mm
    row.evidence = _evidence(store, session, verdict, verdict.evidence, row)
    row.actor, row.approved_at = word.actor, now()
    load_approval(store, session, row)  # builds the record: what cannot be one is refused here
    session.add(row)
    make_order(session, application.id, verdict, known)
    move(session, application, State.APPROVED, word.actor, row.evidence)
    return row


def _evidence(store: Store, session: Session, verdict: VerdictRow, judged: str, row: ApprovalRow) -> str:
    """What an approval freezes: what was judged (`judged`), the words that settled findings, the seal's picture."""
    words = settled(standings(store, session, verdict))
    size = (row.picture_kind, row.picture_width_mm, row.picture_height_mm)
    parts = {
        "settled": [codec.dump(word).decode() for word in words],
        "picture": [row.picture_blob, *size] if row.picture_blob else [],
    }
    frozen = {name: part for name, part in parts.items() if part}
    return store.hash_of({"judged": judged, **frozen}) if frozen else judged


def _decision(
    store: Store, session: Session, application: Application, verdict: VerdictRow | None, word: Word
) -> DecisionRow:
    row = DecisionRow(id=new_id("D"), application_id=application.id, verdict_id=verdict.id if verdict else None)
    row.ruling, row.actor, row.decided_at = word.ruling, word.actor, now()
    row.reason_sealed = store.vault.seal("decisions.reason", word.reason)
    row.letter_sealed = store.vault.seal("decisions.letter", word.letter) if word.letter else None
    session.add(row)
    session.flush()
    return row


def load_approval(store: Store, session: Session, row: ApprovalRow) -> Approval:
    """The record that issuance asks for, built of the verdict or the decision that it rests on."""
    verdict = session.get_one(VerdictRow, row.verdict_id)
    decision = session.get_one(DecisionRow, row.decision_id)
    ground = load_verdict(store, session, verdict)
    if verdict.platform is None or verdict.certificate is None or verdict.business is None:
        raise Refused(
            "It cannot be told what this application is for.", "Return it, so that it is applied for clearly."
        )
    by_person = PersonDecision(
        Ruling(decision.ruling), decision.actor, store.vault.open("decisions.reason", decision.reason_sealed)
    )
    return Approval(
        row.id,
        row.application_id,
        verdict.platform,
        verdict.certificate,
        verdict.business,
        subject_of(store, verdict),
        row.evidence,
        row.actor,
        row.approved_at,
        ground if row.actor.startswith("system:") else by_person,
    )


def require_evidence(store: Store, session: Session, row: ApprovalRow) -> None:
    """Raises Refused unless scans, claim, reading, verdict and settlements are, to the bit, those approved."""
    verdict = session.get_one(VerdictRow, row.verdict_id)
    reading = session.get_one(ReadingRow, verdict.reading_id)
    submission = session.get_one(Submission, reading.submission_id)
    files = stored_files(session, submission.id)
    remedy = "Do not issue it; have an auditor look: yinjian store check"
    try:
        for name in (reading.blob, submission.claim_blob, *(file.blob for file in files)):
            if name is not None:
                store.blobs.get(name)
        judged = evidence_hash(
            store,
            content_hash(store, files, submission.claim_blob),
            reading.blob,
            load_verdict(store, session, verdict),
            subject_of(store, verdict),
        )
        found = _evidence(store, session, verdict, judged, row)
    except StoreError as error:
        raise Refused(f"The evidence of {row.application_id} is incomplete: {error.what}", remedy) from error
    if found != row.evidence:
        raise Refused(f"The evidence of {row.application_id} is not what was approved.", remedy)


def verdict_of(session: Session, application: Application) -> VerdictRow | None:
    """The verdict on the newest submission."""
    submission = newest_submission(session, application.id)
    return latest_verdict(session, submission.id) if submission.work == Work.DONE else None
