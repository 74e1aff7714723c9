"""The API against requests made of its own schema: whatever comes, it is answered and never with a fault."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from bench.stores import prepared
from pipeline.clients import add_client
from pipeline.store.store import open_store
from pipeline.users import Role, add_user
from web.app import create_app

EXAMPLES = 40  # for each route


def test_no_request_is_answered_with_a_fault(tmp_path: Path) -> None:
    chosen = prepared(tmp_path)
    store = open_store(chosen)
    with store.writing() as session:
        add_user(session, "root", (Role.ADMINISTRATOR,))
        token = add_client(store, session, "fuzzer", "root")
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(store, chosen))
    tried = 0

    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def request(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=[not_a_server_error])

        request()
    assert tried >= 3
