"""Making electronic seals (GB/T 38540-2020, and both standards of GM/T 0031), in the strict form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import core, x509  # type: ignore[import-untyped]

from issuance.eseal import asn1
from issuance.signing import Signer, check_made, key_of
from issuance.sm2authority import MAKERS, certificate, key
from yinjian.errors import Refused

VERSION, VID = 4, "Yinjian"
OF_UNIT, OF_PERSON = 1, 2  # kinds of seals (property.type)
LAST_UTC_YEAR = 2049  # of a UTCTime
Stamp = Callable[[bytes], bytes]  # a time stamp (RFC 3161 token, DER) on data


@dataclass(frozen=True, slots=True)
class NewSeal:
    """A seal to be made. `id` was reserved before; `certificate`: its holder's, DER; `png` as it was approved."""

    id: str
    kind: int
    name: str
    certificate: bytes = field(repr=False)
    png: bytes = field(repr=False)
    width_mm: float
    height_mm: float
    created: datetime
    valid_until: datetime
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Maker:
    """An opened seal maker. `chain`: its certificate, the issuing CA's and the root's, DER."""

    signer: Signer
    chain: tuple[bytes, bytes, bytes] = field(repr=False)

    def make(self, new: NewSeal, stamp: Stamp | None = None) -> bytes:
        """The seal (DER). `stamp`: puts the time on it (V5 alone).

        Raises Refused for one that would outlive its holder's certificate, or that its version does not allow.
        """
        ends = x509.Certificate.load(new.certificate, strict=True)["tbs_certificate"]["validity"]["not_after"].native
        if new.valid_until > ends or new.created >= new.valid_until:
            raise Refused("The seal would be valid for longer than its holder's certificate.", "End it with that one.")
        if stamp is not None and new.version != 5:
            raise Refused("Only a seal of version 5 has a time stamp.", "Make it without, or in that version.")
        if new.version == 1:
            return self._make_v1(new)
        own = key_of(self.chain[0])
        info = _info(new, _property_v4(new), asn1.SealInfoV4)
        signature = self._signed(info.dump())
        parts = {
            "info": info,
            "cert": self.chain[0],
            "signature_algorithm": own.algorithm,
            "signed_value": signature,
        }
        if stamp is not None:
            parts["time_stamp"] = core.OctetBitString(stamp(signature))
        return bytes(asn1.SealV4(parts).dump())

    def _make_v1(self, new: NewSeal) -> bytes:
        """The maker's signature covers SEQUENCE { sealInfo, cert, signAlg } (GM/T 0031-2014)."""
        if new.valid_until.year > LAST_UTC_YEAR:
            raise Refused("A seal of version 1 ends before 2050.", "Make it in version 4.")
        algorithm = key_of(self.chain[0]).algorithm
        info = _info(new, _property_v1(new), asn1.SealInfoV1)
        parts = info, core.OctetString(self.chain[0]), core.ObjectIdentifier(algorithm)
        covered = core.Sequence(contents=b"".join(part.dump() for part in parts)).dump()
        sign_info = {
            "cert": self.chain[0],
            "signature_algorithm": algorithm,
            "sign_data": core.OctetBitString(self._signed(covered)),
        }
        return bytes(asn1.SealV1({"info": info, "sign_info": sign_info}).dump())

    def _signed(self, covered: bytes) -> bytes:
        signature = self.signer.sign(covered)
        check_made(key_of(self.chain[0]), signature, covered)
        return signature


def open_maker(directory: Path, passphrase: str) -> Maker:
    """Raises SetupError when there is none, TokenError for a wrong passphrase."""
    own, issuing, root = (certificate(directory, level) for level in ("maker", *MAKERS))
    return Maker(key(directory, "maker", passphrase), (own, issuing, root))


def _info(new: NewSeal, own: dict[str, Any], kind: Any) -> Any:
    return kind(
        {
            "header": {"id": "ES", "version": new.version, "vid": VID},
            "es_id": new.id,
            "property": own,
            "picture": {
                "type": "PNG",
                "data": new.png,
                "width": round(new.width_mm),
                "height": round(new.height_mm),
            },
        }
    )


def _property_v4(new: NewSeal) -> dict[str, Any]:
    return {
        "type": new.kind,
        "name": new.name,
        "cert_list_type": 1,
        "cert_list": _holders(new),
        "create_date": new.created,
        "valid_start": new.created,
        "valid_end": new.valid_until,
    }


def _property_v1(new: NewSeal) -> dict[str, Any]:
    return {name: value for name, value in _property_v4(new).items() if name != "cert_list_type"}


def _holders(new: NewSeal) -> Any:
    return asn1.Certificates([core.OctetString(new.certificate)])
