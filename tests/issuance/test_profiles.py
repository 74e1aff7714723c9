"""Profiles are data, and wrong data is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from issuance.profiles import FILE, load, profiles
from yinjian.approval import Usage
from yinjian.catalogue import catalogue
from yinjian.errors import CatalogueError

TEXT = FILE.read_text("utf-8")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in TEXT
    file = tmp_path / "profiles.toml"
    file.write_text(TEXT.replace(old, new, 1), "utf-8")
    return file


def test_every_certificate_of_the_catalogue_has_one() -> None:
    assert {profile.certificate for profile in profiles().profiles} == {item.id for item in catalogue().certificates}
    assert all(profile.usages == (Usage.BOTH,) for profile in profiles().profiles)


WRONG = {
    "unknown key": ("validity_years = 1", "validity_year = 1", "validity_year: this key is not known"),
    "missing key": ("validity_years = 1", "", "validity_years: this key is missing"),
    "type": ("validity_years = 1", 'validity_years = "1"', "int expected"),
    "years": ("validity_years = 1", "validity_years = 50", "1 to 5"),
    "no TOML": ("[common]", "[common", "profiles.toml"),
    "OID": ('policy = "1.3.6.1.4.1.32473.1.1"', 'policy = "1.3.x"', "1.3.x is no OID"),
    "business": ('"change"]', '"give_away"]', "give_away"),
    "no such certificate": ('certificate = "medical"', 'certificate = "server"', "medical, server"),
    "twice": ('certificate = "medical"', 'certificate = "expert"', "expert"),
    "holder": ('certificate = "expert"\nholder = "person"', 'certificate = "expert"\nholder = "unit"', "holder"),
    "usage": (
        'certificate = "expert"\nholder = "person"',
        'certificate = "expert"\nholder = "person"\nusages = ["play"]',
        "play",
    ),
    "no usage": (
        'certificate = "expert"\nholder = "person"',
        'certificate = "expert"\nholder = "person"\nusages = []',
        "usages are none",
    ),
    "key kind": (
        'certificate = "expert"\nholder = "person"',
        'certificate = "expert"\nholder = "person"\nkey = "rsa1024"',
        "rsa1024",
    ),
    "key usage": ('["digital_signature",', '["signature",', "key_usage.sign"),
    "for EC only": ('encrypt_rsa = ["key_encipherment",', 'encrypt_rsa = ["key_agreement",', "P-256 only"),
    "for RSA only": ('encrypt_ec = ["key_agreement"]', 'encrypt_ec = ["key_encipherment"]', "RSA only"),
    "attribute": ('attribute = "O", field = "unit_name", optional', 'attribute = "X", field = "uscc", optional', "X"),
    "field": ('attribute = "CN", field = "person_name"', 'attribute = "CN", field = "nickname"', "exactly one"),
    "number as name": ('attribute = "CN", field = "person_name"', 'attribute = "CN", field = "id_number"', "no name"),
    "policy of numbers": ('policy = "hashed"', 'policy = "shown"', "shown"),
    "iterations": ("iterations = 200000", "iterations = 0", "1 or more"),
    "URL": ('crl_urls = ["{base}/', 'crl_urls = ["ldap://x/', "no http URL"),
}


@pytest.mark.parametrize(("old", "new", "told"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named(old: str, new: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        load(changed(tmp_path, old, new))
    assert told in str(caught.value) and caught.value.remedy


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="Restore"):
        load(tmp_path / "none.toml")
