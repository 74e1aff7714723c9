"""The verdict as a whole: clean applications pass, a rule that crashes blocks, findings are in order and once each."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date

import pytest

from tests.validators import builder
from tests.validators.builder import ALL, TODAY, application, certificate, claim, found, verdict
from validators import examine, judge, open_case
from validators import rules as table
from validators.judge import merged
from validators.policy import POLICY
from validators.rules import RULES
from yinjian.findings import Severity, finding
from yinjian.records import Decision, Reading, Versions

WITH_FORM = [
    (o.platform, c, b) for o in ALL.offers if o.form for c in o.certificates for b in o.businesses if c != "medical"
]


def register_for(certificate_id: str, business: str, platform: str) -> tuple[object, ...]:
    """What the register must hold for a business to be possible."""
    if business == "new" and certificate_id != "enterprise_secondary":
        return ()
    kind = "enterprise" if business == "new" else certificate_id
    return (certificate(platform=platform, certificate=kind, id_number=builder.LEGAL_ID),)


@pytest.mark.parametrize(("platform", "certificate_id", "business"), WITH_FORM)
def test_clean_applications_pass(platform: str, certificate_id: str, business: str) -> None:
    reading = application(platform, certificate_id, business)
    register = register_for(certificate_id, business, platform)
    result = verdict(reading, claim(reading, platform, certificate_id, business), register)  # type: ignore[arg-type]
    assert result.findings == ()
    assert result.decision is Decision.PASS


@pytest.mark.parametrize(("platform", "certificate_id", "business"), WITH_FORM)
def test_clean_counter_applications_pass_and_are_told_from_the_paper(
    platform: str, certificate_id: str, business: str
) -> None:
    reading = application(platform, certificate_id, business)
    result = verdict(reading, None, register_for(certificate_id, business, platform))  # type: ignore[arg-type]
    assert result.findings == ()
    assert (result.platform, result.certificate, result.business) == (platform, certificate_id, business)


def test_a_rule_that_crashes_blocks() -> None:
    def exploding(case: object) -> tuple[()]:
        """本规则会失败。"""
        raise ZeroDivisionError("secret")

    result = verdict(application(), rules=(*RULES, exploding))
    assert [(f.code, f.where) for f in result.findings] == [("rule.failed", "exploding")]
    assert result.decision is Decision.REVIEW
    assert "secret" not in builder.messages(result.findings)


def test_an_unknown_form_id_blocks_and_does_not_crash() -> None:
    result = verdict(replace(application(), form="nonsense"))
    assert result.decision is Decision.REVIEW
    assert {f.code for f in result.findings} <= {"rule.failed", "field.missing", "choice.none", "form.unknown"}


def test_nothing_read_is_never_a_pass() -> None:
    empty = Reading("a", None, (), (), (), (), (), Versions("m", "c", "p"))
    assert found(empty) == [
        ("page.missing", "form"),
        ("page.missing", "agreement"),
    ]
    assert verdict(empty).decision is Decision.REVIEW


def test_findings_of_intake_and_reading_are_carried_over_in_order_and_once() -> None:
    blurred = finding("scan.blurred", "a.pdf", "模糊。")
    reading = replace(application(), findings=(blurred, blurred))
    bad_claim = finding("claim.invalid", "fields", "坏。")
    result = judge(reading, None, (), TODAY, ALL, intake=(bad_claim,))
    assert result.findings == (bad_claim, blurred)


def test_the_same_finding_from_two_rules_is_told_once_with_both_messages_and_the_worse_severity() -> None:
    one = finding("field.inconsistent", "uscc", "甲。", Severity.NOTES)
    other = finding("field.inconsistent", "uscc", "乙。")
    assert merged((one, other, other)) == (finding("field.inconsistent", "uscc", "甲。 乙。"),)


def test_every_rule_quotes_its_sentence_in_chinese_and_has_a_name_of_its_own() -> None:
    assert len({rule.__name__ for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.search(r"[\u4e00-\u9fff]{4}", (rule.__doc__ or "").partition("\n")[0]), rule.__name__


def test_every_public_rule_is_in_the_table() -> None:
    modules = (table.choices, table.claim, table.fields, table.form, table.marks, table.materials, table.pages)
    for module in (*modules, table.register, table.seals):
        functions = {
            f
            for name, f in vars(module).items()
            if callable(f) and getattr(f, "__module__", "") == module.__name__ and not name.startswith("_")
        }
        rules = {f for f in functions if list(getattr(f, "__annotations__", {})) == ["case", "return"]}
        assert rules <= set(RULES), module.__name__


def test_examining_tells_what_every_rule_found() -> None:
    outcomes = tuple(examine(open_case(application(), None, (), TODAY, ALL)))
    assert [o.rule for o in outcomes] == [rule.__name__ for rule in RULES]
    assert all(o.sentence and o.findings == () for o in outcomes)


def test_the_policy_decides_what_a_missing_register_weighs() -> None:
    noted = verdict(application(), register=None)
    assert (noted.decision, noted.findings[0].severity) == (Decision.PASS, Severity.NOTES)
    strict = verdict(application(), register=None, policy=replace(POLICY, new_without_register=Severity.BLOCKS))
    assert strict.decision is Decision.REVIEW


def test_judging_is_fast_and_repeatable() -> None:
    reading = application()
    said = claim(reading, unit_name="哈尔滨松北云杉软件有限公可")
    start = time.perf_counter()
    first = verdict(reading, said)
    assert time.perf_counter() - start < 0.5  # the bar is 50 ms; a loaded machine gets room
    assert verdict(reading, said) == first


def test_a_clock_that_is_wrong_never_lets_pass() -> None:
    assert verdict(application(), as_of=date(2000, 1, 1)).decision is Decision.REVIEW
    assert judge(application(), None, (), date(2126, 1, 1), ALL).decision is Decision.REVIEW


def test_a_misread_name_on_the_form_does_not_make_strangers_of_the_seals() -> None:
    reading = application()
    misread = builder.with_field(reading, "unit_name", "哈尔滨松北去移软件有限公司", confidence=0.4)
    assert found(misread, claim(reading)) == [
        ("field.inconsistent", "unit_name"),
        ("material.inconsistent", "licence_unit_name"),
    ]
