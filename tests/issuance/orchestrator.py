"""A whole personalisation in a process of its own, which kills itself (-9) after its N-th call of the station.

`python -m tests.issuance.orchestrator CA STATION STATE N`: STATE keeps the reservation, as the database would.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import Any

from issuance import personalise
from issuance.authority import open_authority
from issuance.reservation import reserve
from issuance.station import SoftTokenStation
from issuance.tokens import KeyKind
from tests.issuance.builder import CA_PINS, NOW, PINS, an_approval
from yinjian.approval import Usage

CALLS = ("prepare", "make_key", "prove", "write", "read_certificate", "contents")


class Mortal(SoftTokenStation):
    """A station whose process is killed when a given call is done, before its caller learns of it."""

    calls_left = 0

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in CALLS:
            return found

        def call(*values: Any) -> Any:
            result = found(*values)
            self.calls_left -= 1
            if self.calls_left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call


def main(ca: Path, station: Path, state: Path, call: int) -> None:
    approval = an_approval("legal_person")
    if not state.exists():
        state.write_bytes(pickle.dumps(reserve(approval, Usage.BOTH, NOW)))
    reservation = pickle.loads(state.read_bytes())
    with Mortal(station) as tokens, open_authority(ca, CA_PINS.pin) as authority:
        tokens.calls_left = call
        made = personalise.make_key(tokens, reservation, KeyKind.RSA_2048, PINS)
        certificate = personalise.certify(authority, approval, reservation, made)
        done = personalise.deliver(tokens, reservation, made.token, PINS.pin, certificate, authority.chain)
        print(done.thumbprint, made.public_key.hex())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
