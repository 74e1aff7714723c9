"""Starting a token's process and asking it. The next question is on its way while one is answered."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path

from issuance import wire
from issuance.faults import error_for
from yinjian.errors import InputError

_ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
# After these the module itself may be confused, by files that another process left torn say.
_START_ANEW = {"no-store", "no-token", "other", "protocol"}

# SoftHSM2 empties and rewrites a token's head at each login: who opens the token in that moment finds none.
_MOMENTARY, _PAUSES = {"no-store", "no-token", "other"}, (0.05, 0.2, 0.5)


class TokenProcess:
    """One running `issuance.token_process`. Starts at the first question, and again after it was killed.

    Safe for several threads: the token takes their questions in turn, and need not wait for the next one. Raises
    TokenError or SetupError, each with a remedy.
    """

    def __init__(
        self, module: Path, configuration: Path | None, seconds: float, before_start: Callable[[], None]
    ) -> None:
        self._module, self._configuration = module, configuration
        self._seconds, self._before_start = seconds, before_start
        self._turn = threading.RLock()
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._child.pid if self._child and self._child.runs else None

    def ask(self, operation: str, **values: object) -> object:
        """The answer to one request."""
        try:
            line = wire.pack({"op": operation, "args": values})
        except wire.BadLine:
            raise InputError("This is more than a token takes at once.", "Give it less than 1.4 MiB.") from None
        for pause in (*self._pauses(), None):
            try:
                return self._asked(line)
            except wire.Fault as fault:
                if pause is None or fault.code not in _MOMENTARY:
                    raise error_for(fault.code, fault.ckr, fault.tries) from None
                time.sleep(pause)
        raise AssertionError

    def close(self) -> None:
        """End the process. A later question starts another."""
        with self._turn:
            if self._child is not None:
                self._child.kill()
            self._child = None

    def _asked(self, line: bytes) -> object:
        with self._turn:
            child = self._running()
            due = child.put(line)
        return self._said(child, child.answer(due, self._seconds))

    def _said(self, child: _Child, message: Mapping[str, object]) -> object:
        fault = message.get("fault")
        if isinstance(fault, Mapping):
            if fault.get("code") in _START_ANEW:
                self._leave(child)
            raise wire.Fault(*(str(fault.get(key, "")) for key in ("code", "ckr", "tries")))
        if "done" not in message:
            child.kill()
            raise error_for("garbled")
        return message["done"]

    def _pauses(self) -> tuple[float, ...]:
        # A real token that is not there, or refuses, is so a moment later too.
        return _PAUSES if self._configuration is not None else ()

    def _running(self) -> _Child:
        if self._child is not None and not self._child.runs:
            self._leave(self._child)
        if self._child is None:
            self._before_start()
            child = self._child = _Child(self._started())
            self._said(child, child.answer(child.expect(), START_SECONDS))
        return self._child

    def _leave(self, child: _Child) -> None:
        """Let this process end when it has answered those whose questions it has."""
        with self._turn:
            child.leave()
            if self._child is child:
                self._child = None

    def _started(self) -> subprocess.Popen[bytes]:
        # Nothing of our environment: no settings, no other configuration, nothing that another library reads.
        environment = {} if self._configuration is None else {"SOFTHSM2_CONF": str(self._configuration)}
        return subprocess.Popen(
            (sys.executable, "-m", "issuance.token_process", str(self._module)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a module's chatter may name objects
            env=environment,
            cwd=_ROOT,
        )


class _Child:
    """A running process and the questions that it has not answered yet. Whoever waits reads for all."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pending: deque[Future[bytes]] = deque()
        self._reading = threading.RLock()
        self._rest = b""
        self._left = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def expect(self) -> Future[bytes]:
        """One more line is to come."""
        due: Future[bytes] = Future()
        self._pending.append(due)
        return due

    def put(self, line: bytes) -> Future[bytes]:
        """Ask. Only one thread at a time: answers come in the order of the questions."""
        assert self._process.stdin is not None
        due = self.expect()
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):  # it died: nothing of this request was done
            self.kill()
            raise error_for("died") from None
        return due

    def answer(self, due: Future[bytes], seconds: float) -> Mapping[str, object]:
        """What was answered, as soon as it and all before it came, each within `seconds`."""
        while not due.done():
            with self._reading:
                if not due.done():
                    self._read(seconds)
        try:
            return wire.unpack(due.result())
        except wire.BadLine:
            self.kill()
            raise error_for("garbled") from None

    def leave(self) -> None:
        """Nothing more will be asked: end the process when all have their answers."""
        self._left = True
        if not self._pending:
            self.kill()

    def kill(self, why: str = "died") -> None:
        """End the process now. Who waits for an answer is told `why` there is none."""
        self._process.kill()
        self._process.wait()
        with self._reading:
            while self._pending:
                self._pending.popleft().set_exception(error_for(why))
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):  # what was not written yet has no reader any more
                    pipe and pipe.close()

    def _read(self, seconds: float) -> None:
        """The next line, for who asked first."""
        end = time.monotonic() + seconds
        while b"\n" not in self._rest:
            more, why = self._more(end)
            if why or len(self._rest) > wire.LIMIT:
                self.kill(why or "garbled")
                return
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        self._pending.popleft().set_result(line + b"\n")
        if self._left and not self._pending:
            self.kill()

    def _more(self, end: float) -> tuple[bytes, str]:
        """What came, or why nothing did."""
        assert self._process.stdout is not None
        if self._process.stdout.closed:
            return b"", "died"
        if not select.select([self._process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
            return b"", "slow"
        more = os.read(self._process.stdout.fileno(), 65536)
        return more, "" if more else "died"
