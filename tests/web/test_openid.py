"""Logging in at the staff's OpenID provider: one that runs here, and answers that do not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest

from bench.stores import free_port, serving
from pipeline.store.store import open_store
from tests.conftest import prepared
from tests.web.browser import enter_staff


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as provider:
        folder = tmp_path_factory.mktemp("openid")
        (folder / "secret").write_text("a secret\n")
        settings = replace(
            prepared(folder),
            web_port=free_port(),
            oidc_url=f"http://127.0.0.1:{provider.server_port}",
            oidc_client="yinjian",
            oidc_secret_file=folder / "secret",
        )
        settings = replace(settings, oidc_claim="sub")
        enter_staff(open_store(settings))
        with serving(settings) as address:
            yield address


def provider_says(client: httpx.Client, url: str, subject: str) -> httpx.Response:
    """Through the provider and back: what our callback answers."""
    start = client.get(f"{url}/oidc/start?next=/review")
    assert start.status_code == 302
    asked = parse_qs(urlsplit(start.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce"} <= asked.keys()
    allowed = client.post(start.headers["location"], data={"sub": subject})
    assert allowed.status_code in (302, 303), allowed.text
    return client.get(allowed.headers["location"])


def test_who_the_provider_knows_is_a_user_of_that_name(url: str) -> None:
    with httpx.Client() as client:
        back = provider_says(client, url, "rev")
        assert (back.status_code, back.headers["location"]) == (303, "/review")
        assert client.get(f"{url}/review").status_code == 200


def test_somebody_that_yinjian_does_not_know_gets_nothing(url: str) -> None:
    with httpx.Client() as client:
        assert provider_says(client, url, "stranger").status_code == 403
        assert client.get(f"{url}/review").status_code == 401


def test_an_answer_that_was_not_asked_for_does_not_hold(url: str) -> None:
    with httpx.Client() as client:
        assert client.get(f"{url}/oidc/back?code=x&state=y").status_code == 403
        start = client.get(f"{url}/oidc/start")
        allowed = client.post(start.headers["location"], data={"sub": "rev"})
    with httpx.Client() as other:  # another browser's
        assert other.get(allowed.headers["location"]).status_code == 403
