"""`python -m bench.judging`: what passes on its own, and whether it may, by what thresholds ask for.

Applications with one seeded fault each and clean ones are read once. Each reading is then judged as it came, beside
claims, registers and earlier applications that make other faults of it, and again with stricter and laxer thresholds.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import lcm
from pathlib import Path
from random import Random
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.reading import Read, read_all
from bench.report import shown
from pipeline.impressions import Known, impressions, reuses
from samples.cases import form_of
from samples.faults import FAULTS
from samples.lookalikes import impostor
from samples.profiles import DEFAULT
from samples.series import CERTIFICATES, series
from validators.judge import judge, open_case
from validators.policy import POLICY, Policy
from yinjian.catalogue import catalogue
from yinjian.claim import parse_claim
from yinjian.findings import Finding, Severity
from yinjian.records import MarkKind, RegisterEntry, Reuse, Verdict
from yinjian.share import Share
from yinjian.textfold import fold

AS_OF = date(2026, 11, 30)
GRID = (0.0, 0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
PROCESSES = 2
POLICY_FILE = Path(__file__).parents[1] / "validators" / "policy.toml"
RESULTS = Path(__file__).with_name("results")
PROVEN = ("unit_name", "uscc", "authorization_agent_name", "authorization_agent_id", "applicant_name", "applicant_id")
REFERRING = ("renew", "replace", "secondary")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A reading to be judged. `expected`: the code of the fault that was seeded, `""` for none."""

    read: Read
    register: tuple[RegisterEntry, ...] | None
    reuse: tuple[Reuse, ...]
    expected: str

    @property
    def clean(self) -> bool:
        return not self.expected

    def judged(self, policy: Policy = POLICY) -> Verdict:
        """The verdict by a policy."""
        claim, intake = parse_claim(self.read.claim) if self.read.claim is not None else (None, ())
        return judge(
            self.read.reading, claim, self.register, AS_OF, catalogue(), policy=policy, intake=intake, reuse=self.reuse
        )

    def wrong_values(self) -> tuple[str, ...]:
        """The fields that a pass would take as they are not."""
        claim = parse_claim(self.read.claim)[0] if self.read.claim is not None else None
        case = open_case(self.read.reading, claim, self.register, AS_OF, catalogue())
        truth: dict[str, Any] = self.read.expected["fields"]
        own = [name for name in truth if case.on_form(name) and case.filled(name)]
        return tuple(name for name in own if fold(case.value(name)) != fold(truth[name]["text"]))


def trials(read: Read) -> Iterator[Trial]:
    """The reading as it came; a clean one also beside what makes a fault of it."""
    seeded = FAULTS[read.recipe.fault].finding[0] if read.recipe.fault else ""
    stated = {f["code"] for f in read.expected["findings"]}
    expected = seeded or next(iter(stated), "")
    known = _register(read)
    within = reuses(impressions(read.reading, read.recipe.name, ""), Known())
    yield Trial(read, known, within, expected)
    if expected:
        return
    if known:
        yield Trial(read, (), (), "business.no_certificate")
        yield Trial(read, None, within, "register.unavailable")
    else:
        yield _already(read)
    yield from (Trial(replace(read, claim=claim), known, within, code) for code, claim in _claims(read))
    yield from (Trial(read, known, (*within, reuse), f"{kind}.reused") for kind, reuse in _reuses(read))


def _register(read: Read) -> tuple[RegisterEntry, ...]:
    """The certificate that the application refers to, if it does."""
    recipe = read.recipe
    secondary = recipe.certificate == "enterprise_secondary"
    if not secondary and recipe.business not in REFERRING:
        return ()
    return (_entry(read, "enterprise" if secondary else recipe.certificate),)


def _entry(read: Read, certificate: str) -> RegisterEntry:
    fields = read.expected["fields"]

    def text(*names: str) -> str:
        return next((str(fields[n]["text"]) for n in names if n in fields and fields[n]["text"]), "")

    unit, code = text("licence_unit_name", "unit_name"), text("licence_uscc", "uscc")
    person, number = text("applicant_name", "name"), text("applicant_id", "id_number")
    return RegisterEntry(
        read.recipe.platform, certificate, unit, code, person, number, "5A01", "active", date(2026, 12, 31)
    )


def _already(read: Read) -> Trial:
    """A new certificate where one is active."""
    entry = replace(_entry(read, read.recipe.certificate), valid_until=date(2027, 6, 30))
    return Trial(read, (entry,), (), "business.already_active")


