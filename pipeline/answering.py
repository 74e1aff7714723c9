"""Answering OCSP: what the database says of a certificate, signed once and given again until something changes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from issuance.delegated import OCSP, ends
from issuance.ocsp import (
    ALGORITHMS,
    MALFORMED,
    TRY_LATER,
    UNAUTHORIZED,
    Asked,
    Responder,
    Status,
    open_responder,
    parse,
)
from pipeline import pins
from pipeline.clock import now
from pipeline.registry import CertificateState
from pipeline.revocation import status
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.workshop import ca_directory, delegate_pin_file
from yinjian.errors import InputError, SetupError, StoreError, TokenError
from yinjian.settings import Settings

HOLDS = timedelta(hours=12)  # how long an answer may be relied on
LOOK_SECONDS = 1.0  # between two looks at what has changed
OVERLAP = timedelta(minutes=1)  # a change may be written later than its instant
TOGETHER = 64  # signatures of one request to the token: others wait meanwhile
MOST = 200_000  # answers kept: about 400 MB
SETTLES = timedelta(seconds=3)
ASKED_BY = ("sha1", "sha256")  # by which hash clients name the CA: OpenSSL's default, and the newer one
About = tuple[int, str]  # a serial number, and the hash by which its CA is named


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
        self._answers: OrderedDict[About, Answer] = OrderedDict()
        self._requests: OrderedDict[bytes, About] = OrderedDict()  # what was asked in these very bytes
        self._statuses: OrderedDict[int, Status] = OrderedDict()
        self._versions: dict[int, datetime] = {}  # when those that changed lately did
        self._guard, self._turn = threading.Lock(), threading.Lock()
        self._looked, self._seen = float("-inf"), now()
        self._responder: tuple[datetime, Responder] | None = None
        self._opened_at = float("-inf")

    def to(self, request: bytes) -> Answer:
        """The answer to a request (DER). Never raises for what is asked, nor for a token that does not sign."""
        return self.to_all([request])[0]

    def to_all(self, requests: Sequence[bytes]) -> list[Answer]:
        """As `to`, for several: the token is asked once."""
        read = [(request, _parsed(request)) for request in requests]
        try:
            self._forget_what_changed()
            responder = self._opened()
            ours = [(request, asked) for request, asked in read if asked is not None and responder.is_for(asked)]
            answers = self._made(responder, [asked for _, asked in ours])
        except (SetupError, TokenError, StoreError):
            return [Answer(MALFORMED if asked is None else TRY_LATER) for _, asked in read]
        with self._guard:
            self._requests.update((request, _about(asked)) for request, asked in ours if asked.nonce is None)
            _trim(self._requests)
        made = dict(zip((request for request, _ in ours), answers, strict=True))
        return [made.get(request, Answer(MALFORMED if asked is None else UNAUTHORIZED)) for request, asked in read]

    def at_hand(self, request: bytes) -> Answer | None:
        """The answer that was signed before to these very bytes, when nothing need be looked up: in microseconds."""
        with self._guard:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                return None
            about = self._requests.get(request)
        return None if about is None else self._fresh(about)

    def sign_ahead(self) -> int:
        """Sign for every certificate what may be asked of it without a nonce, where that is not at hand; how many."""
        try:
            self._forget_what_changed()
            responder = self._opened()
            with self._store.reading() as session:
                known = select(CertificateRow.serial).where(CertificateRow.state != CertificateState.RESERVED)
                serials = session.scalars(known.where(CertificateRow.not_after > now())).all()
            due = [responder.about(int(serial, 16), kind) for serial in serials for kind in ASKED_BY]
            due = [asked for asked in due if self._fresh((asked.serial, asked.algorithm)) is None]
            for number in range(0, len(due), TOGETHER):
                self._made(responder, due[number : number + TOGETHER])
        except (SetupError, TokenError, StoreError):
            return 0  # who asks is told to try later, until the operator has seen to it
        return len(due)

    def close(self) -> None:
        """End the token's process."""
        with self._turn:
            if self._responder is not None:
                self._responder[1].close()
            self._responder = None

    def _made(self, responder: Responder, asked: Sequence[Asked]) -> list[Answer]:
        """An answer to each. Who sends a nonce wants one that was made for it (RFC 9654); the others are shared."""
        kept = [self._fresh(_about(one)) if one.nonce is None else None for one in asked]
        due = [one for one, answer in zip(asked, kept, strict=True) if answer is None]
        signed = iter(self._signed(responder, due) if due else ())
        made = [answer or next(signed) for answer in kept]
        with self._guard:
            self._answers.update((_about(one), made[at]) for at, one in enumerate(asked) if one.nonce is None)
            _trim(self._answers)
        return made

    def _signed(self, responder: Responder, asked: Sequence[Asked]) -> list[Answer]:
        begin = now().replace(microsecond=0)
        ders = responder.answers([(one, self._status(one.serial)) for one in asked], begin, begin + HOLDS)
        return [
            Answer(der, None if one.nonce is not None else begin + HOLDS) for one, der in zip(asked, ders, strict=True)
        ]

    def _status(self, serial: int) -> Status:
        """What the database says, remembered until it may have changed."""
        with self._guard:
            if serial in self._statuses:
                return self._statuses[serial]
        with self._store.reading() as session:
            said = status(session, serial)
        with self._guard:
            self._statuses[serial] = said
            _trim(self._statuses)
        return said

    def _fresh(self, about: About) -> Answer | None:
        with self._guard:
            kept = self._answers.get(about)
        return kept if kept is not None and kept.until is not None and kept.until - now() > HOLDS / 2 else None

    def _forget_what_changed(self) -> None:
        """Once a second, drop the answers about certificates of which something else is to be said now."""
        with self._guard:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return
            self._looked = time.monotonic()
            since, self._seen = self._seen - OVERLAP, now()
        with self._store.reading() as session:
            query = select(CertificateRow.serial, CertificateRow.changed_at)
            changed = session.execute(query.where(CertificateRow.changed_at >= since)).tuples().all()
        with self._guard:
            seen = {int(serial, 16): at for serial, at in changed}
            for serial, at in seen.items():
                # What was looked up while it changed may be put by a moment later: it is dropped once more.
                if self._versions.get(serial) != at or at > self._seen - SETTLES:
                    self._statuses.pop(serial, None)
                    for kind in ALGORITHMS:
                        self._answers.pop((serial, kind), None)
            self._versions = seen

    def _opened(self) -> Responder:
        """The responder; whether its certificate was made anew is looked at once a second."""
        with self._turn:
            if self._responder is not None and time.monotonic() - self._opened_at < LOOK_SECONDS:
                return self._responder[1]
            directory, settings = ca_directory(self._settings), self._settings
            end = ends(directory, OCSP)
            if end is None or end <= now():
                raise SetupError("The OCSP responder has no valid certificate.", "Make one: yinjian ca responder")
            if self._responder is None or self._responder[0] != end:
                if self._responder is not None:
                    self._responder[1].close()
                pin = pins.user_pin(*delegate_pin_file(settings, OCSP))
                self._responder = end, open_responder(directory, pin, settings.pkcs11_module)
            self._opened_at = time.monotonic()
            return self._responder[1]


def _parsed(request: bytes) -> Asked | None:
    try:
        return parse(request)
    except InputError:
        return None


def _about(asked: Asked) -> About:
    return asked.serial, asked.algorithm


def _trim(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > MOST:
        kept.popitem(last=False)
