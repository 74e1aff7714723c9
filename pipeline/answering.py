"""Answering OCSP: what the database says of a certificate, signed once and given again until something changes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select

from issuance.ocsp import MALFORMED, TRY_LATER, UNAUTHORIZED, Asked, Responder, Status, parse
from issuance.responder import ends, open_responder
from pipeline import pins
from pipeline.clock import now
from pipeline.revocation import status
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.workshop import ca_directory, responder_pin_file
from yinjian.errors import InputError, SetupError, StoreError, TokenError
from yinjian.settings import Settings

HOLDS = timedelta(hours=12)  # how long an answer may be relied on
LOOK_SECONDS = 1.0  # between two looks at what has changed
OVERLAP = timedelta(minutes=1)  # a change may be written later than its instant
MOST = 100_000  # answers kept: about 200 MB


@dataclass(frozen=True, slots=True)
class Answer:
    """DER, and until when it may be kept by others; None: not at all."""

    der: bytes
    until: datetime | None = None


class Answers:
    """OCSP answers of one process. Safe for several threads.

    The responder's token is opened at the first question, and again when its certificate was made anew.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._kept: OrderedDict[bytes, tuple[int, Answer]] = OrderedDict()  # by request, with the serial number
        self._statuses: OrderedDict[int, Status] = OrderedDict()
        self._guard, self._turn = threading.Lock(), threading.Lock()
        self._looked, self._seen = float("-inf"), now()
        self._responder: tuple[datetime, Responder] | None = None

    def to(self, request: bytes) -> Answer:
        """The answer to a request (DER). Never raises for what is asked, nor for a token that does not sign."""
        try:
            asked = parse(request)
        except InputError:
            return Answer(MALFORMED)
        try:
            self._forget_what_changed()
            return self._answer(asked, request)
        except (SetupError, TokenError, StoreError):
            return Answer(TRY_LATER)

    def at_hand(self, request: bytes) -> Answer | None:
        """The answer that was signed for these very bytes, when nothing need be looked up: it takes microseconds."""
        with self._guard:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                return None
        return self._fresh(request)

    def close(self) -> None:
        """End the token's process."""
        with self._turn:
            if self._responder is not None:
                self._responder[1].close()
            self._responder = None

    def _answer(self, asked: Asked, request: bytes) -> Answer:
        # Who sends a nonce wants an answer that was made for it (RFC 9654).
        if asked.nonce is None and (kept := self._fresh(request)) is not None:
            return kept
        responder = self._opened()
        if not responder.is_for(asked):
            return Answer(UNAUTHORIZED)
        said = self._status(asked.serial)
        begin = now().replace(microsecond=0)
        made = Answer(responder.answer(asked, said, begin, begin + HOLDS), begin + HOLDS)
        if asked.nonce is not None:
            return replace(made, until=None)
        with self._guard:
            self._kept[request] = asked.serial, made
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made

    def _status(self, serial: int) -> Status:
        """What the database says, remembered until it may have changed."""
        with self._guard:
            if serial in self._statuses:
                return self._statuses[serial]
        with self._store.reading() as session:
            said = status(session, serial)
        with self._guard:
            self._statuses[serial] = said
            while len(self._statuses) > MOST:
                self._statuses.popitem(last=False)
        return said

    def _fresh(self, request: bytes) -> Answer | None:
        with self._guard:
            _, kept = self._kept.get(request, (0, None))
        return kept if kept is not None and kept.until is not None and kept.until - now() > HOLDS / 2 else None

    def _forget_what_changed(self) -> None:
        """Once a second, drop the answers about certificates of which something else is to be said now."""
        with self._guard:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = time.monotonic()
            since, self._seen = self._seen - OVERLAP, now()
        with self._store.reading() as session:
            query = select(CertificateRow.serial).where(CertificateRow.changed_at >= since)
            changed = {int(serial, 16) for serial in session.scalars(query)}
        if changed:
            with self._guard:
                for serial in changed & self._statuses.keys():
                    del self._statuses[serial]
                for request in [key for key, (serial, _) in self._kept.items() if serial in changed]:
                    del self._kept[request]

    def _opened(self) -> Responder:
        with self._turn:
            directory, settings = ca_directory(self._settings), self._settings
            end = ends(directory)
            if end is None or end <= now():
                raise SetupError("The OCSP responder has no valid certificate.", "Make one: yinjian ca responder")
            if self._responder is None or self._responder[0] != end:
                if self._responder is not None:
                    self._responder[1].close()
                pin = pins.user_pin(*responder_pin_file(settings))
                self._responder = end, open_responder(directory, pin, settings.pkcs11_module)
            return self._responder[1]
