"""Starting a token's process and asking it, one question at a time."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
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

    Safe for several threads: they take turns. Raises TokenError or SetupError, each with a remedy.
    """

    def __init__(
        self, module: Path, configuration: Path | None, seconds: float, before_start: Callable[[], None]
    ) -> None:
        self._module, self._configuration = module, configuration
        self._seconds, self._before_start = seconds, before_start
        self._turn = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def ask(self, operation: str, **values: object) -> object:
        """The answer to one request."""
        try:
            line = wire.pack({"op": operation, "args": values})
        except wire.BadLine:
            raise InputError("This is more than a token takes at once.", "Give it less than 1.4 MiB.") from None
        with self._turn:
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
                self._child.communicate()
            self._child, self._rest = None, b""

    def _asked(self, line: bytes) -> object:
        child = self._running()
        self._write(child, line)
        return self._answer(child, self._seconds)

    def _pauses(self) -> tuple[float, ...]:
        # A real token that is not there, or refuses, is so a moment later too.
        return _PAUSES if self._configuration is not None else ()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._before_start()
            self._child = self._started()
            self._answer(self._child, START_SECONDS)
        return self._child

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

    def _write(self, child: subprocess.Popen[bytes], line: bytes) -> None:
        assert child.stdin is not None
        try:
            child.stdin.write(line)
            child.stdin.flush()
        except OSError:  # it died: nothing of this request was done
            self.close()
            raise error_for("died") from None

    def _answer(self, child: subprocess.Popen[bytes], seconds: float) -> object:
        try:
            message = wire.unpack(self._line(child, time.monotonic() + seconds))
        except wire.BadLine:
            self.close()
            raise error_for("garbled") from None
        fault = message.get("fault")
        if isinstance(fault, Mapping):
            if fault.get("code") in _START_ANEW:
                self.close()
            raise wire.Fault(*(str(fault.get(key, "")) for key in ("code", "ckr", "tries")))
        if "done" not in message:
            self.close()
            raise error_for("garbled")
        return message["done"]

    def _line(self, child: subprocess.Popen[bytes], end: float) -> bytes:
        assert child.stdout is not None
        while b"\n" not in self._rest:
            if not select.select([child.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                self.close()
                raise error_for("slow")
            more = os.read(child.stdout.fileno(), 65536)
            if not more or len(self._rest) > wire.LIMIT:
                self.close()
                raise error_for("garbled" if more else "died")
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line + b"\n"
