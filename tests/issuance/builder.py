"""What the tests of this room share: an approval, PINs, the sizes of things. People and companies are invented."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from issuance.authority_plan import Names
from issuance.device import MODULE
from issuance.tokens import Pins
from yinjian.approval import Approval, PersonDecision, Ruling, Subject

__all__ = ["CA_PINS", "MODULE", "NAMES", "NOW", "PINS", "an_approval", "kinds", "run"]

NOW = datetime(2026, 7, 1, 4, 30, 15, tzinfo=UTC)
PINS = Pins("87654321", "24682468")
CA_PINS = Pins("11223344", "99887766")
NAMES = Names("示例数字证书认证有限公司", "示例根证书", "示例签发证书")
UNIT = Subject("哈尔滨示例科技有限公司", "91230100MA00000X0K", "", "")
PERSON = Subject("哈尔滨示例科技有限公司", "91230100MA00000X0K", "王示例", "230102199001011230")


def an_approval(certificate: str = "enterprise", subject: Subject | None = None, business: str = "new") -> Approval:
    unit = certificate in ("enterprise", "enterprise_secondary", "purchaser", "bidding_agency", "medical")
    return Approval(
        id="p-1",
        application="A1",
        platform="hpe",
        certificate=certificate,
        business=business,
        subject=subject or (UNIT if unit else PERSON),
        evidence="0" * 64,
        actor="u-1",
        approved_at=datetime(2026, 7, 1, 4, 0, tzinfo=UTC),
        ground=PersonDecision(Ruling.APPROVE, "u-1", "looked at"),
    )


def kinds(items: object) -> list[str]:
    """The classes of what is on a token, in order."""
    return sorted(item.kind for item in items)  # type: ignore[attr-defined]


def run(*words: str | Path, configuration: Path | None = None) -> str:
    """The output of a program that must succeed."""
    import os
    import subprocess

    environment = dict(os.environ) | ({} if configuration is None else {"SOFTHSM2_CONF": str(configuration)})
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
