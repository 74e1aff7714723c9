"""The steps from a submission to a decision. Each is done once: what is there already is not made again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from extractors.opening import Scan, decode_all
from pipeline import leases, pagepictures, quality, work
from pipeline.approvals import Word, approve
from pipeline.events import record, record_verdict
from pipeline.impressions import impressions, unit_of
from pipeline.judging import claim_of, day_of, judged
from pipeline.reading import ReadsPages
from pipeline.registry import numbers_of, register
from pipeline.states import State, Work, move
from pipeline.store import codec
from pipeline.store.fingerprints import Remembered, save_fingerprints
from pipeline.store.readings import keep_reading, latest_reading, load_reading, save_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, File, Submission, VerdictRow
from pipeline.store.verdicts import latest_verdict, same_verdict, save_verdict
from pipeline.users import SYSTEM
from validators.policy import POLICY
from yinjian.approval import Ruling
from yinjian.catalogue import Catalogue
from yinjian.findings import Finding
from yinjian.records import Decision
from yinjian.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """What the steps work with. `reader` gives the process's one reader, made when first asked for."""

    store: Store
    settings: Settings
    catalogue: Catalogue
    reader: Callable[[], ReadsPages]
    owner: str
    remembered: Remembered


def process(desk: Desk, submission: str) -> None:
    """All steps of one submission, in their order. Raises `work.StepFailed` when one failed."""
    for name in STEPS:
        run(desk, submission, name)


def run(desk: Desk, submission: str, name: str) -> None:
    """One step by its name."""
    work.run_step(desk.store, submission, desk.owner, desk.settings, partial(STEPS[name], desk, submission))


def read(desk: Desk, submission_id: str) -> None:
    """Open the scans and read them."""
    store = desk.store
    with store.reading() as session:
        submission = session.get_one(Submission, submission_id)
        if latest_reading(session, submission_id) is not None:
            return
        application = session.get_one(Application, submission.application_id)
        files = stored_files(session, submission_id)
    name = store.vault.open("applications.name", application.name_sealed)
    reading, pages = desk.reader().read_with_pages(name, scans(store, files, desk.settings), pagepictures.encoded)
    blob, pictures = keep_reading(store, reading), pagepictures.keep(store, pages)
    found = impressions(reading, submission.application_id, unit_of(reading, claim_of(store, submission)[0]))
    with store.writing() as session:
        leases.require(session, work.subject(submission_id), desk.owner)
        row = save_reading(store, session, submission_id, reading, blob, SYSTEM)
        save_fingerprints(store, session, row.id, found)
        pagepictures.save(session, submission_id, pictures)
        record(session, SYSTEM, "read", f"reading:{row.id}", row.blob, submission.application_id, reading.form or "-")


def scans(store: Store, files: Sequence[File], settings: Settings) -> Iterator[Scan | Finding]:
    """The pages of a submission's files, but those that were replaced."""
    gone = {(store.vault.open("files.name", f.name_sealed), int(page)) for f in files for page in f.left_out.split()}
    with closing(decode_all(opened(store, files), settings)) as found:
        for scan in found:
            if isinstance(scan, Finding) or (scan.file, scan.page) not in gone:
                yield scan


def opened(store: Store, files: Sequence[File]) -> Iterator[tuple[str, int | Finding]]:
    """Each file by its name: its content in memory that no disk holds, or why it was refused."""
    for file in files:
        label = store.vault.open("files.name", file.name_sealed)
        if file.blob is None:
            refused = store.vault.open("files.refused", file.refused_sealed or b"")
            yield label, codec.load(Finding, refused.encode())
            continue
        descriptor = os.memfd_create("scan", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(descriptor), "wb") as memory:
            memory.write(store.blobs.get(file.blob))
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield label, descriptor


def judge(desk: Desk, submission_id: str) -> None:
    """Judge the latest reading against claim and register."""
    store = desk.store
    with store.reading() as session:
        submission = session.get_one(Submission, submission_id)
        row = latest_reading(session, submission_id)
        assert row is not None  # the step before made it
        as_of = day_of(submission)
        if same_verdict(session, row.id, as_of, POLICY.version) is not None:
            return
        reading = load_reading(store, row)
        known = register(store, session, as_of, numbers_of(reading, claim_of(store, submission)[0]))
    verdict, subject, compared = judged(store, submission, reading, known, as_of, desk.catalogue, desk.remembered)
    with store.writing() as session:
        leases.require(session, work.subject(submission_id), desk.owner)
        saved = save_verdict(store, session, submission, row, verdict, subject, as_of, compared)
        record_verdict(session, SYSTEM, saved, submission.application_id)


def decide(desk: Desk, submission_id: str) -> None:
    """Approve what passed, queue the rest for people, and let the submission go."""
    with desk.store.writing() as session:
        submission = session.get_one(Submission, submission_id)
        if submission.work == Work.DONE:
            return
        leases.require(session, work.subject(submission_id), desk.owner)
        application = session.get_one(Application, submission.application_id, with_for_update=True)
        verdict = latest_verdict(session, submission_id)
        newest = newest_submission(session, application.id)
        if verdict is not None and newest.id == submission_id and application.state == State.RECEIVED:
            _route(desk, session, application, verdict)
        submission.work, submission.fault = Work.DONE, None
        leases.release(session, work.subject(submission_id), desk.owner)  # at once: nobody would look for it later


def _route(desk: Desk, session: Session, application: Application, verdict: VerdictRow) -> None:
    passed = verdict.decision == Decision.PASS
    if passed and not quality.choose(desk.store, session, verdict, desk.settings.sample_share):
        approve(desk.store, session, application, verdict, Word(Ruling.APPROVE, SYSTEM, ""), desk.catalogue)
    else:
        move(session, application, State.REVIEW, SYSTEM, verdict.evidence)


STEPS = {"read": read, "judge": judge, "decide": decide}
