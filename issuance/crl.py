"""The list of what is revoked (RFC 5280, chapter 5), before it is signed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509


class Reason(StrEnum):
    """Why a certificate does not hold (RFC 5280 5.3.1); those that this CA uses.

    `certificateHold`: not accepted by its holder yet. It is the one that ends.
    """

    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    CERTIFICATE_HOLD = "certificateHold"


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate that does not hold. `since` is UTC, in whole seconds."""

    serial: int
    since: datetime
    reason: Reason


def revocation_template(
    issuing: x509.Certificate, number: int, this_update: datetime, next_update: datetime, of: Iterable[Revoked]
) -> x509.CertificateRevocationListBuilder:
    """All that the list says, entries in the order of their serial numbers: the same input gives the same bytes."""
    above = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuing.subject)
    builder = builder.last_update(this_update).next_update(next_update)
    key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above)
    builder = builder.add_extension(key, critical=False).add_extension(x509.CRLNumber(number), critical=False)
    for entry in sorted(of, key=lambda entry: entry.serial):
        builder = builder.add_revoked_certificate(_entry(entry))
    return builder


def _entry(entry: Revoked) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.since)
    return builder.add_extension(x509.CRLReason(x509.ReasonFlags(entry.reason)), critical=False).build()
