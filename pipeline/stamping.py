"""Stamping the time: on what is sealed here, and for whoever asks by HTTP (RFC 3161)."""

from __future__ import annotations

import threading
from datetime import datetime

from asn1crypto import pem  # type: ignore[import-untyped]

from issuance.delegated import TIME_STAMPS, ends
from issuance.timestamps import Authority, open_authority, rejected
from pipeline import pins
from pipeline.clock import now
from pipeline.workshop import ca_directory, delegate_pin_file
from yinjian.errors import SettingsError, SetupError, TokenError
from yinjian.settings import Settings


def opened_stamps(settings: Settings) -> Authority:
    """This CA's authority. Raises SetupError when there is none, TokenError for its token and PIN."""
    pin = pins.user_pin(*delegate_pin_file(settings, TIME_STAMPS))
    return open_authority(ca_directory(settings), pin, settings.pkcs11_module)


def stampers(settings: Settings) -> tuple[bytes, ...]:
    """The certificates (DER) of another authority's CAs, where one is set. Raises SettingsError."""
    if settings.tsa_trust is None:
        return ()
    try:
        return tuple(bytes(der) for _, _, der in pem.unarmor(settings.tsa_trust.read_bytes(), multiple=True))
    except (OSError, ValueError):
        what = f"{settings.tsa_trust} holds no certificates."
        raise SettingsError(what, "Set YINJIAN_TSA_TRUST to a PEM file with those of the authority's CAs.") from None


class Stamps:
    """The authority of one process, opened when it is first asked and again when its key was made anew.

    Safe for several threads.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._turn = settings, threading.Lock()
        self._opened: tuple[datetime, Authority] | None = None

    def to(self, request: bytes) -> bytes:
        """The answer (TimeStampResp, DER). Never raises for what is asked, nor where no authority signs."""
        try:
            return self._authority().answer(request, now())
        except (SetupError, TokenError):  # who asks is told to come back, until the operator has seen to it
            return rejected("The authority does not stamp at the moment.", "system_failure")

    def close(self) -> None:
        """End the token's process."""
        with self._turn:
            if self._opened is not None:
                self._opened[1].__exit__(None, None, None)
            self._opened = None

    def _authority(self) -> Authority:
        with self._turn:
            end = ends(ca_directory(self._settings), TIME_STAMPS)
            if end is None:
                raise SetupError("There is no time stamp authority yet.", f"Make it: {TIME_STAMPS.command}")
            if self._opened is None or self._opened[0] != end:
                if self._opened is not None:
                    self._opened[1].__exit__(None, None, None)
                self._opened = end, opened_stamps(self._settings)
            return self._opened[1]
