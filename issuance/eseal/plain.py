"""A plain signature on data: SignedData of GB/T 35275 or RFC 5652, detached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from asn1crypto import cms, core  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509

from issuance.algorithms import NAMES, verifies
from issuance.certificate_check import revoked
from issuance.der import BROKEN, parts, require_der
from issuance.eseal.check import hash_of
from issuance.eseal.stamp import certificate_of
from issuance.paths import path_of, period_of, subject
from issuance.signing import ECDSA_SHA256, RSA_SHA256
from issuance.sm2 import SM2_WITH_SM3, SM3
from issuance.steps import Step
from issuance.trust import Trust
from yinjian.errors import InputError

# GB/T 35275 and RFC 5652 call the same structure by these
SIGNED_DATA = ("1.2.156.10197.6.1.4.2.2", "1.2.840.113549.1.7.2")
_HASHES = {SM3: "sm3", "2.16.840.1.101.3.4.2.1": "sha256"}


def check_plain(value: bytes, data: bytes, at: datetime, trust: Trust, strict: bool) -> Iterator[Step]:
    """The steps. Raises InputError for what is no such signature."""
    try:
        require_der(value)
        kind, explicit = parts(value)
        if core.ObjectIdentifier.load(kind).dotted not in SIGNED_DATA:
            raise InputError("The signed value is of no kind that is known.", "Known is SignedData.")
        (content,) = parts(explicit)
        signed = cms.SignedData.load(content, strict=True)
        (signer,) = signed["signer_infos"]
        _, certificate = certificate_of(signed, signer["sid"])
        holds, algorithm = _holds(signer, certificate, data)
    except BROKEN as error:
        raise InputError("The signed value is no signature.", "Get the file again from where it was made.") from error
    who = subject(certificate)
    said = f"{who}, {NAMES[algorithm]}"
    yield Step("signer's signature", holds, said if holds else f"{said}: it does not hold, something was changed")
    path = path_of(certificate, trust.known)
    begin, end = period_of(certificate)
    if path is None:
        yield Step("certificate", False if strict else None, f"{who}, of no CA that is known here", strict)
    else:
        inside, when = begin <= at <= end, revoked(certificate, trust)
        why = "; not in force now" if not inside else f"; revoked on {when:%Y-%m-%d %H:%M:%S} UTC" if when else ""
        yield Step("certificate", not why, f"{who}, of {subject(path[-1])}{why}")


def _holds(signer: Any, certificate: bytes, data: bytes) -> tuple[bool, str]:
    """Whether the signature is on the data, or on attributes that hold its digest; and by which algorithm."""
    digest = signer["digest_algorithm"]["algorithm"].dotted
    if digest not in _HASHES:
        raise InputError("The signature's hash is not known.", "Known are SM3 and SHA-256.")
    kind = asn1_x509.Certificate.load(certificate).public_key["algorithm"]["algorithm"].native
    algorithm = SM2_WITH_SM3 if digest == SM3 else {"ec": ECDSA_SHA256, "rsa": RSA_SHA256}[kind]
    covered, same = data, True
    if signer["signed_attrs"].native:
        attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
        same = attributes["message_digest"][0].native == hash_of(_HASHES[digest], data)
        covered = core.SetOf(spec=cms.CMSAttribute, contents=signer["signed_attrs"].contents).dump()
    return same and verifies(certificate, algorithm, signer["signature"].native, covered), algorithm
