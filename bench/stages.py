"""How long each stage of reading takes: the reader's own steps, timed from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import Lock
from time import perf_counter
from typing import Any

from extractors import application, reader

# Names in the modules that say what follows what, and what they do. None of them calls another.
STAGES = {
    "straighten": "find lines, straighten",
    "take_apart": "inks and ruling",
    "read_lines": "recognise lines",
    "best_form": "tell pages apart",
    "material_kind": "tell pages apart",
    "read_cards": "copies",
    "read_licence": "copies",
    "find_seals": "seals of copies",
    "seal_mark": "seals of copies",
    "prepare": "form",
    "read_form": "form",
    "check_agreement": "agreement",
}


@contextmanager
def timed_stages() -> Iterator[dict[str, float]]:
    """Seconds by stage, summed over the pages that are read side by side."""
    seconds = dict.fromkeys(STAGES.values(), 0.0)
    own = {
        (room, name): getattr(room, name) for room in (reader, application) for name in STAGES if hasattr(room, name)
    }
    lock = Lock()
    for (room, name), work in own.items():
        setattr(room, name, _timed(work, STAGES[name], seconds, lock))
    try:
        yield seconds
    finally:
        for (room, name), work in own.items():
            setattr(room, name, work)


def _timed(work: Callable[..., Any], stage: str, seconds: dict[str, float], lock: Lock) -> Callable[..., Any]:
    @wraps(work)
    def timed(*args: Any, **kwargs: Any) -> Any:
        start = perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            with lock:
                seconds[stage] += perf_counter() - start

    return timed
