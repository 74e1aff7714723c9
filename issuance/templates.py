"""What certificates say before they are signed: a CA's, a holder's, the OCSP responder's."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from issuance.authority_plan import Level
from issuance.extensions import extensions, key_usage
from issuance.profiles import Profiles
from issuance.reservation import Reservation
from issuance.signing import PublicKey, kind_of
from issuance.subject import authority_subject, subject_name
from yinjian.approval import Approval

ANY_POLICY = ObjectIdentifier("2.5.29.32.0")


def of_holder(
    by: Profiles, approval: Approval, reservation: Reservation, key: PublicKey, issuer: x509.Name, issuer_key: PublicKey
) -> x509.CertificateBuilder:
    """A holder's certificate, after its profile. Raises Refused for names and codes that fit nowhere."""
    profile = by.of(approval.certificate)
    builder = _begun(issuer, key, issuer_key, reservation.serial)
    builder = builder.not_valid_before(reservation.not_before).not_valid_after(reservation.not_after)
    builder = builder.subject_name(subject_name(by, profile, approval.subject))
    for extension, critical in extensions(by, profile, approval.subject, reservation, kind_of(key)):
        builder = builder.add_extension(extension, critical)
    return builder


def of_authority(
    level: Level, name: x509.Name, key: PublicKey, issuer: x509.Name, issuer_key: PublicKey, below: int
) -> x509.CertificateBuilder:
    """A CA's certificate that may have `below` CAs under it."""
    begin, end = level.validity
    builder = _begun(issuer, key, issuer_key, level.number).subject_name(name)
    builder = builder.not_valid_before(begin).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
    builder = builder.add_extension(key_usage(frozenset({"key_cert_sign", "crl_sign"})), critical=True)
    if name == issuer:
        return builder
    return builder.add_extension(x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)]), critical=False)


def of_responder(
    serial: int,
    validity: tuple[datetime, datetime],
    organization: str,
    key: PublicKey,
    issuer: x509.Name,
    issuer_key: PublicKey,
) -> x509.CertificateBuilder:
    """The delegated signer of OCSP answers (RFC 6960 4.2.2.2).

    "A CA may specify that an OCSP client can trust a responder for the lifetime of the responder's certificate":
    id-pkix-ocsp-nocheck, so its life is short.
    """
    builder = _begun(issuer, key, issuer_key, serial)
    builder = builder.subject_name(authority_subject(organization, f"{organization} OCSP"[-64:]))
    builder = builder.not_valid_before(validity[0]).not_valid_after(validity[1])
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(key_usage(frozenset({"digital_signature"})), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return builder.add_extension(x509.OCSPNoCheck(), critical=False)


def _begun(issuer: x509.Name, key: PublicKey, issuer_key: PublicKey, serial: int) -> x509.CertificateBuilder:
    """What every certificate starts with: serial, issuer, key, and both key identifiers (RFC 5280, method 1)."""
    builder = x509.CertificateBuilder().serial_number(serial).issuer_name(issuer).public_key(key)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(above, critical=False)
