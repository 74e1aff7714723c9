"""Applications brought some way, in this process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from pipeline import work
from pipeline.intake import submit
from pipeline.owner import owner
from pipeline.steps import Desk, process
from pipeline.store.fingerprints import Remembered
from pipeline.store.store import Store
from pipeline.worker import attempt
from tests.pipeline.papers import AS_OF, Knows, folder
from yinjian.catalogue import catalogue
from yinjian.settings import DEFAULTS, Settings


def desk(store: Store, settings: Settings = DEFAULTS) -> Desk:
    """A desk whose reader knows."""
    return Desk(store, settings, catalogue(), cache(Knows), owner(), Remembered(store))


def finished_case(store: Store, name: str, settings: Settings = DEFAULTS) -> str:
    """The id of an application that was taken in and worked on until nothing waits."""
    path = folder(Path(mkdtemp()), name)
    receipt = submit(store, path, "intake", _unsettled(settings), AS_OF)
    work_all(store, settings)
    return receipt.application


def work_all(store: Store, settings: Settings = DEFAULTS) -> None:
    """Whatever waits."""
    place = desk(store, settings)
    while (submission := work.claim(store, place.owner, settings)) is not None:
        attempt(place, process, submission)


def _unsettled(settings: Settings) -> Settings:
    from dataclasses import replace

    return replace(settings, settle_seconds=0)
