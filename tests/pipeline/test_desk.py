"""Behind the desks: the queue, locks, undo, what a case shows, figures, counter, pages sent again."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from pipeline import counter, figures, pagepictures, viewing, waiting
from pipeline.approvals import Word, rule
from pipeline.begun import offered
from pipeline.clock import now
from pipeline.counterdesk import CounterDesk
from pipeline.desk import Desk
from pipeline.intake import submit
from pipeline.issue import issue_all
from pipeline.papers import Papers
from pipeline.registry import subject_of
from pipeline.review import holding
from pipeline.review.caseview import CaseView, Suggestion, case_view, difference
from pipeline.review.revise import Act
from pipeline.states import State
from pipeline.steps import scans
from pipeline.store.check import problems
from pipeline.store.codec import dump
from pipeline.store.desk_tables import WaitingRow
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store, open_store
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import Application, CorrectionRow, Event, Lease, ReadingRow, SettlementRow
from pipeline.store.verdicts import compared_of, latest_verdict
from pipeline.users import add_user
from pipeline.waiting import Order, Rank, Wanted
from tests.conftest import STAFF
from tests.pipeline.flow import PLAIN, approved_case, finished_case, settle_all, work_all
from tests.pipeline.papers import folder
from tests.validators import builder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.claim import parse_claim
from yinjian.errors import InputError, Refused, StoreError
from yinjian.geometry import Box
from yinjian.settings import Settings


@pytest.fixture
def staffed(store: Store) -> Store:
    with store.writing() as session:
        for name, roles in STAFF.items():
            add_user(session, name, roles)
    return store


@pytest.fixture
def desk(staffed: Store, settings: Settings) -> Desk:
    return Desk(staffed, settings)


def lines(store: Store, **wanted: object) -> list[str]:
    with store.reading() as session:
        return [case.id for case in waiting.queue(store, session, Wanted(**wanted)).cases]  # type: ignore[arg-type]


def test_the_queue_is_what_waits_by_age_and_by_severity(staffed: Store, settings: Settings) -> None:
    warned, faulty, crashed = (finished_case(staffed, name, settings) for name in ("warned-1", "faulty-2", "crashes-3"))
    finished_case(staffed, "clean-4")
    assert lines(staffed) == [warned, faulty, crashed]
    assert lines(staffed, order=Order.SEVERITY) == [crashed, faulty, warned]
    assert lines(staffed, rank=Rank.WARNS) == [warned]
    assert lines(staffed, finding="field.missing") == [faulty]
    assert lines(staffed, platform="ggzy") == []
    assert set(lines(staffed, platform="hpe", certificate="enterprise")) == {warned, faulty}
    assert lines(staffed, over=1) == []
    assert len(lines(staffed, under=1)) == 3
    with staffed.reading() as session:
        counts = waiting.counts(session)
    assert (counts.all, counts.ranks) == (3, {0: 1, 1: 1, 2: 1})
    assert counts.findings == {"field.missing": 1, "page.unexpected": 1}


def test_a_case_leaves_the_queue_when_it_is_decided(staffed: Store) -> None:
    case = finished_case(staffed, "warned-1")
    settle_all(staffed, case, "rev")
    with staffed.writing() as session:
        row = session.get_one(Application, case)
        rule(staffed, session, row, Word(Ruling.APPROVE, "rev", "ok"), catalogue())
    assert lines(staffed) == []


def test_a_sample_shows_nothing_of_what_was_judged(staffed: Store) -> None:
    case = finished_case(staffed, "clean-1", replace(PLAIN, sample_share=1.0))
    with staffed.reading() as session:
        (line,) = waiting.queue(staffed, session, Wanted()).cases
        view = case_view(staffed, session, session.get_one(Application, case), "rev", catalogue())
    assert (line.codes, line.platform, line.rank) == ((), "", Rank.WARNS)
    assert view.blind
    assert (view.findings, view.platform, view.certificate) == ((), "", "")
    assert view.fields


def test_the_next_case_is_free_and_not_ones_own_second_look(staffed: Store) -> None:
    first, second = finished_case(staffed, "altered-1"), finished_case(staffed, "faulty-2")
    with staffed.writing() as session:
        holding.open_case(session, first, "both")
        assert waiting.following(session, "rev", Wanted()) == second
        assert waiting.following(session, "both", Wanted()) == first
        holding.close(session, first, "both")
    settle_all(staffed, first, "rev")
    with staffed.reading() as session:
        assert waiting.following(session, "rev", Wanted()) == second
        assert waiting.following(session, "rev", Wanted(), after=second) is None
        assert waiting.following(session, "both", Wanted()) == first
        (line, _) = waiting.queue(staffed, session, Wanted()).cases
    assert line.first == "rev"


def test_a_lock_is_one_reviewers_until_it_lapses_or_is_taken_over(staffed: Store) -> None:
    case = finished_case(staffed, "faulty-1")
    with staffed.writing() as session:
        assert holding.open_case(session, case, "rev") == "rev"
        assert holding.open_case(session, case, "both") == "rev"
        assert holding.keep(session, case, "both") == "rev"
        with pytest.raises(Refused, match="rev has this case open"):
            holding.require_held(session, case, "both")
        assert holding.open_case(session, case, "both", take_over=True) == "both"
        assert holding.keep(session, case, "rev") == "both"
        session.execute(update(Lease).values(until=now() - timedelta(seconds=1)))
        holding.require_held(session, case, "rev")
        assert holding.open_case(session, case, "rev") == "rev"
        with pytest.raises(Refused):
            holding.open_case(session, case, "iss")
        session.flush()
        told = session.execute(select(Event.actor, Event.detail).where(Event.action == "took_over")).all()
        assert [tuple(row) for row in told] == [("both", "from rev")]


def view(desk: Desk, case: str, actor: str = "rev") -> CaseView:
    return desk.view(case, actor)


def test_a_suggestion_is_what_most_say_for_the_field_that_they_speak_against(desk: Desk) -> None:
    case = finished_case(desk.store, "misread-1")
    shown = view(desk, case)
    wrong = builder.UNIT.replace("云杉", "云彬")
    right = Suggestion("unit_name", "单位名称", builder.UNIT)
    (finding, *_) = shown.left
    (field,) = (f for f in shown.fields if f.id == finding.subject)
    assert field.suggestions[0] == right
    own = next(f for f in shown.fields if f.id == "unit_name")
    assert (own.text, own.suggestions) == (wrong, (right,))
    differing = [one for one in own.said if not one.agrees]
    assert {(True, "杉")} <= {part for one in differing for part in one.segments}
    desk.correct(Act(case, "rev", seen=shown.seen), right.subject, right.text)
    assert view(desk, case).left == ()


@pytest.mark.parametrize(
    "text, other, marked",
    [
        ("哈尔滨云杉（集团）", "哈尔滨云杉(集团)", []),
        ("云彬", "云杉", ["杉"]),
        ("云杉软件", "云杉", ["␣"]),
        ("", "云杉", ["云杉"]),
        ("云杉", "", ["␣"]),
    ],
)
def test_differences_are_marked_by_symbol(text: str, other: str, marked: list[str]) -> None:
    assert [part for differs, part in difference(text, other) if differs] == marked


def test_the_second_person_is_not_told_what_the_first_one_said(desk: Desk) -> None:
    case = finished_case(desk.store, "altered-1")
    (found,) = view(desk, case).left
    desk.settle(Act(case, "rev", "换行"), found.finding.code, found.finding.where)
    (own,), (others,) = view(desk, case).left, view(desk, case, "both").left
    assert own.mine and own.words == (("rev", "换行"),)
    assert others.blind and others.words == ()
    with pytest.raises(InputError, match="needs a reason"):
        desk.settle(Act(case, "both", " "), found.finding.code, found.finding.where)
    desk.settle(Act(case, "both", "逐字核对"), found.finding.code, found.finding.where)
    shown = view(desk, case, "both")
    assert shown.left == ()
    assert shown.findings[0].words == (("rev", "换行"), ("both", "逐字核对"))


def test_undo_goes_back_step_by_step(desk: Desk) -> None:
    case = finished_case(desk.store, "misread-1")
    before = view(desk, case)
    desk.correct(Act(case, "rev"), "agent_phone", "13900000001")
    desk.correct(Act(case, "rev"), "unit_name", builder.UNIT)
    assert view(desk, case).undo == "单位名称"
    desk.undo(Act(case, "rev"))
    shown = view(desk, case)
    texts = {f.id: f.text for f in shown.fields}
    assert texts["unit_name"] == next(f.text for f in before.fields if f.id == "unit_name")
    assert texts["agent_phone"] == "13900000001"
    desk.undo(Act(case, "rev"))
    shown = view(desk, case)
    assert [(f.id, f.text) for f in shown.fields] == [(f.id, f.text) for f in before.fields]
    assert shown.undo == ""
    with pytest.raises(Refused, match="nothing of yours"):
        desk.undo(Act(case, "rev"))
    with desk.store.reading() as session:  # and nothing was wiped out
        assert len(session.scalars(select(ReadingRow)).all()) == 5
        assert [c.act for c in session.scalars(select(CorrectionRow).order_by(CorrectionRow.made_at))] == [
            "value", "value", "undo", "undo",
        ]  # fmt: skip


def test_nobody_undoes_what_another_did(desk: Desk) -> None:
    case = finished_case(desk.store, "misread-1")
    desk.correct(Act(case, "rev"), "unit_name", builder.UNIT)
    assert view(desk, case, "both").undo == ""
    with pytest.raises(Refused):
        desk.undo(Act(case, "both"))
    desk.correct(Act(case, "both"), "agent_phone", "13900000001")
    with pytest.raises(Refused):
        desk.undo(Act(case, "rev"))


def test_a_settlement_that_was_taken_back_does_not_count_and_may_be_given_again(desk: Desk) -> None:
    case = finished_case(desk.store, "warned-1")
    (found,) = view(desk, case).left
    settling = found.finding.code, found.finding.where
    desk.settle(Act(case, "rev", "空白页"), *settling)
    assert view(desk, case).left == ()
    desk.undo(Act(case, "rev"))
    assert len(view(desk, case).left) == 1
    desk.settle(Act(case, "rev", "确为空白页"), *settling)
    shown = view(desk, case)
    assert shown.left == ()
    assert shown.findings[0].words == (("rev", "确为空白页"),)
    with desk.store.reading() as session:
        assert len(session.scalars(select(SettlementRow)).all()) == 1
        # Who had a part in it is not forgotten: they never issue it.
        actions = session.scalars(select(Event.action).where(Event.application_id == case)).all()
        assert actions.count("settled") == 2
        assert actions.count("withdrawn") == 1


def test_a_correction_compares_impressions_only_with_what_came_since(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = finished_case(desk.store, "misread-1")
    with desk.store.writing() as session:
        verdict = latest_verdict(session, newest_submission(session, case).id)
        assert verdict is not None
        compared = compared_of(desk.store, verdict)
        assert compared is not None
        kept = replace(compared, upto=5)
        verdict.compared_sealed = desk.store.vault.seal("verdicts.compared", dump(kept).decode())
    asked: list[tuple[int, object]] = []
    monkeypatch.setattr(
        "pipeline.judging.reuses_since", lambda found, known, before, upto: asked.append((upto, before)) or ()
    )
    desk.correct(Act(case, "rev"), "agent_phone", "13900000001")
    assert asked == [(5, ())]
    asked.clear()
    desk.correct(Act(case, "rev"), "uscc", builder.USCC)  # another unit: whose the others are may be otherwise now
    assert asked == []


def test_pages_are_kept_as_pictures_and_checked(staffed: Store) -> None:
    case = finished_case(staffed, "faulty-1")
    with staffed.reading() as session:
        kept = pagepictures.of(session, newest_submission(session, case).id)
        assert [row.position for row in kept] == [0, 1, 2, 3, 4]
        assert list(problems(staffed, session)) == []
    staffed.blobs.files.rm_file(staffed.blobs._path(kept[0].full))
    with staffed.reading() as session:
        assert "lost" in next(problems(staffed, session))
    with pytest.raises(StoreError):
        Papers(staffed).page("rev", case, 0, full=True)


def test_the_first_view_is_small_even_of_noise(store: Store) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (4960, 3508, 3), dtype=np.uint8)
    (kept,) = pagepictures.keep(store, [pagepictures.encoded(noise)])
    assert len(store.blobs.get(kept.view)) < 300_000
    assert max(kept.width, kept.height) == pagepictures.FULL
    page = pagepictures.decoded(store.blobs.get(kept.full))
    part = pagepictures.decoded(pagepictures.crop(page, Box(0, 0, 0.1, 0.1)))
    assert part.shape[0] > 200


def test_who_may_see_papers(staffed: Store) -> None:
    case = finished_case(staffed, "faulty-1")
    papers = Papers(staffed)
    for name in ("rev", "both", "aud"):
        assert papers.page(name, case, 0, full=False)
    for name in ("iss", "adm", "nobody"):
        with pytest.raises(Refused, match="not for you"):
            papers.page(name, case, 0, full=False)
        with pytest.raises(Refused):
            papers.crop(name, case, 0, Box(0, 0, 1, 1))
    with pytest.raises(InputError):
        papers.page("rev", "A000", 0, full=False)
    with pytest.raises(InputError):
        papers.page("rev", case, 99, full=False)
    with staffed.reading() as session:
        seen = session.execute(select(Event.actor, Event.detail).where(Event.action == "viewed")).all()
        assert {tuple(row) for row in seen} == {(name, "page 1") for name in ("rev", "both", "aud")}


def test_an_issuer_sees_what_was_approved(staffed: Store) -> None:
    case = finished_case(staffed, "clean-1")
    with staffed.reading() as session:
        assert viewing.require_view(session, "iss", case).state == State.APPROVED


def sent_again(store: Store, tmp_path: Path, case: str, *replaces: int) -> None:
    path = folder(tmp_path, f"again-{len(list(tmp_path.iterdir()))}")
    submit(store, path, "intake", replace(PLAIN, settle_seconds=0), to=case, replaces=replaces)


def returned(store: Store, name: str) -> str:
    case = finished_case(store, name)
    with store.writing() as session:
        row = session.get_one(Application, case)
        rule(store, session, row, Word(Ruling.RETURN, "rev", "", "请补填"), catalogue())
    return case


def test_a_page_that_is_sent_again_takes_the_place_of_the_old_one(staffed: Store, tmp_path: Path) -> None:
    case = returned(staffed, "faulty-1")
    with staffed.reading() as session:
        before = newest_submission(session, case)
        old = stored_files(session, before.id)
    sent_again(staffed, tmp_path, case, 1)
    with staffed.reading() as session:
        now_ = newest_submission(session, case)
        files = stored_files(session, now_.id)
        assert (now_.number, session.get_one(Application, case).state) == (2, State.RECEIVED)
        assert [file.blob for file in files][: len(old)] == [file.blob for file in old]
        reading = latest_reading(session, before.id)
        assert reading is not None
        page = load_reading(staffed, reading).pages[0]
    names = [staffed.vault.open("files.name", file.name_sealed) for file in files]
    assert len(set(names)) == len(names) == len(old) + 1
    left_out = {name: file.left_out for name, file in zip(names, files, strict=True)}
    assert left_out[page.file] == str(page.page)
    opened = list(scans(staffed, files, PLAIN))
    assert (page.file, page.page) not in [(s.file, s.page) for s in opened]  # type: ignore[union-attr]
    assert len(opened) == 1
    work_all(staffed)
    with staffed.reading() as session:
        assert session.get_one(Application, case).state == State.REVIEW


def test_pages_that_are_not_there_are_not_replaced(staffed: Store, tmp_path: Path) -> None:
    case = returned(staffed, "faulty-1")
    with pytest.raises(InputError, match="has 5 pages"):
        sent_again(staffed, tmp_path, case, 6)
    with pytest.raises(InputError, match="of one application"):
        submit(staffed, folder(tmp_path, "x-1"), "intake", replace(PLAIN, settle_seconds=0), replaces=(1,))


def test_figures_count_what_happened(staffed: Store, settings: Settings) -> None:
    finished_case(staffed, "clean-1")
    case = finished_case(staffed, "warned-2")
    finished_case(staffed, "crashes-3", settings)
    settle_all(staffed, case, "rev")
    with staffed.writing() as session:
        rule(staffed, session, session.get_one(Application, case), Word(Ruling.APPROVE, "rev", "ok"), catalogue())
    with staffed.reading() as session:
        found = figures.figures(session)
        again = figures.happened(session, "approved", None, by_program=True)
        today = figures.happened(session, "submitted", found.days[-1])
    assert found.intake[-1] == len(today) == 3
    assert (found.passed.right, found.passed.n) == (1, 2)
    assert found.ages == (1, 0, 0, 0)
    assert found.decided == 1
    assert found.decided_hours is not None and found.decided_hours < 0.1
    assert found.waiting.ranks == {0: 1}
    assert len(again) == 1


def test_the_counter_lists_searches_and_posts(with_ca: Settings) -> None:
    store = open_store(with_ca)
    case = approved_case(store, with_ca, "clean-1")
    with store.reading() as session:
        (job,) = counter.jobs(store, session, "iss")
        assert (job.application, job.barred) == (case, "")
        assert [step.done for step in counter.progress(session, case)] == [False] * 4
    with store.writing() as session, pytest.raises(Refused, match="no token"):
        counter.post(store, session, case, "邮政", "EX1", "iss")
    (result,) = issue_all(store, with_ca, "iss")
    with store.writing() as session:
        assert [step.done for step in counter.progress(session, case)] == [True] * 4
        parcel = counter.post(store, session, case, "邮政", "EX123456789CN", "iss")
        assert counter.post(store, session, case, "邮政", "EX123456789CN", "iss").id == parcel.id
        session.flush()
        (held,) = counter.to_hand_over(store, session)
        assert held.parcel == "邮政 EX123456789CN"
        row = session.get_one(CertificateRow, result.serials[0])
        for text in (row.serial, row.serial.lower(), builder.UNIT, case, "ex123456789cn", f" {builder.UNIT} "):
            assert [one.serial for one in counter.search(store, session, text)] == [row.serial], text
        assert list(counter.search(store, session, "别的公司")) == []
        with pytest.raises(InputError):
            counter.search(store, session, " ")
        with pytest.raises(Refused):
            counter.post(store, session, case, "邮政", "EX2", "rev")
        assert list(counter.ending(store, session)) == []
        row.state, row.not_after = "active", now() + timedelta(days=30)
        session.flush()
        assert [one.serial for one in counter.ending(store, session)] == [row.serial]


def test_who_reviewed_is_told_that_another_must_issue(with_ca: Settings) -> None:
    store = open_store(with_ca)
    case = finished_case(store, "warned-1")
    settle_all(store, case, "both")
    with store.writing() as session:
        rule(store, session, session.get_one(Application, case), Word(Ruling.APPROVE, "both", "ok"), catalogue())
    with store.reading() as session:
        (job,) = counter.jobs(store, session, "both")
        assert "cannot issue it too" in job.barred
        (job,) = counter.jobs(store, session, "iss")
        assert job.barred == ""


def test_what_waited_before_the_queue_was_kept_is_entered_by_the_migration(staffed: Store, settings: Settings) -> None:
    cases = [finished_case(staffed, name, settings) for name in ("faulty-1", "crashes-2", "clean-3")]
    with staffed.writing() as session:
        kept = _entered(session)
        session.execute(text("DELETE FROM waiting"))
    step = importlib.import_module("pipeline.store.migrations.versions.0007_desks")
    with (
        staffed.database.engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        step._fill()
    with staffed.reading() as session:
        assert _entered(session) == kept
        assert {row[0] for row in kept} == set(cases[:2])


def _entered(session: Session) -> set[tuple[object, ...]]:
    rows = session.scalars(select(WaitingRow))
    return {(r.application_id, r.platform, r.certificate, r.business, r.verdict_id, r.rank) for r in rows}


def test_a_service_for_a_certificate_is_begun_with_its_papers(with_ca: Settings, tmp_path: Path) -> None:
    store = open_store(with_ca)
    approved_case(store, with_ca, "clean-1")
    (result,) = issue_all(store, with_ca, "iss")
    counters = CounterDesk(store, with_ca)
    with store.reading() as session:
        row = session.get_one(CertificateRow, result.serials[0])
        subject = subject_of(store, row)
    known = {one.business: one.what for one in offered(row, catalogue())}
    assert {"renew", "replace", "unlock", "change", "revoke", "secondary"} <= known.keys()
    assert "new" not in known
    assert known["unlock"] == "原介质（须带来）重设 PIN，证书不变"
    assert known["replace"] == "新介质；新密钥；原证书撤销；重新制作电子印章"
    paper = ("renewal.png", next(folder(tmp_path, "renew-1").glob("*.png")).read_bytes())
    for actor, business, files, wrong in (
        ("rev", "renew", [paper], Refused),
        ("iss", "new", [paper], Refused),
        ("iss", "renew", [], InputError),
    ):
        with pytest.raises(wrong):
            counters.begin(actor, row.serial, business, subject, files)
    receipt = counters.begin("iss", row.serial, "renew", subject, [paper])
    with store.reading() as session:
        submission = newest_submission(session, receipt.application)
        assert submission.received_by == "iss"
        claim = parse_claim(store.blobs.get(submission.claim_blob or ""))[0]
    assert claim is not None
    assert (claim.platform, claim.certificate, claim.business) == ("hpe", "enterprise", "renew")
    assert dict(claim.fields) == {"unit_name": subject.unit_name, "uscc": subject.uscc}
    counters.close()
