"""The time stamp authority: what OpenSSL accepts of it, what it refuses, and what a stamp that was changed is worth."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp

from issuance import delegated, timestamps
from issuance.authority import Authority
from issuance.delegated import OCSP, TIME_STAMPS
from issuance.eseal.stamp import stamped
from issuance.linting import Linter
from issuance.timestamps import Authority as TimeStampAuthority
from tests.issuance.builder import CA_PINS, NOW
from yinjian.errors import InputError, SetupError

AT = NOW + timedelta(days=3)


@pytest.fixture(scope="module")
def authority(ca_home: Path, ca: Authority) -> Iterator[TimeStampAuthority]:
    delegated.make(ca_home, TIME_STAMPS, ca, CA_PINS, NOW, ("http://ca.example/pki/issuing.crl",))
    with timestamps.open_authority(ca_home, CA_PINS.pin) as opened:
        yield opened


def request(data: bytes, folder: Path, *options: str) -> bytes:
    (folder / "data").write_bytes(data)
    query = ("openssl", "ts", "-query", "-data", folder / "data", "-out", folder / "query", *options)
    subprocess.run(query, check=True, capture_output=True)
    return (folder / "query").read_bytes()


@pytest.mark.parametrize("kind", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_each_stamp(
    kind: str, authority: TimeStampAuthority, ca: Authority, ca_home: Path, tmp_path: Path
) -> None:
    answer = authority.answer(request(b"data", tmp_path, f"-{kind}", "-cert"), AT)
    (tmp_path / "answer").write_bytes(answer)
    (tmp_path / "chain").write_bytes(ca.chain_pem)
    words = ("openssl", "ts", "-verify", "-in", "answer", "-queryfile", "query", "-CAfile", ca_home / "root.pem")
    done = subprocess.run((*words, "-untrusted", "chain"), cwd=tmp_path, capture_output=True, text=True)
    assert "Verification: OK" in done.stdout, done.stderr
    found = tsp.TimeStampResp.load(answer)["time_stamp_token"]
    said = stamped(found.dump(), b"data")
    assert said.at == AT.replace(microsecond=0)
    assert said.authority == authority.certificate.dump()


def test_its_certificate_is_for_that_alone_and_says_so(authority: TimeStampAuthority) -> None:
    extension = next(
        one
        for one in authority.certificate["tbs_certificate"]["extensions"]
        if one["extn_id"].native == "extended_key_usage"
    )
    assert (extension["critical"].native, extension["extn_value"].parsed.native) == (True, ["time_stamping"])
    linter = Linter()
    try:
        found = linter.findings(authority.certificate.dump())
        assert [one for one in found if one.severity not in ("INFO", "NOTICE")] == []
    finally:
        linter.close()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no request"),
        (b"garbage", "no request"),
        (b"\x30\x00", "no request"),
    ],
)
def test_what_is_no_request_is_answered_so(data: bytes, said: str, authority: TimeStampAuthority) -> None:
    answer = authority.answer(data, AT)
    assert b"\x02\x01\x02" in answer  # rejection
    assert said.encode() in answer


def test_weak_hashes_other_policies_and_wrong_lengths_are_refused(
    authority: TimeStampAuthority, tmp_path: Path
) -> None:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"short"}
    short = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint}).dump()
    for asked in (
        request(b"data", tmp_path, "-sha1"),
        request(b"data", tmp_path, "-sha256", "-tspolicy", "1.2.3.4"),
        short,
    ):
        with pytest.raises(ValueError):  # no token in it
            tsp.TimeStampResp.load(authority.answer(asked, AT))["time_stamp_token"].dump()


def test_every_flip_of_a_byte_is_refused(authority: TimeStampAuthority, ca: Authority) -> None:
    """By its own signature, or by that of the CA over the authority's certificate."""
    from issuance.paths import path_of

    token = authority.token(b"data", AT)
    assert path_of(stamped(token, b"data").authority, ca.chain) is not None
    for place in range(len(token)):
        changed = bytearray(token)
        changed[place] ^= 1 << (place % 8)
        try:
            found = stamped(bytes(changed), b"data")
            assert path_of(found.authority, ca.chain) is None, place
        except InputError:
            continue


def test_a_stamp_on_something_else_is_told(authority: TimeStampAuthority) -> None:
    with pytest.raises(InputError, match="on something else"):
        stamped(authority.token(b"data", AT), b"other")


def test_a_signer_who_is_no_authority_stamps_nothing(ca_home: Path, ca: Authority) -> None:
    """The responder's key makes a token in the same form: its certificate lacks the purpose."""
    delegated.make(ca_home, OCSP, ca, CA_PINS, NOW)
    with TimeStampAuthority(delegated.opened(ca_home, OCSP, CA_PINS.pin)) as other:
        token = other.token(b"data", AT)
    with pytest.raises(InputError, match="nobody who may"):
        stamped(token, b"data")


def test_a_key_is_used_for_a_year_and_believed_for_ten(ca_home: Path, authority: TimeStampAuthority) -> None:
    assert not delegated.is_due(ca_home, TIME_STAMPS, NOW + timedelta(days=364))
    assert delegated.is_due(ca_home, TIME_STAMPS, NOW + timedelta(days=366))
    end = delegated.ends(ca_home, TIME_STAMPS)
    assert end is not None and end - NOW > timedelta(days=3600)


def test_without_one_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no time stamp authority"):
        timestamps.open_authority(tmp_path, "1234")


def test_it_states_whole_seconds_in_utc(authority: TimeStampAuthority) -> None:
    at = datetime(2026, 7, 4, 12, 0, 0, 987654, tzinfo=UTC)
    assert stamped(authority.token(b"x", at), b"x").at == at.replace(microsecond=0)