def _claims(read: Read) -> Iterator[tuple[str, bytes]]:
    """The claim with one thing in it that the paper does not bear out, and the code of it."""
    if read.claim is None:
        return
    said = json.loads(read.claim)
    draw = Random(read.recipe.seed)
    for name in [name for name in PROVEN if said["fields"].get(name)]:
        other = said["fields"] | {name: impostor(said["fields"][name], draw)}
        yield "field.inconsistent", _file(said | {"fields": other})
    on = [c for c in CERTIFICATES if form_of(c) != form_of(read.recipe.certificate)]
    yield "form.wrong_certificate", _file(said | {"certificate": draw.choice(on)})
    yield "claim.invalid", _file(said | {"fields": said["fields"] | {draw.choice(sorted(said["fields"])): 7}})


def _file(claim: dict[str, Any]) -> bytes:
    return json.dumps(claim, ensure_ascii=False).encode()


def _reuses(read: Read) -> Iterator[tuple[str, Reuse]]:
    """One of each kind of mark as if it had been seen before, as alike as a rescan is."""
    for kind in MarkKind:
        marks = [m for m in read.reading.marks if m.id in (f"{kind}_collection", f"{kind}_declaration")]
        if marks:
            yield kind, Reuse(marks[0].id, marks[0].page, "earlier", marks[0].id, 0.996)
    copies = [m for m in read.reading.marks if m.id == "material_seal"]
    if copies:
        yield "material", Reuse("material_seal", copies[0].page, "earlier", "material_seal", 0.996)


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does: clean applications that pass, and passes with a wrong value or a seeded fault."""

    min_confidence: float
    passes: Share
    wrong: Share


def curve(found: Sequence[Trial]) -> tuple[Point, ...]:
    """A point for each threshold; telephones ask for as much as they do now, or for more."""
    return tuple(_point(found, threshold) for threshold in GRID)


def _point(found: Sequence[Trial], threshold: float) -> Point:
    phones = max(threshold, POLICY.min_phone_confidence)
    policy = replace(POLICY, min_confidence=threshold, min_phone_confidence=phones)
    passed = [trial for trial in found if trial.judged(policy).decision == "pass"]
    clean = sum(trial.clean for trial in found)
    wrong = sum(not trial.clean or bool(trial.wrong_values()) for trial in passed)
    return Point(threshold, Share(sum(t.clean for t in passed), clean), Share(wrong, len(passed)))


def chosen(points: Sequence[Point], target: float) -> Point | None:
    """The point that lets most pass among those with at most `target` wrong; None when there is none."""
    kept = [point for point in points if point.wrong.n and point.wrong.value <= target]
    return max(kept, key=lambda point: (point.passes.value, point.min_confidence), default=None)


def proposed(text: str, point: Point, target: float, measured: str) -> str:
    """The policy's text with the thresholds of a point, what they were chosen for, and the next version."""
    told = {
        "version": f'"{int(Policy.from_toml(text).version) + 1}"',
        "min_confidence": str(point.min_confidence),
        "min_phone_confidence": str(max(point.min_confidence, POLICY.min_phone_confidence)),
        "target": str(target),
        "measured": f'"{measured}"',
    }
    for name, value in told.items():
        text = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value}", text, count=1)
    Policy.from_toml(text)  # what cannot be used is not written
    return text


def automation(found: Iterable[tuple[Trial, Verdict]], online: bool) -> Share:
    """Of clean applications, those that pass."""
    own = [verdict.decision == "pass" for trial, verdict in found if trial.clean and trial.read.recipe.online is online]
    return Share(sum(own), len(own))


def needless(found: Iterable[tuple[Trial, Verdict]]) -> Counter[str]:
    """What holds clean applications back: how many of them, by code and place."""
    return Counter(
        f"{f.code} {f.where.partition(':')[0]}"
        for trial, verdict in found
        if trial.clean
        for f in {(f.code, f.where): f for f in holding(verdict)}.values()
    )


def holding(verdict: Verdict) -> list[Finding]:
    """The findings for which a verdict is no pass."""
    return [f for f in verdict.findings if f.severity is not Severity.NOTES]


