"""Decisions on applications, by the program or a person, and the approvals that come of them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.intake import content_hash
from pipeline.orders import make_order
from pipeline.states import State, Work, move
from pipeline.store.store import Store, new_id
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, ApprovalRow, DecisionRow, ReadingRow, Submission, VerdictRow
from pipeline.store.verdicts import evidence_hash, latest_verdict, load_verdict, subject_of
from pipeline.users import Role, require_role
from yinjian.approval import Approval, PersonDecision, Ruling
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError, Refused, StoreError

LEADS_TO = {Ruling.RETURN: State.RETURNED, Ruling.REJECT: State.REJECTED}


def rule(
    store: Store, session: Session, application: Application, ruling: Ruling, actor: str, reason: str, known: Catalogue
) -> None:
    """A person's decision on an application in review. Refused without the role, or in another state."""
    require_role(session, actor, Role.REVIEWER)
    if not reason.strip():
        raise InputError("A decision by a person needs a reason.", 'Give it: --reason "..."')
    verdict = verdict_of(session, application)
    if ruling is Ruling.APPROVE:
        if application.state != State.REVIEW or verdict is None:
            what = f"Application {application.id} is {application.state}; it cannot be approved."
            raise Refused(what, "Only one in review can: yinjian queue")
        approve(store, session, application, verdict, actor, reason, known)
        return
    _decision(store, session, application, verdict, ruling, actor, reason)
    move(session, application, LEADS_TO[ruling], actor, verdict.evidence if verdict else "", "see its decision")


def approve(
    store: Store,
    session: Session,
    application: Application,
    verdict: VerdictRow,
    actor: str,
    reason: str,
    known: Catalogue,
) -> ApprovalRow:
    """The approval of an application, its decision and its order. Refused when nothing could be issued on it."""
    decision = _decision(store, session, application, verdict, Ruling.APPROVE, actor, reason)
    row = ApprovalRow(id=new_id("P"), application_id=application.id, decision_id=decision.id, verdict_id=verdict.id)
    row.evidence, row.actor, row.approved_at = verdict.evidence, actor, now()
    load_approval(store, session, row)  # builds the record: what cannot be one is refused here
    session.add(row)
    make_order(session, application.id, verdict, known)
    move(session, application, State.APPROVED, actor, verdict.evidence)
    return row


def _decision(
    store: Store,
    session: Session,
    application: Application,
    verdict: VerdictRow | None,
    ruling: Ruling,
    actor: str,
    reason: str,
) -> DecisionRow:
    row = DecisionRow(id=new_id("D"), application_id=application.id, verdict_id=verdict.id if verdict else None)
    row.ruling, row.actor, row.decided_at = ruling, actor, now()
    row.reason_sealed = store.vault.seal("decisions.reason", reason)
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
    """Raises Refused unless scans, claim, reading and verdict are, to the bit, those that were approved."""
    verdict = session.get_one(VerdictRow, row.verdict_id)
    reading = session.get_one(ReadingRow, verdict.reading_id)
    submission = session.get_one(Submission, reading.submission_id)
    files = stored_files(session, submission.id)
    remedy = "Do not issue it; have an auditor look: yinjian store check"
    try:
        for name in (reading.blob, submission.claim_blob, *(file.blob for file in files)):
            if name is not None:
                store.blobs.get(name)
        found = evidence_hash(
            store,
            content_hash(store, files, submission.claim_blob),
            reading.blob,
            load_verdict(store, session, verdict),
            subject_of(store, verdict),
        )
    except StoreError as error:
        raise Refused(f"The evidence of {row.application_id} is incomplete: {error.what}", remedy) from error
    if found != row.evidence:
        raise Refused(f"The evidence of {row.application_id} is not what was approved.", remedy)


def verdict_of(session: Session, application: Application) -> VerdictRow | None:
    """The verdict on the newest submission."""
    submission = newest_submission(session, application.id)
    return latest_verdict(session, submission.id) if submission.work == Work.DONE else None
