"""Two SM2 certificates on one token: approved, issued, handed over, revoked, and everything told by the lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import x509
from sqlalchemy import select

from issuance.certificate_check import check
from issuance.keyenvelope import opened
from issuance.personalise import accepted
from issuance.profiles import Profiles
from issuance.signing import key_of
from issuance.sm2 import Sm2Key
from issuance.station import SoftTokenStation
from issuance.steps import is_valid
from issuance.tokens import KeyKind, KeyName, TokenInfo
from issuance.trust import Trust
from pipeline import acceptance, operations, personalising, revocation
from pipeline.clock import now
from pipeline.export import export
from pipeline.issue import issue_all
from pipeline.personalising import token_of, token_pins
from pipeline.published import authority_chain
from pipeline.reconcile import reconcile
from pipeline.registry import CertificateState
from pipeline.revocation import latest_list
from pipeline.store.check import problems
from pipeline.store.issuing_tables import Acceptance, CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.verifying import known, verify
from pipeline.workshop import opened_ca, token_directory
from tests.pipeline.flow import approved_case
from yinjian.approval import Usage
from yinjian.errors import SetupError, TokenError
from yinjian.settings import Settings


class Sm2Station(SoftTokenStation):
    """Everything on real tokens, but the signature: SoftHSM2 has no SM2, a key in software stands in for a vendor's."""

    keys: dict[str, Sm2Key]

    def make_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, kind: KeyKind) -> bytes:
        super().make_key(token, pin, key_label, key_id, kind)
        return self.keys.setdefault(key_label, Sm2Key.generate()).public_key

    def prove(self, token: TokenInfo, pin: str, key: KeyName, challenge: bytes) -> bytes:
        super().read_certificate(token, pin, key.id)  # the PIN is asked for
        return self.keys[key.label].sign(challenge)


@pytest.fixture
def dual(monkeypatch: pytest.MonkeyPatch) -> None:
    """The profiles, but that an enterprise gets two certificates for SM2 keys."""
    real = Profiles.at

    def at(self: Profiles, base: str) -> Profiles:
        found = real(self, base).with_key("enterprise", KeyKind.SM2)
        usages = (Usage.SIGN, Usage.ENCRYPT)
        changed = [replace(one, usages=usages) if one.certificate == "enterprise" else one for one in found.profiles]
        return replace(found, profiles=tuple(changed))

    monkeypatch.setattr(Profiles, "at", at)


@pytest.fixture
def station(with_ca: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sm2Station]:
    made = Sm2Station(token_directory(with_ca))
    made.keys = {}
    monkeypatch.setattr("pipeline.workshop.opened_station", lambda settings: made)
    with made:
        yield made


def rows(store: Store) -> dict[str, CertificateRow]:
    with store.reading() as session:
        return {row.usage: row for row in session.scalars(select(CertificateRow))}


def test_two_certificates_from_approval_to_revocation(
    dual: None, station: Sm2Station, with_ca: Settings, tmp_path: Path
) -> None:
    store = open_store(with_ca)
    approved_case(store, with_ca, "clean-1")
    (result,) = issue_all(store, with_ca, "iss")
    assert result.waits is None and len(result.serials) == 2
    made = rows(store)
    sign, encrypt = made["sign"], made["encrypt"]
    assert {row.key_kind for row in made.values()} == {"sm2"} and sign.token_label == encrypt.token_label
    ders = {usage: store.blobs.get(row.blob or "") for usage, row in made.items()}
    usages = {usage: x509.Certificate.load(der).key_usage_value.native for usage, der in ders.items()}
    assert usages == {"sign": {"digital_signature", "non_repudiation"}, "encrypt": {"key_agreement"}}
    # the encryption key is in its envelope on the token, for the signing key
    pin = token_pins(store, sign).pin
    envelope = station.device(sign.token_label).read_data(token_of(sign), pin, encrypt.key_label)
    own = station.keys[sign.key_label]
    assert opened(envelope, own).public_key == key_of(ders["encrypt"]).spki
    assert reconcile(store, station) == ()
    with store.reading() as session:
        assert list(problems(store, session)) == []
    export(store, with_ca, tmp_path / "out")
    (folder,) = (tmp_path / "out" / "issued").iterdir()
    assert {"certificate-sign.pem", "certificate-encrypt.pem", "chain.pem", "seal.esl"} <= {
        path.name for path in folder.iterdir()
    }
    assert not verify(ders["sign"], known(with_ca, store), store).valid  # on hold
    acceptance.accept(store, station, sign.serial, "iss")
    assert {row.state for row in rows(store).values()} == {CertificateState.ACTIVE}
    with store.reading() as session:
        for record in session.scalars(select(Acceptance)):
            statement = store.vault.open("acceptances.statement", record.statement_sealed).encode()
            assert accepted(ders["sign"], statement, record.signature)
    with store.writing() as session:
        asked = operations.ask_to_revoke(store, session, encrypt.serial, "keyCompromise", "遗失", "iss")
        operations.confirm(store, session, asked.id, "adm")
    with opened_ca(with_ca) as authority:
        revocation.publish(store, authority, with_ca, "adm")
    with store.reading() as session:
        listed = latest_list(session)
    assert listed is not None and listed.sm2_der is not None
    chain = authority_chain(with_ca, sm2=True)
    assert not is_valid(tuple(check(ders["encrypt"], now(), Trust(chain, lists=(listed.sm2_der,)))))
    # the list of the other CA says nothing of it
    assert any(step.holds is None for step in check(ders["encrypt"], now(), Trust(chain, lists=(listed.der,))))


@pytest.mark.parametrize("step", ["_certify", "_deliver", "_finish"])
def test_a_kill_at_any_step_ends_in_the_same_two(
    step: str, dual: None, station: Sm2Station, with_ca: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(with_ca)
    approved_case(store, with_ca, "clean-1")
    real, calls = getattr(personalising, step), []

    def dies(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2 or step == "_finish":
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(personalising, step, dies)
        with pytest.raises(KeyboardInterrupt):
            issue_all(store, with_ca, "iss")
    before = {usage: row.serial for usage, row in rows(store).items()}
    (result,) = issue_all(store, with_ca, "iss")
    assert set(result.serials) == set(before.values())
    assert reconcile(store, station) == ()


def test_a_token_without_sm2_says_what_to_set(dual: None, with_ca: Settings) -> None:
    store = open_store(with_ca)
    approved_case(store, with_ca, "clean-1")
    (result,) = issue_all(store, with_ca, "iss")
    assert isinstance(result.waits, TokenError) and "YINJIAN_SM2_MECHANISM" in result.waits.remedy


def test_without_an_sm2_ca_it_is_said(dual: None, station: Sm2Station, with_ca: Settings) -> None:
    store = open_store(with_ca)
    (with_ca.var_dir / "ca" / "seal" / "holders.pem").unlink()
    approved_case(store, with_ca, "clean-1")
    (result,) = issue_all(store, with_ca, "iss")
    assert isinstance(result.waits, SetupError) and "yinjian ca seal-maker" in result.waits.remedy
