"""The process in which one PKCS#11 module lives: `python -m issuance.token_process MODULE`.

SoftHSM2 reads SOFTHSM2_CONF once per process, so each software token has a process of its own; a vendor's module that
crashes takes nothing else along. Requests come over stdin and answers go over stdout, a JSON line each
(`issuance.wire`): `{"op": ..., "args": {...}}` to `{"done": ...}` or `{"fault": {"code", "ckr", "tries"}}`. PINs come
over stdin only. The process ends with its parent: at the end of stdin, and by PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, get_type_hints

from issuance import wire

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
LOCK_SECONDS = 30.0  # how long another process may keep the token busy
Table = dict[str, Callable[..., object]]
GARBAGE, MODULE_MISSING = 2, 3  # exit codes


def main(arguments: list[str]) -> int:
    """Serve requests until stdin ends. Returns the exit code."""
    _die_with_parent()
    requests, answers = sys.stdin.buffer, _private_stdout()
    from issuance import token_operations as operations  # imports the PKCS#11 binding: only here

    try:
        module = operations.open_module(arguments[0])
    except wire.Fault as fault:
        _send(answers, {"fault": fault.as_message()})
        return MODULE_MISSING
    _send(answers, {"done": os.getpid()})
    return _serve(requests, answers, module, operations.OPERATIONS)


def _serve(requests: BinaryIO, answers: BinaryIO, module: Any, table: Table) -> int:
    while line := requests.readline(wire.LIMIT + 1):
        try:
            operation, values = _understood(line, table)
        except wire.BadLine:
            # What follows cannot be trusted to start at a line's beginning.
            _send(answers, {"fault": wire.Fault("protocol").as_message()})
            return GARBAGE
        try:
            with _lock() if operation in _CHANGES else contextlib.nullcontext():
                _send(answers, {"done": table[operation](module, **values)})
        except wire.Fault as fault:
            _send(answers, {"fault": fault.as_message()})
        except Exception as error:  # a fault of ours: its text might repeat what it was given
            _send(answers, {"fault": wire.Fault("other", type(error).__name__).as_message()})
    return 0


_CHANGES = {
    "prepare",
    "make_key",
    "make_wrapping_key",
    "write_certificate",
    "write_data",
    "change_pin",
    "reset_pin",
}


def _understood(line: bytes, table: Table) -> tuple[str, dict[str, Any]]:
    """Operation and arguments, held against the operation's own signature."""
    message = wire.unpack(line)
    operation, values = message.get("op"), message.get("args")
    if message.keys() != {"op", "args"} or not isinstance(operation, str) or not isinstance(values, dict):
        raise wire.BadLine("no request")
    if operation not in table:
        raise wire.BadLine("unknown operation")
    wanted = _arguments(table[operation])
    if values.keys() != wanted.keys() or any(type(values[name]) is not kind for name, kind in wanted.items()):
        raise wire.BadLine("wrong arguments")
    return operation, values


@functools.cache
def _arguments(operation: Callable[..., object]) -> dict[str, type]:
    """Name and type of each but the first, which is the module."""
    hints, names = get_type_hints(operation), list(inspect.signature(operation).parameters)[1:]
    return {name: hints[name] for name in names}


def _send(answers: BinaryIO, message: dict[str, object]) -> None:
    answers.write(wire.pack(message))
    answers.flush()


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One process at a time changes a token: between looking and making, nobody else makes the same thing.

    The kernel frees the lock when its holder is killed. A module without a configuration of ours has no lock.
    """
    configuration = os.environ.get("SOFTHSM2_CONF")
    if not configuration:
        yield
        return
    descriptor = os.open(Path(configuration).parent / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    end = time.monotonic() + LOCK_SECONDS
    while True:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if time.monotonic() > end:
            raise wire.Fault("busy")
        time.sleep(0.02)


def _private_stdout() -> BinaryIO:
    """The answers' own descriptor: what a module prints to stdout must not get among them."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return own


def _die_with_parent() -> None:
    """The kernel's signal comes also when only the thread ends that started this process: then go on."""
    parent = os.getppid()
    signal.signal(signal.SIGUSR1, lambda *_: None if os.getppid() == parent else os._exit(0))
    signal.siginterrupt(signal.SIGUSR1, False)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
    libc.prctl(PR_SET_DUMPABLE, 0)  # PINs pass through this memory: no core file, no other process looking in


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
