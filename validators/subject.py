"""What an application is taken for: the claim says it, or without a claim the paper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from validators.compare import lattice_agrees
from validators.policy import Policy
from yinjian.catalogue import Catalogue
from yinjian.catalogue.model import Offer
from yinjian.records import Claim, Reading
from yinjian.textfold import fold


@dataclass(frozen=True, slots=True)
class Subject:
    """Platform, certificate and business, None where they cannot be told."""

    platform: str | None
    certificate: str | None
    business: str | None


def printed_subject(reading: Reading, catalogue: Catalogue, policy: Policy) -> Subject:
    """What the paper says."""
    return Subject(
        _platform(reading, catalogue, policy), _certificate(reading, catalogue), _business(reading, catalogue)
    )


def claimed_subject(claim: Claim) -> Subject:
    """What the applicant says."""
    return Subject(claim.platform, claim.certificate, claim.business)


def offers_for(subject: Subject, catalogue: Catalogue, on: date) -> tuple[Offer, ...]:
    """The catalogue's offers of this certificate on this platform, whatever the business."""
    here = (o for o in catalogue.offers if o.platform == subject.platform and o.holds(on))
    return tuple(o for o in here if subject.certificate in o.certificates)


def _platform(reading: Reading, catalogue: Catalogue, policy: Policy) -> str | None:
    """The platform whose name is printed. The names are few and far apart, so that the lattice alone may settle it."""
    read = reading.field("project_name")
    if read is None:
        return None
    for platform in catalogue.platforms:
        name = fold(platform.name)
        if not platform.register_only and (fold(read.text) == name or lattice_agrees(read, name, policy.margin)):
            return platform.id
    return None


def _certificate(reading: Reading, catalogue: Catalogue) -> str | None:
    """By the form; by the unit category where one page serves several certificates (附件一 and 附件三)."""
    if reading.form is None:
        return None
    certificates = catalogue.certificates_of(reading.form)
    if len(certificates) > 1:
        ticked = reading.ticked("unit_category")
        certificates = catalogue.certificates_of(reading.form, ticked[0]) if len(ticked) == 1 else ()
    return certificates[0] if len(certificates) == 1 else None


def _business(reading: Reading, catalogue: Catalogue) -> str | None:
    ticked = reading.ticked("business")
    meant = [b.id for b in catalogue.businesses if b.label in ticked]
    return meant[0] if len(ticked) == len(meant) == 1 else None
