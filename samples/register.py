"""The register that goes with ready applications: a certificate for each that refers to one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

REFERRING = ("renew", "replace", "revoke", "secondary")


def write_register(expected: Path, file: Path) -> None:
    """A register file with the certificates that the applications with expected readings in `expected` refer to."""
    readings = [json.loads(path.read_text("utf-8")) for path in sorted(expected.glob("*.json"))]
    entries = [_entry(n, reading) for n, reading in enumerate(readings) if _refers(reading)]
    file.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _refers(reading: dict[str, Any]) -> bool:
    return reading["business"] in REFERRING or reading["certificate"] == "enterprise_secondary"


def _entry(number: int, reading: dict[str, Any]) -> dict[str, str]:
    """An active certificate of the unit (or person) that the application names, soon to end."""

    def text(field: str) -> str:
        return str(reading["fields"].get(field, {}).get("text", ""))

    secondary = reading["certificate"] == "enterprise_secondary"
    return {
        "platform": reading["platform"],
        "certificate": "enterprise" if secondary else reading["certificate"],
        "unit_name": text("licence_unit_name") or text("unit_name"),
        "uscc": text("licence_uscc") or text("uscc"),
        "name": text("applicant_name") or text("name"),
        "id_number": text("applicant_id") or text("id_number"),
        "serial": f"{0x5A0000000000 + number:016X}",
        "status": "active",
        "valid_until": "2026-12-31",
    }
