"""The structures, as the standards name them (GB/T 38540-2020, annex A; GM/T 0031)."""

from __future__ import annotations

from typing import Any

from asn1crypto import core  # type: ignore[import-untyped]

# What the standards and asn1crypto call things differs in letters only: `esID` is es_id.


class Header(core.Sequence):  # type: ignore[misc]
    _fields = [("id", core.IA5String), ("version", core.Integer), ("vid", core.IA5String)]


class Picture(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("type", core.IA5String),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


class ExtData(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("extn_id", core.ObjectIdentifier),
        ("critical", core.Boolean, {"default": False}),
        ("extn_value", core.OctetString),
    ]


class ExtDatas(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ExtData


class Certificates(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.OctetString


class Digest(core.Sequence):  # type: ignore[misc]
    _fields = [("type", core.PrintableString), ("value", core.OctetString)]


class Digests(core.SequenceOf):  # type: ignore[misc]
    _child_spec = Digest


class PropertyV1(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list", Certificates),
        ("create_date", core.UTCTime),
        ("valid_start", core.UTCTime),
        ("valid_end", core.UTCTime),
    ]


class PropertyV4(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list_type", core.Integer),
        ("cert_list", core.Any),
        ("create_date", core.GeneralizedTime),
        ("valid_start", core.GeneralizedTime),
        ("valid_end", core.GeneralizedTime),
    ]


# The text of 2014 has extDatas EXPLICIT [0]; seals in the field have it bare. Both are read, the bare one is made.
_EXTENSIONS: list[tuple[str, Any, dict[str, Any]]] = [
    ("ext_datas", ExtDatas, {"optional": True}),
    ("tagged_ext_datas", ExtDatas, {"explicit": 0, "optional": True}),
]


class SealInfoV1(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("header", Header),
        ("es_id", core.IA5String),
        ("property", PropertyV1),
        ("picture", Picture),
        *_EXTENSIONS,
    ]


class SealInfoV4(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("header", Header),
        ("es_id", core.IA5String),
        ("property", PropertyV4),
        ("picture", Picture),
        *_EXTENSIONS,
    ]


class SignInfoV1(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("cert", core.OctetString),
        ("signature_algorithm", core.ObjectIdentifier),
        ("sign_data", core.OctetBitString),
    ]


class SealV1(core.Sequence):  # type: ignore[misc]
    _fields = [("info", SealInfoV1), ("sign_info", SignInfoV1)]


class SealV4(core.Sequence):  # type: ignore[misc]
    """V5 is this with a time stamp."""

    _fields = [
        ("info", SealInfoV4),
        ("cert", core.OctetString),
        ("signature_algorithm", core.ObjectIdentifier),
        ("signed_value", core.OctetBitString),
        ("time_stamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]


class TbsSignV1(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("version", core.Integer),
        ("eseal", SealV1),
        ("time_info", core.OctetBitString),
        ("data_hash", core.OctetBitString),
        ("property_info", core.IA5String),
        ("cert", core.OctetString),
        ("signature_algorithm", core.ObjectIdentifier),
    ]


class TbsSignV4(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("version", core.Integer),
        ("eseal", SealV4),
        ("time_info", core.GeneralizedTime),
        ("data_hash", core.OctetBitString),
        ("property_info", core.IA5String),
        ("ext_datas", ExtDatas, {"explicit": 0, "optional": True}),
    ]


class SignatureV1(core.Sequence):  # type: ignore[misc]
    _fields = [("tbs", TbsSignV1), ("signature", core.OctetBitString)]


class SignatureV4(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("tbs", TbsSignV4),
        ("cert", core.OctetString),
        ("signature_algorithm", core.ObjectIdentifier),
        ("signature", core.OctetBitString),
        ("time_stamp", core.OctetBitString, {"explicit": 0, "optional": True}),
    ]
