"""Whether a certificate holds: of whom, of which CA, from when to when, revoked or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import x509 as asn1_x509

from issuance.algorithms import NAMES, verifies
from issuance.der import BROKEN, octets, parts, require_der
from issuance.paths import path_of, period_of, subject
from issuance.steps import Step
from issuance.trust import Trust
from yinjian.errors import InputError

_AGAIN = "Get the file again from where it was made."


def check(der: bytes, at: datetime, trust: Trust) -> Iterator[Step]:
    """The steps, of a certificate (DER)."""
    path = path_of(der, trust.known)
    read = asn1_x509.Certificate.load(der)
    if path is None and der in trust.known and read.self_issued:
        path = (der,)  # a root that is known
    if path is None:
        yield Step("issuer", False, f"{_name(read.issuer)}, of no CA that is known here, or not signed by it")
    else:
        algorithm = read["signature_algorithm"]["algorithm"].dotted
        above = " < ".join(subject(one) for one in path)
        yield Step("issuer", True, f"{above}, {NAMES.get(algorithm, algorithm)}")
    begin, end = period_of(der)
    said = f"{begin:%Y-%m-%d} to {end:%Y-%m-%d}"
    late = ", it has not begun" if at < begin else ", it is over" if at > end else ""
    yield Step("period", not late, said + late)
    if path is not None and path != (der,):
        ended = [one for one in path if not period_of(one)[0] <= at <= period_of(one)[1]]
        if ended:
            yield Step("CA's period", False, f"{subject(ended[0])} is not in force")
        yield _revocation(read, path[0], at, trust.lists)
        for own, its_ca in pairwise(path):
            when = revoked(own, trust)
            if when is not None:
                said = f"{subject(own)}, of {subject(its_ca)}, was revoked on {when:%Y-%m-%d %H:%M:%S} UTC"
                yield Step("CA's revocation", False, said)


def details(der: bytes) -> dict[str, str]:
    """What a certificate (DER) says, for people."""
    read = asn1_x509.Certificate.load(der)
    usage = read.key_usage_value
    key = read.public_key["algorithm"]
    return {
        "what": "certificate",
        "subject": _name(read.subject),
        "issuer": _name(read.issuer),
        "serial": f"{read.serial_number:X}",
        "key": f"{key['algorithm'].native} {_parameters(key)}".strip(),
        "use": ", ".join(sorted(usage.native)) if usage is not None else "any",
        "CA": "yes" if read.ca else "no",
    }


def _parameters(key: Any) -> str:
    return str(key["parameters"].native) if key["algorithm"].native == "ec" else ""


def is_certificate(data: bytes) -> bool:
    """Whether bytes are a certificate in DER: a seal begins in the same way, and its first part is another."""
    try:
        require_der(data)
        return bool(asn1_x509.Certificate.load(data, strict=True)["tbs_certificate"]["subject_public_key_info"].native)
    except (InputError, *BROKEN):
        return False


def _revocation(read: Any, issuer: bytes, at: datetime, lists: Sequence[bytes]) -> Step:
    """By the newest list of its CA that holds; None where there is none."""
    body = _newest(lists, issuer)
    if body is None:
        return Step("revocation", None, "not known: no list of its CA is at hand", decides=False)
    as_of = f"as of {body['this_update'].native.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    entry = _entry(body, read)
    if entry is not None:
        when = entry["revocation_date"].native.astimezone(UTC)
        reason = entry.crl_reason_value.native if entry.crl_reason_value is not None else "unspecified"
        return Step("revocation", False, f"revoked on {when:%Y-%m-%d %H:%M:%S} UTC ({reason}), {as_of}")
    following = body["next_update"].native
    if following is not None and following.astimezone(UTC) < at:
        return Step("revocation", None, f"not revoked {as_of}, and the list is old", decides=False)
    return Step("revocation", True, f"not revoked {as_of}")


def revoked(der: bytes, trust: Trust) -> datetime | None:
    """When a certificate was revoked, as the newest list of its CA has it; None where none says so.

    Raises InputError for what is no certificate or list.
    """
    path = path_of(der, trust.known) if trust.lists else None
    body = _newest(trust.lists, path[0]) if path else None
    entry = _entry(body, asn1_x509.Certificate.load(der)) if body is not None else None
    if entry is None:
        return None
    instant: datetime = entry["revocation_date"].native
    return instant.astimezone(UTC)


def require_list(der: bytes) -> None:
    """Raises InputError for what is no revocation list."""
    try:
        require_der(der)
        asn1_crl.CertificateList.load(der, strict=True).native  # noqa: B018 reads all of it
    except BROKEN as error:
        raise InputError("The revocation list cannot be read.", _AGAIN) from error


def _newest(lists: Sequence[bytes], issuer: bytes) -> Any:
    """What the newest list of a CA that holds says; None where there is none. Raises InputError for what is no list."""
    found = [one["tbs_cert_list"] for der in lists if (one := _list(der, issuer)) is not None]
    return max(found, key=lambda body: body["this_update"].native, default=None)


def _entry(body: Any, certificate: Any) -> Any:
    """A certificate's entry in a list; None where it is not listed."""
    entries = body["revoked_certificates"] or ()
    return next((one for one in entries if one["user_certificate"].native == certificate.serial_number), None)


def _list(der: bytes, issuer: bytes) -> Any:
    """A list, if it is of this CA and its signature holds; None else. Raises InputError for what is no list."""
    try:
        require_der(der)
        read = asn1_crl.CertificateList.load(der, strict=True)
        body = read["tbs_cert_list"]
        if body["issuer"] != asn1_x509.Certificate.load(issuer).subject:
            return None
        algorithm, signature = read["signature_algorithm"]["algorithm"].dotted, octets(read["signature"])
    except BROKEN as error:
        raise InputError("The revocation list cannot be read.", _AGAIN) from error
    return read if verifies(issuer, algorithm, signature, parts(der)[0]) else None


def _name(name: Any) -> str:
    return ", ".join(f"{value}" for value in reversed([str(v) for v in name.native.values()]))
