from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from web.gathering import AT_ONCE, MOST, Gathered


def test_questions_that_wait_go_together_and_each_gets_its_own_answer() -> None:
    calls: list[int] = []

    def doubled(numbers: Sequence[int]) -> list[int]:
        calls.append(len(numbers))
        return [2 * number for number in numbers]

    async def all_of_them() -> list[int]:
        asking = Gathered(doubled)
        return list(await asyncio.gather(*(asking(number) for number in range(100))))

    assert asyncio.run(all_of_them()) == [2 * number for number in range(100)]
    assert max(calls) == MOST
    assert len(calls) <= 100 // MOST + AT_ONCE


def test_a_fault_reaches_those_who_asked_and_no_others() -> None:
    def picky(numbers: Sequence[int]) -> Sequence[int]:
        if 3 in numbers:
            raise ValueError("three")
        return numbers

    async def ask() -> None:
        asking = Gathered(picky)
        with pytest.raises(ValueError, match="three"):
            await asking(3)
        assert await asking(4) == 4

    asyncio.run(ask())


def test_who_left_keeps_nobody_else_from_an_answer() -> None:
    go = threading.Event()

    def slow(numbers: Sequence[int]) -> Sequence[int]:
        assert go.wait(10)
        return numbers

    async def ask() -> None:
        asking = Gathered(slow)
        leaving, staying = asyncio.create_task(asking(1)), asyncio.create_task(asking(2))
        await asyncio.sleep(0)
        leaving.cancel()
        go.set()
        assert await staying == 2

    asyncio.run(ask())
