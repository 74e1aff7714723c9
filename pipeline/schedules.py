"""The scheduled flows, served to Prefect: `python -m pipeline.schedules`, started by `yinjian up`."""

from __future__ import annotations

import os
import time
from typing import Any

from pipeline.death import die_with_parent
from pipeline.running import prefect_answers
from yinjian.settings import Settings

DAY_SECONDS = 86400
WAIT_SECONDS = 120  # for Prefect's server


def main() -> None:
    """Serve those that the settings ask for, until asked to stop."""
    die_with_parent()
    from prefect import serve

    settings = Settings.from_environment(os.environ)
    _wait_for_server(settings)
    serve(*deployments(settings), pause_on_shutdown=False, limit=1)


def deployments(settings: Settings) -> list[Any]:
    """The inbox and the audit log's heads where there are folders for them, issuing where it is in somebody's name.

    Where there is a CA: revocation lists, reminders and reconciliation.
    """
    from prefect.types.entrypoint import EntrypointType

    from pipeline.flows import audit, inbox, issue, reconciliation, reminders, revocation
    from pipeline.workshop import has_ca

    found = []
    for scheduled, wanted, seconds in (
        (inbox, settings.inbox is not None or bool(settings.inbox_url), settings.inbox_seconds),
        (issue, bool(settings.issuer), settings.issue_seconds),
        (audit, settings.audit_dir is not None, settings.audit_seconds),
        (revocation, has_ca(settings), settings.crl_seconds),
        (reminders, has_ca(settings), DAY_SECONDS),
        (reconciliation, has_ca(settings), settings.reconcile_seconds),
    ):
        if wanted:
            kind = EntrypointType.MODULE_PATH
            found.append(scheduled.to_deployment(scheduled.name, interval=seconds, entrypoint_type=kind))
    return found


def _wait_for_server(settings: Settings) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not prefect_answers(settings) and time.monotonic() < end:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
