"""Keys that speak for the CA in one thing only, each on a token of its own: to answer OCSP, to stamp the time.

Who takes over the machine that has one can do that one thing, and issue nothing. A key and its certificate are made
anew long before the certificate ends.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuance.authority import ISSUING_FILE
from issuance.device import MODULE, Device
from issuance.files import locked
from issuance.issuer import Issuer, pem
from issuance.reservation import draw_serial
from issuance.softhsm import SoftTokens
from issuance.templates import Purpose
from issuance.tokens import KeyKind, KeyName, Pins, TokenInfo
from yinjian.catalogue.decode import decode
from yinjian.errors import CatalogueError, SetupError
from yinjian.files import write_whole
from yinjian.strictjson import JsonProblem, load

_LIMIT = 4096


@dataclass(frozen=True, slots=True)
class Task:
    """What a key is for. `life`: of its certificate; `used`: how long until another is made.

    `name`: of its files and of the command that makes it; `label`: of its token.
    """

    name: str
    label: str
    purpose: Purpose
    life: timedelta
    used: timedelta
    what: str

    @property
    def certificate(self) -> str:
        """The file of its certificate, in the CA's directory."""
        return f"{self.name}.pem"

    @property
    def plan(self) -> str:
        return f"{self.name}.json"

    @property
    def command(self) -> str:
        return f"yinjian ca {self.name}"


OCSP = Task("responder", "YJ-OCSP", Purpose.OCSP_SIGNING, timedelta(days=90), timedelta(days=60), "OCSP responder")
# A stamp is to be believed for as long as its certificate runs: that one is long, and its key used for a year of it.
TIME_STAMPS = Task(
    "stamper", "YJ-TSA", Purpose.TIME_STAMPING, timedelta(days=3650), timedelta(days=365), "time stamp authority"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A certificate as it was begun: serial and key id in hex, instants in ISO 8601, UTC."""

    serial: str
    key_id: str
    token_serial: str
    not_before: str
    not_after: str

    def key(self, task: Task) -> KeyName:
        return KeyName(f"{task.label}-{self.key_id[:16]}", bytes.fromhex(self.key_id))

    @property
    def validity(self) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(self.not_before), datetime.fromisoformat(self.not_after)


@dataclass(frozen=True, slots=True)
class Delegated:
    """A key on its opened token. `chain`: its certificate and the issuing CA's, DER. Close the device after use."""

    device: Device
    token: TokenInfo
    pin: str
    key: KeyName
    chain: tuple[bytes, bytes]


def ends(directory: Path, task: Task) -> datetime | None:
    """When the certificate ends; None when there is none."""
    certificate = _there(directory, task)
    return None if certificate is None else certificate.not_valid_after_utc


def is_due(directory: Path, task: Task, now: datetime) -> bool:
    """Whether a new one is to be made."""
    certificate = _there(directory, task)
    if certificate is None:
        return True
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now > begin + min(task.used, (end - begin) * 2 / 3)


def make(
    directory: Path,
    task: Task,
    issuer: Issuer,
    pins: Pins,
    now: datetime,
    crl_urls: tuple[str, ...] = (),
    module: Path = MODULE,
) -> bytes:
    """A new key and certificate (DER). May be repeated after a kill: serial and dates are fixed first."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        device, token = SoftTokens(directory / task.name, module).prepare(task.label, pins.so_pin, pins.pin)
        with device:
            plan = _taken_up(directory, task, token, now, issuer.issuing.not_valid_after_utc)
            key = plan.key(task)
            public_key = device.make_key(token, pins.pin, key.label, key.id, KeyKind.P_256)
            der = issuer.delegate(task.purpose, int(plan.serial, 16), plan.validity, public_key, crl_urls)
            device.write_certificate(token, pins.pin, key.label, key.id, der)
        write_whole(directory / task.certificate, pem(der))
    return der


def opened(directory: Path, task: Task, pin: str, module: Path = MODULE) -> Delegated:
    """The key of a CA's directory. Raises SetupError when there is none, TokenError for its token and PIN."""
    own = _there(directory, task)
    if own is None or not (directory / ISSUING_FILE).is_file():
        raise SetupError(f"There is no {task.what} yet.", f"Make it: {task.command}")
    issuing = x509.load_pem_x509_certificate((directory / ISSUING_FILE).read_bytes())
    plan = _read(directory, task)
    device = SoftTokens(directory / task.name, module).device(task.label)
    chain = own.public_bytes(Encoding.DER), issuing.public_bytes(Encoding.DER)
    return Delegated(device, TokenInfo(task.label, plan.token_serial, ""), pin, plan.key(task), chain)


def _taken_up(directory: Path, task: Task, token: TokenInfo, now: datetime, ca_ends: datetime) -> Plan:
    """The plan that was begun and not finished, or a new one."""
    if (directory / task.plan).exists():
        begun = _read(directory, task)
        if not _is_finished(directory, task, begun) and begun.validity[0] <= now < begun.validity[1]:
            return begun
    begin = now.astimezone(UTC).replace(microsecond=0)
    end = min(begin + task.life, ca_ends)
    serial, key_id = f"{draw_serial():x}", secrets.token_hex(16)
    plan = Plan(serial, key_id, token.serial, begin.isoformat(), end.isoformat())
    write_whole(directory / task.plan, json.dumps(asdict(plan), indent=1).encode(), 0o600)
    return plan


def _is_finished(directory: Path, task: Task, plan: Plan) -> bool:
    there = _there(directory, task)
    return there is not None and there.serial_number == int(plan.serial, 16)


def _there(directory: Path, task: Task) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate((directory / task.certificate).read_bytes())
    except FileNotFoundError:
        return None


def _read(directory: Path, task: Task) -> Plan:
    try:
        return decode(Plan, load((directory / task.plan).read_bytes(), _LIMIT), task.plan)
    except (FileNotFoundError, JsonProblem, CatalogueError):
        raise SetupError(
            f"{task.plan} is missing or damaged.", f"Delete {task.certificate}, then: {task.command}"
        ) from None
