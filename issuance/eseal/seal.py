"""Electronic seals and the signatures made with them, read from their bytes and kept with the bytes that are signed.

Signatures are verified over the original bytes: seals in the field encode what DER leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import core  # type: ignore[import-untyped]

from issuance.der import BROKEN, octets, octets_or_none, parts, require_der
from issuance.eseal import asn1
from yinjian.errors import InputError

LARGEST = 16 * 1024 * 1024  # bytes of a file
LARGEST_MM = 1000  # of a picture: enterprise seals have 45 at most
VERSIONS = (1, 4, 5)
_AGAIN = "Get the file again from where it was made."


@dataclass(frozen=True, slots=True)
class Signed:
    """Bytes that somebody signed: `covered` by `signature` (DER or raw, as the algorithm has it) under `certificate`.

    `algorithm`: dotted OID. `time_stamp`: an RFC 3161 token on the signature, None where there is none.
    """

    covered: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    time_stamp: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """What the seal looks like: its format as the seal names it, the file, and its size on paper in mm."""

    type: str
    data: bytes = field(repr=False)
    width_mm: int
    height_mm: int


@dataclass(frozen=True, slots=True)
class Extension:
    id: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """A SESeal. `certificates`: of who may use it, DER; `digests` of them (algorithm, value) where only these stand.

    `kind`: of seal (property.type: 1 of a unit, 2 of a person, ...). Instants are UTC. `der`: the whole of it.
    """

    version: int
    vid: str
    id: str
    kind: int
    name: str
    certificates: tuple[bytes, ...] = field(repr=False)
    digests: tuple[tuple[str, bytes], ...]
    created: datetime
    valid_from: datetime
    valid_until: datetime
    picture: Picture
    extensions: tuple[Extension, ...]
    signed: Signed
    der: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealSignature:
    """A SES_Signature: a seal, put on data by whoever may use it. `time_info`: when, as the signer says."""

    version: int
    seal: Seal
    time: datetime | None
    time_info: bytes = field(repr=False)
    data_hash: bytes
    property_info: str
    signed: Signed


def parse(data: bytes) -> Seal | SealSignature:
    """What the bytes are. Raises InputError for what is neither, is cut short or longer than it says."""
    if not data:
        raise InputError("The file is empty.", _AGAIN)
    if len(data) > LARGEST:
        raise InputError("The file is too large for a seal.", f"One has at most {LARGEST // 1024 // 1024} MB.")
    require_der(data)
    try:
        return _parsed(data)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError("This is neither an electronic seal nor a signature made with one.", _AGAIN) from error


def parse_seal(data: bytes) -> Seal:
    """A seal. Raises InputError as `parse`, and for a signature made with one."""
    found = parse(data)
    if not isinstance(found, Seal):
        raise InputError("This is a signature, no seal.", "Name the seal itself (seal.esl).")
    return found


def seal_of(found: Seal | SealSignature) -> Seal:
    """The seal, or the one that a signature was made with."""
    return found if isinstance(found, Seal) else found.seal


def _parsed(data: bytes) -> Seal | SealSignature:
    outer = core.Sequence.load(data, strict=True)
    first = outer[0]
    if not isinstance(first, core.Sequence) or not len(first):
        raise ValueError("no seal")
    if isinstance(first[0], core.Integer):
        return _signature(data, first, len(outer))
    return _seal(data, _version(outer))


def _version(outer: Any) -> int:
    """Outer arity 2 is V1, 5 is V5 (with its time stamp), 4 is what the header says."""
    arity, stated = len(outer), outer[0][0][1].native
    version = {2: 1, 5: 5, 4: stated}.get(arity)
    # A V4 seal has no time stamp; what says another version than it has is read by nobody in the same way.
    if version not in VERSIONS or version != stated:
        raise InputError(f"The seal says version {stated} and has {arity} parts.", "There are versions 1, 4 and 5.")
    return int(version)


def _seal(data: bytes, version: int) -> Seal:
    read = (asn1.SealV1 if version == 1 else asn1.SealV4).load(data, strict=True)
    _require_all_read(read, data)
    info = read["info"]
    header, own, picture = info["header"], info["property"], info["picture"]
    if header["id"].native != "ES" or header["version"].native != version:
        raise InputError("The header is not that of an electronic seal.", "It begins with ES and its version.")
    sides = picture["width"].native, picture["height"].native
    if not all(1 <= side <= LARGEST_MM for side in sides):
        raise InputError("The seal has no size that a seal can have.", f"It is 1 to {LARGEST_MM} mm wide and high.")
    certificates, digests = _holders(own, version)
    return Seal(
        version,
        header["vid"].native,
        info["es_id"].native,
        own["type"].native,
        own["name"].native,
        certificates,
        digests,
        _utc(own["create_date"]),
        _utc(own["valid_start"]),
        _utc(own["valid_end"]),
        Picture(picture["type"].native, picture["data"].native, picture["width"].native, picture["height"].native),
        tuple(_extensions(info)),
        _signed_v1(data, read) if version == 1 else _signed(data, read),
        data,
    )


def _require_all_read(read: Any, data: bytes) -> None:
    """A part that is none of the structure's is passed over by asn1crypto: a time stamp under another tag, say."""
    if len(parts(data)) != sum(not isinstance(value, core.Void) for value in (read[name] for name in read)):
        raise ValueError("a part that is none of the structure's")


