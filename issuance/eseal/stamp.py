"""Time stamps (RFC 3161) on a signature."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, tsp  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509

from issuance.algorithms import verifies
from issuance.der import BROKEN, parts, require_der
from issuance.signing import ECDSA_SHA256, RSA_SHA256
from issuance.sm2 import SM2_WITH_SM3, SM3
from yinjian.errors import InputError

TIME_STAMPING = "time_stamping"
_HASHES = {
    SM3: "sm3",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_SEQUENCE = 0x30
_RSA = "1.2.840.113549.1.1.1"  # of the key alone: what many authorities name
_SIGNED_BY = {"ec": ECDSA_SHA256, "rsa": RSA_SHA256}


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a time stamp proves: that something was there `at` an instant (UTC), as `authority` (DER) says."""

    at: datetime
    authority: bytes = field(repr=False)


def stamped(token: bytes, data: bytes) -> Stamped:
    """What a token says of `data`. Raises InputError for one that does not hold.

    Whether the authority is one to be believed is not told here.
    """
    try:
        require_der(token)
        return _stamped(token, data)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError("The time stamp is none.", "It should be a token of RFC 3161.") from error


def _stamped(token: bytes, data: bytes) -> Stamped:
    content = cms.ContentInfo.load(token, strict=True)
    if content["content_type"].native != "signed_data":
        raise ValueError("no signed data")
    signed = content["content"]
    inside = signed["encap_content_info"]
    if inside["content_type"].native != "tst_info" or len(signed["signer_infos"]) != 1:
        raise ValueError("no time stamp")
    # "This is the CMS version 3": what it encapsulates is not plain data (RFC 5652, 5.1)
    if signed["version"].native != "v3" or signed["crls"].native is not None:
        raise ValueError("no time stamp")
    said = bytes(inside["content"].contents)
    info = tsp.TSTInfo.load(said, strict=True)
    imprint = info["message_imprint"]
    if _digest(imprint["hash_algorithm"], data) != imprint["hashed_message"].native:
        raise InputError("The time stamp is on something else.", "It does not belong to this signature.")
    return Stamped(_utc(info["gen_time"].native), _signed_by(signed, said))


def _signed_by(signed: Any, content: bytes) -> bytes:
    """The authority's certificate; its signature is over attributes that hold the content's digest (RFC 5652, 5.4)."""
    (signer,) = signed["signer_infos"]
    attributes = {one["type"].native: one["values"] for one in signer["signed_attrs"]}
    digest = _digest(signer["digest_algorithm"], content)
    if attributes["message_digest"][0].native != digest or attributes["content_type"][0].native != "tst_info":
        raise InputError("The time stamp was changed.", "Its content is not what was signed.")
    if signer["digest_algorithm"].native not in [one.native for one in signed["digest_algorithms"]]:
        raise ValueError("a digest that is not announced")
    certificate, der = certificate_of(signed, signer["sid"])
    if signer["version"].native != ("v1" if signer["sid"].name == "issuer_and_serial_number" else "v3"):
        raise ValueError("another version")
    _require_named(attributes, der)
    usage = certificate.extended_key_usage_value
    if usage is None or TIME_STAMPING not in usage.native:
        raise InputError("The time stamp is by nobody who may make one.", "Its certificate lacks that purpose.")
    covered = core.SetOf(spec=cms.CMSAttribute, contents=signer["signed_attrs"].contents).dump()
    if not verifies(der, _algorithm(signer, certificate), signer["signature"].native, covered):
        raise InputError("The time stamp's signature does not hold.", "It was changed, or is another's.")
    return der


def _algorithm(signer: Any, certificate: Any) -> str:
    """The algorithm of the signature, that the signer names, its key has and its digest fits."""
    kind = certificate.public_key["algorithm"]["algorithm"].native
    digest = signer["digest_algorithm"]["algorithm"].dotted
    found = SM2_WITH_SM3 if digest == SM3 else _SIGNED_BY[kind]
    named = signer["signature_algorithm"]["algorithm"].dotted
    if named != found and not (named == _RSA and found == RSA_SHA256):
        raise InputError("The time stamp's algorithm is not known.", "Known are RSA, ECDSA (SHA-256) and SM2.")
    if signer["signature_algorithm"]["parameters"].native is not None:
        raise ValueError("parameters")
    return found


def _require_named(attributes: dict[str, Any], certificate: bytes) -> None:
    """ "The signing certificate attribute MUST be a signed attribute" (RFC 3161 2.4.2, RFC 5816)."""
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"][0]["certs"][0]
        kind = first["hash_algorithm"]["algorithm"].native
    else:
        first, kind = attributes["signing_certificate"][0]["certs"][0], "sha1"
    if hashlib.new(kind, certificate, usedforsecurity=False).digest() != first["cert_hash"].native:
        raise InputError("The time stamp names another certificate.", "It was changed, or is another's.")


def certificate_of(signed: Any, sid: Any) -> tuple[Any, bytes]:
    """The certificate in a SignedData that a signer names, and its bytes. Raises InputError when it is not there."""
    wanted = sid.chosen
    for der in parts(core.SetOf(spec=core.Any, contents=signed["certificates"].contents).dump()):
        if der[0] != _SEQUENCE:  # a certificate of another kind
            continue
        certificate = asn1_x509.Certificate.load(der, strict=True)
        if isinstance(wanted, cms.IssuerAndSerialNumber):
            # Byte for byte: nobody signed how it is named here.
            named = wanted["issuer"].dump(), wanted["serial_number"].native
            if (certificate.issuer.dump(), certificate.serial_number) == named:
                return certificate, der
        elif certificate.key_identifier == wanted.native:
            return certificate, der
    raise InputError("The signer's certificate is missing.", "It should be inside the signature.")


def _digest(algorithm: Any, data: bytes) -> bytes:
    oid = algorithm["algorithm"].dotted
    if oid not in _HASHES or algorithm["parameters"].native is not None:
        raise InputError("The time stamp's hash is not known.", "Known are SHA-256, SHA-384, SHA-512 and SM3.")
    return hashlib.new(_HASHES[oid], data, usedforsecurity=False).digest()


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)
