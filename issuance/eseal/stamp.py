"""Time stamps (RFC 3161) on a seal's signature."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509

from issuance.eseal.algorithms import ECDSA_SHA256, RSA_SHA256, SM2_WITH_SM3, SM3, verifies
from issuance.eseal.der import BROKEN
from yinjian.errors import InputError

TIME_STAMPING = "time_stamping"
_HASHES = {SM3: "sm3", "2.16.840.1.101.3.4.2.1": "sha256"}
_SIGNED_BY = {"ec": ECDSA_SHA256, "rsa": RSA_SHA256}


def stamped(token: bytes, data: bytes) -> datetime:
    """When `data` was there, as a time stamp authority says. Raises InputError for a token that does not hold.

    Whether the authority is one to be believed is not told here.
    """
    try:
        return _stamped(token, data)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError("The time stamp is none.", "It should be a token of RFC 3161.") from error


def _stamped(token: bytes, data: bytes) -> datetime:
    content = cms.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise ValueError("no signed data")
    signed = content["content"]
    inside = signed["encap_content_info"]
    if inside["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise ValueError("no time stamp")
    info = tsp.TSTInfo.load(bytes(inside["content"].contents), strict=True)
    imprint = info["message_imprint"]
    if _digest(imprint["hash_algorithm"]["algorithm"].dotted, data) != imprint["hashed_message"].native:
        raise InputError("The time stamp is on something else.", "It does not belong to this signature.")
    _require_signed(signed, bytes(inside["content"].contents))
    return _utc(info["gen_time"].native)


def _require_signed(signed: Any, content: bytes) -> None:
    """The authority's signature over its attributes, which hold the content's digest (RFC 5652, 5.4)."""
    (signer,) = signed["signer_infos"]
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    digest = _digest(signer["digest_algorithm"]["algorithm"].dotted, content)
    if attributes["message_digest"][0].native != digest or attributes["content_type"][0].native != "tst_info":
        raise InputError("The time stamp was changed.", "Its content is not what was signed.")
    certificate = _certificate(signed, signer["sid"])
    usage = certificate.extended_key_usage_value
    if usage is None or TIME_STAMPING not in usage.native:
        raise InputError("The time stamp is by nobody who may make one.", "Its certificate lacks that purpose.")
    covered = core.SetOf(spec=cms.CMSAttribute, contents=signer["signed_attrs"].contents).dump()
    key = certificate.public_key["algorithm"]
    kind = key["algorithm"].native
    algorithm = SM2_WITH_SM3 if signer["digest_algorithm"]["algorithm"].dotted == SM3 else _SIGNED_BY[kind]
    if not verifies(certificate.dump(), algorithm, signer["signature"].native, covered):
        raise InputError("The time stamp's signature does not hold.", "It was changed, or is another's.")


def _certificate(signed: Any, sid: Any) -> Any:
    wanted = sid.chosen
    for choice in signed["certificates"]:
        certificate = choice.chosen
        if not isinstance(certificate, asn1_x509.Certificate):
            continue
        if isinstance(wanted, cms.IssuerAndSerialNumber):
            if (certificate.issuer, certificate.serial_number) == (wanted["issuer"], wanted["serial_number"].native):
                return certificate
        elif certificate.key_identifier == wanted.native:
            return certificate
    raise InputError("The time stamp's certificate is missing.", "It should be inside the token.")


def _digest(oid: str, data: bytes) -> bytes:
    if oid not in _HASHES:
        raise InputError("The time stamp's hash is not known.", "Known are SHA-256 and SM3.")
    return hashlib.new(_HASHES[oid], data, usedforsecurity=False).digest()


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
