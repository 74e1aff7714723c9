"""Our own rules for a holder's certificate, looked at as a stranger would: by its bytes, not by how they were made.

What pkilint cannot know: the profile, the paper, the identifiers' check digits, the CA above.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from asn1crypto import core  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from issuance.linting import Finding
from issuance.profiles import KEY_USAGES, ONLY_EC, ONLY_RSA, IdentityPolicy, Profiles
from issuance.reservation import SERIAL_BITS, Reservation
from issuance.signing import strong_key
from yinjian.approval import Approval
from yinjian.catalogue.model import Holder
from yinjian.checkdigits import is_identity_number, is_registration_number, is_uscc

LONGEST = timedelta(days=2 * 366 + 1)  # a year, and what a renewal adds to the one that runs
# What no holder of ours ever gets: to speak for a server, for code, for time, for the CA, for everything.
NEVER_FOR = {
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.CODE_SIGNING,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.OCSP_SIGNING,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
_KNOWN = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
}
_CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate was made for, and under which CA. `algorithm`: of its signature, dotted OID."""

    by: Profiles
    approval: Approval
    reservation: Reservation
    public_key: bytes
    issuing: x509.Certificate
    algorithm: str

    @property
    def holder(self) -> Holder:
        return self.by.of(self.approval.certificate).holder


def findings(der: bytes, wanted: Wanted) -> tuple[Finding, ...]:
    """What is wrong with a holder's certificate (DER), each an ERROR; a rule that fails is a finding itself."""
    found = []
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = {item.oid: item for item in certificate.extensions}
    except (ValueError, x509.DuplicateExtension):
        return (Finding("FATAL", "yinjian.unreadable", ""),)
    for rule in RULES:
        try:
            found += [Finding("ERROR", f"yinjian.{code}", "") for code in rule(certificate, extensions, wanted)]
        except Exception:
            found.append(Finding("ERROR", f"yinjian.rule_failed.{rule.__name__.strip('_')}", ""))
    return tuple(found)


_Extensions = dict[x509.ObjectIdentifier, x509.Extension[x509.ExtensionType]]


