"""Every route behind its door: who has not the role, no log-in, or another log-in's form, gets nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error

from pipeline import accounts
from pipeline.accounts import Login
from pipeline.clock import now
from pipeline.review import holding
from pipeline.store.desk_tables import WebSession
from pipeline.store.store import Store, open_store
from pipeline.users import Role, add_user
from tests.conftest import prepared
from tests.pipeline.flow import finished_case
from tests.web.browser import PASSWORD, STAFF, enter_staff
from web.access import COOKIE
from web.app import create_app

HTML = {"accept": "text/html"}
# What anybody may ask for: to log in, whether the service is there, what certificates and lists point to; the API has
# doors of its own (tests/web/test_uploads.py).
OPEN = {
    "/login", "/language", "/oidc/start", "/oidc/back", "/ocsp/{encoded:path}", "/tsa", "/pki/{name}.crl",
    "/pki/{name}.cer", "/api/health", "/api/applications", "/api/applications/{application}",
}  # fmt: skip
DESCRIBED = ("/docs", "/redoc")
OF_ROLE = {
    "/review": {Role.REVIEWER},
    "/counter/order/{case}/issue": {Role.ISSUER},
    "/counter/certificate/{serial}/envelope": {Role.ISSUER},
    "/counter/certificate/{serial}/accept": {Role.ISSUER},
    "/counter": {Role.ISSUER, Role.ADMINISTRATOR},
    "/staff": {Role.ADMINISTRATOR},
    "/papers/{application}/page/{page}/{size}.jpg": {Role.REVIEWER, Role.ISSUER, Role.AUDITOR},
    "/dashboard": set(Role),
}


@dataclass
class Site:
    """The application on a store with staff and a case."""

    app: FastAPI
    store: Store
    case: str

    def client(self, name: str = "") -> TestClient:
        client = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)
        if name:
            answer = client.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
        return client

    def routes(self) -> Iterator[tuple[APIRoute, str]]:
        """Every route with each of its methods; those of included routers too."""
        for route in _all(self.app.router):
            for method in sorted(route.methods - {"HEAD"}):
                yield route, method


def _all(router: object) -> Iterator[APIRoute]:
    for route in getattr(router, "routes", ()):
        if isinstance(route, APIRoute):
            yield route
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None:
            yield from _all(inner)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    settings = prepared(tmp_path_factory.mktemp("access"))
    store = open_store(settings)
    enter_staff(store)
    return Site(create_app(store, settings), store, finished_case(store, "faulty-1", settings))


def door(route: APIRoute) -> frozenset[Role] | None:
    """The roles that a route asks for; None where it asks for nobody."""
    for dependency in route.dependant.dependencies:
        roles = getattr(dependency.call, "roles", None)
        if roles is not None:
            return frozenset(roles)
    return None


def test_every_route_has_a_door_but_those_that_are_open(site: Site) -> None:
    doors = {route.path: door(route) for route, _ in site.routes() if not route.path.startswith(DESCRIBED)}
    assert len(doors) > 45
    assert {path for path, roles in doors.items() if roles is None} == OPEN
    for path, roles in OF_ROLE.items():
        assert doors[path] == roles, path
    of_review = {path: roles for path, roles in doors.items() if path.startswith("/review")}
    looked_at = {path for path, roles in of_review.items() if roles == {Role.REVIEWER, Role.AUDITOR}}
    assert looked_at == {"/review/{case}", "/review/{case}/panel"}
    assert all(roles == {Role.REVIEWER} for path, roles in of_review.items() if path not in looked_at)


def filled(site: Site, path: str) -> str:
    values = {"case": site.case, "application": site.case, "page": "0", "size": "view", "serial": "AB12", "name": "x"}
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], path)


def test_every_route_refuses_who_is_not_logged_in(site: Site) -> None:
    client = site.client()
    for route, method in site.routes():
        if door(route) is None:
            continue
        answer = client.request(method, filled(site, route.path))
        assert answer.status_code == 401, (method, route.path)
        assert site.case not in answer.text


@pytest.mark.parametrize("name", sorted(STAFF))
def test_every_route_refuses_another_role(site: Site, name: str) -> None:
    client, tried = site.client(name), 0
    for route, method in site.routes():
        roles = door(route)
        if roles is None or roles & set(STAFF[name]):
            continue
        tried += 1
        answer = client.request(method, filled(site, route.path), data={"page": "1"} if method == "POST" else None)
        assert answer.status_code in (403, 422), (method, route.path, answer.status_code)
        assert answer.status_code == 403 or method == "POST"
    assert tried > 5


def test_every_change_refuses_a_form_of_another_log_in(site: Site) -> None:
    client, tried = site.client("rev"), 0
    for route, method in site.routes():
        roles = door(route)
        if roles is None or Role.REVIEWER not in roles or method == "GET":
            continue
        for csrf in ({}, {"X-CSRF-Token": "0" * 64}):
            tried += 1
            answer = client.request(method, filled(site, route.path), headers=csrf)
            assert answer.status_code in (403, 422), (method, route.path, answer.status_code)
    assert tried > 20


def test_nothing_is_changed_for_another_sites_page(site: Site) -> None:
    client = site.client("rev")
    with site.store.reading() as session:
        login = accounts.login_of(site.store, session, client.cookies[COOKIE], site.app.state.settings)
    assert isinstance(login, Login)
    own = {"X-CSRF-Token": login.csrf}
    foreign = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"})
    for headers in foreign:
        assert client.post(f"/review/{site.case}/keep", headers=own | headers).status_code == 403
        assert client.post("/login", data={"name": "rev", "password": PASSWORD}, headers=headers).status_code == 403
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://127.0.0.1"}, {}):
        assert client.post(f"/review/{site.case}/keep", headers=own | headers).status_code == 200


def test_every_answer_has_its_policy(site: Site) -> None:
    client = site.client("rev")
    for path in ("/review", "/login", "/nothing", f"/papers/{site.case}/page/0/view.jpg", "/static/desk.js"):
        answer = client.get(path, headers=HTML)
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        kept = "immutable" if path.startswith("/static") else "no-store"
        assert kept in answer.headers["Cache-Control"], path


def test_pages_have_no_script_and_no_style_of_their_own() -> None:
    for template in (Path(__file__).parents[2] / "web" / "templates").glob("*.html"):
        text = template.read_text("utf-8")
        assert not re.search(r"\son\w+=|<script(?![^>]* src=)|<style|\sstyle=", text), template.name


def test_a_cookie_is_for_the_browser_alone(site: Site) -> None:
    answer = TestClient(site.app, base_url="https://desk.example").post(
        "/login", data={"name": "rev", "password": PASSWORD}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Secure"))


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "\n/x"])
def test_nobody_is_sent_elsewhere_after_logging_in(site: Site, next: str) -> None:
    answer = site.client().post("/login", data={"name": "rev", "password": PASSWORD, "next": next})
    assert answer.headers["location"] == "/"


def test_guessing_ends_soon_and_only_for_that_name(site: Site) -> None:
    with site.store.writing() as session:
        add_user(session, "guessed", (Role.REVIEWER,))
        session.flush()
        given = accounts.new_password(site.store, session, "guessed", "test")
        accounts.change_password(site.store, session, "guessed", given, PASSWORD)
    client = site.client()
    codes = [client.post("/login", data={"name": "guessed", "password": f"guess {n}"}).status_code for n in range(10)]
    assert codes == [403] * 8 + [429] * 2
    late = client.post("/login", data={"name": "guessed", "password": PASSWORD})
    assert late.status_code == 429
    assert int(late.headers["Retry-After"]) > 0
    assert site.client("rev").get("/review").status_code == 200


def test_a_page_that_asks_by_itself_does_not_keep_a_log_in_alive(site: Site) -> None:
    client = site.client("rev")
    name = site.store.vault.name(client.cookies[COOKIE].encode())
    long_ago = now() - timedelta(minutes=20)
    with site.store.writing() as session:
        session.get_one(WebSession, name).seen_at = long_ago
    for headers, alive in (({"X-Background": "yes"}, False), ({}, True)):
        assert client.get("/review", headers=headers).status_code == 200
        with site.store.reading() as session:
            assert (session.get_one(WebSession, name).seen_at > long_ago) is alive


def test_an_auditor_looks_at_a_case_and_changes_nothing(site: Site) -> None:
    client = site.client("aud")
    page = client.get(f"/review/{site.case}", headers=HTML)
    assert page.status_code == 200
    assert "hx-post" not in page.text and "/take" not in page.text
    with site.store.reading() as session:
        assert holding.holder(session, site.case) != "aud"


def test_a_password_for_once_leads_to_its_change(site: Site) -> None:
    with site.store.writing() as session:
        given = accounts.new_password(site.store, session, "rev2", "test")
    client = site.client()
    client.post("/login", data={"name": "rev2", "password": given})
    answer = client.get("/review", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/password")
    assert client.get(f"/papers/{site.case}/page/0/view.jpg").status_code == 403
    csrf = re.search(r'name="csrf" content="(\w+)"', client.get("/password", headers=HTML).text)
    assert csrf
    new = {"old": given, "new": PASSWORD, "again": PASSWORD, "csrf": csrf[1]}
    assert client.post("/password", data=new | {"again": "other"}).status_code == 422
    assert client.post("/password", data=new).status_code == 303
    assert client.get("/review", headers=HTML).status_code == 200


def test_no_request_to_a_desk_is_answered_with_a_fault(site: Site) -> None:
    """Whatever comes, from somebody who may do everything."""
    with site.store.writing() as session:
        add_user(session, "rev", tuple(Role))
    client = site.client("rev")
    csrf = re.search(r'name="csrf" content="(\w+)"', client.get("/review", headers=HTML).text)
    assert csrf
    shown = [route for route, _ in site.routes()]
    for route in shown:
        route.include_in_schema = True
    raw = get_openapi(title="desks", version="1", routes=shown)
    own = ("/logout", "/password", "/factor")  # would end what asks
    raw["paths"] = {path: item for path, item in raw["paths"].items() if path not in own}
    cases = [finished_case(site.store, name) for name in ("misread-50", "smudged-51", "warned-52", "clean-53")]
    for item in (operation for path in raw["paths"].values() for operation in path.values()):
        for parameter in item.get("parameters", ()):
            if parameter["name"] in ("case", "application"):
                parameter["schema"] = {"enum": [*cases, "A000000000"]}
    schema, tried = schemathesis.openapi.from_dict(raw), 0

    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def request(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            head = {"X-CSRF-Token": csrf[1], "Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
            case.call_and_validate(app=site.app, headers=head, checks=[not_a_server_error])

        request()
    assert tried > 300
