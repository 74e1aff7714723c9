"""The register as a file: entries, or an error that names the entry and the key and nothing that is in it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from yinjian.errors import InputError
from yinjian.records import RegisterEntry
from yinjian.register import load_register, parse_register

GOOD: dict[str, Any] = {
    "platform": "hpe",
    "certificate": "enterprise",
    "unit_name": "哈尔滨松北云杉软件有限公司",
    "uscc": "91350100M000100Y43",
    "name": "",
    "id_number": None,
    "serial": "0A01",
    "status": "active",
    "valid_until": "2026-09-01",
}


def parse(*entries: object) -> tuple[RegisterEntry, ...]:
    return parse_register(json.dumps(entries).encode(), "register.json")


def test_entries_as_the_contract_says() -> None:
    (entry,) = parse(GOOD)
    assert (entry.unit_name, entry.status, entry.valid_until) == (GOOD["unit_name"], "active", date(2026, 9, 1))
    assert entry.id_number == ""  # null: there is none
    assert parse() == ()


def test_former_platforms_are_in_the_register() -> None:
    assert parse(GOOD | {"platform": "daqing"})[0].platform == "daqing"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"platform": "moon"}, "platform"),
        ({"certificate": ["enterprise"]}, "certificate"),
        ({"status": "Active"}, "status"),
        ({"unit_name": 7}, "unit_name"),
        ({"name": "王\n小明"}, "name"),
        ({"valid_until": "2026-13-01"}, "valid_until"),
        ({"valid_until": 2026}, "valid_until"),
    ],
)
def test_an_error_names_file_entry_and_key_and_no_value(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as raised:
        parse(GOOD, GOOD | {"serial": "2"} | changes)
    assert f"register.json: entry 1, key {key}" in str(raised.value)
    assert raised.value.remedy
    assert "小明" not in str(raised.value)


def test_missing_and_unknown_keys() -> None:
    with pytest.raises(InputError, match="entry 0, key serial: missing"):
        parse({k: v for k, v in GOOD.items() if k != "serial"})
    with pytest.raises(InputError, match="entry 0: 1 unknown key"):
        parse(GOOD | {"colour": "red"})
    with pytest.raises(InputError, match="entry 0: not an object"):
        parse(3)


def test_one_entry_for_each_certificate() -> None:
    with pytest.raises(InputError, match="entry 1, key serial: given twice"):
        parse(GOOD, GOOD | {"status": "revoked"})


@pytest.mark.parametrize("data", [b"", b"{}", b"[NaN]", b"[" * 100_000, b"\xff"])
def test_bytes_that_are_no_register(data: bytes) -> None:
    with pytest.raises(InputError, match=r"register\.json"):
        parse_register(data, "register.json")


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "register.json"
    with pytest.raises(InputError, match="cannot be read"):
        load_register(path)
    path.write_text(json.dumps([GOOD]), "utf-8")
    assert len(load_register(path)) == 1
