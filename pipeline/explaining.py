"""`yinjian explain`: a verdict rule by rule, as text and as JSON; the page for the file is `explainsheet.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from pipeline import contract
from pipeline.applications import application_folders, application_name, read_claim, require_scans
from pipeline.cases import find
from pipeline.impressions import Known, impressions, reuses, unit_of
from pipeline.judging import claim_of, day_of, seen_before
from pipeline.pages import Pages, as_it_is, pages_again
from pipeline.quality import is_blind
from pipeline.reading import Job, limit_threads
from pipeline.registry import numbers_of, register
from pipeline.store.fingerprints import Remembered
from pipeline.store.readings import latest_reading, load_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from validators.explain import Evidence, Explained, explain, reading_findings
from validators.judge import judge, open_case
from yinjian.catalogue import Catalogue
from yinjian.errors import InputError, Refused
from yinjian.findings import Finding
from yinjian.records import Claim, Reading, RegisterEntry, Reuse, Verdict
from yinjian.settings import Settings

DECISIONS = {"pass": "通过（pass）", "review": "转人工（review）"}


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A verdict and why. `pages`: upright, BGR; empty when they were not asked for."""

    reading: Reading
    verdict: Verdict
    as_of: date
    rules: tuple[Explained, ...]
    pages: Pages = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """All that a reading is judged against."""

    claim: Claim | None
    intake: tuple[Finding, ...]
    register: tuple[RegisterEntry, ...] | None
    reuse: tuple[Reuse, ...]
    as_of: date

    def against(self, register: tuple[RegisterEntry, ...]) -> Judged:
        """The same with another register."""
        return replace(self, register=register)


def explanation(reading: Reading, by: Judged, catalogue: Catalogue, pages: Pages = ()) -> Explanation:
    """The verdict that is given in any case, and each rule's part in it."""
    verdict = judge(reading, by.claim, by.register, by.as_of, catalogue, intake=by.intake, reuse=by.reuse)
    case = open_case(reading, by.claim, by.register, by.as_of, catalogue, reuse=by.reuse)
    rules = (*reading_findings(reading, by.intake), *explain(case))
    return Explanation(reading, verdict, by.as_of, rules, pages)


def of_folder(folder: Path, job: Job, catalogue: Catalogue) -> Explanation:
    """Read one application and explain its verdict. InputError when the folder holds several."""
    from extractors.opening import open_scans

    folders = application_folders(folder)
    if len(folders) != 1:
        raise InputError(f"{folder} holds {len(folders)} applications.", f"Name one of them, as {folders[0]}.")
    require_scans(folders[0])
    limit_threads(job.settings.threads)
    name = application_name(folders[0])
    reading, pages = job.reader(job.settings).read_with_pages(name, open_scans(folders[0], job.settings), as_it_is)
    claim, intake = read_claim(folders[0])
    reuse = reuses(impressions(reading, name, unit_of(reading, claim)), Known())
    return explanation(reading, Judged(claim, intake, job.register, reuse, job.as_of), catalogue, pages)


def of_case(store: Store, settings: Settings, text: str, catalogue: Catalogue, with_pages: bool) -> Explanation:
    """The verdict on an application's latest reading. Its pages are read again where they are asked for."""
    with store.reading() as session:
        application = find(store, session, text).id
        reading, by = stored(store, session, application)
    pages = pages_again(store, settings, application) if with_pages else ()
    return explanation(reading, by, catalogue, pages)


def stored(store: Store, session: Session, text: str) -> tuple[Reading, Judged]:
    """The latest reading of an application, and all that it is judged against."""
    application = find(store, session, text)
    submission = newest_submission(session, application.id)
    if is_blind(session, submission.id):
        raise Refused(f"{application.id} is a quality sample.", "Decide on it first: what was judged is shown then.")
    row = latest_reading(session, submission.id)
    if row is None:
        raise InputError(f"{application.id} is not read yet.", "See how far it is: yinjian queue --all")
    as_of = day_of(submission)
    reading = load_reading(store, row)
    claim, intake = claim_of(store, submission)
    reuse = seen_before(store, Remembered(store), application.id, reading, claim).reuse
    known = register(store, session, as_of, numbers_of(reading, claim))
    return reading, Judged(claim, intake, known, reuse, as_of)


def lines(found: Explanation) -> Iterator[str]:
    """The explanation as text: what does not hold first."""
    verdict = found.verdict
    yield f"{found.reading.application}  {verdict.platform} / {verdict.certificate} / {verdict.business}"
    yield f"结论：{DECISIONS[verdict.decision]}  审核日：{found.as_of}"
    for holds, heading in ((False, "不符合或有疑点"), (True, "符合")):
        own = [rule for rule in found.rules if rule.holds is holds]
        yield f"\n{heading}（{len(own)} 条）"
        for rule in own:
            yield from _rule(rule)


def _rule(rule: Explained) -> Iterator[str]:
    yield f"{'✓' if rule.holds else '✗'} {rule.rule}  「{rule.sentence}」"
    for found in rule.findings:
        yield f"    {found.severity}  {found.code} {found.where}：{found.message}"
    for seen in rule.evidence:
        yield f"    看到 {place(seen)}：{seen.seen}"


def place(seen: Evidence) -> str:
    """Where it was seen, as `uscc（第 1 页）`."""
    return seen.where + (f"（第 {seen.page + 1} 页）" if seen.page is not None else "")


def as_json(found: Explanation) -> dict[str, object]:
    """The explanation for programs."""
    verdict = found.verdict
    return {
        "schema": contract.SCHEMA,
        "application": found.reading.application,
        "platform": verdict.platform,
        "certificate": verdict.certificate,
        "business": verdict.business,
        "decision": verdict.decision.value,
        "as_of": found.as_of.isoformat(),
        "rules": [_rule_json(rule) for rule in found.rules],
    }


def _rule_json(rule: Explained) -> dict[str, object]:
    return {
        "rule": rule.rule,
        "sentence": rule.sentence,
        "holds": rule.holds,
        "findings": [contract.as_finding(item) for item in rule.findings],
        "evidence": [
            {
                "kind": e.kind,
                "where": e.where,
                "seen": e.seen,
                "page": e.page,
                "box": list(e.box.as_tuple()) if e.box else None,
            }
            for e in rule.evidence
        ],
    }
