"""Whether the seals on a PDF hold: each signature step by step, by the time that its time stamp proves.

A signature is judged as of the instant of its time stamp (PAdES-B-LT, ETSI EN 319 142-1): by what the file says of
revocation then, and by newer lists where they are at hand. So a certificate that ended since changes nothing, and one
that was revoked before does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import crl, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    XrefStreamRule,
)
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError, SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from issuance.eseal.stamp import stamped
from issuance.paths import subject
from issuance.pdf.opening import opened, pages, reading, value
from issuance.pdf.validity import REVOKED, SHOWN, problem
from issuance.steps import Step
from issuance.trust import Trust
from yinjian.errors import InputError

_LISTED = RevocationCheckingPolicy(RevocationCheckingRule.CRL_REQUIRED, RevocationCheckingRule.NO_CHECK)
# Added may be what proves signatures, and other signatures; nothing is filled in after somebody has signed.
_ADDED = StandardDiffPolicy(
    global_rules=[
        CatalogModificationRule(),
        *(
            rule.as_qualified(ModificationLevel.LTA_UPDATES)
            for rule in (DocInfoRule(), XrefStreamRule(), ObjectStreamRule(), DSSCompareRule(), MetadataUpdateRule())
        ),
    ],
    form_rule=FormUpdatingRule(field_rules=[SigFieldCreationRule(), SigFieldModificationRule()]),
)
_UNCHECKED = RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """A signature on a PDF. `field`: the name of its place; `at`: when, as a time stamp proves or the signer says."""

    field: str
    signer: str
    at: datetime | None
    steps: tuple[Step, ...]


def check(pdf: bytes, at: datetime, trust: Trust) -> tuple[SignedPdf, ...]:
    """All signatures, in order. `at`: now. Raises InputError for a PDF that is broken, encrypted or unsigned."""
    reader = opened(pdf)
    pages(reader)
    with reading():
        signatures = reader.embedded_regular_signatures
    if not signatures:
        raise InputError("The PDF is not signed.", "Seal it: yinjian seal apply SEAL PDF --at PAGE,X,Y")
    return asyncio.run(_all(pdf, reader, signatures, at, trust))


async def _all(
    pdf: bytes, reader: PdfFileReader, signatures: Sequence[EmbeddedPdfSignature], at: datetime, trust: Trust
) -> tuple[SignedPdf, ...]:
    return tuple([await _checked(pdf, reader, one, at, trust) for one in signatures])


async def _checked(
    pdf: bytes, reader: PdfFileReader, one: EmbeddedPdfSignature, at: datetime, trust: Trust
) -> SignedPdf:
    try:
        with reading():
            who = subject(one.signer_cert.dump())
            status = await async_validate_pdf_signature(
                one, ValidationContext(trust_roots=[], allow_fetching=False), diff_policy=_ADDED
            )
            proven, stamp = await _time(reader, one, at, trust)
            steps = (_signature(status, who), _document(pdf, reader, one, status), *stamp)
            steps += (await _certificate(reader, one, proven or at, trust),)
            steps += await _revoked_since(one, proven or at, trust)
            return SignedPdf(one.field_name, who, proven or one.self_reported_timestamp, steps)
    except (InputError, SignatureValidationError) as error:
        said = error.what if isinstance(error, InputError) else str(error)
        return SignedPdf(str(one.field_name), "?", None, (Step("signature", False, f"it cannot be read: {said}"),))


def _signature(status: PdfSignatureStatus, who: str) -> Step:
    holds = bool(status.intact and status.valid)
    method = status.pkcs7_signature_mechanism, status.md_algorithm
    said = f"{who}, {' '.join(filter(None, method))}"
    return Step("signature", holds, said if holds else f"{said}: it does not hold, something was changed")


def _document(pdf: bytes, reader: PdfFileReader, one: EmbeddedPdfSignature, status: PdfSignatureStatus) -> Step:
    if not pdf.rstrip(b"\0\t\n\f\r ").endswith(b"%%EOF"):
        return Step("document", False, "something follows its end")
    then = _drawn(reader.get_historical_resolver(one.signed_revision))
    laid = [name for name, drawn in _drawn(reader).items() if then.get(name) != drawn]
    if laid:
        return Step("document", False, f"fields were laid over it after it was sealed: {', '.join(sorted(laid))}")
    if status.coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return Step("document", True, "as it was sealed")
    if status.coverage is SignatureCoverageLevel.ENTIRE_REVISION and status.docmdp_ok:
        return Step("document", True, "as it was sealed; added since: what proves it, or other signatures")
    return Step("document", False, "it was changed after it was sealed")


def _drawn(handler: Any) -> dict[str, str]:
    """What is to be seen on the pages of signature fields that are no signatures of people: by place, what and where.

    Anybody may add such a field, and draw in it what they like. A signature's own picture is its signer's, who answers
    for it.
    """
    found = {}
    for number, page in enumerate(pages(handler), 1):
        for index, widget in enumerate(value(page, "/Annots") or ()):
            one = widget.get_object()
            own = one if "/FT" in one or "/Parent" not in one else one["/Parent"].get_object()
            box, signed = value(one, "/Rect"), value(own, "/V")
            if value(own, "/FT") != "/Sig" or box is None:
                continue
            if signed is not None and value(signed, "/Type") != "/DocTimeStamp":
                continue
            sides = [float(side.get_object()) for side in box]
            if sides[0] != sides[2] and sides[1] != sides[3]:
                found[f"{value(own, '/T')} on page {number}, {index}"] = f"{sides} {one.get('/AP')}"
    return found


async def _time(
    reader: PdfFileReader, one: EmbeddedPdfSignature, at: datetime, trust: Trust
) -> tuple[datetime | None, tuple[Step, ...]]:
    """The instant that a time stamp proves, and the step; None without one that holds."""
    token = _token(one)
    if token is None:
        said = "none: that it was sealed before its certificate ended or was revoked is only said"
        return None, (Step("time stamp", None, said, decides=False),)
    try:
        found = stamped(token.dump(), one.signer_info["signature"].native)
    except InputError as error:
        return None, (Step("time stamp", False, f"{error.what} {error.remedy}"),)
    certificates = [choice.chosen for choice in token["content"]["certificates"]]
    authority, who = x509.Certificate.load(found.authority), subject(found.authority)
    # Its key may be revoked later, its certificate end: then a stamp proves nothing any more. What is known now counts.
    trust = trust.for_stamps
    context = _context(reader, trust, at, _UNCHECKED)
    why = await problem(authority, certificates, context, set(), {"time_stamping"})
    listed = await problem(authority, certificates, _since(trust, at), set(), {"time_stamping"})
    if why or listed.startswith(REVOKED):
        return None, (Step("time stamp", False, f"{who}: {why or listed}"),)
    return found.at, (Step("time stamp", True, f"{found.at:%Y-%m-%d %H:%M:%S} UTC, {who}"),)


async def _certificate(reader: PdfFileReader, one: EmbeddedPdfSignature, at: datetime, trust: Trust) -> Step:
    """Whether the signer's certificate led to a known root, ran and was not revoked when the PDF was sealed."""
    context = _context(reader, trust, at, SHOWN)
    why = await problem(one.signer_cert, one.other_embedded_certs, context, {"non_repudiation"}, set())
    who = subject(one.signer_cert.dump())
    said = f"{who}: {why}" if why else f"{who}, in force on {at:%Y-%m-%d %H:%M:%S} UTC"
    return Step("certificate", not why, said)


