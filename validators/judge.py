"""Judging one application: all rules over one reading, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from validators.case import Case
from validators.policy import POLICY, Policy
from validators.rules import RULES, Rule
from validators.subject import claimed_subject, printed_subject
from yinjian.catalogue import Catalogue
from yinjian.findings import Finding, Severity, finding
from yinjian.records import Claim, Reading, RegisterEntry, Reuse, Verdict

_WEIGHT = {Severity.NOTES: 0, Severity.WARNS: 1, Severity.BLOCKS: 2}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one rule found; nothing found means that it holds."""

    rule: str
    sentence: str
    findings: tuple[Finding, ...]


def judge(
    reading: Reading,
    claim: Claim | None,
    register: tuple[RegisterEntry, ...] | None,
    as_of: date,
    catalogue: Catalogue,
    *,
    policy: Policy = POLICY,
    intake: tuple[Finding, ...] = (),
    reuse: tuple[Reuse, ...] = (),
    rules: Iterable[Rule] = RULES,
) -> Verdict:
    """The verdict on a reading. `intake`: what was found before reading, as by `parse_claim`.

    `reuse`: marks and copies of the reading that were seen before.

    `register` is None when none was given; one that cannot be reached is a blocking `register.unavailable` in `intake`.
    """
    case = open_case(reading, claim, register, as_of, catalogue, policy, reuse)
    found = (f for outcome in examine(case, rules) for f in outcome.findings)
    subject = case.subject
    findings = merged((*intake, *reading.findings, *found))
    return Verdict(subject.platform, subject.certificate, subject.business, findings)


def open_case(
    reading: Reading,
    claim: Claim | None,
    register: tuple[RegisterEntry, ...] | None,
    as_of: date,
    catalogue: Catalogue,
    policy: Policy = POLICY,
    reuse: tuple[Reuse, ...] = (),
) -> Case:
    """What the rules look at. The claim says what is applied for; over the counter the paper does."""
    printed = printed_subject(reading, catalogue, policy)
    subject = claimed_subject(claim) if claim else printed
    return Case(reading, claim, register, as_of, catalogue, policy, subject, printed, reuse)


def examine(case: Case, rules: Iterable[Rule] = RULES) -> Iterator[Outcome]:
    """Every rule's outcome, in the order of the table."""
    return (_outcome(case, rule) for rule in rules)


def _outcome(case: Case, rule: Rule) -> Outcome:
    name, sentence = rule.__name__, (rule.__doc__ or "").partition("\n")[0]
    try:
        return Outcome(name, sentence, tuple(rule(case)))
    except Exception as error:  # a rule that cannot tell must never let pass
        message = f"检查 {name} 未能完成（{type(error).__name__}），请人工核对：{sentence}"
        return Outcome(name, sentence, (finding("rule.failed", name, message),))


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each code once for each place, in the order of first mention, with all that was said and the worst severity."""
    found: dict[tuple[str, str], Finding] = {}
    for new in findings:
        key = (new.code, new.where)
        found[key] = _both(found[key], new) if key in found else new
    return tuple(found.values())


def _both(one: Finding, other: Finding) -> Finding:
    message = one.message if other.message in one.message else f"{one.message} {other.message}"
    return replace(one, message=message, severity=max(one.severity, other.severity, key=_WEIGHT.__getitem__))
