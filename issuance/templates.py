"""What certificates say before they are signed: a CA's, a holder's, that of a key which speaks for the CA."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from issuance.authority_plan import Level
from issuance.extensions import extensions, key_usage, list_pointer
from issuance.profiles import Profiles
from issuance.reservation import Reservation
from issuance.signing import PublicKey
from issuance.subject import authority_subject, subject_name
from yinjian.approval import Approval

ANY_POLICY = ObjectIdentifier("2.5.29.32.0")


class Purpose(StrEnum):
    """What a key does in the CA's name; also the end of its common name."""

    OCSP_SIGNING = "OCSP"
    TIME_STAMPING = "TSA"


@dataclass(frozen=True, slots=True)
class Above:
    """The CA that a certificate is of: its name, and the identifier of its key."""

    name: x509.Name
    key_id: bytes

    @classmethod
    def of(cls, issuing: x509.Certificate) -> Above:
        identifier = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        return cls(issuing.subject, identifier)


def of_holder(
    by: Profiles, approval: Approval, reservation: Reservation, key: PublicKey, above: Above
) -> x509.CertificateBuilder:
    """A holder's certificate, after its profile. Raises Refused for names and codes that fit nowhere."""
    profile = by.of(approval.certificate)
    builder = _begun(above, key, reservation.serial)
    builder = builder.not_valid_before(reservation.not_before).not_valid_after(reservation.not_after)
    builder = builder.subject_name(subject_name(by, profile, approval.subject))
    for extension, critical in extensions(by, profile, approval.subject, reservation, key.kind):
        builder = builder.add_extension(extension, critical)
    return builder


def of_authority(level: Level, name: x509.Name, key: PublicKey, above: Above, below: int) -> x509.CertificateBuilder:
    """A CA's certificate that may have `below` CAs under it."""
    begin, end = level.validity
    builder = _begun(above, key, level.number).subject_name(name)
    builder = builder.not_valid_before(begin).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
    builder = builder.add_extension(key_usage(frozenset({"key_cert_sign", "crl_sign"})), critical=True)
    if name == above.name:
        return builder
    return builder.add_extension(x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)]), critical=False)


def of_delegate(
    purpose: Purpose,
    serial: int,
    validity: tuple[datetime, datetime],
    organization: str,
    key: PublicKey,
    above: Above,
    crl_urls: tuple[str, ...] = (),
) -> x509.CertificateBuilder:
    """The delegated signer of OCSP answers (RFC 6960 4.2.2.2), or of time stamps (RFC 3161 2.3).

    "A CA may specify that an OCSP client can trust a responder for the lifetime of the responder's certificate":
    id-pkix-ocsp-nocheck, so its life is short. "The corresponding certificate MUST contain only one instance of the
    extended key usage field extension [...] with KeyPurposeID having value id-kp-timeStamping. This extension MUST be
    critical."
    """
    builder = _begun(above, key, serial)
    builder = builder.subject_name(authority_subject(organization, f"{organization} {purpose}"[-64:]))
    builder = builder.not_valid_before(validity[0]).not_valid_after(validity[1])
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(frozenset({"digital_signature"})), critical=True)
    if purpose is Purpose.OCSP_SIGNING:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
        return builder.add_extension(x509.OCSPNoCheck(), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.add_extension(list_pointer(crl_urls), critical=False) if crl_urls else builder


def of_seal_maker(level: Level, organization: str, key: PublicKey, above: Above) -> x509.CertificateBuilder:
    """The certificate with whose key electronic seals are made (GB/T 38540: 制章人): it signs, and nothing else."""
    builder = _begun(above, key, level.number).subject_name(authority_subject(organization, level.common_name))
    builder = builder.not_valid_before(level.validity[0]).not_valid_after(level.validity[1])
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    usage = key_usage(frozenset({"digital_signature", "content_commitment"}))
    return builder.add_extension(usage, critical=True)


def _begun(above: Above, key: PublicKey, serial: int) -> x509.CertificateBuilder:
    """What every certificate starts with: serial, issuer, key, and both key identifiers (RFC 5280, method 1)."""
    builder = x509.CertificateBuilder().serial_number(serial).issuer_name(above.name).public_key(key.encoded)
    builder = builder.add_extension(x509.SubjectKeyIdentifier(key.identifier), critical=False)
    return builder.add_extension(x509.AuthorityKeyIdentifier(above.key_id, None, None), critical=False)
