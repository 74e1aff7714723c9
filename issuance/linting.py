"""Lint before sign: what is to be signed is looked at first, signed by a key that is thrown away.

pkilint runs in an environment and a process of its own, kept for the next question.
"""

from __future__ import annotations

import base64
import json
import select
import subprocess
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from yinjian.errors import Refused, SetupError

PYTHON = Path(__file__).resolve().parents[1] / ".venv-lint" / "bin" / "python"
_PROCESS = Path(__file__).with_name("pkilint_process.py")
SECONDS = 30.0
REFUSED = ("FATAL", "ERROR", "WARNING")
_REPEAT = "Repeat the step; if it happens again, run: make setup"


class Kind(StrEnum):
    """What is linted."""

    CERTIFICATE = "certificate"
    CRL = "crl"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a linter says. `severity`: as pkilint's; `place`: the part of the structure, `""` for all of it."""

    severity: str
    code: str
    place: str


class Linter:
    """pkilint, started at the first question and again when it died. Safe for several threads: they take turns."""

    def __init__(self, python: Path = PYTHON) -> None:
        self._python, self._turn = python, threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def findings(self, der: bytes, kind: Kind = Kind.CERTIFICATE) -> tuple[Finding, ...]:
        """All that it has to say. Raises SetupError when it is not installed or does not answer."""
        line = json.dumps({"kind": kind, "der": base64.b64encode(der).decode()}).encode() + b"\n"
        with self._turn:
            try:
                return tuple(Finding(*found) for found in json.loads(self._asked(line))["findings"])
            except (OSError, ValueError):
                self._end()
                raise SetupError("The certificate linter ended in the middle of its work.", _REPEAT) from None

    def check(self, der: bytes, kind: Kind = Kind.CERTIFICATE) -> None:
        """Raises Refused for anything of WARNING and above."""
        refuse(self.findings(der, kind))

    def close(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _asked(self, line: bytes) -> bytes:
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(line)
        child.stdin.flush()
        if not select.select([child.stdout], [], [], SECONDS)[0]:
            raise TimeoutError
        return child.stdout.readline()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            if not self._python.is_file():
                raise SetupError(
                    "The certificate linter is not installed; nothing is signed unlinted.", "Run: make setup"
                )
            self._child = subprocess.Popen(
                (self._python, "-I", _PROCESS),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may repeat what is in a certificate
                env={},
            )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._child = None


def refuse(findings: tuple[Finding, ...]) -> None:
    """Raises Refused naming the codes of WARNING and above; no more of it, for places may hold names."""
    codes = sorted({finding.code for finding in findings if finding.severity in REFUSED})
    if codes:
        what = f"What was to be signed is not as it should be: {', '.join(codes)}."
        raise Refused(what, "Nothing was signed. Correct the profile (issuance/profiles.toml) or the reading.")
