"""A time stamp authority (RFC 3161): what is asked, and the tokens of a delegated signer."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from asn1crypto import cms, core, tsp, x509  # type: ignore[import-untyped]

from issuance.delegated import TIME_STAMPS, Delegated, opened
from issuance.der import BROKEN, require_der
from issuance.device import MODULE
from yinjian.errors import InputError

POLICY = "1.3.6.1.4.1.32473.1.2"  # from the arc for documentation (RFC 5612), as that of the certificates
ACCURACY = timedelta(seconds=1)
HASHES = {"sha256": 32, "sha384": 48, "sha512": 64}
LONGEST_NONCE = 160  # bits
GRANTED, REJECTION = "granted", "rejection"


class _Rejected(core.Sequence):  # type: ignore[misc]
    """A TimeStampResp without a token, which asn1crypto takes for required."""

    _fields: ClassVar = [("status", tsp.PKIStatusInfo)]


class Authority:
    """The key that stamps, on its token. Use as a context manager; safe for several threads."""

    def __init__(self, key: Delegated) -> None:
        self._key = key
        self.certificate = x509.Certificate.load(key.chain[0], strict=True)
        # ESSCertIDv2 of RFC 5816: SHA-256, which is its default
        identifier = {"cert_hash": hashlib.sha256(key.chain[0]).digest()}
        self._signing = cms.CMSAttribute(
            {"type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [identifier]})]}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._key.device.close()

    def answer(self, request: bytes, at: datetime) -> bytes:
        """The TimeStampResp (DER) to a TimeStampReq; one that cannot be granted says so. `at`: what it states."""
        try:
            asked = _parsed(request)
        except InputError as error:
            return rejected(error.what, "bad_request")
        # "If the certReq field is missing or set to FALSE then the certificates field MUST NOT be present"
        token = self._token(asked, at, self._key.chain if asked["cert_req"].native else ())
        return bytes(tsp.TimeStampResp({"status": {"status": GRANTED}, "time_stamp_token": token}).dump())

    def token(self, data: bytes, at: datetime) -> bytes:
        """A token (DER) on `data`, with the authority's certificate and no other: each of its bytes is signed."""
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
        asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint})
        return bytes(self._token(asked, at, self._key.chain[:1]).dump())

    def _token(self, asked: Any, at: datetime, certificates: Sequence[bytes]) -> Any:
        content = _info(asked, at).dump()
        digest = {"algorithm": "sha256"}
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": ["tst_info"]},
                {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
                self._signing,
            ]
        )
        own, device = self._key.key, self._key.device
        signature = device.sign(self._key.token, self._key.pin, own.label, own.id, attributes.dump())
        issuer = {"issuer": self.certificate.issuer, "serial_number": self.certificate.serial_number}
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier("issuer_and_serial_number", issuer),
            "digest_algorithm": digest,
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": signature,
        }
        signed = cms.SignedData(
            {
                "version": "v3",
                "digest_algorithms": [digest],
                "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
                "certificates": [x509.Certificate.load(der) for der in certificates] or None,
                "signer_infos": [signer],
            }
        )
        return cms.ContentInfo({"content_type": "signed_data", "content": signed})


def rejected(why: str, failure: str) -> bytes:
    """A TimeStampResp (DER) without a token. `failure`: a name of PKIFailureInfo (RFC 3161, 2.4.2)."""
    status = {"status": REJECTION, "status_string": [why], "fail_info": {failure}}
    return bytes(_Rejected({"status": status}).dump())


def open_authority(directory: Path, pin: str, module: Path = MODULE) -> Authority:
    """That of a CA's directory. Raises SetupError when there is none, TokenError for its token and PIN."""
    return Authority(opened(directory, TIME_STAMPS, pin, module))


def _parsed(request: bytes) -> Any:
    try:
        require_der(request)
        asked = tsp.TimeStampReq.load(request, strict=True)
        asked.native  # noqa: B018 reads all of it
        imprint = asked["message_imprint"]
        kind, hashed = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    except (InputError, *BROKEN) as error:
        raise InputError("This is no request for a time stamp.", "Send a TimeStampReq (RFC 3161), in DER.") from error
    if asked["version"].native != "v1" or HASHES.get(kind) != len(hashed):
        raise InputError("The hash is none that is stamped.", f"Send {', '.join(HASHES)}.")
    if asked["req_policy"].native not in (None, POLICY) or len(asked["extensions"] or ()):
        raise InputError("The policy or an extension is not known here.", "Ask without them.")
    if (asked["nonce"].native or 0).bit_length() > LONGEST_NONCE:
        raise InputError("The nonce is too long.", f"Send at most {LONGEST_NONCE} bits.")
    return asked


def _info(asked: Any, at: datetime) -> Any:
    said = {
        "version": "v1",
        "policy": POLICY,
        "message_imprint": asked["message_imprint"],
        "serial_number": secrets.randbits(127) | 1 << 127,
        "gen_time": at.astimezone(UTC).replace(microsecond=0),
        "accuracy": {"seconds": int(ACCURACY.total_seconds())},
    }
    if asked["nonce"].native is not None:
        said["nonce"] = asked["nonce"]
    return tsp.TSTInfo(said)