async def _revoked_since(one: EmbeddedPdfSignature, at: datetime, trust: Trust) -> tuple[Step, ...]:
    """What newer lists say of that moment: a revocation that was not known when the file was made, say."""
    why = await problem(one.signer_cert, one.other_embedded_certs, _since(trust, at), set(), set())
    if not why.startswith(REVOKED):
        return ()
    return (Step("newest list", False, f"{subject(one.signer_cert.dump())}: {why}"),)


def _context(reader: PdfFileReader, trust: Trust, at: datetime, policy: RevocationCheckingPolicy) -> ValidationContext:
    """For an instant, with what the file holds."""
    options: dict[str, Any] = _options(trust, at) | {"revinfo_policy": CertRevTrustPolicy(policy)}
    try:
        return DocumentSecurityStore.read_dss(reader).as_validation_context(options)
    except NoDSSFoundError:
        return ValidationContext(**options)


def _since(trust: Trust, at: datetime) -> ValidationContext:
    """For an instant, by the lists that are known now."""
    lists = [crl.CertificateList.load(der) for der in trust.lists]
    policy = CertRevTrustPolicy(_LISTED, retroactive_revinfo=True)
    return ValidationContext(**_options(trust, at), crls=lists, revinfo_policy=policy)


def _options(trust: Trust, at: datetime) -> dict[str, Any]:
    return {
        "trust_roots": [x509.Certificate.load(der) for der in trust.roots],
        "other_certs": [x509.Certificate.load(der) for der in trust.below],
        "allow_fetching": False,
        "moment": at.astimezone(UTC),
    }


def _token(one: EmbeddedPdfSignature) -> Any:
    """The time stamp on the signature, where there is one."""
    for attribute in one.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return attribute["values"][0]
    return None
