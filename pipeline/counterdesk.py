"""What the issuance desk does, for the web: on one store, in one process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from pipeline import acceptance, counter, operations, revocation, viewing
from pipeline.begun import Offered, begin, offered
from pipeline.cases import require_certificate
from pipeline.counter import Held, Step
from pipeline.envelope import of_token
from pipeline.intake import Receipt
from pipeline.issue import Choices
from pipeline.issuingjobs import IssuingJobs, Status
from pipeline.notices import REASONS
from pipeline.orders import OrderState, order_of
from pipeline.personalising import token_pins
from pipeline.registry import CertificateState, application_of
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow, Order, Seal
from pipeline.store.store import Store
from pipeline.store.tables import Application, ApprovalRow, VerdictRow
from pipeline.store.verdicts import subject_of as subject_of_verdict
from pipeline.users import Role, require_role
from pipeline.workshop import opened_ca, opened_station
from yinjian.approval import Subject
from yinjian.catalogue import catalogue
from yinjian.errors import InputError
from yinjian.settings import Settings


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate at the desk: what its holder checks, and what may be done.

    `sealed`: it has a picture; `offered`: the services that may be begun for it.
    """

    row: CertificateRow
    details: dict[str, str]
    waits: bool
    in_force: bool
    has_pin: bool
    sealed: bool
    offered: tuple[Offered, ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An application at the issuance desk."""

    id: str
    state: State
    subject: Subject
    platform: str
    certificate: str
    business: str
    order: Order
    barred: str
    steps: tuple[Step, ...]
    status: Status
    certificates: tuple[CertificateView, ...]
    parcel: str
    reasons: dict[str, str]

    @property
    def issued(self) -> bool:
        return self.state is State.ISSUED

    @property
    def ready(self) -> bool:
        """Whether it may be issued now."""
        paid = self.order.state in (OrderState.PAID, OrderState.FREE)
        return self.state is State.APPROVED and paid and not self.barred and not self.status.running


class CounterDesk:
    """Of one process. Safe for several threads."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings, self.known = store, settings, catalogue()
        self._jobs = IssuingJobs(store, settings)

    def close(self) -> None:
        """Finish what is being issued."""
        self._jobs.close()

    def issue(self, application: str, actor: str, choices: Choices) -> None:
        """Begin; `order` tells how far it is."""
        with self.store.reading() as session:
            require_role(session, actor, Role.ISSUER)
            viewing.require_view(session, actor, application)
        self._jobs.start(application, actor, choices)

    def begin(
        self, actor: str, serial: str, business: str, whom: Subject, files: Sequence[tuple[str, bytes]]
    ) -> Receipt:
        """Take in the papers of a service for a certificate."""
        return begin(self.store, self.settings, actor, serial, business, whom, files, self.known)

    def order(self, actor: str, application: str, noted: bool = True) -> OrderView:
        """An approved application as `actor` sees it, and that they did. InputError for one that has no order."""
        # Asked first: what has ended by now is in what is read of the database after it.
        status = self._jobs.status(application)
        # What is polled writes nothing: those who write take turns.
        with self.store.writing() if noted else self.store.reading() as session:
            require_role(session, actor, Role.ISSUER, Role.ADMINISTRATOR)
            found = session.get(Application, application)
            if found is None:
                raise InputError("There is no such application.", "Search for it.")
            order = order_of(session, application)
            if noted:
                viewing.note(session, actor, "order", application)
            approval = session.scalars(select(ApprovalRow).where(ApprovalRow.application_id == application)).one()
            verdict = session.get_one(VerdictRow, approval.verdict_id)
            rows = counter.certificates_of(session, application)
            sealed = set(session.scalars(select(Seal.serial).where(Seal.serial.in_([row.serial for row in rows]))))
            return OrderView(
                application,
                State(found.state),
                subject_of_verdict(self.store, verdict),
                verdict.platform or "",
                verdict.certificate or "",
                verdict.business or "",
                order,
                counter.barred(session, actor, application),
                counter.progress(session, application),
                status,
                tuple(self._certificate(row, row.serial in sealed) for row in rows),
                counter.parcel_of(self.store, session, application),
                REASONS,
            )

    def search(self, actor: str, text: str) -> tuple[Held, ...]:
        """Certificates that match; that somebody searched is in the log, for what is not."""
        with self.store.writing() as session:
            found = tuple(counter.search(self.store, session, text))
            for application in dict.fromkeys(held.application for held in found):
                viewing.note(session, actor, "search", application)
        return found

    def seal(self, actor: str, serial: str) -> bytes:
        """The picture (PNG) of the electronic seal that goes with a certificate."""
        with self.store.writing() as session:
            row = require_certificate(session, serial)
            found = session.scalars(select(Seal).where(Seal.serial == row.serial)).first()
            if found is None:
                raise InputError("This certificate has no electronic seal.", "Look at the others of its application.")
            viewing.note(session, actor, "seal", application_of(session, row), found.blob)
        return self.store.blobs.get(found.blob)

    def envelope(self, actor: str, serial: str) -> bytes:
        """The envelope (PDF) with the PIN of a token that was not handed over yet."""
        with self.store.writing() as session:
            return of_token(self.store, session, serial, actor)

    def accept(self, actor: str, serial: str, checked: bool, pin: str) -> str:
        """Hand over; the application's id. `checked`: the holder has looked at the details on the spot."""
        if not checked:
            raise InputError("The holder has not checked the details.", "Show them, then tick that they were checked.")
        with opened_station(self.settings) as station:
            acceptance.accept(self.store, station, serial, actor, pin)
        with self.store.reading() as session:
            return application_of(session, require_certificate(session, serial))

    def confirm(self, actor: str, operation: str) -> None:
        """The second person's word, then a new revocation list."""
        with self.store.writing() as session:
            operations.confirm(self.store, session, operation, actor)
        with opened_ca(self.settings) as authority:
            revocation.publish(self.store, authority, self.settings, actor)

    def _certificate(self, row: CertificateRow, sealed: bool) -> CertificateView:
        state = CertificateState(row.state)
        in_force = state in (CertificateState.ISSUED, CertificateState.ACTIVE)
        has_pin = in_force and bool(token_pins(self.store, row).pin)
        waits = state is CertificateState.ISSUED
        details = acceptance.details(self.store, row)
        return CertificateView(row, details, waits, in_force, has_pin, sealed, tuple(offered(row, self.known)))
