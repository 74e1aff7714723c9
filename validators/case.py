"""What a rule looks at: one reading with everything that it is judged against."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from validators.compare import agrees, lattice_agrees, may_be_misread, normal, plain
from validators.policy import Policy
from validators.sources import fact_of, form_rings
from validators.subject import Subject, offers_for
from yinjian.catalogue import Catalogue, Form
from yinjian.catalogue.layout import SlotKind
from yinjian.catalogue.model import FieldKind, Holder, Material, Offer
from yinjian.records import Claim, FieldReading, PageKind, Reading, RegisterEntry, Reuse
from yinjian.textfold import fold


@dataclass(frozen=True, slots=True)
class Case:
    """`subject` is what the application was taken for, `printed` what the paper alone says.

    `register` is None when none was given. `reuse`: which marks and copies were seen before.
    """

    reading: Reading
    claim: Claim | None
    register: tuple[RegisterEntry, ...] | None
    as_of: date
    catalogue: Catalogue
    policy: Policy
    subject: Subject
    printed: Subject
    reuse: tuple[Reuse, ...] = ()

    @property
    def form(self) -> Form | None:
        """The form that was read, None when there is none or it is not known."""
        return None if self.reading.form is None else self.catalogue.form(self.reading.form)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What the catalogue offers of the certificate on the platform."""
        return offers_for(self.subject, self.catalogue, self.as_of)

    @property
    def offer(self) -> Offer | None:
        """What the catalogue offers for the subject, None when it offers nothing."""
        return next((o for o in self.offers if self.subject.business in o.businesses), None)

    @property
    def needs_form(self) -> bool:
        """False only where the catalogue says that there is no form."""
        return self.offer is None or bool(self.offer.form)

    @property
    def personal(self) -> bool:
        """Whether the certificate bears a person's name."""
        certificate = self.subject.certificate
        return certificate is not None and self.catalogue.certificate(certificate).holder is Holder.PERSON

    def on_form(self, field_id: str) -> bool:
        """Whether the form that was read has room for a field."""
        slots = self.form.slots() if self.form else iter(())
        return any(
            slot.id == field_id or (slot.kind is SlotKind.PLATFORM and field_id == "project_name") for slot in slots
        )

    def choices(self, group: str) -> tuple[str, ...]:
        """The labels of a group's boxes on the form that was read."""
        slots = self.form.slots() if self.form else iter(())
        return tuple(slot.label for slot in slots if slot.kind is SlotKind.BOX and slot.id == group)

    def required_marks(self) -> frozenset[str]:
        """Mark ids that the form asks for; all of them while the business is not known."""
        if self.form is None:
            return frozenset()
        marks = self.catalogue.required_marks(self.form.id, self.subject.business, self.as_of)
        return frozenset(mark.id for mark in marks)

    def materials(self) -> tuple[Material, ...]:
        """What the catalogue asks for besides form and agreement; nothing while the subject is not known."""
        subject = self.subject
        if subject.platform is None or subject.certificate is None or subject.business is None:
            return ()
        return self.catalogue.materials(subject.platform, subject.certificate, subject.business, self.as_of)

    def kind(self, field_id: str) -> FieldKind:
        """What a field holds: `agent.id_number` is an id_number as any other."""
        return self.catalogue.field(field_id.rpartition(".")[2]).kind

    def filled(self, field_id: str) -> FieldReading | None:
        """A field that has something in it."""
        read = self.reading.field(field_id)
        return read if read is not None and fold(read.text) else None

    def claimed(self, field_id: str) -> str:
        """What the claim says, `""` when it says nothing."""
        return (self.claim.text(field_id) if self.claim else None) or ""

    def agrees(self, field_id: str, expected: str) -> bool:
        """Whether `expected` stands on the paper as this field."""
        read, kind = self.filled(field_id), self.kind(field_id)
        if read is None:
            return False
        wanted = plain(kind, expected)
        return agrees(kind, read, expected, self.policy) or self._vouched(read, wanted) or self._meant(read, wanted)

    def _meant(self, read: FieldReading, wanted: str) -> bool:
        """Whether a telephone in doubt is the one that the claim says: nothing is made out to it.

        What people write is weighed with what was seen (Bayes): few claims say another one than the paper.
        """
        if self.kind(read.id) is not FieldKind.PHONE or read.confidence >= self.policy.min_phone_confidence:
            return False
        seen = dict(read.held).get(wanted, 0.0)
        return self.policy.settles(seen, self.policy.misclaimed * (1.0 - seen))

    def _vouched(self, read: FieldReading, wanted: str) -> bool:
        """Whether a doubtful reading is settled by others: two say `wanted`, one of them evidence, and it was seen."""
        fact = fact_of(read.id, self.subject.certificate)
        if fact is None or not may_be_misread(self.kind(read.id), read):
            return False
        said = any(plain(self.kind(f), self.claimed(f)) == wanted for f in fact.form)
        written = sum(self._reads(f, wanted) for f in fact.form if f != read.id)
        proven = sum(self._reads(f, wanted) for f in fact.copies if f != read.id)
        proven += fact.sealed and any(fold(ring) == wanted for ring in form_rings(self.reading))
        enough = proven >= 1 and said + written + proven >= 2
        doubtful = read.confidence < self.policy.overruled_below
        return doubtful and enough and lattice_agrees(read, wanted, self.policy.margin)

    def _reads(self, field_id: str, wanted: str) -> bool:
        read = self.filled(field_id)
        return read is not None and normal(self.kind(field_id), read.text) == wanted

    def value(self, field_id: str) -> str:
        """The text of a field as rules judge it: what others say if the paper agrees, else as read; `""` if blank."""
        read = self.filled(field_id)
        if read is None:
            return ""
        expected = (text for text in self._expected(field_id) if text and self.agrees(field_id, text))
        return next(expected, normal(self.kind(field_id), read.text))

    def _expected(self, field_id: str) -> Iterator[str]:
        """The claim's text, then what the copies say."""
        yield self.claimed(field_id)
        fact = fact_of(field_id, self.subject.certificate)
        for copy in fact.copies if fact and field_id in fact.form else ():
            read = self.filled(copy)
            yield normal(self.kind(copy), read.text) if read else ""

    def same(self, one: str, other: str) -> bool:
        """Whether two fields, read at two places, hold the same text; each may settle the other's doubtful symbol."""
        return self.agrees(other, self.value(one)) or self.agrees(one, self.value(other))

    def pages(self, kind: PageKind, role: str | None = None) -> tuple[int, ...]:
        """Indexes of the pages of a kind, with a role those of its holder's card; several cards may share a page."""
        pages = enumerate(self.reading.pages)
        return tuple(i for i, p in pages if p.kind is kind and (role is None or role in p.role.split(",")))

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The unit's name as the form and the licence give it. Where they differ a rule of its own tells."""
        names = (self.value("unit_name"), self.value("licence_unit_name"))
        return tuple(dict.fromkeys(fold(name) for name in names if name))

    @property
    def unit_code(self) -> str:
        """The unit's code, likewise."""
        return self.value("uscc" if self.on_form("uscc") else "licence_uscc")
