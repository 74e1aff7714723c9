"""What reviewers do, on real stores: each act, each guard, and what no sequence of acts may bring about."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.approvals import Word, require_evidence, rule, verdict_of
from pipeline.intake import submit
from pipeline.review import corrections
from pipeline.review.corrections import Place
from pipeline.review.letter import compose, draft, send_back
from pipeline.review.revise import Act, Change, Revised, revise
from pipeline.review.settle import settle
from pipeline.states import State
from pipeline.store.readings import load_reading
from pipeline.store.store import Store
from pipeline.store.tables import (
    Application,
    ApprovalRow,
    CorrectionRow,
    DecisionRow,
    Event,
    FindingRow,
    ReadingRow,
    SettlementRow,
    VerdictRow,
)
from pipeline.users import Role, add_user, require_another
from tests.pipeline.flow import PLAIN, finished_case, left, settle_all, work_all
from tests.pipeline.papers import AS_OF, SECRETS, folder
from tests.validators import builder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, Refused, YinjianError
from yinjian.findings import CODES, Severity, finding
from yinjian.records import Reading

KNOWN = catalogue()
PHONE = "13904510002"


@pytest.fixture
def store(store: Store) -> Store:
    """With two reviewers, and one who only issues."""
    with store.writing() as session:
        for name, role in (("li", Role.REVIEWER), ("wang", Role.REVIEWER), ("iss", Role.ISSUER)):
            add_user(session, name, (role,))
    return store


def corrected(store: Store, id: str, subject: str, text: str, actor: str = "li", seen: str = "") -> Revised:
    def change(reading: Reading) -> corrections.Correction:
        return corrections.correct(reading, KNOWN, subject, text, actor, Place())

    return revise(store, Act(id, actor, "见申请表", seen), KNOWN, change)


def marked(store: Store, id: str, change: Change, actor: str = "li") -> Revised:
    return revise(store, Act(id, actor), KNOWN, change)


def decided(store: Store, id: str, ruling: Ruling = Ruling.APPROVE, actor: str = "li", seen: str = "") -> None:
    with store.writing() as session:
        row = session.get_one(Application, id)
        rule(store, session, row, Word(ruling, actor, "已核实", seen=seen), KNOWN)


def settled(store: Store, id: str, code: str, where: str, actor: str, reason: str = "已电话核实") -> int:
    """How many more must say so."""
    with store.writing() as session:
        return settle(store, session, id, code, where, actor, reason).lacks


def state(store: Store, id: str) -> str:
    with store.reading() as session:
        return session.get_one(Application, id).state


def readings(store: Store) -> list[Reading]:
    with store.reading() as session:
        rows = session.scalars(select(ReadingRow).order_by(ReadingRow.number)).all()
    return [load_reading(store, row) for row in rows]


def codes(store: Store, id: str) -> list[tuple[str, str]]:
    return [(f.code, f.where) for f in left(store, id)]


# Corrections ----------------------------------------------------------------------------------------------------------


def test_a_corrected_value_is_a_new_reading_that_is_judged_and_may_be_approved(store: Store) -> None:
    id = finished_case(store, "faulty-1")
    assert codes(store, id) == [("field.missing", "agent_phone")]
    revised = corrected(store, id, "agent_phone", PHONE)
    before, after = readings(store)
    new = after.field("agent_phone")
    assert new is not None and (new.text, new.confidence, new.corrected_by) == (PHONE, 1.0, "li")
    assert new.changes[-1] == "corrected by li" and before.text("agent_phone") == ""
    assert (revised.number, codes(store, id), state(store, id)) == (2, [], State.REVIEW)
    decided(store, id, actor="wang")
    assert state(store, id) == State.APPROVED


def test_a_correction_keeps_who_when_why_and_what_was_before(store: Store) -> None:
    id = finished_case(store, "faulty-1")
    corrected(store, id, "agent_phone", PHONE)
    with store.reading() as session:
        row = session.scalars(select(CorrectionRow)).one()
        made = session.get_one(ReadingRow, row.reading_id)
        opened = store.vault.open
        assert (row.actor, row.subject, row.act, made.made_by, made.number) == ("li", "agent_phone", "value", "li", 2)
        assert opened("corrections.before", row.before_sealed) == ""
        assert opened("corrections.after", row.after_sealed) == PHONE
        assert opened("corrections.reason", row.reason_sealed) == "见申请表"


@pytest.mark.parametrize(
    ("subject", "text", "found"),
    [
        ("agent_phone", "0451-82345678", ("field.invalid", "agent_phone")),
        ("agent_phone", "", ("field.missing", "agent_phone")),
        ("authorization_agent_name", "葛小木", ("field.inconsistent", "authorization_agent_name")),
        ("uscc", "91230109MA1B000010", ("field.invalid", "uscc")),
        ("application_date", "2026-06-02", ("field.invalid", "application_date")),
        ("agent.id_valid_until", "2025-01-01", ("material.expired", "identity_card:agent")),
        ("licence_legal_person", "贺云川", ("material.inconsistent", "licence_legal_person")),
        ("business.新办", "clear", ("choice.none", "business")),
        ("business.续费", "ticked", ("choice.multiple", "business")),
        ("business.新办", "unclear", ("choice.unclear", "business")),
        ("project_name", "别处的平台", ("form.wrong_platform", "project_name")),
    ],
)
def test_a_correction_is_judged_by_the_rules_as_what_was_read_is(
    store: Store, subject: str, text: str, found: tuple[str, str]
) -> None:
    id = finished_case(store, "warned-1")
    assert found not in codes(store, id)
    corrected(store, id, subject, text)
    assert found in codes(store, id)


def test_no_lattice_overrules_a_person(store: Store) -> None:
    """The recogniser held 黄 possible, the claim would say so too; a person says it is 黃."""
    field = builder.field("legal_person_name", "贺云舟")
    doubtful = builder.doubtful("黃云舟", 0, "黄")
    reading = builder.with_field(builder.application(), "legal_person_name", text="黃云舟", lattices=(doubtful,))
    said = builder.claim(builder.application(), legal_person_name="黄云舟")
    wrong = ("field.inconsistent", "legal_person_name")
    assert field.lattices and wrong not in builder.found(reading, said)
    by_person = corrections.correct(reading, KNOWN, "legal_person_name", "黃云舟", "li", Place()).reading
    kept = by_person.field("legal_person_name")
    assert kept is not None and kept.lattices == (doubtful,) and wrong in builder.found(by_person, said)


def test_a_field_or_box_that_was_not_found_is_added_where_a_person_saw_it() -> None:
    whole = builder.application()
    reading = builder.without_field(whole, "agent_phone")
    done = corrections.correct(reading, KNOWN, "agent_phone", PHONE, "li", Place(0, builder.BOX)).reading
    field = done.field("agent_phone")
    assert field is not None and (field.text, field.page, field.box) == (PHONE, 0, builder.BOX)
    card = builder.without_field(whole, "agent.id_number")
    added = corrections.correct(card, KNOWN, "agent.id_number", builder.AGENT_ID, "li", Place()).reading
    field = added.field("agent.id_number")
    assert field is not None and added.pages[field.page].role == "agent" and field.box == corrections.WHOLE
    boxless = replace(whole, choices=())
    ticked = corrections.correct(boxless, KNOWN, "business.新办", "ticked", "li", Place()).reading
    assert ticked.ticked("business") == ("新办",)


@pytest.mark.parametrize(
    ("subject", "text", "place"),
    [
        ("business.买卖", "ticked", Place()),
        ("business.新办", "yes", Place()),
        ("nonsense", "x", Place()),
        ("agent.id_nonsense", "x", Place()),
        ("stranger.id_name", "x", Place()),
        ("applicant_name", "x", Place()),  # of another form
        ("agent_phone", "x" * 201, Place()),
        ("agent_phone", "1\x00", Place()),
        ("agent_phone", PHONE, Place(99)),
    ],
)
def test_what_the_papers_have_no_room_for_is_no_correction(store: Store, subject: str, text: str, place: Place) -> None:
    with pytest.raises(InputError):
        corrections.correct(builder.application(), KNOWN, subject, text, "li", place)


# Marks ----------------------------------------------------------------------------------------------------------------


def test_confirming_a_mark_takes_away_what_is_unclear_and_nothing_else(store: Store) -> None:
    id = finished_case(store, "smudged-1")
    clipped, unclear = ("seal.clipped", "seal_collection"), ("seal.unclear", "seal_collection")
    assert codes(store, id) == [unclear, clipped]
    marked(store, id, partial(corrections.confirm, name="seal_collection"))
    assert codes(store, id) == [clipped]
    with pytest.raises(InputError, match="settle"):
        marked(store, id, partial(corrections.confirm, name="seal_collection"))
    with pytest.raises(Refused, match=r"seal\.clipped seal_collection"):
        decided(store, id)
    mark = readings(store)[-1].mark("seal_collection")
    assert mark is not None and mark.image  # pictures go along


def test_the_text_of_a_seal_is_judged_as_a_person_read_it(store: Store) -> None:
    id = finished_case(store, "warned-1")
    marked(store, id, partial(corrections.ring_text, name="seal_collection", text="大庆市某某商贸有限公司"))
    assert ("seal.name_mismatch", "seal_collection") in codes(store, id)
    marked(store, id, partial(corrections.ring_text, name="seal_collection", text=builder.UNIT))
    assert ("seal.name_mismatch", "seal_collection") not in codes(store, id)


def test_seals_of_copies_have_names_of_their_own() -> None:
    reading = builder.application()
    names = corrections.mark_names(reading)
    assert len(set(names)) == len(names) == len(reading.marks)
    twice = replace(reading, marks=(*reading.marks, builder.mark("material_seal", 2)))
    assert corrections.mark_names(twice)[-1] == "material_seal@3.2"
    done = corrections.ring_text(twice, "material_seal@3.2", "别家公司").reading
    assert [m.ring_text for m in done.marks if m.page == 2] == [builder.UNIT, "别家公司"]
    for name in ("material_seal@99", "seal_nowhere", "material_seal"):
        with pytest.raises(InputError):
            corrections.confirm(reading, name)


# Settling -------------------------------------------------------------------------------------------------------------


def test_what_blocks_needs_two_people(store: Store) -> None:
    id = finished_case(store, "altered-1")
    with pytest.raises(Refused, match=r"agreement\.altered agreement\. .*yinjian settle"):
        decided(store, id)
    assert settled(store, id, "agreement.altered", "agreement", "li") == 1
    with pytest.raises(Refused, match="settled by one"):
        decided(store, id)
    with pytest.raises(Refused, match="already"):
        settled(store, id, "agreement.altered", "agreement", "li")
    assert settled(store, id, "agreement.altered", "agreement", "wang", "") == 0
    decided(store, id)
    assert state(store, id) == State.APPROVED
    with store.reading() as session:  # the verdict is as it was
        assert [f.severity for f in session.scalars(select(FindingRow)) if f.code == "agreement.altered"] == ["blocks"]
        assert {v.decision for v in session.scalars(select(VerdictRow))} == {"review"}


def test_what_blocks_is_named_but_no_file_is(store: Store, tmp_path: Path) -> None:
    path = folder(tmp_path, "clean-1")
    (path / "贺云舟.png").touch()
    id = submit(store, path, "intake", replace(PLAIN, settle_seconds=0), AS_OF).application
    work_all(store)
    corrected(store, id, "agent.id_name", "葛小木")
    with pytest.raises(Refused) as refused:
        decided(store, id)
    assert "material.inconsistent agent.id_name" in refused.value.what and "(a file)" in refused.value.what
    assert "贺云舟" not in str(refused.value)


def test_a_warning_needs_one(store: Store) -> None:
    id = finished_case(store, "warned-1")
    assert settled(store, id, "page.unexpected", "b.pdf", "li") == 0
    assert codes(store, id) == []
    with pytest.raises(Refused, match="settled already"):
        settled(store, id, "page.unexpected", "b.pdf", "wang")


@pytest.mark.parametrize(
    ("code", "where", "actor", "reason", "error"),
    [
        ("agreement.altered", "agreement", "li", " ", InputError),
        ("agreement.altered", "elsewhere", "li", "x", InputError),
        ("field.missing", "agreement", "li", "x", InputError),
        ("agreement.altered", "agreement", "iss", "x", Refused),
        ("agreement.altered", "agreement", "nobody", "x", Refused),
    ],
)
def test_no_settlement_without_reason_finding_and_role(
    store: Store, code: str, where: str, actor: str, reason: str, error: type[YinjianError]
) -> None:
    id = finished_case(store, "altered-1")
    with pytest.raises(error):
        settled(store, id, code, where, actor, reason)
    with store.reading() as session:
        assert session.scalars(select(SettlementRow)).all() == []


def test_a_settlement_holds_while_what_it_was_given_on_is_the_same(store: Store) -> None:
    id = finished_case(store, "smudged-1")
    settle_all(store, id, "li", "wang")
    corrected(store, id, "address", "哈尔滨市松北区创新一路 13 号")  # another matter
    assert codes(store, id) == []
    marked(store, id, partial(corrections.ring_text, name="seal_collection", text=builder.UNIT + "1"))
    assert ("seal.clipped", "seal_collection") in codes(store, id)  # that mark is another now
    settle_all(store, id, "li", "wang")
    corrected(store, id, "licence_uscc", "")
    corrected(store, id, "unit_name", "哈尔滨松北云杉软件公司")  # whom it is for
    assert ("seal.clipped", "seal_collection") in codes(store, id)


def test_a_changed_message_is_another_finding(store: Store) -> None:
    id = finished_case(store, "warned-1")
    corrected(store, id, "agent_phone", "123")
    settle_all(store, id, "li", "wang")
    corrected(store, id, "agent_phone", "124")
    assert codes(store, id) == [("field.invalid", "agent_phone")]
    corrected(store, id, "agent_phone", "123")  # and back: what was settled was said of another correction
    assert codes(store, id) == [("field.invalid", "agent_phone")]


def test_a_new_submission_inherits_nothing(store: Store, tmp_path: Path) -> None:
    id = finished_case(store, "altered-1")
    settle_all(store, id, "li", "wang")
    assert codes(store, id) == []
    submit(store, folder(tmp_path, "altered-1", "{}"), "intake", replace(PLAIN, settle_seconds=0), AS_OF, to=id)
    work_all(store)
    assert ("agreement.altered", "agreement") in codes(store, id)


def test_the_approvals_evidence_covers_the_settlements(store: Store) -> None:
    id = finished_case(store, "altered-1")
    settle_all(store, id, "li", "wang")
    decided(store, id)
    with store.reading() as session:
        row = session.scalars(select(ApprovalRow)).one()
        require_evidence(store, session, row)
        assert row.evidence != session.get_one(VerdictRow, row.verdict_id).evidence
    with store.writing() as session:
        changed = session.scalars(select(SettlementRow)).first()
        assert changed is not None
        changed.reason_sealed = store.vault.seal("settlements.reason", "另一个理由")
    with store.reading() as session, pytest.raises(Refused, match="not what was approved"):
        require_evidence(store, session, session.scalars(select(ApprovalRow)).one())


# Guards ---------------------------------------------------------------------------------------------------------------


def test_only_reviewers_and_only_in_review(store: Store) -> None:
    waiting, approved = finished_case(store, "faulty-1"), finished_case(store, "clean-2")
    for id, actor in ((waiting, "iss"), (waiting, "nobody"), (approved, "li")):
        with pytest.raises(Refused):
            corrected(store, id, "agent_phone", PHONE, actor)
        with pytest.raises(Refused):
            marked(store, id, partial(corrections.confirm, name="seal_collection"), actor)
        with pytest.raises(Refused):
            settled(store, id, "field.missing", "agent_phone", actor)
        with pytest.raises(Refused):
            decided(store, id, actor=actor)
    with store.reading() as session:
        assert len(session.scalars(select(ReadingRow)).all()) == 2
        assert session.scalars(select(CorrectionRow)).all() == []


def test_two_reviewers_do_not_cross(store: Store) -> None:
    id = finished_case(store, "faulty-1")
    with store.reading() as session:
        first = session.scalars(select(ReadingRow.id)).one()

    def slow(reading: Reading) -> corrections.Correction:
        """While one looks, another is faster."""
        corrected(store, id, "agent_phone", PHONE, "wang", first)
        return corrections.correct(reading, KNOWN, "agent_phone", "13900000000", "li", Place())

    with pytest.raises(Refused, match="no longer the latest"):
        marked(store, id, slow)
    for ruling in (Ruling.APPROVE, Ruling.RETURN):
        with pytest.raises(Refused, match="no longer the latest"):
            decided(store, id, ruling, seen=first)
    with pytest.raises(Refused, match="no longer the latest"), store.writing() as session:
        settle(store, session, id, "field.missing", "agent_phone", "li", "x", first)
    assert readings(store)[-1].text("agent_phone") == PHONE and len(readings(store)) == 2


def test_of_two_at_the_same_instant_one_is_kept(store: Store) -> None:
    id, together = finished_case(store, "faulty-1"), threading.Barrier(2)

    def change(text: str, reading: Reading) -> corrections.Correction:
        together.wait(20)  # both have looked, neither has written
        return corrections.correct(reading, KNOWN, "agent_phone", text, "li", Place())

    def attempt(actor: str, text: str) -> bool:
        with suppress(Refused):
            marked(store, id, partial(change, text), actor)
            return True
        return False

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(attempt, ("li", "wang"), (PHONE, "13900000001")))
    assert sorted(done) == [False, True] and len(readings(store)) == 2
    with store.reading() as session:
        assert len(session.scalars(select(CorrectionRow)).all()) == 1


def test_whoever_had_a_part_in_it_does_not_issue(store: Store) -> None:
    id = finished_case(store, "smudged-1")
    with store.writing() as session:
        for name in ("a", "b", "c", "d"):
            add_user(session, name, (Role.REVIEWER, Role.ISSUER))
    marked(store, id, partial(corrections.confirm, name="seal_collection"), "a")
    settle_all(store, id, "b", "c")
    decided(store, id, actor="d")
    with store.reading() as session:
        for name in ("a", "b", "c", "d"):
            with pytest.raises(Refused, match="cannot issue it too"):
                require_another(session, name, id)
        require_another(session, "iss", id)


def test_every_act_leaves_an_event_without_personal_data(store: Store) -> None:
    id = finished_case(store, "smudged-1")
    marked(store, id, partial(corrections.confirm, name="seal_collection"))
    corrected(store, id, "agent.id_name", "葛小禾")
    corrected(store, id, "business.新办", "ticked")
    settle_all(store, id, "li", "wang")
    decided(store, id)
    with store.reading() as session:
        rows = session.scalars(select(Event).where(Event.application_id == id).order_by(Event.id)).all()
    acts = [(e.actor, e.action, e.detail) for e in rows if e.actor in ("li", "wang")]
    assert acts == [
        ("li", "corrected", "confirm seal_collection"),
        ("li", "corrected", "value agent.id_name"),
        ("li", "corrected", "choice business.新办"),
        ("li", "settled", "seal.clipped"),
        ("wang", "confirmed", "seal.clipped"),
        ("li", "approved", ""),
    ]
    assert all(len(e.hash) == 64 for e in rows)
    said = " ".join(f"{e.subject} {e.detail}" for e in rows)
    assert not any(secret in said for secret in (*SECRETS, "葛小禾", "已电话核实"))


# Sequences ------------------------------------------------------------------------------------------------------------

UNCHANGED = ("agent_phone", "address", "unit_name", "uscc", "application_date")


def one_act(store: Store, id: str, actor: str, dice: random.Random) -> None:
    """Anything that a reviewer may try; whether it is allowed is not asked before."""
    texts = (PHONE, "", "123", "2026-05-20", builder.UNIT)
    acts = (
        lambda: corrected(store, id, dice.choice(UNCHANGED), dice.choice(texts), actor),
        lambda: corrected(store, id, "business.续费", dice.choice(("ticked", "clear")), actor),
        lambda: marked(store, id, partial(corrections.confirm, name="seal_collection"), actor),
        lambda: marked(store, id, partial(corrections.ring_text, name="seal_collection", text=builder.UNIT), actor),
        lambda: settle_all(store, id, actor),
        lambda: [settled(store, id, f.code, f.where, actor) for f in left(store, id)[:1]],
        lambda: decided(store, id, actor=actor),
    )
    with suppress(YinjianError):
        dice.choice(acts)()


def unsettled_by_two(store: Store, id: str) -> list[str]:
    """Blocking findings of what counts on which not two people spoke, told by the rows alone."""
    with store.reading() as session:
        verdict = verdict_of(session, session.get_one(Application, id))
        assert verdict is not None
        findings = session.scalars(select(FindingRow).where(FindingRow.verdict_id == verdict.id)).all()
        words = session.execute(select(SettlementRow.code, SettlementRow.actor)).all()
    blocking = [f.code for f in findings if f.severity == Severity.BLOCKS]
    return [code for code in blocking if len({actor for said, actor in words if said == code}) < 2]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["altered-1", "smudged-1"])
def test_no_sequence_of_acts_of_one_reviewer_approves_what_is_blocked(store: Store, seed: int, name: str) -> None:
    dice, id = random.Random(seed), finished_case(store, name)
    for _ in range(14):
        one_act(store, id, "li", dice)
    # Neither an altered agreement nor a clipped seal is a reading's error: no correction takes it away.
    assert state(store, id) == State.REVIEW and unsettled_by_two(store, id)


def test_whatever_two_reviewers_do_an_approval_has_two_words_on_all_that_blocks(store: Store) -> None:
    dice, approved = random.Random(1), 0
    for number in range(6):
        id = finished_case(store, f"smudged-{number}")
        for _ in range(20):
            one_act(store, id, dice.choice(("li", "wang")), dice)
        if state(store, id) == State.APPROVED:
            approved += 1
            assert unsettled_by_two(store, id) == []
    assert approved > 0
    with store.reading() as session:
        for row in session.scalars(select(ApprovalRow)):
            require_evidence(store, session, row)


# Returning ------------------------------------------------------------------------------------------------------------


def test_a_letter_says_what_is_wrong_where_and_what_to_do_each_once(store: Store) -> None:
    id = finished_case(store, "smudged-1")
    corrected(store, id, "agent_phone", "")
    with store.writing() as session:
        text = send_back(store, session, session.get_one(Application, id), "li", "", KNOWN)
    assert text.startswith(f"尊敬的{builder.UNIT}：\n您好！")
    assert "经办人手机号码未填写或未找到。请补填后重新提交。" in text
    assert text.count("采集区的单位公章贴边或不完整") == 1 and "2. " in text
    with store.reading() as session:
        decision = session.scalars(select(DecisionRow)).one()
        assert session.get_one(Application, id).state == State.RETURNED
        assert store.vault.open("decisions.letter", decision.letter_sealed or b"") == text


def test_a_letter_leaves_out_what_is_settled_and_what_is_ours(store: Store) -> None:
    ours = (finding("rule.failed", "x", "y"), finding("register.unavailable", "register", "z"))
    assert compose(ours, "甲公司", KNOWN) == ""
    twice = (finding("seal.missing", "seal_declaration", "a"), finding("seal.missing", "seal_declaration", "b"), *ours)
    assert compose(twice, "", KNOWN).count("声明处的单位公章") == 1
    id = finished_case(store, "altered-1")
    settle_all(store, id, "li", "wang")
    with store.reading() as session, pytest.raises(InputError, match="--text"):
        draft(store, session, session.get_one(Application, id), "li", KNOWN)
    with store.writing() as session:
        application = session.get_one(Application, id)
        assert send_back(store, session, application, "li", "请重新提交。", KNOWN) == "请重新提交。"


def test_every_finding_code_has_words_for_applicants_or_none_at_all() -> None:
    assert {remedy.code for remedy in KNOWN.remedies} == set(CODES)
    assert {r.code for r in KNOWN.remedies if not r.wrong} == {"rule.failed", "register.unavailable"}
