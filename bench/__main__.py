"""`python -m bench`: how fast and how exact, on applications that nothing has seen."""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from samples.profiles import PROFILES

RESULTS = Path(__file__).with_name("results")
THREADS = 2


def bench(
    count: Annotated[int, typer.Option(min=1, help="Applications; a quarter as many of heldout come on top.")] = 8,
    seed: Annotated[int | None, typer.Option(min=0, help="Equal seeds give equal papers; default: a new one.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Only these take turns; may be repeated.")] = None,
    stock: Annotated[
        bool, typer.Option("--stock/--no-stock", help="Run stock PaddleOCR over whole pages beside ours.")
    ] = True,
) -> None:
    """Make new applications, read them, and print speed and accuracy beside stock PaddleOCR."""
    chosen = _known(tuple(profile or ()))
    _limit_threads()
    from bench.measure import measure, recipes
    from bench.report import groups, save, table, wrong

    console = Console()
    seed = secrets.randbelow(9_000_000) + 1_000_000 if seed is None else seed
    todo = recipes(count, seed, chosen)
    with TemporaryDirectory(prefix="yinjian-bench-") as work:
        done = list(
            track(measure(todo, Path(work), THREADS, stock), "reading", len(todo), console=Console(stderr=True))
        )
    for name, found in groups(done).items():
        console.print(table(name, found))
    console.print(wrong(done))
    about = {"seed": seed, "count": count, "profiles": list(chosen), "threads": THREADS}
    path = save(RESULTS, about, done, datetime.now().astimezone())
    console.print(f"seed {seed}, {THREADS} threads each; brackets: n and 95 % Wilson interval; kept in {path}")


def _limit_threads() -> None:
    """The same for both; numerical libraries look when they are first imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(THREADS)
    import cv2

    cv2.setNumThreads(THREADS)


def _known(profiles: tuple[str, ...]) -> tuple[str, ...]:
    for name in profiles:
        if name not in PROFILES:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(PROFILES)}.", param_hint="--profile")
    return profiles


if __name__ == "__main__":
    typer.run(bench)
