"""The remote inbox on real servers: a bucket (moto) and SFTP (asyncssh), both on loopback."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from sqlalchemy import func, select

from bench.stores import free_port
from pipeline.remote import take_in_remote
from pipeline.states import State
from pipeline.store.store import Store
from pipeline.store.tables import Application, Event, Submission
from yinjian.errors import SettingsError, StoreError
from yinjian.settings import Settings

KEY, SECRET = "access-key", "secret-key-canary"
SCAN = b"%PDF-1.4 no page"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A bucket's URL and the file with the options."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    options = {"key": KEY, "secret": SECRET, "client_kwargs": place}
    path = tmp_path_factory.mktemp("s3") / "options.json"
    path.write_text(json.dumps(options))
    urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/papers", method="PUT"))
    yield "s3://papers/in", path
    server.stop()


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The same of a server reached by SFTP."""
    import asyncssh

    root = tmp_path_factory.mktemp("sftp")
    (root / "in").mkdir()
    loop, port = asyncio.new_event_loop(), free_port()

    class Door(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (KEY, SECRET)

    async def listen() -> Any:
        made = lambda chan: asyncssh.SFTPServer(chan, chroot=str(root))  # noqa: E731
        key = asyncssh.generate_private_key("ssh-ed25519")
        return await asyncssh.listen("127.0.0.1", port, server_factory=Door, server_host_keys=[key], sftp_factory=made)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    path = root / "options.json"
    path.write_text(json.dumps({"username": KEY, "password": SECRET, "port": port}))
    yield "sftp://127.0.0.1/in", path
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@pytest.fixture(params=["bucket", "sftp"])
def there(
    request: pytest.FixtureRequest, store: Store, settings: Settings, tmp_path: Path
) -> tuple[Settings, Any, str]:
    """Settings with a remote inbox of the test's own, its file system and path."""
    url, options = request.getfixturevalue(request.param)
    url = f"{url}/{tmp_path.name}"
    files, root = fsspec.url_to_fs(url, **json.loads(options.read_text()))
    if request.param == "sftp":
        files.makedirs(root, exist_ok=True)
    return replace(settings, inbox_url=url, inbox_options=options, settle_seconds=0), files, root


def put(files: Any, path: str, content: bytes) -> None:
    if "sftp" not in files.protocol:
        files.pipe_file(path, content)
        return
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    with files.open(path, "wb") as file:
        file.write(content)


def count(store: Store, table: Any) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_what_lies_there_is_taken_in_once(store: Store, there: tuple[Settings, Any, str], memory: Path) -> None:
    settings, files, root = there
    put(files, f"{root}/one/a.pdf", SCAN)
    put(files, f"{root}/one/pages/b.pdf", b"second")
    put(files, f"{root}/two/a.pdf", b"another")
    assert len(take_in_remote(store, settings)) == 2
    assert take_in_remote(store, settings) == ()
    assert (count(store, Application), count(store, Submission)) == (2, 2)
    assert not list(memory.iterdir())
    assert files.exists(f"{root}/one/a.pdf")


def test_a_folder_must_look_alike_twice(store: Store, there: tuple[Settings, Any, str]) -> None:
    settings, files, root = there
    slow = replace(settings, settle_seconds=3600)
    put(files, f"{root}/one/a.pdf", SCAN)
    assert take_in_remote(store, slow) == ()
    put(files, f"{root}/one/b.pdf.part", b"half")
    assert take_in_remote(store, settings) == ()
    assert count(store, Submission) == 0


def test_what_was_added_is_a_new_submission_of_the_same_application(
    store: Store, there: tuple[Settings, Any, str]
) -> None:
    settings, files, root = there
    put(files, f"{root}/one/a.pdf", SCAN)
    (first,) = take_in_remote(store, settings)
    put(files, f"{root}/one/b.pdf", b"what was missing")
    (again,) = take_in_remote(store, settings)
    assert first.application == again.application
    assert (count(store, Application), count(store, Submission)) == (1, 2)
    with store.reading() as session:
        assert session.get_one(Application, first.application).state == State.RECEIVED


def test_one_that_cannot_be_reached_says_what_to_do_and_no_secret(
    store: Store, there: tuple[Settings, Any, str], tmp_path: Path
) -> None:
    settings, _, _ = there
    gone = tmp_path / "gone.json"
    wrong = {"client_kwargs": {"endpoint_url": "http://127.0.0.1:9"}, "key": KEY, "secret": SECRET}
    other = {"username": KEY, "password": "wrong " + SECRET, "port": 9, "timeout": 2}
    gone.write_text(json.dumps(other if settings.inbox_url.startswith("sftp") else wrong))
    with pytest.raises(StoreError) as raised:
        take_in_remote(store, replace(settings, inbox_options=gone))
    assert SECRET not in str(raised.value)
    assert "YINJIAN_INBOX" in raised.value.remedy


def test_options_that_are_none(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text("[1]")
    with pytest.raises(SettingsError):
        take_in_remote(store, replace(settings, inbox_url="s3://papers/in", inbox_options=path))


def test_without_a_remote_inbox_nothing_is_looked_at(store: Store, settings: Settings) -> None:
    assert take_in_remote(store, settings) == ()


def test_each_intake_leaves_an_event(store: Store, there: tuple[Settings, Any, str]) -> None:
    settings, files, root = there
    put(files, f"{root}/one/a.pdf", SCAN)
    take_in_remote(store, settings)
    with store.reading() as session:
        (event,) = session.scalars(select(Event)).all()
    assert event.action == "submitted"
    assert event.actor.startswith("system:")
    assert event.hash
