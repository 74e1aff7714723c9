"""Putting a seal on data: SES_Signature, signed by whoever the seal names (GB/T 38540-2020, chapter 7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asn1crypto import core  # type: ignore[import-untyped]

from issuance.eseal import asn1
from issuance.eseal.check import hash_of, may_use
from issuance.eseal.maker import LAST_UTC_YEAR, Stamp
from issuance.eseal.seal import parse_seal
from issuance.signing import Signer, check_made, key_of
from yinjian.errors import Refused


def put(
    seal: bytes, data: bytes, place: str, certificate: bytes, signer: Signer, at: datetime, stamp: Stamp | None = None
) -> bytes:
    """The signature (DER) of a seal's version on `data`, by a holder's certificate (DER). `dataHash` is SM3.

    `place`: what the data is and where (propertyInfo, ASCII), `/Doc_0/Signs/Sign_0/Signature.xml` say. `stamp`: puts
    the time on it. Raises Refused for a seal that is not in force at the time, or is another's, or where the version
    has no place for a stamp.
    """
    read = parse_seal(seal)
    if not read.valid_from <= at <= read.valid_until:
        raise Refused(
            f"The seal holds from {read.valid_from:%Y-%m-%d} to {read.valid_until:%Y-%m-%d}.", "Use one in force."
        )
    if not may_use(read, certificate):
        raise Refused("The certificate is not one that the seal names.", "Use the certificate it was made for.")
    if stamp is not None and read.version == 1:
        raise Refused("A signature of version 1 has no time stamp.", "Make it without.")
    own, digest = key_of(certificate), hash_of("sm3", data)
    if read.version == 1:
        tbs = _tbs_v1(seal, digest, place, certificate, own.algorithm, at)
        return bytes(asn1.SignatureV1({"tbs": tbs, "signature": _signed(signer, certificate, tbs)}).dump())
    tbs = asn1.TbsSignV4(
        {
            "version": read.version,
            "eseal": asn1.SealV4.load(seal),
            "time_info": at.astimezone(UTC).replace(microsecond=0),
            "data_hash": core.OctetBitString(digest),
            "property_info": place,
        }
    )
    signature = _signed(signer, certificate, tbs)
    parts = {"tbs": tbs, "cert": certificate, "signature_algorithm": own.algorithm, "signature": signature}
    if stamp is not None:
        parts["time_stamp"] = core.OctetBitString(stamp(signature.native))
    return bytes(asn1.SignatureV4(parts).dump())


def _tbs_v1(seal: bytes, digest: bytes, place: str, certificate: bytes, algorithm: str, at: datetime) -> Any:
    if at.year > LAST_UTC_YEAR:
        raise Refused("A signature of version 1 is made before 2050.", "Use a seal of version 4.")
    return asn1.TbsSignV1(
        {
            "version": 1,
            "eseal": asn1.SealV1.load(seal),
            "time_info": core.OctetBitString(core.UTCTime(at.astimezone(UTC).replace(microsecond=0)).dump()),
            "data_hash": core.OctetBitString(digest),
            "property_info": place,
            "cert": certificate,
            "signature_algorithm": algorithm,
        }
    )


def _signed(signer: Signer, certificate: bytes, tbs: Any) -> Any:
    covered = tbs.dump()
    signature = signer.sign(covered)
    check_made(key_of(certificate), signature, covered)
    return core.OctetBitString(signature)
