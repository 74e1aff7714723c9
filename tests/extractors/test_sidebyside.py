"""Several things at a time: order, how many are taken, and faults."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Barrier
from time import sleep

import pytest

from extractors.sidebyside import side_by_side


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def work(item: int) -> int:
        sleep(0.002 * (item % 3))
        return item * item

    assert list(side_by_side(work, range(12), threads)) == [n * n for n in range(12)]


def test_two_work_at_the_same_time() -> None:
    meeting = Barrier(2, timeout=10)
    assert list(side_by_side(lambda _: meeting.wait() >= 0, range(2), 2)) == [True, True]


@pytest.mark.parametrize("threads", [1, 2])
def test_no_more_items_are_taken_than_are_worked_at(threads: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for n in range(9):
            taken += 1
            yield n

    for done, _ in enumerate(side_by_side(lambda item: item, items(), threads), 1):
        assert taken - done < threads


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fault_is_the_callers(threads: int) -> None:
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        list(side_by_side(work, [1, 0, 2], threads))
