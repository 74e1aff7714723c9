"""The upload API on real stores: once however often, within limits, and only for whom it is meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from pipeline.clients import add_client, remove_client
from pipeline.store.store import Store
from pipeline.store.tables import Application, Event, Submission
from pipeline.users import Role, add_user
from tests.pipeline.flow import work_all
from tests.pipeline.papers import SECRETS
from tests.validators.builder import UNIT
from web.app import create_app
from yinjian.settings import Settings

SAMPLE = Path(__file__).parents[2] / "samples" / "applications" / "a14"
SCAN = b"%PDF-1.4 no page"
CLAIM = (SAMPLE / "application.json").read_bytes()


@pytest.fixture
def tokens(store: Store) -> dict[str, str]:
    with store.writing() as session:
        add_user(session, "root", (Role.ADMINISTRATOR,))
        return {name: add_client(store, session, name, "root") for name in ("portal", "other")}


@pytest.fixture
def web(store: Store, settings: Settings) -> Iterator[TestClient]:
    with TestClient(
        create_app(store, replace(settings, upload_mb=1, upload_files=3)), raise_server_exceptions=False
    ) as made:
        yield made


def head(token: str, key: str = "k1") -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": key}


def send(
    web: TestClient, token: str, key: str = "k1", files: Any = None, claim: bytes | None = CLAIM, **data: str
) -> Any:
    parts = [("files", file) for file in (files if files is not None else [("a.pdf", SCAN)])]
    if claim is not None:
        parts.append(("application", ("application.json", claim)))
    return web.post("/api/applications", headers=head(token, key), files=parts, data=data)


def count(store: Store, table: Any) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_application_is_taken_in_once(web: TestClient, store: Store, tokens: dict[str, str]) -> None:
    first, again = send(web, tokens["portal"]), send(web, tokens["portal"])
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["application"] == again.json()["application"]
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    other_key = send(web, tokens["portal"], key="k2")
    assert (other_key.status_code, other_key.json()["submission"]) == (200, first.json()["submission"])
    assert count(store, Submission) == 1


def test_a_key_stands_for_one_content(web: TestClient, store: Store, tokens: dict[str, str]) -> None:
    send(web, tokens["portal"])
    other = send(web, tokens["portal"], files=[("a.pdf", b"other")])
    assert other.status_code == 409
    assert set(other.json()) == {"error", "remedy"}
    assert send(web, tokens["other"], files=[("a.pdf", b"other")]).status_code == 201  # another's key is another
    assert count(store, Submission) == 2


def test_the_same_request_many_times_at_once(web: TestClient, store: Store, tokens: dict[str, str]) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: send(web, tokens["portal"]), range(6)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["submission"] for answer in answers}) == 1
    assert count(store, Submission) == count(store, Application) == 1


def test_how_far_it_is_is_told_to_whom_sent_it(
    web: TestClient, store: Store, settings: Settings, tokens: dict[str, str]
) -> None:
    sent = send(web, tokens["portal"]).json()["application"]
    look = lambda name: web.get(f"/api/applications/{sent}", headers=head(tokens[name]))  # noqa: E731
    assert look("portal").json() == {"application": sent, "state": "received", "findings": []}
    assert look("other").status_code == 404
    assert web.get(f"/api/applications/{sent}").status_code == 401
    work_all(store, settings)
    assert look("portal").json()["state"] in ("review", "set_aside", "approved")


def test_only_an_own_application_is_sent_again(web: TestClient, tokens: dict[str, str]) -> None:
    sent = send(web, tokens["portal"]).json()["application"]
    again = send(web, tokens["portal"], "k2", [("b.pdf", b"better")], **{"for": sent})
    assert again.json()["application"] == sent
    foreign = send(web, tokens["other"], "k3", [("c.pdf", b"worse")], **{"for": sent})
    assert foreign.status_code == 422


@pytest.mark.parametrize("token", ["", "nobody", "x" * 5000])
def test_nobody_uploads_without_a_token(web: TestClient, store: Store, tokens: dict[str, str], token: str) -> None:
    assert send(web, token).status_code == 401
    assert count(store, Submission) == 0


def test_a_client_that_was_removed(web: TestClient, store: Store, tokens: dict[str, str]) -> None:
    with store.writing() as session:
        remove_client(session, "portal", "root")
    assert send(web, tokens["portal"]).status_code == 401


def test_what_is_too_much_is_said_to_be(web: TestClient, store: Store, tokens: dict[str, str]) -> None:
    large = send(web, tokens["portal"], files=[("a.pdf", b"x" * 2_000_000)])
    many = send(web, tokens["portal"], files=[(f"{n}.pdf", b"x") for n in range(4)])
    start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n'
    body = (start if n == 0 else b"x" * 100_000 for n in range(30))
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    streamed = web.post("/api/applications", headers=head(tokens["portal"]) | kind, content=body)
    for answer in (large, many, streamed):
        assert answer.status_code == 413
        assert set(answer.json()) == {"error", "remedy"}
    assert count(store, Submission) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "ü"])
def test_a_key_that_is_none(web: TestClient, tokens: dict[str, str], key: str) -> None:
    files = [("files", ("a.pdf", SCAN))]
    header = {"Authorization": f"Bearer {tokens['portal']}", "Idempotency-Key": key.encode("utf-8").decode("latin-1")}
    answer = web.post("/api/applications", headers={k: v.encode("latin-1") for k, v in header.items()}, files=files)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["error"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\\\x.pdf", "/abs.pdf", ".hidden", "a.part", "x" * 300, "申请 表.pdf", "\x00.pdf"]
)
def test_names_are_labels_and_no_paths(web: TestClient, memory: Path, tokens: dict[str, str], name: str) -> None:
    answer = send(web, tokens["portal"], files=[(name, SCAN)])
    assert answer.status_code in (201, 400, 422)
    assert not list(memory.iterdir())


@pytest.mark.parametrize(
    "claim", [b"", b"[", b'{"platform": 7}', b"x" * 900_000, json.dumps({"a": "b" * 900_000}).encode()]
)
def test_an_absurd_claim_is_a_finding_and_no_fault(
    web: TestClient, store: Store, settings: Settings, tokens: dict[str, str], claim: bytes
) -> None:
    answer = send(web, tokens["portal"], claim=claim)
    assert answer.status_code == 201
    work_all(store, settings)
    standing = web.get(f"/api/applications/{answer.json()['application']}", headers=head(tokens["portal"])).json()
    assert standing["state"] in ("review", "set_aside")


@pytest.mark.parametrize("body", [b"", b"--x", b"--x\r\nContent-Disposition: form-data; name=files\r\n\r\n"])
def test_a_body_that_is_no_form(web: TestClient, tokens: dict[str, str], body: bytes) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = web.post("/api/applications", headers=head(tokens["portal"]) | kind, content=body)
    assert answer.status_code in (400, 422)
    assert set(answer.json()) == {"error", "remedy"}


def test_each_intake_and_each_refusal_leaves_an_event_without_personal_data(
    web: TestClient, store: Store, tokens: dict[str, str]
) -> None:
    send(web, tokens["portal"], files=[(f"{UNIT}.pdf", SCAN)])
    send(web, tokens["portal"], files=[(f"{UNIT}.pdf", b"other")])
    with store.reading() as session:
        events = session.scalars(select(Event).where(Event.actor == "client:portal").order_by(Event.id)).all()
        assert [event.action for event in events] == ["submitted", "refused"]
        assert events[0].hash
        told = " ".join(f"{event.subject} {event.detail}" for event in events)
    assert not any(secret in told for secret in SECRETS)


def test_the_documentation_needs_no_network(web: TestClient) -> None:
    page = web.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://testserver", "")
    assert "https://" not in page.text
    schema = web.get("/openapi.json").json()
    assert set(schema["paths"]) >= {"/api/applications", "/api/applications/{application}", "/api/health"}


def test_health(web: TestClient) -> None:
    assert web.get("/api/health").json() == {"status": "ok"}
