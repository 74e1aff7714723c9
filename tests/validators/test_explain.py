"""Explanations: the same verdict, rule by rule, with what each looked at."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.validators.builder import ALL, TODAY, application, claim, with_field, with_mark
from validators import examine, open_case
from validators.case import Case
from validators.explain import Explained, explain, reading_findings
from validators.rules import RULES
from yinjian.findings import finding
from yinjian.records import Reading

NEW = application()


def opened(reading: Reading = NEW, said: bool = False) -> Case:
    return open_case(reading, claim(reading) if said else None, (), TODAY, ALL)


def rule(found: tuple[Explained, ...], name: str) -> Explained:
    return next(one for one in found if one.rule == name)


def test_every_rule_is_told_and_finds_what_it_finds_by_itself() -> None:
    for case in (opened(), opened(with_field(NEW, "uscc", "123"), said=True)):
        found = explain(case)
        assert [one.rule for one in found] == [one.__name__ for one in RULES]
        assert [one.findings for one in found] == [outcome.findings for outcome in examine(case)]


def test_what_holds_and_what_does_not() -> None:
    found = explain(opened(with_field(NEW, "agent_phone", "1390451")))
    assert [one.rule for one in found if not one.holds] == ["mobile_numbers_valid"]


def test_fields_and_claims_that_a_rule_looked_at() -> None:
    found = rule(explain(opened(said=True)), "agent_is_authorized")
    looked = {(e.kind, e.where) for e in found.evidence}
    assert {("field", "agent_name"), ("field", "authorization_agent_name"), ("claim", "agent_name")} <= looked
    seen = next(e for e in found.evidence if (e.kind, e.where) == ("field", "agent_name"))
    assert "葛小禾" in seen.seen
    assert seen.page is not None
    assert seen.box is not None


@pytest.mark.parametrize(
    ("name", "kind", "where"),
    [
        ("one_business", "choice", "business"),
        ("marks_present", "mark", "seal_collection"),
        ("marks_off_lines", "mark", "seal_declaration"),
        ("agreement_present", "page", "电子认证服务协议"),
        ("unit_code_valid", "field", "uscc"),
    ],
)
def test_other_things_that_rules_look_at(name: str, kind: str, where: str) -> None:
    assert (kind, where) in {(e.kind, e.where) for e in rule(explain(opened()), name).evidence}


def test_the_mark_that_is_at_fault_is_among_what_was_looked_at() -> None:
    reading = with_mark(NEW, "seal_collection", faults=("seal.overlaps_line",))
    found = rule(explain(opened(reading)), "marks_off_lines")
    assert not found.holds
    assert "seal.overlaps_line" in next(e.seen for e in found.evidence if e.where == "seal_collection")


def test_what_was_found_before_any_rule_is_told_too() -> None:
    unreadable = finding("scan.unreadable", "a.pdf", "a.pdf 无法打开。")
    intake, read = reading_findings(replace(NEW, findings=(unreadable,)), ())
    assert intake.holds
    assert read.findings == (unreadable,)


def test_explaining_changes_nothing() -> None:
    case = opened()
    before = tuple(examine(case))
    explain(case)
    assert tuple(examine(case)) == before
