"""The making of a CA: two people, once, whatever interrupts it, with a record that is signed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pymupdf
import pytest
from cryptography import x509
from sqlalchemy import select

from bench.stores import make_ca
from issuance.signing import strong_key
from pipeline import ceremony
from pipeline.ceremony import PAGE, RECORD, People, read_record
from pipeline.doctor import authority
from pipeline.store.issuing_tables import RevocationList
from pipeline.store.store import open_store
from pipeline.store.tables import Event
from pipeline.users import Role, add_user
from pipeline.workshop import ca_directory, opened_ca
from tests.conftest import prepared
from yinjian.errors import InputError, Refused
from yinjian.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = prepared(tmp_path)
    with open_store(made).writing() as session:
        for name, role in (("adm", Role.ADMINISTRATOR), ("aud", Role.AUDITOR), ("iss", Role.ISSUER)):
            add_user(session, name, (role,))
    return made


@pytest.mark.parametrize(
    ("operator", "witness", "error"),
    [("adm", "adm", "both of two"), ("iss", "aud", "no administrator"), ("adm", "iss", "no administrator or auditor")],
)
def test_it_takes_two_people_of_the_right_roles(operator: str, witness: str, error: str, settings: Settings) -> None:
    with pytest.raises(Refused, match=error):
        ceremony.hold(open_store(settings), settings, "Test CA", People(operator, witness))
    assert not ca_directory(settings).exists()


def test_the_record_says_what_was_made_and_is_signed(settings: Settings) -> None:
    store = open_store(settings)
    file = ceremony.hold(store, settings, "示例CA", People("adm", "aud"))
    said, signed, signature = read_record(file)
    with opened_ca(settings) as made:
        assert strong_key(made.audit_key()).holds(signature, signed)
        serials = [f"{x509.load_der_x509_certificate(der).serial_number:X}" for der in reversed(made.chain)]
    certificates = said["certificates"]
    assert isinstance(certificates, list) and [entry["serial"] for entry in certificates][:2] == serials
    assert (said["operator"], said["witness"], said["organization"]) == ("adm", "aud", "示例CA")
    text = "".join(page.get_text() for page in pymupdf.open(file.with_name(PAGE)))
    assert all(word in text for word in (*serials, "adm", "aud", "见证人"))
    with store.reading() as session:
        events = session.execute(select(Event.actor, Event.action).where(Event.subject == "ca:ceremony")).tuples().all()
        assert list(events) == [("adm", "ceremony"), ("aud", "witnessed")]
        assert session.scalars(select(RevocationList.number)).all() == [1]
    with pytest.raises(Refused, match="exists"):
        ceremony.hold(store, settings, "示例CA", People("adm", "aud"))
    changed = file.read_text().replace('"adm"', '"eve"')
    file.write_text(changed)
    _, other, kept = read_record(file)
    with opened_ca(settings) as made:
        assert not strong_key(made.audit_key()).holds(kept, other)
    file.write_text("{}")
    with pytest.raises(InputError):
        read_record(file)


@pytest.mark.parametrize("at", ["make_delegate", "publish", "_page", "record"])
def test_it_goes_on_where_it_was_interrupted(at: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    store = open_store(settings)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ceremony, at, stop)
        ceremony.hold(store, settings, "Test CA", People("adm", "aud"))
    assert not (ca_directory(settings) / RECORD).exists()
    issuing = (ca_directory(settings) / "issuing.pem").read_bytes()
    ceremony.hold(store, settings, "Test CA", People("adm", "aud"))
    assert (ca_directory(settings) / "issuing.pem").read_bytes() == issuing


def test_the_doctor_tells_what_issuing_lacks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [check.name for check in authority(settings)] == ["CA"]
    make_ca(settings)
    found = {check.name: check for check in authority(replace(settings, public_url="http://ca.example"))}
    assert not any(check.remedy for check in found.values()) and found["pointers"].found == "http://ca.example"
    monkeypatch.setattr("issuance.linting.PYTHON", Path("/nowhere"))
    (ca_directory(settings) / "responder.pem").unlink()
    broken = {check.name for check in authority(settings) if check.remedy}
    assert broken == {"certificate linter", "OCSP responder"}
