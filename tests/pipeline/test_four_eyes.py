"""No order of steps, by any door, issues without two people, without payment where it is due, or on changed evidence.

A model of the rules is kept beside the program; hypothesis draws the steps, and after each the two must agree.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import mkdtemp
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from typer.testing import CliRunner

from pipeline import acceptance, flows, operations, orders
from pipeline.approvals import Word
from pipeline.approvals import rule as decide
from pipeline.cli import app
from pipeline.intake import submit
from pipeline.issue import issue_all
from pipeline.review.settle import settle
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow, Operation, Order
from pipeline.store.store import open_store
from pipeline.store.tables import Application, ApprovalRow, Event
from pipeline.users import add_user, reviewers_of
from pipeline.workshop import opened_station
from tests.conftest import STAFF, prepared
from tests.pipeline.flow import approved_case, finished_case, left, settle_all, work_all
from tests.pipeline.papers import AS_OF, folder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.errors import YinjianError

PEOPLE = st.sampled_from(["iss", "both", "iss", "both", "rev", "adm", "aud", "nobody"])
ISSUERS, REVIEWERS = {"iss", "both"}, {"rev", "both"}
LATER = ("replace", "renew", "revoke")
DOORS = ("function", "command", "flow")


@dataclass
class Known:
    """What the model knows of an application."""

    id: str
    reviewers: set[str] = field(default_factory=set)
    approved: bool = False
    paid: bool = False
    changed: bool = False
    issued: bool = False
    unit: int = 0
    business: str = "new"


class Steps(RuleBasedStateMachine):
    """One installation, and what people do to it. It begins with what `beginning` left."""

    home: Path
    first: tuple[Known, ...]
    seen: Counter[str]  # what came about, over all sequences

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp())
        shutil.copytree(self.home, self.folder, dirs_exist_ok=True)
        self.settings = replace(prepared(self.folder), var_dir=self.folder / "var")
        self.store = open_store(self.settings)
        self.known = [replace(one, reviewers=set(one.reviewers)) for one in self.first]
        self.asked: dict[str, str] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @precondition(lambda self: len(self.known) < 7)
    @rule(kind=st.sampled_from(["faulty", *LATER, *LATER]), unit=st.integers(1, 4))
    def comes_in(self, kind: str, unit: int) -> None:
        if (kind, unit) in {(one.business, one.unit) for one in self.known}:
            return
        unit = 9 if kind == "faulty" else unit
        name = f"{kind}-{unit}"
        path = folder(self.folder / f"in{len(self.known)}", name)
        id = submit(self.store, path, "intake", self.settings, AS_OF).application
        work_all(self.store, self.settings)
        one = Known(id, unit=unit, business=kind if kind in LATER else "new")
        one.approved = self._state(one) == State.APPROVED
        self.known.append(one)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), actor=PEOPLE)
    def is_settled_and_approved(self, data: st.DataObject, actor: str) -> None:
        one = data.draw(st.sampled_from(self.known))
        waits = self._state(one) == State.REVIEW
        settled = False
        for found in left(self.store, one.id) if waits else []:
            with Tried(actor in REVIEWERS - one.reviewers), self.store.writing() as session:
                settle(self.store, session, one.id, found.code, found.where, actor, "核实")
                settled = True
        one.reviewers |= {actor} if settled else set()
        allowed = waits and actor in REVIEWERS and not left(self.store, one.id)
        with Tried(allowed), self.store.writing() as session:
            row = session.get_one(Application, one.id)
            decide(self.store, session, row, Word(Ruling.APPROVE, actor, "核实"), catalogue())
            one.approved = True
            one.reviewers.add(actor)

    @rule(actor=PEOPLE)
    def are_paid(self, actor: str) -> None:
        for one in self.known:
            with Tried(one.approved and actor in ISSUERS | {"adm"}), self.store.writing() as session:
                if orders.order_of(session, one.id).state == orders.OrderState.UNPRICED:
                    orders.price(session, one.id, 50, actor)
                orders.pay(session, one.id, orders.Method.COUNTER, actor, "R-1")
                one.paid = True

    @precondition(lambda self: sum(one.paid for one in self.known) > 1)
    @rule(data=st.data(), actor=PEOPLE)
    def is_given_back(self, data: st.DataObject, actor: str) -> None:
        one = data.draw(st.sampled_from([one for one in self.known if one.paid]))
        with Tried(not one.issued and actor in ISSUERS | {"adm"}), self.store.writing() as session:
            orders.refund(self.store, session, one.id, "撤回", "B-1", actor)
            one.paid = False

    @precondition(lambda self: self._open() and not any(one.changed for one in self.known))
    @rule(data=st.data())
    def evidence_changes(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self._open()))
        with self.store.writing() as session:
            session.scalars(select(ApprovalRow).where(ApprovalRow.application_id == one.id)).one().evidence = "0" * 64
        one.changed = True

    @precondition(lambda self: self.known)
    @rule(actor=PEOPLE, door=st.sampled_from(DOORS))
    def is_issued(self, actor: str, door: str) -> None:
        expected = self._expected(actor)
        before = self._issued()
        try:
            told = self._issue(actor, door)
        except YinjianError as error:
            assert not expected, error
        assert self._issued() - before == expected, told
        self._note(actor, door, expected)
        for one in self.known:
            one.issued = one.issued or one.id in expected

    @precondition(lambda self: any(one.issued for one in self.known))
    @rule(data=st.data(), actor=PEOPLE)
    def is_accepted(self, data: st.DataObject, actor: str) -> None:
        serial, state = data.draw(st.sampled_from(list(self._certificates().items())))
        allowed = state == "issued" and actor in ISSUERS
        with Tried(allowed), opened_station(self.settings) as station:
            acceptance.accept(self.store, station, serial, actor)
            self.seen["accepted"] += 1

    @precondition(lambda self: any(one.issued for one in self.known))
    @rule(data=st.data(), actor=PEOPLE)
    def is_to_be_revoked(self, data: st.DataObject, actor: str) -> None:
        serial, state = data.draw(st.sampled_from(list(self._certificates().items())))
        allowed = state != "revoked" and actor in ISSUERS | REVIEWERS | {"adm"}
        with Tried(allowed), self.store.writing() as session:
            asked = operations.ask_to_revoke(self.store, session, serial, "superseded", "核实", actor)
            self.asked[asked.id] = asked.asked_by

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), actor=PEOPLE)
    def is_revoked(self, data: st.DataObject, actor: str) -> None:
        id, asked_by = data.draw(st.sampled_from(list(self.asked.items())))
        allowed = actor in ISSUERS | {"adm"} and actor != asked_by
        with Tried(allowed), self.store.writing() as session:
            operations.confirm(self.store, session, id, actor)
            self.seen["revoked"] += 1

    @invariant()
    def two_people_stand_behind_each_certificate(self) -> None:
        with self.store.reading() as session:
            for row in session.scalars(select(CertificateRow)):
                approval = session.get_one(ApprovalRow, row.approval_id)
                assert row.reserved_by != approval.actor
                assert row.reserved_by not in reviewers_of(session, approval.application_id)
                order = session.scalars(select(Order).where(Order.application_id == approval.application_id)).one()
                assert order.state == orders.OrderState.PAID
            for operation in session.scalars(select(Operation).where(Operation.confirmed_by.is_not(None))):
                assert operation.confirmed_by != operation.asked_by
            revoked = session.scalars(select(CertificateRow.serial).where(CertificateRow.state == "revoked")).all()
            done = session.scalars(select(Operation.subject).where(Operation.confirmed_by.is_not(None))).all()
            about = session.scalars(select(ApprovalRow.refers).where(ApprovalRow.refers.is_not(None))).all()
            assert set(done) <= set(revoked) <= set(done) | set(about)
            actors = session.scalars(select(Event.actor).where(Event.action == "issued")).all()
            assert set(actors) <= ISSUERS

    def _open(self) -> list[Known]:
        return [one for one in self.known if one.approved and not one.issued]

    def _note(self, actor: str, door: str, issued: set[str]) -> None:
        """What this attempt was a test of."""
        if issued:
            self.seen.update(["issued", f"by {door}"])
            self.seen.update(one.business for one in self.known if one.id in issued)
        for one in self.known:
            if actor in ISSUERS and one.approved and not one.issued and one.id not in issued:
                own = actor in one.reviewers
                only = (own, not one.paid, one.changed)
                if sum(only) == 1:
                    self.seen[("own", "unpaid", "changed")[only.index(True)]] += 1

    def _expected(self, actor: str) -> set[str]:
        """What is issued now, in the order in which it was approved: one may take away what the next is about."""
        with self.store.reading() as session:
            order = session.scalars(select(ApprovalRow.application_id).order_by(ApprovalRow.approved_at)).all()
        by_id, held, expected = {one.id: one for one in self.known}, self._held(), set()
        for one in (by_id[id] for id in order):
            if not self._may_be_issued(one, actor):
                continue
            if (one.business == "new" and held[one.unit]) or (one.business != "new" and held[one.unit] != 1):
                continue
            expected.add(one.id)
            held[one.unit] += {"revoke": -1, "replace": 0}.get(one.business, 1)
        return expected

    def _held(self) -> Counter[int]:
        """How many certificates each unit has in force."""
        units = {one.id: one.unit for one in self.known}
        with self.store.reading() as session:
            rows = select(ApprovalRow.application_id, CertificateRow.state)
            rows = rows.join(CertificateRow, CertificateRow.approval_id == ApprovalRow.id)
            found = session.execute(rows).tuples().all()
        return Counter(units[id] for id, state in found if state in ("issued", "active"))

    def _may_be_issued(self, one: Known, actor: str) -> bool:
        apart = actor not in one.reviewers
        return actor in ISSUERS and apart and one.approved and one.paid and not one.changed and not one.issued

    def _issue(self, actor: str, door: str) -> object:
        if door == "function":
            return issue_all(self.store, self.settings, actor)
        environment = self.settings.to_environment() | {"YINJIAN_ISSUER": actor}
        with patch.dict(os.environ, environment):
            if door == "flow":
                return flows.issue.fn()
            done = CliRunner().invoke(app, ["issue", "--actor", actor])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.output

    def _state(self, one: Known) -> str:
        with self.store.reading() as session:
            return session.get_one(Application, one.id).state

    def _issued(self) -> set[str]:
        with self.store.reading() as session:
            return set(session.scalars(select(Application.id).where(Application.state == State.ISSUED)))

    def _certificates(self) -> dict[str, str]:
        """States by serial number, in an order that does not hang on what was drawn for them."""
        with self.store.reading() as session:
            rows = select(CertificateRow.serial, CertificateRow.state)
            rows = rows.join(ApprovalRow, ApprovalRow.id == CertificateRow.approval_id)
            return dict(session.execute(rows.order_by(ApprovalRow.approved_at)).tuples().all())


class Tried:
    """A step that is done when it is allowed, and refused when it is not."""

    def __init__(self, allowed: bool) -> None:
        self.allowed = allowed

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> bool:
        if self.allowed or (error is not None and not isinstance(error, YinjianError)):
            return False
        assert error is not None, "what is not allowed was done"
        return True


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory, authority: Path) -> tuple[Path, tuple[Known, ...]]:
    """One application that passed, one in review, one that people approved, and one for a token that was lost."""
    home = tmp_path_factory.mktemp("home")
    opened = prepared(home)
    shutil.copytree(authority, opened.var_dir / "ca")
    store = open_store(opened)
    with store.writing() as session:
        for name, roles in STAFF.items():
            add_user(session, name, roles)
    ids = [finished_case(store, name, opened) for name in ("clean-1", "faulty-2", "faulty-3")]
    settle_all(store, ids[2], "rev", "both")
    with store.writing() as session:
        decide(store, session, session.get_one(Application, ids[2]), Word(Ruling.APPROVE, "rev", "核实"), catalogue())
    with store.writing() as session:
        for id in (ids[0], ids[2]):
            orders.pay(session, id, orders.Method.COUNTER, "iss", "R-1")
    held = approved_case(store, opened, "clean-4")
    issue_all(store, opened, "iss", (held,))
    lost = Known(finished_case(store, "replace-4", opened), unit=4, business="replace", approved=True)
    store.database.engine.dispose()
    first, second, third = (Known(id, unit=unit) for unit, id in enumerate(ids, start=1))
    third = replace(third, reviewers={"rev", "both"}, approved=True, paid=True)
    return home, (
        replace(first, approved=True, paid=True),
        third,
        second,
        Known(held, approved=True, paid=True, issued=True, unit=4),
        lost,
    )


@pytest.fixture
def machine(beginning: tuple[Path, tuple[Known, ...]]) -> type[Steps]:
    (Steps.home, Steps.first), Steps.seen = beginning, Counter()
    return Steps


def sequences(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=20,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )


def test_no_sequence_of_steps_gets_round_the_guards(machine: type[Steps]) -> None:
    run_state_machine_as_test(machine, settings=sequences(20))
    asked_for = {
        "issued",
        "unpaid",
        "own",
        "changed",
        *(f"by {door}" for door in DOORS),
        "accepted",
        "revoked",
        "replace",
    }
    assert asked_for <= set(machine.seen), machine.seen  # each was met, or nothing was tested


@pytest.mark.parametrize("guard", ["require_another", "require_paid", "require_evidence"])
def test_without_a_guard_the_steps_get_round_it(
    guard: str, machine: type[Steps], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"pipeline.issue.{guard}", lambda *arguments: None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=sequences(40))
