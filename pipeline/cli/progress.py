"""`yinjian ingest` as people see it: a bar while it goes on, a table at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn
from rich.table import Table

from pipeline.cases import Summary, summary
from pipeline.ingest import Taken, finish, take_in
from pipeline.states import State
from pipeline.store.store import Store
from pipeline.store.tables import Application
from yinjian.settings import Settings

COLOURS = {State.ISSUED: "green", State.APPROVED: "green", State.REVIEW: "yellow", State.SET_ASIDE: "red"}
ERRORS = Console(stderr=True)
FILE_WIDTH = 200  # characters


def run_ingest(
    store: Store,
    folder: Path,
    actor: str,
    settings: Settings,
    as_of: date | None,
    sent_again: str | None,
    replaces: Sequence[int] = (),
) -> bool:
    """Take in, wait until all is worked on, show the outcome; whether nothing was refused or set aside."""
    taken = take_in(store, folder, actor, settings, as_of, sent_again, replaces)
    for name, error in taken.refused:
        ERRORS.print(f"{name}: {error.what} {error.remedy}", markup=False)
    with _bar(len(taken.receipts)) as advance:
        for count in finish(store, [receipt.submission for receipt in taken.receipts], settings):
            advance(count)
    outcomes = _outcomes(store, taken)
    output().print(table(outcomes))
    return not taken.refused and not any(case.state is State.SET_ASIDE for case in outcomes)


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar where somebody can see it."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as progress:
        task = progress.add_task("处理", total=total)
        yield lambda count: progress.update(task, completed=count)


def _outcomes(store: Store, taken: Taken) -> list[Summary]:
    with store.reading() as session:
        return [summary(store, session, session.get_one(Application, r.application)) for r in taken.receipts]


def output() -> Console:
    """Standard output; into a file or pipe wide enough that no id is cut."""
    console = Console()
    return console if console.is_terminal else Console(width=FILE_WIDTH)


def table(cases: list[Summary]) -> Table:
    """Applications for people: what they are, how far, what was found, what was issued."""
    found = Table("id", "application", "form", "decision", "state", "findings", "serial number", show_lines=True)
    for case in cases:
        colour = COLOURS.get(case.state, "default")
        findings = "\n".join(f"{f.code} {f.where}" for f in case.findings) or case.fault or case.note
        serials = "\n".join(case.serials)
        state = f"[{colour}]{case.state}[/]"
        found.add_row(case.id, case.name, case.form or "-", case.decision, state, findings, serials)
    return found
