"""Many applications from one seed, of changing kinds; and the ready ones of this directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from samples.applications import Application, make_application
from samples.cases import make_case
from samples.faults import FAULTS, faulty

HERE = Path(__file__).parent
TRIES = 400  # kinds drawn until one can have the fault
UNIT_FORMS = ("enterprise", "purchaser", "bidding_agency", "enterprise_secondary")
CERTIFICATES = (*UNIT_FORMS, "legal_person", "authorized_rep", "expert", "medical")
_ONLY_ON = {"bidding_agency": ("hpe",), "enterprise_secondary": ("ggzy",), "medical": ("ggzy",)}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The arguments of `make_application`. `fault` "" is none."""

    name: str
    seed: int
    certificate: str
    platform: str
    business: str
    profile: str
    fault: str = ""
    online: bool = True

    def make(self) -> Application:
        return make_application(
            self.name, self.seed, self.certificate, self.platform, self.business, self.profile,
            fault=self.fault or None, online=self.online,
        )  # fmt: skip

    def possible(self) -> bool:
        """Whether such an application can have the fault."""
        draw = Random(f"{self.seed}/papers")
        try:
            case = make_case(draw, self.certificate, self.platform, self.business, online=self.online)
            return not self.fault or faulty(case, self.fault, draw) != case
        except ValueError:
            return False


def platforms_of(certificate: str) -> tuple[str, ...]:
    """Where a certificate is offered."""
    return _ONLY_ON.get(certificate, ("hpe", "ggzy"))


def series(
    count: int, seed: int, certificates: Sequence[str], profiles: Sequence[str], faults: Sequence[str]
) -> Iterator[Recipe]:
    """`count` recipes; profiles and faults take turns, kinds are drawn among those that can have the fault."""
    for i in range(count):
        draw = Random(f"{seed}/series/{i}")
        profile, fault = profiles[i % len(profiles)], faults[i % len(faults)]
        drawn = (
            _drawn(f"g{seed:04d}-{i:03d}", seed * 1000 + i, draw, certificates, profile, fault) for _ in range(TRIES)
        )
        recipe = next((r for r in drawn if r.possible()), None)
        if recipe is None:
            raise ValueError(f"none of {', '.join(certificates)} can have the fault {fault}")
        yield recipe


def _drawn(name: str, seed: int, draw: Random, certificates: Sequence[str], profile: str, fault: str) -> Recipe:
    certificate = draw.choice(list(certificates))
    platform = draw.choice(platforms_of(certificate))
    business = draw.choice(("new", "new", "new", "renew", "replace"))
    if certificate == "enterprise_secondary":
        business = "new"
    online = bool(fault and FAULTS[fault].needs_claim) or draw.random() < 0.7
    return Recipe(name, seed, certificate, platform, business, profile, fault, online)
