"""From a judgement to what may be issued. Nothing else leads there: issuance accepts an `Approval` and only that."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime
from enum import StrEnum

from yinjian.errors import Refused
from yinjian.findings import Finding, Severity
from yinjian.records import Decision, Verdict
from yinjian.textfold import UNKNOWN


class Usage(StrEnum):
    """What the key of a certificate is for."""

    SIGN = "sign"
    ENCRYPT = "encrypt"
    BOTH = "both"


class Ruling(StrEnum):
    """What a person decides on an application."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate is for, as the reading gave it; `""` where there is none.

    `uscc` holds the unit's code, the 15 digits of a 注册号 where it has no 统一社会信用代码.
    """

    unit_name: str
    uscc: str
    person_name: str
    id_number: str


@dataclass(frozen=True, slots=True)
class PersonDecision:
    """A person's ruling on a verdict, with the reason that was given."""

    ruling: Ruling
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Leave to issue what was applied for. `ground` is what it rests on: a verdict that passes, or a person.

    `actor`: a user, or `system:<policy version>`. `evidence`: the hash over scans, claim, reading and verdict as they
    were when it was given. `approved_at` is UTC.
    """

    id: str
    application: str
    platform: str
    certificate: str
    business: str
    subject: Subject
    evidence: str
    actor: str
    approved_at: datetime
    ground: Verdict | PersonDecision

    def __post_init__(self) -> None:
        if not _carries(self.ground):
            raise Refused("This application was not approved.", "Have a reviewer decide it: yinjian queue")
        if not (self.subject.unit_name or self.subject.person_name):
            raise Refused("The reading gives no name for the certificate.", "Return the application with that reason.")
        if any(UNKNOWN in value for value in astuple(self.subject)):
            raise Refused(
                f"The certificate would hold {UNKNOWN}, which stands for a character that was not read.",
                "Correct it to what the paper says: yinjian correct ID FIELD TEXT --actor YOU",
            )


def _carries(ground: Verdict | PersonDecision) -> bool:
    if isinstance(ground, Verdict):
        return ground.decision is Decision.PASS
    return ground.ruling is Ruling.APPROVE


@dataclass(frozen=True, slots=True)
class Settlement:
    """One person's word on a finding. `bound_to`: the hash of all that it was given on; `settled_at` is UTC."""

    code: str
    where: str
    bound_to: str
    actor: str
    reason: str
    settled_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding of a verdict, with what reviewers said of it. The finding itself stays as it was found."""

    finding: Finding
    settlements: tuple[Settlement, ...] = ()

    @property
    def people(self) -> int:
        """How many different people have settled it."""
        return len({settlement.actor for settlement in self.settlements})

    @property
    def lacks(self) -> int:
        """How many more must settle it before it no longer holds the application back."""
        return max(0, NEEDED[self.finding.severity] - self.people)


# Whoever overrules what blocks needs a second one who looked as well.
NEEDED = {Severity.NOTES: 0, Severity.WARNS: 1, Severity.BLOCKS: 2}
