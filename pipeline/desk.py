"""What a reviewer's desk does, for the web: the acts of `pipeline.review` on one store, in one warm process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from pipeline.figures import Figures, figures
from pipeline.intake import Receipt
from pipeline.papers import Papers
from pipeline.review import corrections
from pipeline.review.caseview import CaseView, case_view
from pipeline.review.corrections import Place
from pipeline.review.letter import draft, send_back
from pipeline.review.letterpage import letter_page
from pipeline.review.marks import new_cutter, recut_mark
from pipeline.review.revise import Act, Change, Revised, revise
from pipeline.review.settle import settle
from pipeline.review.undo import undo
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import Store
from pipeline.store.tables import Application
from pipeline.upload import take_in
from pipeline.viewing import require_view
from pipeline.waiting import Counts, counts
from yinjian.approval import Standing
from yinjian.catalogue import catalogue
from yinjian.errors import InputError, StoreError
from yinjian.geometry import Box
from yinjian.settings import Settings

F = TypeVar("F")


class Recent(Generic[F]):
    """What was counted not long ago: all desks look at the same. One thread counts, the others take what there is."""

    def __init__(self, count: Callable[[Session], F], seconds: float) -> None:
        self._count, self._seconds = count, seconds
        self._kept: tuple[float, F] | None = None
        self._counting = threading.Lock()

    def of(self, store: Store) -> F:
        kept = self._kept
        if kept is not None and time.monotonic() - kept[0] < self._seconds:
            return kept[1]
        if kept is not None and self._counting.locked():
            return kept[1]
        with self._counting:
            if self._kept is None or self._kept is kept:
                with store.reading() as session:
                    self._kept = time.monotonic(), self._count(session)
            return self._kept[1]


class Desk:
    """Of one process. Safe for several threads."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings, self.known = store, settings, catalogue()
        self.papers = Papers(store)
        self._remembered = Remembered(store)
        self._judging, self._cutting = threading.Lock(), threading.Lock()
        self._counts, self._figures = Recent(counts, 5.0), Recent(figures, 30.0)

    def warm(self) -> None:
        """Load what judging looks at, before the first correction waits for it."""
        with suppress(StoreError), self._judging, self.store.reading() as session:
            self._remembered.up_to_date(session)

    def view(self, application: str, actor: str) -> CaseView:
        """A case as `actor` sees it."""
        with self.store.reading() as session:
            found = require_view(session, actor, application)
            return case_view(self.store, session, found, actor, self.known)

    def counts(self) -> Counts:
        """How many wait, as it was a few seconds ago at most."""
        return self._counts.of(self.store)

    def figures(self) -> Figures:
        """The dashboard's, as they were half a minute ago at most."""
        return self._figures.of(self.store)

    def correct(self, act: Act, subject: str, value: str) -> Revised:
        """A value or a box."""
        return self._revised(act, lambda r: corrections.correct(r, self.known, subject, value, act.actor, Place()))

    def confirm(self, act: Act, mark: str) -> Revised:
        """A mark that is fine."""
        return self._revised(act, lambda reading: corrections.confirm(reading, mark))

    def ring(self, act: Act, mark: str, text: str) -> Revised:
        """What stands round a seal."""
        return self._revised(act, lambda reading: corrections.ring_text(reading, mark, text))

    def recut(self, act: Act, mark: str, page: int, frame: Box) -> Revised:
        """A mark cut anew: the page is opened and straightened again, which takes a moment. One at a time."""
        with self._cutting, self._judging:
            return recut_mark(
                self.store, act, self.known, mark, page, frame, self.settings, new_cutter, self._remembered
            )

    def settle(self, act: Act, code: str, where: str) -> Standing:
        """A word on a finding; each person's own, so that it always has a reason."""
        if not act.reason.strip():
            raise InputError("A settlement needs a reason.", "Write why this does not hold the application back.")
        with self.store.writing() as session:
            return settle(self.store, session, act.application, code, where, act.actor, act.reason, act.seen)

    def undo(self, act: Act) -> Revised:
        """What was done last."""
        with self._judging:
            return undo(self.store, act, self.known, self._remembered)

    def draft(self, session: Session, application: Application, actor: str) -> str:
        """The letter as it is composed; `""` where there is nothing to compose it of."""
        try:
            return draft(self.store, session, application, actor, self.known)
        except InputError:
            return ""

    def send_back(self, session: Session, application: Application, actor: str, text: str, seen: str) -> str:
        """Back to the applicant."""
        if not text.strip():
            raise InputError("The letter is empty.", "Write what the applicant is to do.")
        return send_back(self.store, session, application, actor, text, self.known, seen)

    def replace_pages(
        self, actor: str, application: str, pages: Sequence[int], files: Sequence[tuple[str, bytes]]
    ) -> Receipt:
        """A new submission: these files in place of those pages (from 1), all else as it was."""
        if not files or len(files) > self.settings.upload_files:
            raise InputError("There is nothing to replace the pages with.", "Choose the files of the new pages.")
        return take_in(self.store, self.settings, actor, files, to=application, replaces=pages)

    def letter_page(self, application: str, actor: str, text: str) -> bytes:
        """The letter as PDF, with a crop of each thing that it is about."""
        case = self.view(application, actor)
        places = ((found.title, found.target) for found in case.left if found.target is not None)
        crops = [
            (f"{what}（第 {at.page + 1} 页）", self.papers.crop(actor, application, at.page, at.box))
            for what, at in places
            if case.pages[at.page].width
        ]
        return letter_page(text, crops)

    def _revised(self, act: Act, change: Change) -> Revised:
        # What is remembered of impressions is one for all threads.
        with self._judging:
            return revise(self.store, act, self.known, change, self._remembered)