def _holders(own: Any, version: int) -> tuple[tuple[bytes, ...], tuple[tuple[str, bytes], ...]]:
    listed = own["cert_list"]
    if version == 1:
        return tuple(one.native for one in listed), ()
    if own["cert_list_type"].native == 1:
        return tuple(one.native for one in listed.parse(asn1.Certificates)), ()
    if own["cert_list_type"].native == 2:
        return (), tuple((one["type"].native, one["value"].native) for one in listed.parse(asn1.Digests))
    raise ValueError("an unknown kind of list")


def _extensions(info: Any) -> list[Extension]:
    given = info["ext_datas"] if info["ext_datas"].native is not None else info["tagged_ext_datas"]
    if given.native is None:
        return []
    return [Extension(one["extn_id"].dotted, one["critical"].native, one["extn_value"].native) for one in given]


def _signed_v1(data: bytes, read: Any) -> Signed:
    """The maker's signature covers SEQUENCE { sealInfo, cert, signAlg } (GM/T 0031-2014)."""
    info, sign_info = parts(data)
    own = read["sign_info"]
    _require_all_read(own, sign_info)
    covered = core.Sequence(contents=info + b"".join(parts(sign_info)[:2])).dump()
    return Signed(covered, own["cert"].native, own["signature_algorithm"].dotted, octets(own["sign_data"]))


def _signed(data: bytes, read: Any) -> Signed:
    """The maker's signature covers the bytes of eSealInfo alone (GB/T 38540-2020)."""
    own = read["cert"].native, read["signature_algorithm"].dotted, octets(read["signed_value"])
    return Signed(parts(data)[0], *own, octets_or_none(read["time_stamp"]))


def _signature(data: bytes, tbs: Any, arity: int) -> SealSignature:
    version = tbs[0].native
    if version not in VERSIONS:
        raise InputError(f"The signature says version {version}.", "There are versions 1, 4 and 5.")
    read = (asn1.SignatureV1 if version == 1 else asn1.SignatureV4).load(data, strict=True)
    _require_all_read(read, data)
    own, covered = read["tbs"], parts(data)[0]
    seal = _seal(parts(covered)[1], version)
    if version == 1:
        signer = own["cert"].native, own["signature_algorithm"].dotted, octets(read["signature"])
        raw = octets(own["time_info"])
        time, stamp = _stated(raw), None
    else:
        signer = read["cert"].native, read["signature_algorithm"].dotted, octets(read["signature"])
        time, stamp, raw = _utc(own["time_info"]), octets_or_none(read["time_stamp"]), b""
    signed = Signed(covered, *signer, stamp)
    return SealSignature(version, seal, time, raw, octets(own["data_hash"]), own["property_info"].native, signed)


def _stated(time_info: bytes) -> datetime | None:
    """The instant in a timeInfo of version 1, whose text leaves open what it holds: a time, where it is one."""
    for kind in (core.UTCTime, core.GeneralizedTime):
        try:
            return _utc(kind.load(time_info, strict=True))
        except BROKEN:
            continue
    return None


def _utc(value: Any) -> datetime:
    instant = value.native
    if not isinstance(instant, datetime):
        raise ValueError("no instant")
    return instant.astimezone(UTC)
