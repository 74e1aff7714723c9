"""`yinjian doctor`: what this machine lacks, and how to get it."""

from __future__ import annotations

import ctypes
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from rich.console import Console

from pipeline import fonts
from yinjian.errors import SetupError, YinjianError
from yinjian.settings import Settings

LOCK = Path(__file__).parents[1] / "requirements.lock"
# shared library -> the Debian package that brings it
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
PROGRAMS = {"fc-match": "fontconfig"}
DISK_GB, MEMORY_GB = 1.0, 2.0  # memory: for each reading process


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be there. `remedy` is empty when it is."""

    name: str
    found: str
    remedy: str = ""


def report(environ: Mapping[str, str]) -> int:
    """Print all checks; the exit code."""
    console = Console(soft_wrap=True, markup=False, highlight=False)
    results = tuple(checks(environ))
    for check in results:
        console.print(f"{'✗' if check.remedy else '✓'} {check.name}: {check.found}")
        if check.remedy:
            console.print(f"    {check.remedy}")
    return SetupError.exit_code if any(check.remedy for check in results) else 0


def checks(environ: Mapping[str, str]) -> Iterator[Check]:
    """Every check's result, in the order of setting up."""
    yield python()
    yield packages(LOCK)
    yield one_opencv()
    yield from (library(name, package) for name, package in LIBRARIES.items())
    yield from (program(name, package) for name, package in PROGRAMS.items())
    yield from (font(family, package) for family, package in fonts.FAMILIES.items())
    yield weights()
    yield from machine(environ)


def python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    return Check("Python", found, "" if sys.version_info[:2] == (3, 11) else "Use Python 3.11: make setup")


def packages(lock: Path) -> Check:
    """Whether what is installed is what was locked."""
    if not lock.is_file():
        return Check("packages", "installed without the repository's requirements.lock: not compared")
    wanted = [line.split("==") for line in lock.read_text().splitlines() if "==" in line and line[0].isalnum()]
    wrong = [name for name, number in wanted if _installed(name) != number.split()[0].rstrip(";")]
    if wrong:
        return Check(
            "packages", f"{len(wrong)} differ from requirements.lock: {', '.join(wrong[:8])}", "Run: make setup"
        )
    return Check("packages", f"{len(wanted)} as in requirements.lock")


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def one_opencv() -> Check:
    """Several distributions write the same folder, and the last one wins."""
    found = sorted(set(packages_distributions().get("cv2", [])))
    return Check("OpenCV", ", ".join(found) or "none", "" if len(found) == 1 else "Remove .venv and run: make setup")


def library(name: str, package: str) -> Check:
    try:
        ctypes.CDLL(name)
    except OSError:
        return Check(name, "missing", f"apt-get install {package}")
    return Check(name, "found")


def program(name: str, package: str) -> Check:
    place = shutil.which(name)
    return Check(name, place or "missing", "" if place else f"apt-get install {package}")


def font(family: str, package: str) -> Check:
    place = fonts.find(family)
    return Check(f"font {family}", place[0] if place else "missing", "" if place else f"apt-get install {package}")


def weights() -> Check:
    from extractors.weights import DETECTOR, RECOGNISER, weights_file

    try:
        files = [weights_file(model) for model in (DETECTOR, RECOGNISER)]
    except SetupError as error:
        return Check("weights", error.what, error.remedy)
    return Check("weights", ", ".join(file.name for file in files))


def machine(environ: Mapping[str, str]) -> Iterator[Check]:
    try:
        settings = Settings.from_environment(environ)
    except YinjianError as error:
        yield Check("settings", error.what, error.remedy)
        return
    place = next(p for p in (settings.var_dir.absolute(), *settings.var_dir.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free / 1e9
    yield Check("free disk", f"{free:.1f} GB at {place}", "" if free >= DISK_GB else f"Free {DISK_GB:.0f} GB there.")
    memory, need = available_memory_gb(), MEMORY_GB * settings.workers
    remedy = "" if memory >= need else f"Set YINJIAN_WORKERS lower: each process may need {MEMORY_GB:.0f} GB."
    yield Check("free memory", f"{memory:.1f} GB for {settings.workers} processes", remedy)


def available_memory_gb() -> float:
    """What the kernel says may still be used."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable"))
