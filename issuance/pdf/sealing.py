"""Sealing a PDF: the seal drawn, the holder's signature from the token, a time stamp, and what proves all of it later.

PAdES-B-LT (ETSI EN 319 142-1): certificates, OCSP answers and revocation lists of the moment lie in the file.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from asn1crypto import algos, crl, ocsp, tsp, x509  # type: ignore[import-untyped]
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleCertificateStore

from issuance.pdf.drawing import LAST, Drawn, InkStyle, Place, draw_strips, frame, own_arrays, sheet
from issuance.pdf.opening import opened, pages, reading, value
from issuance.pdf.validity import DECLARED, FAILURES, SHOWN, problem, words
from issuance.signing import key_of
from issuance.timestamps import Authority
from yinjian.errors import InputError, Refused, TokenError

TSA_SECONDS = 20.0
_ROOM = 512  # bytes: an RSA signature of 4096 bits


@dataclass(frozen=True, slots=True)
class Holder:
    """Who seals: certificate (DER), and what signs with its key (SHA-256). `chain`: the CAs above, up to the root."""

    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)
    sign: Callable[[bytes], bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that nothing was revoked at the moment: revocation lists and OCSP answers, DER."""

    at: datetime
    lists: tuple[bytes, ...] = field(repr=False)
    answers: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Where:
    """Where the seal is drawn. `across`: over the right edges of all pages too (骑缝章), so far below the upper one.

    `across_mm` None: in the middle of the edge. `beside`: also on a PDF that is signed already.
    """

    place: Place
    across: bool = False
    across_mm: float | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Stamping:
    """Who stamps. `trust`: certificates (DER) of another authority's CAs up to their roots, whose lists are fetched."""

    stamper: TimeStamper
    trust: tuple[bytes, ...] = field(default=(), repr=False)


class LocalTimeStamper(TimeStamper):
    """This CA's own authority, asked without a network. `clock`: what it states."""

    def __init__(self, authority: Authority, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._authority, self._clock = authority, clock

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._authority.answer(req.dump(), self._clock()))


def remote_time_stamper(url: str) -> TimeStamper:
    """An authority that is asked by HTTP (RFC 3161, 3.4)."""
    return RequestsHTTPTimeStamper(url, timeout=TSA_SECONDS)


def seal(pdf: bytes, drawn: Drawn, where: Where, holder: Holder, evidence: Evidence, by: Stamping) -> bytes:
    """The sealed PDF. Raises InputError for a PDF or place that cannot be sealed, Refused where something is revoked.

    What was signed before stays as it was, and valid: only a seal on one page is added to it.
    """
    reader = opened(pdf)
    with reading():
        sheets = [sheet(page) for page in pages(reader)]
        signed = len(reader.embedded_signatures)
        names = _names(reader)
    if signed and where.across:
        raise InputError(
            "The PDF is signed already: a seal across its pages would change what was signed.",
            "Put the seal across the unsigned PDF first.",
        )
    if signed and not where.beside:
        raise InputError("The PDF is signed already.", "To add a seal to what others signed: --beside")
    where = replace(where, place=_counted(where.place, len(sheets)))
    own = sheets[where.place.page - 1]
    _require_in_force(holder, evidence)
    box = frame(own, drawn, where.place)
    name = next(name for number in range(1, len(names) + 2) if (name := f"Seal{number}") not in names)
    with reading():
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    if where.across:
        with reading():
            draw_strips(writer, sheets, drawn, where.across_mm)
    elif not signed:
        with reading():
            own_arrays(writer, where.place.page - 1, contents=False)
    spec = SigFieldSpec(name, on_page=where.place.page - 1, box=cast(Any, box))  # fractions of points are taken
    meta = PdfSignatureMetadata(
        field_name=name,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=True,
        validation_context=_context(holder, evidence, by.trust),
    )
    style = InkStyle(border_width=0, drawn=drawn, sheet=own)
    signer = PdfSigner(meta, _Signer(holder), timestamper=by.stamper, stamp_style=style, new_field_spec=spec)
    out = io.BytesIO()
    _sign(signer, writer, out)
    return out.getvalue()


def _sign(signer: PdfSigner, writer: IncrementalPdfFileWriter, out: io.BytesIO) -> None:
    try:
        with reading(SigningError, *FAILURES, TimestampRequestError):
            signer.sign_pdf(writer, output=out)
    except (SigningError, *FAILURES) as error:
        # The holder's own certificate was looked at before.
        why = words(error.__cause__ if isinstance(error.__cause__, FAILURES) else error)
        remedy = "Set YINJIAN_TSA_TRUST to the certificates of the authority's CAs, and see that their lists are there."
        raise Refused(f"The time stamp authority's certificate does not hold: {why}.", remedy) from error
    except TimestampRequestError as error:
        raise TokenError(
            "The time stamp authority does not answer.", "Check YINJIAN_TSA_URL and the network, then repeat."
        ) from error


class _Signer(Signer):
    """The holder's key on its token, as pyHanko asks for it."""

    def __init__(self, holder: Holder) -> None:
        certificate, *above = (x509.Certificate.load(der) for der in (holder.certificate, *holder.chain))
        algorithm = key_of(holder.certificate).algorithm
        super().__init__(
            signing_cert=certificate,
            cert_registry=SimpleCertificateStore.from_certs(above),
            signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": algorithm}),
        )
        self._sign = holder.sign

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        return bytes(_ROOM) if dry_run else self._sign(data)


def _require_in_force(holder: Holder, evidence: Evidence) -> None:
    """Raises Refused unless the evidence shows that the holder's certificate holds, and may sign."""
    context = _context(holder, evidence, (), SHOWN)
    own, *above = (x509.Certificate.load(der) for der in (holder.certificate, *holder.chain))
    why = asyncio.run(problem(own, above, context, {"non_repudiation"}, set()))
    if why:
        raise Refused(f"The certificate may not seal: {why}.", "Seal with one that is in force.")


def _context(
    holder: Holder, evidence: Evidence, trust: Sequence[bytes], policy: RevocationCheckingPolicy = DECLARED
) -> ValidationContext:
    """What goes into the file: the holder's evidence, and what another time stamp authority publishes of itself."""
    known = [x509.Certificate.load(der) for der in (*holder.chain, *trust)]
    return ValidationContext(
        moment=evidence.at,
        trust_roots=[one for one in known if one.self_issued],
        other_certs=[one for one in known if not one.self_issued],
        crls=[crl.CertificateList.load(der) for der in evidence.lists],
        ocsps=[ocsp.OCSPResponse.load(der) for der in evidence.answers],
        allow_fetching=bool(trust),
        revinfo_policy=CertRevTrustPolicy(policy),
    )


def _names(reader: PdfFileReader) -> set[str]:
    """Of the form fields that there are."""
    form = value(reader.root, "/AcroForm")
    fields = value(form, "/Fields") if form is not None else None
    return {str(one["/T"]) for one in (field.get_object() for field in fields or ()) if "/T" in one}


def _counted(place: Place, pages: int) -> Place:
    page = pages if place.page == LAST else place.page
    if not 1 <= page <= pages:
        raise InputError(f"The PDF has no page {page}.", f"It has {pages}; they are counted from 1.")
    return replace(place, page=page)
