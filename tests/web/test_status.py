"""OCSP and revocation lists, asked for by OpenSSL over HTTP: they say what the database says."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from sqlalchemy import select

from bench.stores import free_port, serving
from issuance.delegated import OCSP
from issuance.linting import Kind, Linter
from pipeline import acceptance, answering, operations, revocation
from pipeline.answering import Answers
from pipeline.ceremony import make_delegate
from pipeline.issue import issue_all
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.workshop import ca_directory, opened_ca, opened_station
from tests.pipeline.flow import approved_case
from yinjian.settings import Settings

PEM, DER = Encoding.PEM, Encoding.DER
OK = ocsp.OCSPResponseStatus.SUCCESSFUL


@dataclass(frozen=True)
class Site:
    """A running web on a store with three certificates, one in each state; `serials` by state."""

    url: str
    store: Store
    settings: Settings
    folder: Path
    serials: dict[str, str]

    def run(self, *words: str | Path) -> str:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=self.folder)
        return done.stdout + done.stderr

    def pem(self, state: str) -> Path:
        path = self.folder / f"{state}.pem"
        with self.store.reading() as session:
            row = session.get_one(CertificateRow, self.serials[state])
        certificate = x509.load_der_x509_certificate(self.store.blobs.get(row.blob or ""))
        path.write_bytes(certificate.public_bytes(encoding=PEM))
        return path


@pytest.fixture
def settings(with_ca: Settings) -> Settings:
    return replace(with_ca, web_port=free_port())


def brought_to(store: Store, settings: Settings, state: str, number: int) -> str:
    approved_case(store, settings, f"clean-{number}")
    (result,) = issue_all(store, settings, "iss")
    (serial,) = result.serials
    if state != "issued":
        with opened_station(settings) as station:
            acceptance.accept(store, station, serial, "iss")
    if state == "revoked":
        with store.writing() as session:
            asked = operations.ask_to_revoke(store, session, serial, "keyCompromise", "遗失", "iss")
            operations.confirm(store, session, asked.id, "adm")
    return serial


@pytest.fixture
def site(settings: Settings, tmp_path: Path) -> Iterator[Site]:
    store = open_store(settings)
    states = ("issued", "active", "revoked")
    serials = {state: brought_to(store, settings, state, number) for number, state in enumerate(states, start=1)}
    with opened_ca(settings) as authority:
        revocation.publish(store, authority, settings, "iss")
    folder = tmp_path / "there"
    folder.mkdir()
    for name in ("root", "issuing"):
        (folder / f"{name}.pem").write_bytes((ca_directory(settings) / f"{name}.pem").read_bytes())
    with serving(settings) as url:
        yield Site(url, store, settings, folder, serials)


SAID = {"issued": "revoked", "active": "good", "revoked": "revoked"}


def test_openssl_and_the_database_agree(site: Site) -> None:
    for state, said in SAID.items():
        for nonce in ("-nonce", "-no_nonce"):
            asked = (
                "-issuer",
                "issuing.pem",
                "-cert",
                site.pem(state),
                "-CAfile",
                "root.pem",
                "-url",
                f"{site.url}/ocsp",
            )
            told = site.run("openssl", "ocsp", nonce, *asked, "-resp_text")
            assert "Response verify OK" in told and f"{state}.pem: {said}" in told, told
            assert ("OCSP Nonce" in told) is (nonce == "-nonce")
            assert "WARNING: no nonce" not in told
    unknown = site.run(
        "openssl",
        "ocsp",
        "-issuer",
        "issuing.pem",
        "-serial",
        "0x1234",
        "-CAfile",
        "root.pem",
        "-url",
        f"{site.url}/ocsp",
    )
    assert "0x1234: unknown" in unknown
    (site.folder / "list.der").write_bytes(httpx.get(f"{site.url}/pki/issuing.crl").content)
    site.run("openssl", "crl", "-inform", "DER", "-in", "list.der", "-out", "list.pem")
    for state, said in SAID.items():
        chain = ("-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "list.pem", "-crl_check")
        told = site.run("openssl", "verify", "-x509_strict", *chain, site.pem(state))
        assert (": OK" in told) is (said == "good"), told
        assert ("certificate revoked" in told) is (said == "revoked"), told


def test_all_that_is_told_passes_the_linter(site: Site) -> None:
    linter = Linter()
    linter.check(httpx.get(f"{site.url}/pki/issuing.crl").content, Kind.CRL)
    for state in SAID:
        linter.check(_answer(site, state), Kind.OCSP)
        linter.check(x509.load_pem_x509_certificate(site.pem(state).read_bytes()).public_bytes(DER))
    responder = x509.load_pem_x509_certificate((ca_directory(site.settings) / OCSP.certificate).read_bytes())
    linter.check(responder.public_bytes(DER))
    linter.close()
    for name in ("issuing", "root"):
        fetched = httpx.get(f"{site.url}/pki/{name}.cer").content
        assert x509.load_der_x509_certificate(fetched).public_bytes(PEM) == (site.folder / f"{name}.pem").read_bytes()
    assert httpx.get(f"{site.url}/pki/other.cer").status_code == 404


def _request(site: Site, state: str, nonce: bytes = b"") -> bytes:
    issuing = x509.load_pem_x509_certificate((site.folder / "issuing.pem").read_bytes())
    certificate = x509.load_pem_x509_certificate(site.pem(state).read_bytes())
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, hashes.SHA256())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(DER)


def _answer(site: Site, state: str, nonce: bytes = b"") -> bytes:
    return httpx.post(f"{site.url}/ocsp", content=_request(site, state, nonce)).content


def test_an_answer_without_a_nonce_is_signed_once_until_something_changes(site: Site) -> None:
    time.sleep(answering.SETTLES.total_seconds() + answering.LOOK_SECONDS + 0.5)  # since it was issued
    _answer(site, "issued")
    first = _answer(site, "issued")
    assert _answer(site, "issued") == first
    encoded = base64.b64encode(_request(site, "issued")).decode()
    got = httpx.get(f"{site.url}/ocsp/{encoded.replace('/', '%2F').replace('+', '%2B')}")
    assert got.content == first and "max-age=" in got.headers["cache-control"]
    assert _answer(site, "issued", b"n" * 16) != _answer(site, "issued", b"n" * 16)
    assert httpx.post(f"{site.url}/ocsp", content=_request(site, "issued", b"n")).headers["cache-control"] == "no-store"
    with opened_station(site.settings) as station:
        acceptance.accept(site.store, station, site.serials["issued"], "iss")
    time.sleep(answering.LOOK_SECONDS + 0.2)
    told = ocsp.load_der_ocsp_response(_answer(site, "issued"))
    assert told.response_status is OK and told.certificate_status is ocsp.OCSPCertStatus.GOOD


def test_answers_are_signed_before_anybody_asks(settings: Settings) -> None:
    store = open_store(settings)
    serial = brought_to(store, settings, "active", 1)
    made = Answers(store, settings)
    assert made.sign_ahead() == len(answering.ASKED_BY) and made.sign_ahead() == 0
    issuing = x509.load_pem_x509_certificate((ca_directory(settings) / "issuing.pem").read_bytes())
    with store.reading() as session:
        blob = session.get_one(CertificateRow, serial).blob or ""
    certificate = x509.load_der_x509_certificate(store.blobs.get(blob))
    for kind in (hashes.SHA1(), hashes.SHA256(), hashes.SHA384()):
        request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, kind).build().public_bytes(DER)
        assert made.at_hand(request) is None
        answer = made.to(request)
        assert made.at_hand(request) == answer
        assert ocsp.load_der_ocsp_response(answer.der).certificate_status is ocsp.OCSPCertStatus.GOOD
    with store.writing() as session:
        asked = operations.ask_to_revoke(store, session, serial, "superseded", "核实", "iss")
        operations.confirm(store, session, asked.id, "adm")
    time.sleep(answering.LOOK_SECONDS + 0.1)
    assert made.sign_ahead() == len(answering.ASKED_BY)
    told = ocsp.load_der_ocsp_response(made.to(request).der)
    assert told.certificate_status is ocsp.OCSPCertStatus.REVOKED
    made.close()
    assert Answers(store, replace(settings, var_dir=settings.var_dir / "none")).sign_ahead() == 0


MALFORMED = {"nothing": b"", "garbage": b"x" * 99, "cut": b"0\x82\x01\x00", "huge": b"0" * 100_000}


@pytest.fixture
def answers(settings: Settings) -> Iterator[Answers]:
    made = Answers(open_store(settings), settings)
    yield made
    made.close()


def test_what_is_no_request_is_answered_so(answers: Answers) -> None:
    for body in MALFORMED.values():
        found = ocsp.load_der_ocsp_response(answers.to(body).der)
        assert found.response_status is ocsp.OCSPResponseStatus.MALFORMED_REQUEST


def test_another_ca_is_not_ours_to_speak_of(answers: Answers) -> None:
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(b"n" * 32, b"k" * 32, 5, hashes.SHA256()).build()
    found = ocsp.load_der_ocsp_response(answers.to(request.public_bytes(DER)).der)
    assert found.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED


def test_the_time_is_stamped_over_http(site: Site) -> None:
    (site.folder / "data").write_bytes(b"data")
    site.run("openssl", "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query")
    headers = {"Content-Type": "application/timestamp-query"}
    answer = httpx.post(f"{site.url}/tsa", content=(site.folder / "query").read_bytes(), headers=headers)
    assert answer.headers["content-type"] == "application/timestamp-reply"
    (site.folder / "answer").write_bytes(answer.content)
    directory = ca_directory(site.settings)
    words = ("openssl", "ts", "-verify", "-in", "answer", "-queryfile", "query", "-CAfile", directory / "root.pem")
    assert "Verification: OK" in site.run(*words, "-untrusted", directory / "issuing.pem")
    assert b"no request" in httpx.post(f"{site.url}/tsa", content=b"x" * 10_000).content


def test_a_responder_without_its_token_asks_to_try_later(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("99999999\n88888888\n")
    issuing = x509.load_pem_x509_certificate((ca_directory(settings) / "issuing.pem").read_bytes())
    name = hashlib.sha1(issuing.subject.public_bytes()).digest()
    key = issuing.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, 5, hashes.SHA1()).build()
    for broken in (replace(settings, ocsp_pin_file=wrong), replace(settings, var_dir=tmp_path)):
        made = Answers(open_store(settings), broken)
        found = ocsp.load_der_ocsp_response(made.to(request.public_bytes(DER)).der)
        assert found.response_status is ocsp.OCSPResponseStatus.TRY_LATER
        made.close()


def test_the_responder_is_made_anew_before_it_ends(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    store, file = open_store(settings), ca_directory(settings) / OCSP.certificate
    before = x509.load_pem_x509_certificate(file.read_bytes())
    with opened_ca(settings) as authority:
        assert not make_delegate(store, settings, authority, OCSP, "adm")
        late = before.not_valid_after_utc.replace(day=1)
        for module in ("ceremony", "events"):
            monkeypatch.setattr(f"pipeline.{module}.now", lambda: late)
        assert make_delegate(store, settings, authority, OCSP, "adm")
    after = x509.load_pem_x509_certificate(file.read_bytes())
    assert after.serial_number != before.serial_number and after.public_key() != before.public_key()
    assert after.not_valid_after_utc > before.not_valid_after_utc


def test_a_list_follows_each_revocation_and_numbers_go_up(settings: Settings) -> None:
    store = open_store(settings)
    with opened_ca(settings) as authority:
        numbers = [revocation.publish(store, authority, settings, "iss").number for _ in range(3)]
    assert numbers == sorted(set(numbers))
    with store.reading() as session:
        assert session.scalars(select(CertificateRow)).all() == []
