"""Where issuing is done: the CA's token opened, and the station with the subjects' tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from issuance.authority import ISSUING_FILE, Authority, open_authority
from issuance.eseal.maker import Maker, is_made, open_maker
from issuance.profiles import Profiles, profiles
from issuance.station import SoftTokenStation, TokenStation
from pipeline import pins
from pipeline.store.store import Store
from yinjian.errors import SetupError
from yinjian.settings import Settings

CA_PIN, OCSP_PIN, SEAL_PIN = "YINJIAN_CA_PIN_FILE", "YINJIAN_OCSP_PIN_FILE", "YINJIAN_SEAL_PIN_FILE"


@dataclass(frozen=True, slots=True)
class Workshop:
    """What issuing needs: the CA, the profiles for this installation, and the station where the tokens are."""

    store: Store
    settings: Settings
    authority: Authority
    profiles: Profiles
    station: TokenStation
    actor: str
    maker: Maker | None = None  # of electronic seals, where there is one


@contextmanager
def workshop(store: Store, settings: Settings, actor: str) -> Iterator[Workshop]:
    """The CA's token opened, and the station."""
    with opened_ca(settings) as authority, opened_station(settings) as station:
        made = opened_maker(settings) if is_made(seal_directory(settings)) else None
        yield Workshop(store, settings, authority, profiles().at(settings.public_url), station, actor, made)


def opened_station(settings: Settings) -> SoftTokenStation:
    """The station with the software tokens."""
    return SoftTokenStation(token_directory(settings), settings.pkcs11_module)


def responder_pin_file(settings: Settings) -> tuple[Path | None, str, str]:
    """Where the PINs of the OCSP responder's token are, as `pipeline.pins` asks: with the CA's, unless set."""
    of = "the OCSP responder's token"
    return (settings.ocsp_pin_file, of, OCSP_PIN) if settings.ocsp_pin_file else (settings.ca_pin_file, of, CA_PIN)


def has_ca(settings: Settings) -> bool:
    """Whether the CA was made, to its end."""
    return (ca_directory(settings) / ISSUING_FILE).exists()


def opened_ca(settings: Settings) -> Authority:
    """The CA, its token opened. Raises SetupError when there is none yet."""
    if not has_ca(settings):
        raise SetupError("There is no CA yet.", "Make it: yinjian ca ceremony --organization NAME")
    pin = pins.user_pin(settings.ca_pin_file, "the CA's token", CA_PIN)
    return open_authority(ca_directory(settings), pin, settings.pkcs11_module)


def opened_maker(settings: Settings) -> Maker:
    """The seal maker. Raises SetupError when there is none yet, TokenError for a wrong passphrase."""
    return open_maker(seal_directory(settings), seal_passphrase(settings))


def seal_passphrase(settings: Settings) -> str:
    """Of the seal maker's keys: the first line of its file, or of the CA's PIN file."""
    of = "the seal maker's key"
    given = (settings.seal_pin_file, of, SEAL_PIN) if settings.seal_pin_file else (settings.ca_pin_file, of, CA_PIN)
    return pins.user_pin(*given)


def seal_directory(settings: Settings) -> Path:
    """Where the seal maker's keys and certificates lie."""
    return ca_directory(settings) / "seal"


def ca_directory(settings: Settings) -> Path:
    """Where the CA's token and certificates lie."""
    return settings.var_dir / "ca"


def token_directory(settings: Settings) -> Path:
    """Where the software tokens of subjects lie."""
    return settings.var_dir / "tokens"
