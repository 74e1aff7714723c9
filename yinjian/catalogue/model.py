"""The records of the catalogue: one per table of its TOML files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from yinjian.catalogue.layout import Row, Slot
from yinjian.records import MarkKind


class FieldKind(StrEnum):
    """What a field holds, whatever the form calls it."""

    PLATFORM_NAME = "platform_name"
    UNIT_NAME = "unit_name"
    USCC = "uscc"  # the 18 digits, or the 15 of a 注册号
    ADDRESS = "address"
    PERSON_NAME = "person_name"
    PHONE = "phone"
    ID_NUMBER = "id_number"
    EMPLOYER = "employer"  # an employer with a position behind it
    DATE = "date"
    VALID_UNTIL = "valid_until"  # a date or 长期


class Holder(StrEnum):
    """Whose name a certificate bears."""

    UNIT = "unit"
    PERSON = "person"


class MaterialKind(StrEnum):
    """`business_licence` stands for every registration document."""

    BUSINESS_LICENCE = "business_licence"
    IDENTITY_CARD = "identity_card"
    CERTIFICATE = "certificate"  # the token itself, brought along


class Channel(StrEnum):
    ONLINE = "online"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a fact comes from and when it holds.

    `source` is the document ("hpe:" or "ggzy:") and the place in it, `sentence` the document's own words. `assumed`
    facts had to be decided because no sentence settles them, `invented` ones stand for something a document names but
    does not give. `valid_to` is the last day, None while it holds.
    """

    source: str
    sentence: str
    valid_from: date
    valid_to: date | None = None
    assumed: bool = False
    invented: bool = False

    def holds(self, on: date | None) -> bool:
        """Whether the fact holds on a day; None asks for what is in force without an end."""
        if on is None:
            return self.valid_to is None
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Entry):
    """Where applications are received. `hours` is empty where the documents state none."""

    address: str
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Entry):
    """A telephone, a chat group or a web address."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform(Entry):
    """A platform that certificates are for. `register_only`: known from the register, takes no applications."""

    id: str
    name: str
    register_only: bool = False
    places: tuple[Place, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Business(Entry):
    """What is applied for; `label` is the word behind the form's box, or the documents' word where no form has one."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Entry):
    """A kind of certificate. `unit_categories` are those of a form that mean it; empty where the form says enough."""

    id: str
    name: str
    holder: Holder
    unit_categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo(Entry):
    """A field id with the kind of value it holds. Fields of identity cards are named without the role."""

    id: str
    kind: FieldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredMark(Entry):
    """A mark that a form asks for, for these businesses only; none named means all."""

    id: str
    kind: MarkKind
    businesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Entry):
    """A form of the CA: its title, its table, the marks it asks for, and which agreement follows it."""

    id: str
    title: str
    agreement: str
    rows: tuple[Row, ...]
    marks: tuple[RequiredMark, ...]

    def slots(self) -> Iterator[Slot]:
        """In reading order."""
        return (slot for row in self.rows for slot in row.slots())


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(Entry):
    """What can be applied for on a platform, and on which form; `form` is empty where there is none.

    Without a form an application always ends at a person; `needs` says in words what it takes besides the materials.
    """

    platform: str
    certificates: tuple[str, ...]
    businesses: tuple[str, ...]
    form: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material(Entry):
    """A paper that comes with an application.

    `role` is whose card it is; `sides` is 1 or 2; `seal_of` says whose seal the copy bears: "unit", "employer" (of an
    expert, whose unit nobody else names), or empty for none. `alternatives` are the documents of which one is enough.
    The documents state it for `businesses`; for `assumed_for` the same is taken to hold.
    """

    platform: str
    certificates: tuple[str, ...]
    businesses: tuple[str, ...]
    assumed_for: tuple[str, ...] = ()
    kind: MaterialKind
    role: str = ""
    sides: int = 1
    seal_of: str = ""
    alternatives: tuple[str, ...] = ()

    @property
    def sealed(self) -> bool:
        """Whether the copy bears a seal."""
        return bool(self.seal_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeEntry(Entry):
    """Yuan for the first and each later year, or the word `not_stated`. 0 only where the documents say it is free."""

    platform: str
    certificates: tuple[str, ...]
    businesses: tuple[str, ...]
    first: int | str
    later: int | str


@dataclass(frozen=True, slots=True)
class Fee:
    """What a year costs in yuan. `amount` is None where the documents state none: staff set the fee, never 0."""

    amount: int | None
    sentence: str
    assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeClause(Entry):
    """The agreement's clause about fees and validity on one platform."""

    platform: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Entry):
    """The agreement behind a form. Its words are the common ones with its own preamble, fee clause and closing."""

    id: str
    preamble: str
    closing: str
    fees: tuple[FeeClause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Entry):
    """A step of an application on a platform, in the document's own words (`sentence`); `title` is short."""

    platform: str
    channel: Channel
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Entry):
    """A rule of the CA that binds its programs; `number` where it has one (in `unit`), `text` says it in English."""

    id: str
    text: str
    number: int = 0
    unit: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What an applicant is told of a finding code: `wrong` and `remedy`, with `{where}`; both empty: nothing."""

    code: str
    wrong: str
    remedy: str
