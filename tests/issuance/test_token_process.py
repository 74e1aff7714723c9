"""The token's process: a strict protocol, and an end when its parent ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from issuance import wire
from issuance.device import Device
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyKind, TokenInfo
from tests.issuance.builder import MODULE, PINS
from yinjian.errors import TokenError

ROOT = Path(__file__).resolve().parents[2]
Child = subprocess.Popen[bytes]


@contextlib.contextmanager
def child(configuration: Path, module: Path = MODULE) -> Iterator[Child]:
    process = subprocess.Popen(
        (sys.executable, "-m", "issuance.token_process", str(module)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"SOFTHSM2_CONF": str(configuration)},
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: Child, data: bytes, ready: bool = True) -> list[dict[str, object]]:
    """All answers to `data` and the end of input."""
    out = process.communicate(data, timeout=20)[0]
    return [json.loads(line) for line in out.splitlines()][int(ready) :]


def request(operation: str, **values: object) -> bytes:
    return wire.pack({"op": operation, "args": values})


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_it_answers_and_ends_with_its_input(configuration: Path) -> None:
    with child(configuration) as process:
        answers = said(process, request("tokens") + request("tokens"))
    assert [len(answer["done"]) for answer in answers] == [1, 1]  # type: ignore[arg-type]
    assert process.returncode == 0


GARBAGE = {
    "no JSON": b"\x00\xff garbage\n",
    "no object": b"[1]\n",
    "unknown operation": request("format_disk"),
    "an attribute of Python": request("__class__"),
    "missing argument": request("prepare", label="YJ-a", pin="1234"),
    "surplus argument": request("tokens", path="/etc"),
    "wrong type": request(
        "sign_all", label="a", serial="", pin="1234", key="k", id="text", data=[], sm2=0, hashed=True
    ),
    "bytes that are none": b'{"op":"read_certificate","args":{"label":"a","serial":"","pin":"","id":{"b64":"*"}}}\n',
    "a key twice": b'{"op":"tokens","op":"tokens","args":{}}\n',
    "operation that is no text": b'{"op":["tokens"],"args":{}}\n',
    "nested beyond measure": b'{"op":"tokens","args":' + b"[" * 50_000 + b"]" * 50_000 + b"}\n",
    "nested deeply": b'{"op":"tokens","args":' + b"[" * 900 + b"]" * 900 + b"}\n",
    "too long": b'{"op":"' + b"a" * wire.LIMIT + b'"}\n',
}


@pytest.mark.parametrize("line", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_ends_it_before_the_next_request(configuration: Path, line: bytes) -> None:
    with child(configuration) as process:
        answers = said(process, line + request("tokens"))
    assert [answer["fault"]["code"] for answer in answers] == ["protocol"]  # type: ignore[index]
    assert process.returncode == 2


def test_a_cut_request_is_not_carried_out(configuration: Path, device: Device) -> None:
    line = request("prepare", label="YJ-second", so_pin=PINS.so_pin, pin=PINS.pin)
    with child(configuration) as process:
        said(process, line[:-1])
    assert process.returncode == 2
    assert [token.label for token in device.tokens()] == ["YJ-test"]


def test_a_missing_module_is_said_at_the_start(tmp_path: Path) -> None:
    with child(tmp_path / "softhsm2.conf", tmp_path / "no.so") as process:
        answers = said(process, b"", ready=False)
    assert answers[0]["fault"]["code"] == "no-module"  # type: ignore[index]
    assert process.returncode == 3


def test_it_dies_when_its_parent_is_killed(configuration: Path) -> None:
    script = (
        "import sys,time; from pathlib import Path; from issuance.device import Device;"
        "device=Device(Path(sys.argv[1])); device.tokens(); print(device.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen((sys.executable, "-c", script, configuration), stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert Path(f"/proc/{pid}").exists()
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert gone(pid)


def test_it_lives_on_when_only_the_thread_ends_that_started_it(configuration: Path, token: TokenInfo) -> None:
    with Device(configuration) as device:
        thread = threading.Thread(target=device.tokens)
        thread.start()
        thread.join()
        pid = device.pid
        device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)  # the signal would have come by now
        assert device.pid == pid is not None


def test_pins_are_neither_in_arguments_nor_environment(device: Device, token: TokenInfo) -> None:
    device.contents(token, PINS.pin)
    process = Path(f"/proc/{device.pid}")
    seen = (process / "cmdline").read_bytes()
    with contextlib.suppress(PermissionError):  # not dumpable: only root may look
        environment = (process / "environ").read_bytes()
        assert environment.startswith(b"SOFTHSM2_CONF=") and environment.count(b"=") <= 2  # LC_CTYPE is Python's own
        seen += environment
    assert b"token_process" in seen
    assert PINS.pin.encode() not in seen and PINS.so_pin.encode() not in seen


def test_it_imports_nothing_heavy() -> None:
    script = "import sys, issuance.token_process, issuance.token_operations; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-c", script), capture_output=True, text=True, cwd=ROOT, check=True)
    heavy = {"cryptography", "PIL", "numpy", "tomllib", "yinjian.catalogue", "pydantic", "prefect", "sqlalchemy"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("line", ["half a line", "no json\\n", "{}\\n"], ids=["cut", "garbage", "neither"])
def test_an_answer_that_is_none_is_an_error(
    line: str, tmp_path: Path, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program in the process's place, one that says this."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nprintf '{line}'\nexec cat\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr("issuance.process.START_SECONDS", 0.3)
    with Device(configuration) as device, pytest.raises(TokenError, match=r"did not answer in time|is no answer"):
        device.tokens()


def test_questions_of_several_threads_are_on_their_way_together_and_each_gets_its_own_answer(
    device: Device, token: TokenInfo
) -> None:
    public = load_der_public_key(device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256))
    assert isinstance(public, ec.EllipticCurvePublicKey)

    def checked(number: int) -> None:
        pieces = [f"{number}.{piece}".encode() for piece in range(1 + number % 3)]
        for piece, signature in zip(pieces, device.sign_all(token, PINS.pin, "k", b"k", pieces), strict=True):
            public.verify(signature, piece, ec.ECDSA(hashes.SHA256()))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(checked, range(200)))


def test_a_fault_of_one_leaves_the_others_their_answers(device: Device, token: TokenInfo) -> None:
    """That makes the process be started anew: not before those that it was asked already have theirs."""
    device.make_key(token, PINS.pin, "k", b"k", KeyKind.P_256)
    other = TokenInfo("YJ-none", token.serial, token.model)

    def asked(number: int) -> bool:
        if number % 5:
            return len(device.sign(token, PINS.pin, "k", b"k", b"x")) > 60
        with pytest.raises(TokenError, match="not there"):
            device.contents(other, PINS.pin)
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(asked, range(25)))
    device.tokens()
    assert device.pid is not None


def test_killed_while_several_wait_all_of_them_are_told(device: Device, token: TokenInfo) -> None:
    device.tokens()
    pid = device.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(device.make_key, token, PINS.pin, "k", b"k", KeyKind.P_256) for _ in range(4)]
        time.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        for one in waiting:
            with pytest.raises(TokenError, match="ended in the middle"):
                one.result(timeout=10)
    assert gone(pid)
    assert device.tokens()


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.02, 0.06])
def test_killed_at_work_it_is_started_again_and_the_work_repeated(
    soft: SoftTokens, device: Device, token: TokenInfo, delay: float
) -> None:
    device.tokens()
    pid = device.pid
    assert pid is not None
    timer = threading.Timer(delay, os.kill, (pid, signal.SIGKILL))
    timer.start()
    with contextlib.suppress(TokenError):
        device.make_key(token, PINS.pin, "k", b"k", KeyKind.RSA_2048)
    timer.join()
    assert gone(pid)
    first = device.make_key(token, PINS.pin, "k", b"k", KeyKind.RSA_2048)
    assert device.pid not in (None, pid)
    assert first == device.make_key(token, PINS.pin, "k", b"k", KeyKind.RSA_2048)
    assert [item.kind for item in device.contents(token, PINS.pin)] == ["private_key", "public_key"]
