"""Each rule about the certificates that exist, broken alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.validators.builder import AGENT_ID, LEGAL_ID, TODAY, application, certificate, found, verdict
from yinjian.findings import Severity

NEW = application()
REFERRING = ["renew", "replace", "revoke", "secondary"]
NONE = [("business.no_certificate", "business")]
ACTIVE = [("business.already_active", "business")]


@pytest.mark.parametrize("business", REFERRING)
def test_register_at_hand(business: str) -> None:
    findings = verdict(application(business=business), register=None).findings
    assert [(f.code, f.severity) for f in findings] == [("register.unavailable", Severity.BLOCKS)]


@pytest.mark.parametrize("business", REFERRING)
def test_certificate_exists(business: str) -> None:
    reading = application(business=business)
    assert found(reading, register=(certificate(),)) == []
    assert found(reading, register=()) == NONE


@pytest.mark.parametrize(
    "parts",
    [
        {"platform": "ggzy"},
        {"platform": "daqing"},
        {"certificate": "purchaser"},
        {"uscc": "91350100M000100Y43"},
        {"uscc": ""},
        {"status": "revoked"},
    ],
)
def test_another_certificate_is_not_the_one_referred_to(parts: dict[str, Any]) -> None:
    assert found(application(business="renew"), register=(certificate(**parts),)) == NONE
    assert found(NEW, register=(certificate(**parts),)) == []


@pytest.mark.parametrize("status", ["active", "expired"])
@pytest.mark.parametrize(("days", "findings"), [(-30, []), (90, []), (91, NONE)])
def test_a_certificate_that_ended_lately_is_renewed_later_it_is_new(
    status: str, days: int, findings: list[tuple[str, str]]
) -> None:
    ended = certificate(status=status, valid_until=TODAY - timedelta(days=days))
    assert found(application(business="renew"), register=(ended,)) == findings


@pytest.mark.parametrize("business", ["replace", "revoke", "secondary"])
@pytest.mark.parametrize("parts", [{"status": "expired"}, {"valid_until": date(2026, 5, 31)}])
def test_only_an_active_certificate_is_replaced_revoked_or_added_to(business: str, parts: dict[str, Any]) -> None:
    assert found(application(business=business), register=(certificate(**parts),)) == NONE


def test_none_active_yet() -> None:
    assert found(NEW, register=(certificate(),)) == ACTIVE
    assert found(NEW, register=(certificate(valid_until=None),)) == ACTIVE
    assert found(NEW, register=(certificate(status="expired"),)) == []
    assert found(NEW, register=(certificate(valid_until=date(2026, 5, 31)),)) == []


def test_of_a_personal_certificate_the_person_counts() -> None:
    legal = application("hpe", "legal_person")
    assert found(legal, register=(certificate(certificate="legal_person", id_number=LEGAL_ID.lower()),)) == ACTIVE
    assert found(legal, register=(certificate(certificate="legal_person", id_number=AGENT_ID),)) == []
    other_unit = certificate(certificate="legal_person", id_number=LEGAL_ID, uscc="91350100M000100Y43")
    assert found(legal, register=(other_unit,)) == []
    expert = certificate(certificate="expert", id_number=LEGAL_ID, uscc="", unit_name="")
    assert found(application("hpe", "expert"), register=(expert,)) == ACTIVE


def test_a_secondary_token_on_ggzy_refers_to_the_first() -> None:
    second = application("ggzy", "enterprise_secondary")
    assert found(second, register=()) == NONE
    assert found(second, register=(certificate(platform="ggzy"),)) == []


def test_register_names_the_unit() -> None:
    renamed = certificate(unit_name="哈尔滨松北青松软件有限公司")
    assert found(application(business="renew"), register=(renamed,)) == [("field.inconsistent", "unit_name")]
