"""The flows: what Prefect sees of the work. It is told ids only, and its results are kept nowhere but in our database.

The work itself is in functions that know nothing of Prefect. A flow that Prefect fails (its server gone, its database
full) is done without it: what is done already is not done again.
"""

from __future__ import annotations

import os
from contextvars import ContextVar

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from issuance.delegated import OCSP, TIME_STAMPS
from pipeline import steps, work
from pipeline.ceremony import make_delegate
from pipeline.headkeeping import keep_head
from pipeline.ingest import take_in_inbox
from pipeline.issue import issue_all
from pipeline.notices import remind
from pipeline.reconcile import reconcile
from pipeline.remote import take_in_remote
from pipeline.revocation import publish
from pipeline.running import prefect_answers
from pipeline.steps import Desk
from pipeline.store.store import open_store
from pipeline.users import SYSTEM
from pipeline.workshop import opened_ca, opened_station
from yinjian.errors import StoreError, YinjianError
from yinjian.settings import Settings

_desk: ContextVar[Desk] = ContextVar("desk")  # of this process; no parameter of a flow, for Prefect keeps those


@task(name="read", cache_policy=NO_CACHE, persist_result=False)
def read(submission: str) -> None:
    """Open and read."""
    _step(submission, "read")


@task(name="judge", cache_policy=NO_CACHE, persist_result=False)
def judge(submission: str) -> None:
    """Judge against claim and register."""
    _step(submission, "judge")


@task(name="decide", cache_policy=NO_CACHE, persist_result=False)
def decide(submission: str) -> None:
    """Approve what passed, route the rest to people."""
    _step(submission, "decide")


@flow(name="application", persist_result=False)
def application(submission: str) -> None:
    """One application, from its scans to a decision."""
    read(submission)
    judge(submission)
    decide(submission)


@flow(name="inbox", persist_result=False)
def inbox() -> int:
    """Take in what lies in the inbox; workers do the rest."""
    settings = Settings.from_environment(os.environ)
    store = open_store(settings)
    return len(take_in_inbox(store, settings)) + len(take_in_remote(store, settings))


@flow(name="issue", persist_result=False)
def issue() -> int:
    """Issue what is approved and paid."""
    settings = Settings.from_environment(os.environ)
    return len(issue_all(open_store(settings), settings, settings.issuer))


@flow(name="audit", persist_result=False)
def audit() -> str:
    """Verify the audit log and keep its head; the run fails when the log is not what it was."""
    settings = Settings.from_environment(os.environ)
    return keep_head(open_store(settings), settings).name


@flow(name="revocation", persist_result=False)
def revocation() -> int:
    """Publish a revocation list, and see that the certificates of the keys that speak for the CA do not end."""
    settings = Settings.from_environment(os.environ)
    store = open_store(settings)
    with opened_ca(settings) as authority:
        for task in (OCSP, TIME_STAMPS):
            make_delegate(store, settings, authority, task, SYSTEM)
        return publish(store, authority, settings, SYSTEM).number


@flow(name="reminders", persist_result=False)
def reminders() -> int:
    """Make notices for the certificates that end soon."""
    store = open_store(Settings.from_environment(os.environ))
    with store.writing() as session:
        return len(remind(store, session))


@flow(name="reconciliation", persist_result=False)
def reconciliation() -> int:
    """Compare database, tokens and certificates; the run fails when something belongs to nothing."""
    settings = Settings.from_environment(os.environ)
    with opened_station(settings) as station:
        found = reconcile(open_store(settings), station)
    orphans = [difference.what for difference in found if difference.orphan]
    if orphans:
        raise StoreError(f"{len(orphans)} things belong to nothing: {orphans[0]}", "See all: yinjian reconcile")
    return len(found)


def process_in_flow(desk: Desk, submission: str) -> None:
    """`steps.process` as a flow run when Prefect is there."""
    if not prefect_answers(desk.settings):
        steps.process(desk, submission)
        return
    token = _desk.set(desk)
    try:
        # Leases tell who lives; Prefect's own heartbeat would have each flow wait a second for its thread to end.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            application(submission)
    except (work.StepFailed, YinjianError):
        raise
    except Exception:  # Prefect's own: the work does not depend on it
        steps.process(desk, submission)
    finally:
        _desk.reset(token)


def _step(submission: str, name: str) -> None:
    steps.run(_desk.get(), submission, name)
