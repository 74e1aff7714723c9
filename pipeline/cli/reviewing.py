"""What the commands of reviewers do and print."""

from __future__ import annotations

from pathlib import Path

from pipeline import quality
from pipeline.cases import find
from pipeline.cli.showing import OUT, finding_lines
from pipeline.review import corrections
from pipeline.review.corrections import Place
from pipeline.review.letter import draft, send_back
from pipeline.review.marks import recut_mark
from pipeline.review.revise import Act, Revised, revise
from pipeline.review.settle import settle
from pipeline.review.standing import holding_back
from pipeline.store.store import Store
from yinjian.approval import NEEDED
from yinjian.catalogue import catalogue
from yinjian.errors import InputError
from yinjian.geometry import Box
from yinjian.settings import Settings

MAX_BYTES = 64 * 1024  # of a letter


def correct_case(
    store: Store, text: str, subject: str, value: str, act: Act, page: int | None, box: str | None
) -> None:
    """A value or box as a person read it; prints what is left."""
    known, place = catalogue(), Place(None if page is None else page - 1, frame(box) if box else None)
    _print(
        revise(
            store,
            _on(store, text, act),
            known,
            lambda reading: corrections.correct(reading, known, subject, value, act.actor, place),
        )
    )


def confirm_mark(store: Store, text: str, mark: str, act: Act) -> None:
    """A mark that a person saw to be fine; prints what is left."""
    _print(revise(store, _on(store, text, act), catalogue(), lambda reading: corrections.confirm(reading, mark)))


def text_of_mark(store: Store, text: str, mark: str, said: str, act: Act) -> None:
    """What a person read round a seal; prints what is left."""
    known = catalogue()
    _print(revise(store, _on(store, text, act), known, lambda reading: corrections.ring_text(reading, mark, said)))


def recut_case(store: Store, settings: Settings, text: str, mark: str, page: int, box: str, act: Act) -> None:
    """A mark cut anew from a frame; prints what is left."""
    from pipeline.reading import limit_threads

    limit_threads(settings.threads)
    _print(recut_mark(store, _on(store, text, act), catalogue(), mark, page - 1, frame(box), settings))


def frame(text: str) -> Box:
    """`X0,Y0,X1,Y1` in fractions of the upright page."""
    try:
        x0, y0, x1, y1 = map(float, text.split(","))
        box = Box(x0, y0, x1, y1)
    except ValueError:
        box = Box(0, 0, 0, 0)
    if not box.area > 0:
        remedy = "Give --box X0,Y0,X1,Y1 in fractions of the upright page, from its top left corner."
        raise InputError("This is no frame on a page.", remedy)
    return box


def settle_case(store: Store, text: str, code: str, where: str, act: Act) -> str:
    """A finding settled, or another's settlement confirmed; what to say about it."""
    with store.writing() as session:
        application = find(store, session, text)
        standing = settle(store, session, application.id, code, where, act.actor, act.reason, act.seen)
    if not standing.lacks:
        return f"{code} is settled."
    return f"{code} blocks: it is settled once another reviewer does the same (yinjian settle ... --actor ANOTHER)."


def return_case(store: Store, text: str, act: Act, file: Path | None, dry_run: bool) -> str:
    """An application sent back; the letter to its applicant."""
    letter = _read(file) if file else ""
    with store.writing() as session:
        application = find(store, session, text)
        if dry_run:
            return letter or draft(store, session, application, act.actor, catalogue())
        return send_back(store, session, application, act.actor, letter, catalogue(), act.seen)


def _read(file: Path) -> str:
    try:
        data = file.read_bytes()
        letter = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The letter {file} cannot be read.", "Give a text file in UTF-8.") from error
    if len(data) > MAX_BYTES or not letter.strip():
        raise InputError(f"The letter {file} is empty or too long.", "Write what the applicant is to do.")
    return letter


def show_quality(store: Store) -> None:
    """How the samples came out."""
    with store.reading() as session:
        share, waiting = quality.result(session)
        wrong = quality.what_was_wrong(session)
    low, high = share.interval()
    errors = share.n - share.right
    rate = f"{errors / share.n:.2%}" if share.n else "-"
    OUT.print(f"n {share.n}  errors {errors}  {rate}  95 % {1 - high:.2%} to {1 - low:.2%}  waiting {waiting}")
    for submission, outcome, differences in wrong:
        OUT.print(f"  {submission}  {outcome}  {differences}".rstrip())


def _on(store: Store, text: str, act: Act) -> Act:
    """The act, on the application that a person named."""
    with store.reading() as session:
        return Act(find(store, session, text).id, act.actor, act.reason, act.seen)


def _print(revised: Revised) -> None:
    OUT.print(f"reading {revised.reading}  number {revised.number}")
    left = holding_back(revised.standings)
    for standing in revised.standings:
        if NEEDED[standing.finding.severity]:
            for line in finding_lines(standing):
                OUT.print(line)
    OUT.print(f"{len(left)} left" if left else "Nothing is left: it may be approved.")
