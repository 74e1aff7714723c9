"""Applications brought some way, in this process."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from pipeline import orders, work
from pipeline.approvals import Word, rule, verdict_of
from pipeline.intake import submit
from pipeline.owner import owner
from pipeline.review.settle import settle
from pipeline.review.standing import holding_back, standings
from pipeline.states import State
from pipeline.steps import Desk, process
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import Store
from pipeline.store.tables import Application
from pipeline.worker import attempt
from tests.pipeline.papers import AS_OF, Knows, folder
from yinjian.approval import Ruling
from yinjian.catalogue import catalogue
from yinjian.findings import Finding
from yinjian.settings import DEFAULTS, Settings

PLAIN = replace(DEFAULTS, sample_share=0.0)


def desk(store: Store, settings: Settings = PLAIN) -> Desk:
    """A desk whose reader knows."""
    return Desk(store, settings, catalogue(), cache(Knows), owner(), Remembered(store))


def finished_case(store: Store, name: str, settings: Settings = PLAIN) -> str:
    """The id of an application that was taken in and worked on until nothing waits."""
    path = folder(Path(mkdtemp()), name)
    receipt = submit(store, path, "intake", _unsettled(settings), AS_OF)
    work_all(store, settings)
    return receipt.application


def approved_case(store: Store, settings: Settings, name: str, claim: str | None = None) -> str:
    """An application that is approved, by people where it has to be, and paid."""
    path = folder(Path(mkdtemp()), name, claim)
    application = submit(store, path, "intake", _unsettled(settings), AS_OF).application
    work_all(store, settings)
    with store.reading() as session:
        waits = session.get_one(Application, application).state == State.REVIEW
    if waits:
        settle_all(store, application, "rev", "both")
        with store.writing() as session:
            row = session.get_one(Application, application)
            rule(store, session, row, Word(Ruling.APPROVE, "rev", "已核实"), catalogue())
    with store.writing() as session:
        order = orders.order_of(session, application)
        if order.state == orders.OrderState.UNPRICED:
            orders.price(session, application, 0, "iss")
        if order.state == orders.OrderState.DUE:
            orders.pay(session, application, orders.Method.COUNTER, "iss", "R-1")
    return application


def work_all(store: Store, settings: Settings = PLAIN) -> None:
    """Whatever waits."""
    place = desk(store, settings)
    while (submission := work.claim(store, place.owner, settings)) is not None:
        attempt(place, process, submission)


def settle_all(store: Store, application: str, *actors: str) -> None:
    """Each of the reviewers settles all that holds an application back."""
    for actor in actors:
        for found in left(store, application):
            with store.writing() as session:
                settle(store, session, application, found.code, found.where, actor, "已电话核实")


def left(store: Store, application: str) -> list[Finding]:
    """The findings that hold an application back."""
    with store.reading() as session:
        verdict = verdict_of(session, session.get_one(Application, application))
        assert verdict is not None
        return [s.finding for s in holding_back(standings(store, session, verdict))]


def _unsettled(settings: Settings) -> Settings:
    return replace(settings, settle_seconds=0)