def report(found: Sequence[Trial], target: float, console: Console) -> None:
    """Print everything."""
    judged, seconds = [], []
    for trial in found:
        start = time.perf_counter()
        judged.append((trial, trial.judged()))
        seconds.append(time.perf_counter() - start)
    faulty = [(trial, verdict) for trial, verdict in judged if not trial.clean]
    table = Table("", "found", title=f"{len(judged)} judgements")
    passed = [trial for trial, verdict in faulty if verdict.decision == "pass"]
    named = [trial.expected in {f.code for f in verdict.findings} for trial, verdict in faulty]
    table.add_row("seeded faults that passed", shown(Share(len(passed), len(faulty))))
    table.add_row("seeded faults, the right code named", shown(Share(sum(named), len(named))))
    table.add_row("clean on-line applications that pass", shown(automation(judged, online=True)))
    table.add_row("clean counter applications that pass", shown(automation(judged, online=False)))
    table.add_row("judging, median", f"{1000 * median(seconds):.1f} ms")
    console.print(table)
    for trial in passed:
        console.print(f"WRONG PASS {trial.read.recipe.name} {trial.expected} {trial.read.recipe}")
    for trial, verdict in faulty:
        if trial.expected not in {f.code for f in verdict.findings}:
            console.print(f"not named: {trial.read.recipe.name} {trial.expected}", style="dim")
    console.print(_counted("needless review", needless(judged)), _counted("codes seeded", _seeded(faulty)))
    points = curve(found)
    console.print(_points(points))
    best = chosen(points, target)
    told = "no threshold keeps it" if best is None else f"min_confidence {best.min_confidence}"
    console.print(f"at most {100 * target:.2f} % of passes wrong: {told}")


def _in_turn() -> tuple[str, ...]:
    """Two faults and then none, over and over: each finding code comes as often, by each of its faults in turn."""
    by_code: defaultdict[str, list[str]] = defaultdict(list)
    for name, fault in FAULTS.items():
        by_code[fault.finding[0]].append(name)
    rounds = range(lcm(*map(len, by_code.values())))
    faulty = [faults[n % len(faults)] for n in rounds for faults in by_code.values()]
    return tuple(name for pair in zip(faulty[::2], faulty[1::2], strict=True) for name in (*pair, ""))


def _seeded(faulty: Iterable[tuple[Trial, Verdict]]) -> Counter[str]:
    return Counter(trial.expected for trial, _ in faulty)


def _counted(title: str, counts: Counter[str]) -> Table:
    table = Table("", "n", title=title)
    for what, n in counts.most_common(40):
        table.add_row(what, str(n))
    return table


def _points(points: Sequence[Point]) -> Table:
    table = Table("min_confidence", "clean ones that pass", "wrong among passes", title="automation against error")
    for point in points:
        table.add_row(str(point.min_confidence), shown(point.passes), shown(point.wrong))
    return table


def drawn(points: Sequence[Point], path: Path) -> None:
    """Automation against error as a picture, with 95 % intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    x, y = [100 * p.passes.value for p in points], [100 * p.wrong.value for p in points]
    low, high = zip(*(p.wrong.interval() for p in points), strict=True)
    axes.fill_between(x, [100 * v for v in low], [100 * v for v in high], alpha=0.2, linewidth=0)
    axes.plot(x, y, marker="o")
    for point, a, b in zip(points, x, y, strict=True):
        axes.annotate(str(point.min_confidence), (a, b), textcoords="offset points", xytext=(4, 4), fontsize=7)
    axes.set_xlabel("clean applications that pass, %")
    axes.set_ylabel("wrong among what passes, %")
    figure.savefig(path, dpi=150)


def bench(
    count: Annotated[int, typer.Option(min=1, help="Applications: two with a seeded fault, one clean, in turn.")] = 96,
    seed: Annotated[int | None, typer.Option(min=0, help="Equal seeds give equal papers; default: a new one.")] = None,
    target: Annotated[float, typer.Option(min=0, max=1, help="Share of passes that may hold a wrong value.")] = 0.001,
    profile: Annotated[list[str] | None, typer.Option(help="These take turns; default: all but the held-out.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Set the policy's thresholds for --target.")] = False,
) -> None:
    """Judge applications with seeded faults and clean ones, and draw what thresholds do."""
    seed = secrets.randbelow(9_000_000) + 1_000_000 if seed is None else seed
    recipes = list(series(count, seed, CERTIFICATES, tuple(profile or DEFAULT), _in_turn()))
    console = Console()
    reads = track(read_all(recipes, PROCESSES), "reading", count, console=Console(stderr=True))
    found = [trial for read in reads for trial in trials(read)]
    report(found, target, console)
    best = chosen(curve(found), target)
    if write and best is not None:
        told = (
            f"seed {seed}, {count} applications: wrong {shown(best.wrong)}, clean ones that pass {shown(best.passes)}"
        )
        POLICY_FILE.write_text(proposed(POLICY_FILE.read_text("utf-8"), best, target, told), "utf-8")
        console.print(f"{POLICY_FILE} is of the next version: look at it, run the tests, commit it.")
    path = RESULTS / f"judging-{datetime.now().astimezone():%Y-%m-%d-%H%M}.png"
    RESULTS.mkdir(exist_ok=True)
    drawn(curve(found), path)
    console.print(f"seed {seed}; picture: {path}")


if __name__ == "__main__":
    typer.run(bench)
