"""The OCSP responder's token, key and certificate: made on it, and made anew before the certificate ends."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuance.authority import ISSUING_FILE, Authority, pem
from issuance.device import MODULE
from issuance.files import locked
from issuance.ocsp import Responder
from issuance.reservation import draw_serial
from issuance.softhsm import SoftTokens
from issuance.tokens import KeyKind, KeyName, Pins, TokenInfo
from yinjian.catalogue.decode import decode
from yinjian.errors import CatalogueError, SetupError
from yinjian.files import write_whole
from yinjian.strictjson import JsonProblem, load

CERTIFICATE, PLAN, TOKENS, LABEL = "responder.pem", "responder.json", "responder", "YJ-OCSP"
LIFE, RENEW_BEFORE = timedelta(days=90), timedelta(days=30)
_LIMIT = 4096
_MAKE = "Make it: yinjian ca responder"


@dataclass(frozen=True, slots=True)
class Plan:
    """A responder's certificate as it was begun: serial and key id in hex, instants in ISO 8601, UTC."""

    serial: str
    key_id: str
    token_serial: str
    not_before: str
    not_after: str

    @property
    def key(self) -> KeyName:
        return KeyName(f"YJ-OCSP-{self.key_id[:16]}", bytes.fromhex(self.key_id))

    @property
    def validity(self) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(self.not_before), datetime.fromisoformat(self.not_after)


def ends(directory: Path) -> datetime | None:
    """When the responder's certificate ends; None when there is none."""
    try:
        return x509.load_pem_x509_certificate((directory / CERTIFICATE).read_bytes()).not_valid_after_utc
    except FileNotFoundError:
        return None


def is_due(directory: Path, now: datetime) -> bool:
    """Whether a new one is to be made."""
    end = ends(directory)
    return end is None or end - now < RENEW_BEFORE


def make(directory: Path, authority: Authority, pins: Pins, now: datetime, module: Path = MODULE) -> bytes:
    """A new key and certificate (DER). May be repeated after a kill: serial and dates are fixed first."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        device, token = SoftTokens(directory / TOKENS, module).prepare(LABEL, pins.so_pin, pins.pin)
        with device:
            plan = _taken_up(directory, token, now, authority.issuing.not_valid_after_utc)
            key = device.make_key(token, pins.pin, plan.key.label, plan.key.id, KeyKind.P_256)
            der = authority.delegate(int(plan.serial, 16), plan.validity, key)
            device.write_certificate(token, pins.pin, plan.key.label, plan.key.id, der)
        write_whole(directory / CERTIFICATE, pem(der))
    return der


def open_responder(directory: Path, pin: str, module: Path = MODULE) -> Responder:
    """The responder of a CA's directory. Raises SetupError when there is none, TokenError for its token and PIN."""
    try:
        own = x509.load_pem_x509_certificate((directory / CERTIFICATE).read_bytes())
        issuing = x509.load_pem_x509_certificate((directory / ISSUING_FILE).read_bytes())
    except FileNotFoundError:
        raise SetupError("There is no OCSP responder yet.", _MAKE) from None
    plan = _read(directory)
    device = SoftTokens(directory / TOKENS, module).device(LABEL)
    chain = own.public_bytes(Encoding.DER), issuing.public_bytes(Encoding.DER)
    return Responder(device, TokenInfo(LABEL, plan.token_serial, ""), pin, plan.key, chain)


def _taken_up(directory: Path, token: TokenInfo, now: datetime, ca_ends: datetime) -> Plan:
    """The plan that was begun and not finished, or a new one."""
    if (directory / PLAN).exists():
        begun = _read(directory)
        if not _is_finished(directory, begun) and begun.validity[0] <= now < begun.validity[1]:
            return begun
    begin = now.astimezone(UTC).replace(microsecond=0)
    end = min(begin + LIFE, ca_ends)
    serial, key_id = f"{draw_serial():x}", secrets.token_hex(16)
    plan = Plan(serial, key_id, token.serial, begin.isoformat(), end.isoformat())
    write_whole(directory / PLAN, json.dumps(asdict(plan), indent=1).encode(), 0o600)
    return plan


def _is_finished(directory: Path, plan: Plan) -> bool:
    try:
        there = x509.load_pem_x509_certificate((directory / CERTIFICATE).read_bytes())
    except FileNotFoundError:
        return False
    return there.serial_number == int(plan.serial, 16)


def _read(directory: Path) -> Plan:
    try:
        return decode(Plan, load((directory / PLAN).read_bytes(), _LIMIT), PLAN)
    except (FileNotFoundError, JsonProblem, CatalogueError):
        raise SetupError(
            f"{PLAN} is missing or damaged.", f"Delete {CERTIFICATE}, then: yinjian ca responder"
        ) from None
