"""SM2 certificates (GM/T 0015): `cryptography` makes none, so they are put together here, and checked."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import keys, x509  # type: ignore[import-untyped]

from issuance.eseal.algorithms import verifies
from issuance.eseal.sm2 import Signer
from yinjian.errors import TokenError

CA_USAGE, SIGNING = {"key_cert_sign", "crl_sign"}, {"digital_signature", "non_repudiation"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A certificate to be made. `path`: how many CAs may follow below a CA; None: it is none."""

    serial: int
    organization: str
    common_name: str
    public_key: bytes
    not_before: datetime
    not_after: datetime
    path: int | None = None


def certificate(wanted: Wanted, issuer: bytes | None, signer: Signer) -> bytes:
    """The certificate (DER). `issuer`: the issuer's (DER), None for a root, which `signer` itself is."""
    above = x509.Certificate.load(issuer, strict=True) if issuer else None
    subject = _name(wanted)
    own = _key_id(wanted.public_key)
    body = x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": wanted.serial,
            "signature": {"algorithm": signer.algorithm},
            "issuer": above.subject if above else subject,
            "validity": {"not_before": _time(wanted.not_before), "not_after": _time(wanted.not_after)},
            "subject": subject,
            "subject_public_key_info": keys.PublicKeyInfo.load(wanted.public_key),
            "extensions": _extensions(wanted, own, above.key_identifier if above else own),
        }
    )
    made = x509.Certificate(
        {
            "tbs_certificate": body,
            "signature_algorithm": {"algorithm": signer.algorithm},
            "signature_value": signer.sign(body.dump()),
        }
    )
    der = bytes(made.dump())
    if not verifies(issuer or der, signer.algorithm, made["signature_value"].native, body.dump()):
        raise TokenError("The signature that was made does not hold.", "Check that it is the issuer's key.")
    return der


def _extensions(wanted: Wanted, own: bytes, above: bytes) -> list[dict[str, object]]:
    is_ca = wanted.path is not None
    constraints = {"ca": True, "path_len_constraint": wanted.path} if is_ca else {"ca": False}
    return [
        {"extn_id": "basic_constraints", "critical": True, "extn_value": constraints},
        {"extn_id": "key_usage", "critical": True, "extn_value": CA_USAGE if is_ca else SIGNING},
        {"extn_id": "key_identifier", "critical": False, "extn_value": own},
        {"extn_id": "authority_key_identifier", "critical": False, "extn_value": {"key_identifier": above}},
    ]


def _name(wanted: Wanted) -> x509.Name:
    rows = (("country_name", "CN"), ("organization_name", wanted.organization), ("common_name", wanted.common_name))
    return x509.Name.build(OrderedDict(rows))


def _time(instant: datetime) -> x509.Time:
    """UTCTime until 2049, then GeneralizedTime (RFC 5280 4.1.2.5)."""
    return x509.Time({"utc_time" if instant.year < 2050 else "general_time": instant})


def _key_id(spki: bytes) -> bytes:
    """SHA-1 of the public key's bits (RFC 5280 4.2.1.2, method 1): a name, not a protection."""
    bits = bytes(keys.PublicKeyInfo.load(spki)["public_key"])
    return hashlib.sha1(bits, usedforsecurity=False).digest()
