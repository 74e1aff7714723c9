"""What each service does to keys, certificates and seals: `services.toml` as records, checked when it is loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from issuance.crl import Reason
from yinjian.catalogue import Catalogue, catalogue
from yinjian.catalogue.decode import decode
from yinjian.errors import CatalogueError, Refused

FILE = Path(__file__).parent / "services.toml"


class Act(StrEnum):
    """What is done."""

    ISSUE = "issue"
    RESET_PIN = "reset_pin"
    REVOKE = "revoke"
    BIND = "bind"


class Refers(StrEnum):
    """Which certificate the service is about."""

    NONE = "none"
    ACTIVE = "active"
    RENEWABLE = "renewable"


class Which(StrEnum):
    """Token or key: another, or the one that is there."""

    NEW = "new"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `old`: why the certificate referred to is revoked, `""`: it is not."""

    business: str
    act: Act
    refers: Refers
    token: Which = Which.NEW
    key: Which = Which.NEW
    old: Reason | None = None
    seal: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A service as the file has it."""

    business: str
    act: Act
    refers: Refers
    token: Which = Which.NEW
    old: str = ""
    seal: bool = False


@dataclass(frozen=True, slots=True)
class Further:
    """An application for one certificate that is a service to another."""

    certificate: str
    business: str
    is_: str
    of: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the documents leave to the CA."""

    renewed_key: Which
    renewed_certificate: str


@dataclass(frozen=True, slots=True)
class Services:
    """All of the file."""

    services: tuple[Service, ...]
    further: tuple[Further, ...]

    def of(self, certificate: str, business: str) -> tuple[Service, str]:
        """The service of an application, and the kind of certificate that it refers to. Raises Refused."""
        for item in self.further:
            if (item.certificate, item.business) == (certificate, business):
                return self._named(item.is_), item.of
        return self._named(business), certificate

    def _named(self, business: str) -> Service:
        for service in self.services:
            if service.business == business:
                return service
        raise Refused("There is no such service.", "Add it to issuance/services.toml.")


def load(path: Path = FILE, of: Catalogue | None = None) -> Services:
    """The services of a file. Raises CatalogueError naming the key, or what contradicts the catalogue `of`."""
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: {error}.", "Restore or correct the file.") from error
    policy = decode(Policy, table.pop("policy", {}), f"{path.name} policy")
    further = tuple(
        decode(Further, {"is_" if key == "is" else key: value for key, value in item.items()}, f"{path.name} further")
        for item in table.pop("further", [])
    )
    rows = tuple(decode(Row, item, f"{path.name} services") for item in table.pop("services", []))
    for problem in (*(f"unknown key {key}" for key in table), *_problems(rows, policy, of or catalogue())):
        raise CatalogueError(f"{path.name}: {problem}.", "Correct the file and try again.")
    return Services(tuple(_service(row, policy) for row in rows), further)


@cache
def services() -> Services:
    """The services of this installation, read once."""
    return load()


def _service(row: Row, policy: Policy) -> Service:
    old = Reason(row.old) if row.old else None
    service = Service(row.business, row.act, row.refers, row.token, Which.NEW, old, row.seal)
    if row.business != "renew":
        return service
    left = Reason(policy.renewed_certificate) if policy.renewed_certificate else None
    return replace(service, key=policy.renewed_key, old=left)


def _problems(rows: tuple[Row, ...], policy: Policy, known: Catalogue) -> Iterator[str]:
    named = [row.business for row in rows]
    if sorted(named) != sorted(business.id for business in known.businesses):
        yield "services: exactly one for each business of the catalogue"
    for text in (policy.renewed_certificate, *(row.old for row in rows)):
        if text and text not in set(Reason) - {Reason.CERTIFICATE_HOLD}:
            yield f"{text} is no reason to revoke"
    for row in rows:
        if row.refers is Refers.NONE and (row.old or row.token is Which.SAME or row.act is not Act.ISSUE):
            yield f"services: {row.business} refers to no certificate"
        if row.act is Act.REVOKE and not row.old:
            yield f"services: {row.business} needs a reason"
