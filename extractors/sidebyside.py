"""Doing several things at a time in one process: what takes long here (models, OpenCV) lets other threads run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """The results in the order of the items. No more than `threads` items are worked on at a time."""
    if threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        found: deque[Future[Result]] = deque()
        running: set[Future[Result]] = set()
        for item in items:
            found.append(pool.submit(work, item))
            del item  # a page is large
            running.add(found[-1])
            if len(running) == threads:
                running = wait(running, return_when=FIRST_COMPLETED).not_done
            while found and found[0].done():
                yield found.popleft().result()
        while found:
            yield found.popleft().result()
