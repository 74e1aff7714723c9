"""What is fixed of a CA before its keys are made: names, serials, dates. Lies in `authority.json`."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from issuance.reservation import draw_serial
from issuance.tokens import KeyName
from yinjian.catalogue.decode import decode
from yinjian.errors import CatalogueError, Refused, SetupError
from yinjian.files import write_whole
from yinjian.strictjson import JsonProblem, load

FILE = "authority.json"
SCHEMA = 1
ROOT_YEARS, ISSUING_YEARS = 20, 10
_LIMIT = 16 * 1024
_RESTORE = "Restore the CA's directory from its backup."


@dataclass(frozen=True, slots=True)
class Names:
    """The CA's organisation, and the common names of its root and its issuing CA."""

    organization: str
    root: str
    issuing: str


@dataclass(frozen=True, slots=True)
class Level:
    """One CA certificate to be. `serial` and `key_id` in hex, instants in ISO 8601, UTC, whole seconds."""

    common_name: str
    serial: str
    key_label: str
    key_id: str
    not_before: str
    not_after: str

    @property
    def number(self) -> int:
        return int(self.serial, 16)

    @property
    def key(self) -> KeyName:
        return KeyName(self.key_label, bytes.fromhex(self.key_id))

    @property
    def validity(self) -> tuple[datetime, datetime]:
        return datetime.fromisoformat(self.not_before), datetime.fromisoformat(self.not_after)


@dataclass(frozen=True, slots=True)
class Plan:
    """A CA as it was begun. `token_serial` is empty until the token was made."""

    schema: int
    organization: str
    token_label: str
    token_serial: str
    root: Level
    issuing: Level

    @property
    def names(self) -> Names:
        return Names(self.organization, self.root.common_name, self.issuing.common_name)


def take_up(directory: Path, names: Names, now: datetime) -> Plan:
    """The plan that lies in `directory`, or a new one. Raises Refused when one for other names was begun there."""
    if not (directory / FILE).exists():
        return save(directory, _drawn(names, now))
    plan = read(directory)
    if plan.names != names:
        raise Refused("A CA with other names was begun in this directory.", "Give the same names or another directory.")
    return plan


def save(directory: Path, plan: Plan) -> Plan:
    write_whole(directory / FILE, json.dumps(asdict(plan), ensure_ascii=False, indent=1).encode("utf-8"), 0o600)
    return plan


def with_token(directory: Path, plan: Plan, serial: str) -> Plan:
    """The plan with the serial of the token that was made for it."""
    return plan if plan.token_serial == serial else save(directory, replace(plan, token_serial=serial))


def read(directory: Path) -> Plan:
    """Raises SetupError when there is none or it is damaged."""
    try:
        plan = decode(Plan, load((directory / FILE).read_bytes(), _LIMIT), FILE)
    except FileNotFoundError:
        raise SetupError("There is no CA in this directory.", "Create one, or name the right directory.") from None
    except (JsonProblem, CatalogueError):
        raise SetupError(f"{FILE} is damaged.", _RESTORE) from None
    if plan.schema != SCHEMA:
        raise SetupError(f"{FILE} is of another version.", "Use the version of Yinjian that wrote it.")
    return plan


def _drawn(names: Names, now: datetime) -> Plan:
    begin = now.astimezone(UTC).replace(microsecond=0)
    return Plan(
        schema=SCHEMA,
        organization=names.organization,
        token_label=f"YJ-CA-{secrets.token_hex(8)}",
        token_serial="",
        root=_level(names.root, "root", begin, ROOT_YEARS),
        issuing=_level(names.issuing, "issuing", begin, ISSUING_YEARS),
    )


def _level(common_name: str, key_label: str, begin: datetime, years: int) -> Level:
    # 28 days are in every month: an end that exists in any year.
    end = begin.replace(year=begin.year + years, day=min(begin.day, 28))
    return Level(
        common_name, f"{draw_serial():x}", key_label, secrets.token_hex(16), begin.isoformat(), end.isoformat()
    )