def _frame(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """Serial, issuer, signature algorithm, key identifiers."""
    serial = certificate.serial_number
    if serial != wanted.reservation.serial or serial <= 0 or serial.bit_length() not in SERIAL_BITS:
        yield "serial"
    if certificate.version is not x509.Version.v3:
        yield "version"
    if certificate.issuer != wanted.issuing.subject:
        yield "issuer"
    if certificate.signature_algorithm_oid.dotted_string != wanted.algorithm:
        yield "signature_algorithm"
    above = wanted.issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    if extensions[ExtensionOID.AUTHORITY_KEY_IDENTIFIER].value != (
        x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(above)
    ):
        yield "authority_key_identifier"
    own = strong_key(wanted.public_key).identifier
    if extensions[ExtensionOID.SUBJECT_KEY_IDENTIFIER].value != x509.SubjectKeyIdentifier(own):
        yield "subject_key_identifier"


def _key(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """The key that was made on the token, of the profile's kind."""
    body = asn1_x509.TbsCertificate.load(certificate.tbs_certificate_bytes)
    kind = wanted.by.of(wanted.approval.certificate).key
    if body["subject_public_key_info"].dump() != wanted.public_key or strong_key(wanted.public_key).kind is not kind:
        yield "key"


def _validity(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if (begin, end) != (wanted.reservation.not_before, wanted.reservation.not_after):
        yield "validity"
    if end - begin > LONGEST:
        yield "validity_too_long"
    if begin < wanted.approval.approved_at.replace(microsecond=0):
        yield "validity_before_approval"
    if not wanted.issuing.not_valid_before_utc <= begin < end <= wanted.issuing.not_valid_after_utc:
        yield "validity_beyond_issuer"


def _usage(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """Key usage and purposes: the profile's, and none that this kind of key or holder must not have."""
    kind = strong_key(wanted.public_key).kind
    usage = extensions[ExtensionOID.KEY_USAGE].value
    assert isinstance(usage, x509.KeyUsage)
    bits = {name for name in (*KEY_USAGES, "key_cert_sign", "crl_sign") if getattr(usage, name)}
    if bits != wanted.by.key_usage.of(wanted.reservation.usage, kind) or not bits:
        yield "key_usage"
    if bits & {"key_cert_sign", "crl_sign", *(ONLY_EC if kind.is_rsa else ONLY_RSA)}:
        yield "key_usage_forbidden"
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    if (extended := extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)) is not None:
        assert isinstance(extended.value, x509.ExtendedKeyUsage)
        purposes = tuple(extended.value)
    if tuple(p.dotted_string for p in purposes) != wanted.by.extended_key_usage.of(wanted.reservation.usage):
        yield "extended_key_usage"
    if set(purposes) & NEVER_FOR:
        yield "extended_key_usage_forbidden"
    constraints = extensions[ExtensionOID.BASIC_CONSTRAINTS].value
    if constraints != x509.BasicConstraints(ca=False, path_length=None):
        yield "basic_constraints"


def _extras(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """No extension that nobody asked for; critical are those that must be, and no others."""
    identity = {wanted.by.identity_number.oid, *(code.oid for code in wanted.by.unit_codes)}
    if {oid for oid in extensions if oid not in _KNOWN and oid.dotted_string not in identity}:
        yield "extension_unknown"
    if {oid for oid, item in extensions.items() if item.critical} != _CRITICAL:
        yield "criticality"
    policy = x509.PolicyInformation(x509.ObjectIdentifier(wanted.by.common.policy), None)
    if extensions[ExtensionOID.CERTIFICATE_POLICIES].value != x509.CertificatePolicies([policy]):
        yield "certificate_policies"


def _pointers(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """Where revocation is looked up: the profile's places, by http (https may need what it is to check: RFC 5280 8)."""
    common = wanted.by.common
    crl = extensions.get(ExtensionOID.CRL_DISTRIBUTION_POINTS)
    if tuple(_points(crl)) != common.crl_urls:
        yield "crl_distribution_points"
    access = extensions.get(ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
    for method, urls in (
        (AuthorityInformationAccessOID.OCSP, common.ocsp_urls),
        (AuthorityInformationAccessOID.CA_ISSUERS, common.issuer_urls),
    ):
        if tuple(_places(access, method)) != urls:
            yield "authority_information_access"
    if any(not url.startswith("http://") for url in (*common.crl_urls, *common.ocsp_urls, *common.issuer_urls)):
        yield "pointer_not_http"


def _points(extension: x509.Extension[x509.ExtensionType] | None) -> Iterator[str]:
    if extension is not None:
        assert isinstance(extension.value, x509.CRLDistributionPoints)
        yield from (name.value for point in extension.value for name in point.full_name or ())


def _places(extension: x509.Extension[x509.ExtensionType] | None, method: x509.ObjectIdentifier) -> Iterator[str]:
    if extension is not None:
        assert isinstance(extension.value, x509.AuthorityInformationAccess)
        yield from (item.access_location.value for item in extension.value if item.access_method == method)


def _subject(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """The names that were approved, once each, in the order of the profile."""
    subject = wanted.approval.subject
    own = subject.person_name if wanted.holder is Holder.PERSON else subject.unit_name
    names = [(item.rfc4514_attribute_name, str(item.value)) for item in certificate.subject]
    expected = [("C", "CN"), *([("O", subject.unit_name)] if subject.unit_name else []), ("CN", own)]
    if names != [(attribute, unicodedata.normalize("NFC", text).strip()) for attribute, text in expected]:
        yield "subject"


def _unit_code(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """The unit's code, its check digit right, in the extension for its length and in no other."""
    code = wanted.approval.subject.uscc
    there = {
        item.oid: _raw(extensions, item.oid)
        for item in wanted.by.unit_codes
        if x509.ObjectIdentifier(item.oid) in extensions
    }
    if code and not (is_uscc(code) or is_registration_number(code)):
        yield "unit_code_check_digit"
    expected = {item.oid: code for item in wanted.by.unit_codes if code and item.length == len(code)}
    if {oid: _string(value) for oid, value in there.items()} != expected or (code and not expected):
        yield "unit_code"


def _identity(certificate: x509.Certificate, extensions: _Extensions, wanted: Wanted) -> Iterator[str]:
    """A person's number: left out, hashed or plain as the policy says; a unit's certificate has none."""
    number, policy = wanted.approval.subject.id_number, wanted.by.identity_number.policy
    there = x509.ObjectIdentifier(wanted.by.identity_number.oid) in extensions
    due = wanted.holder is Holder.PERSON and bool(number) and policy is not IdentityPolicy.OMIT
    if there != due:
        yield "identity_number"
    if due and not is_identity_number(number, wanted.reservation.not_before.date()):
        yield "identity_number_check_digit"
    if not (there and due):
        return
    text = core.PrintableString.load(_raw(extensions, wanted.by.identity_number.oid), implicit=0).native
    hashed = policy is IdentityPolicy.HASHED
    if not (re.fullmatch(r"[0-9a-f]{64}", text) if hashed else text == number):
        yield "identity_number"


def _raw(extensions: _Extensions, oid: str) -> bytes:
    value = extensions[x509.ObjectIdentifier(oid)].value
    assert isinstance(value, x509.UnrecognizedExtension)
    return value.value


def _string(der: bytes) -> str:
    value = core.load(der, strict=True)
    return str(value.native) if isinstance(value, core.PrintableString | core.UTF8String) else ""


RULES = (_frame, _key, _validity, _usage, _extras, _pointers, _subject, _unit_code, _identity)
