"""Questions that come while others are being answered, answered together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from fastapi.concurrency import run_in_threadpool

Question = TypeVar("Question")
Answer = TypeVar("Answer")
MOST = 32  # questions of one call
AT_ONCE = 2  # calls: what one of them waits for, the other gets ready


class Gathered(Generic[Question, Answer]):
    """Of an event loop. `answer` gets the questions that are waiting, up to MOST of them, in a thread."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: deque[tuple[Question, asyncio.Future[Answer]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, question: Question) -> Answer:
        """The answer to one. Raises what `answer` raised for those that went together."""
        given: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, given))
        if len(self._running) < AT_ONCE:
            task = asyncio.create_task(self._run())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await given

    async def _run(self) -> None:
        while self._waiting:
            await self._answered([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])

    async def _answered(self, taken: Sequence[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await run_in_threadpool(self._answer, [question for question, _ in taken])
        except BaseException as error:
            for _, given in taken:
                with suppress(asyncio.InvalidStateError):  # who asked has gone
                    given.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, given), answer in zip(taken, answers, strict=True):
            with suppress(asyncio.InvalidStateError):
                given.set_result(answer)
