"""Where issuing is done: the CA's token opened, and the station with the subjects' tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from issuance.authority import ISSUING_FILE, Authority, open_authority
from issuance.delegated import OCSP, Task
from issuance.eseal.maker import Maker, open_maker
from issuance.issuer import Issuer
from issuance.keymanagement import KeyManagement, LocalKeyManagement
from issuance.profiles import Profiles, profiles
from issuance.sm2authority import MAKERS, certificate, has_issuer, is_made, open_issuer
from issuance.station import SoftTokenStation, TokenStation
from issuance.tokens import KeyKind, Sm2Mechanism
from pipeline import pins
from pipeline.store.store import Store
from yinjian.errors import SetupError
from yinjian.settings import Settings

CA_PIN, OCSP_PIN, SEAL_PIN = "YINJIAN_CA_PIN_FILE", "YINJIAN_OCSP_PIN_FILE", "YINJIAN_SEAL_PIN_FILE"
TSA_PIN = "YINJIAN_TSA_PIN_FILE"
KEYS = "keys"  # the folder of encryption keys, beside the CA's


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
    sm2: Issuer | None = None  # the CA for SM2 keys, where there is one
    keys: KeyManagement | None = None  # of encryption keys, beside it

    def issuer_of(self, kind: KeyKind) -> Issuer:
        """The CA for a kind of key. Raises SetupError where there is none."""
        if kind is not KeyKind.SM2:
            return self.authority
        if self.sm2 is None:
            raise SetupError("There is no SM2 CA yet.", "Make it: yinjian ca seal-maker --actor NAME")
        return self.sm2


@contextmanager
def workshop(store: Store, settings: Settings, actor: str) -> Iterator[Workshop]:
    """The CA's token opened, and the station."""
    with opened_ca(settings) as authority, opened_station(settings) as station, opened_sm2(settings) as sm2:
        made = opened_maker(settings) if is_made(seal_directory(settings)) else None
        keys = LocalKeyManagement(ca_directory(settings) / KEYS, seal_passphrase(settings)) if sm2 else None
        by = profiles().at(settings.public_url)
        yield Workshop(store, settings, authority, by, station, actor, made, sm2, keys)


@contextmanager
def opened_sm2(settings: Settings) -> Iterator[Issuer | None]:
    """The CA for SM2 keys; None where there is none. Raises TokenError for a wrong passphrase."""
    if not has_issuer(seal_directory(settings)):
        yield None
        return
    issuer = open_issuer(seal_directory(settings), seal_passphrase(settings))
    try:
        yield issuer
    finally:
        issuer.close()


def opened_station(settings: Settings) -> SoftTokenStation:
    """The station with the software tokens."""
    sm2 = Sm2Mechanism(settings.sm2_mechanism, settings.sm2_input == "digest")
    return SoftTokenStation(token_directory(settings), settings.pkcs11_module, sm2)


def delegate_pin_file(settings: Settings, task: Task) -> tuple[Path | None, str, str]:
    """Where the PINs of a delegated key's token are, as `pipeline.pins` asks: with the CA's, unless set."""
    own, name = (settings.ocsp_pin_file, OCSP_PIN) if task is OCSP else (settings.tsa_pin_file, TSA_PIN)
    of = f"the {task.what}'s token"
    return (own, of, name) if own else (settings.ca_pin_file, of, CA_PIN)


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


def seal_makers(settings: Settings) -> tuple[bytes, ...]:
    """The certificates (DER) of the CAs above this CA's seal maker; none where there is none."""
    directory = seal_directory(settings)
    return tuple(certificate(directory, level) for level in MAKERS) if is_made(directory) else ()


def ca_directory(settings: Settings) -> Path:
    """Where the CA's token and certificates lie."""
    return settings.var_dir / "ca"


def token_directory(settings: Settings) -> Path:
    """Where the software tokens of subjects lie."""
    return settings.var_dir / "tokens"
