"""One CA and one token for the tests that only use them; a test that breaks things makes its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from issuance import authority
from issuance.authority import Authority
from issuance.device import Device
from issuance.softhsm import SoftTokens
from issuance.tokens import TokenInfo
from tests.issuance.builder import CA_PINS, NAMES, NOW, PINS


@pytest.fixture(scope="session")
def ca_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a complete CA."""
    home = tmp_path_factory.mktemp("ca")
    authority.create(home, NAMES, CA_PINS.so_pin, CA_PINS.pin, NOW).close()
    return home


@pytest.fixture(scope="session")
def ca(ca_home: Path) -> Iterator[Authority]:
    with authority.open_authority(ca_home, CA_PINS.pin) as opened:
        yield opened


@pytest.fixture
def soft(tmp_path: Path) -> SoftTokens:
    return SoftTokens(tmp_path / "tokens")


@pytest.fixture
def device(soft: SoftTokens) -> Iterator[Device]:
    opened, _ = soft.prepare("YJ-test", PINS.so_pin, PINS.pin)
    with opened:
        yield opened


@pytest.fixture
def token(device: Device) -> TokenInfo:
    return device.tokens()[0]


@pytest.fixture
def configuration(soft: SoftTokens, device: Device) -> Path:
    """What other programs need to see the token of `device`."""
    return soft.directory / "YJ-test" / "softhsm2.conf"
