"""Signing OCSP answers before anybody asks, beside the web, as long as it runs."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.answering import Answers

EVERY_SECONDS = 60.0


@asynccontextmanager
async def signing_ahead(answers: Answers) -> AsyncIterator[None]:
    """A thread that keeps an answer at hand for every certificate; the token's process ends with the block."""
    ended = threading.Event()

    def run() -> None:
        answers.sign_ahead()
        while not ended.wait(EVERY_SECONDS):
            answers.sign_ahead()

    thread = threading.Thread(target=run, name="ocsp-ahead", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        answers.close()
