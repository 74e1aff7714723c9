"""Limits on what one file that somebody brings may cost."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yinjian.errors import InputError

SECONDS, BYTES = 60, 3 * 1024**3
_MADE = "It may be made to exhaust whoever opens it."


class _TooLong(BaseException):
    """Not to be caught by what is slow."""


@contextmanager
def bounded(seconds: int = SECONDS, size: int = BYTES) -> Iterator[None]:
    """Raises InputError when what is done takes longer, or more memory than this on top. For the main thread."""
    before, (soft, hard) = signal.getsignal(signal.SIGALRM), resource.getrlimit(resource.RLIMIT_AS)

    def stop(number: int, frame: object) -> None:
        raise _TooLong

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + size, hard))
    try:
        yield
    except _TooLong:
        raise InputError(f"The file takes longer than {seconds} s to read.", _MADE) from None
    except MemoryError:
        raise InputError("The file takes more memory than any document.", _MADE) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _mapped() -> int:
    """Bytes of address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
