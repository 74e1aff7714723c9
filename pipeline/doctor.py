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

from yinjian import fonts
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
PROGRAMS = {"fc-match": "fontconfig", "pkcs11-tool": "opensc", "openssl": "openssl"}
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
    yield pkcs11(environ)
    yield from machine(environ)
    yield from store(environ)


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
    from extractors.weights import MODELS, weights_file

    try:
        for model in MODELS:
            weights_file(model)
    except SetupError as error:
        return Check("weights", error.what, error.remedy)
    return Check("weights", ", ".join(MODELS))


def pkcs11(environ: Mapping[str, str]) -> Check:
    """The module through which tokens are reached."""
    try:
        module = Settings.from_environment(environ).pkcs11_module
    except YinjianError as error:
        return Check("PKCS#11 module", error.what, error.remedy)
    remedy = "" if module.exists() else "apt-get install softhsm2, or set YINJIAN_PKCS11_MODULE"
    return Check("PKCS#11 module", str(module) if module.exists() else f"{module} is missing", remedy)


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


def store(environ: Mapping[str, str]) -> Iterator[Check]:
    """How the key of the store stands, and whether the store and the CA can be opened. None yet is no fault."""
    from pipeline.store import keyring
    from pipeline.store.store import open_store

    try:
        settings = Settings.from_environment(environ)
        path = settings.var_dir / keyring.NAME
        if not path.exists():
            yield Check("store", f"none at {settings.var_dir} (yinjian init makes one)")
            return
        yield key(path, settings)
        opened = open_store(settings)
    except YinjianError as error:
        yield Check("store", error.what, error.remedy)
        return
    yield Check("store", f"{opened.database.engine.name}, up to date")
    yield from authority(settings)


def authority(settings: Settings) -> Iterator[Check]:
    """The CA, what it needs to sign, and whether its certificates say where they are looked up. None is no fault."""
    from issuance import linting
    from issuance.delegated import OCSP, TIME_STAMPS, ends
    from pipeline.clock import now, shown
    from pipeline.workshop import ca_directory, has_ca

    if not has_ca(settings):
        yield Check("CA", "none (yinjian ca ceremony makes one)")
        return
    yield Check("CA", str(ca_directory(settings)))
    found = str(linting.PYTHON) if linting.PYTHON.is_file() else ""
    yield Check("certificate linter", found or "not installed", "" if found else "Run: make setup")
    for task in (OCSP, TIME_STAMPS):
        end = ends(ca_directory(settings), task)
        holds = end is not None and end > now()
        until = f"until {shown(end)}" if end else "none"
        yield Check(task.what, until, "" if holds else f"Make it: {task.command} --actor NAME")
    url = settings.public_url
    yield Check("pointers", url or "none: certificates do not say where CRL and OCSP are (YINJIAN_PUBLIC_URL)")


def key(path: Path, settings: Settings) -> Check:
    """What wraps the key of the store, and whether that lies where a thief of the store would find it."""
    from pipeline.store import keyring

    kind = keyring.read(path)["wrapping"]
    secret = settings.passphrase_file if kind == "passphrase" else settings.token_pin_file
    if path.stat().st_mode & 0o077:
        return Check("key of the store", f"wrapped by a {kind}, readable by others", f"chmod 600 {path}")
    if secret is not None and secret.absolute().is_relative_to(settings.var_dir.absolute()):
        return Check("key of the store", f"wrapped by a {kind} that lies beside it: fit for a demo, no protection")
    return Check("key of the store", f"wrapped by a {kind}")


def available_memory_gb() -> float:
    """What the kernel says may still be used."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("MemAvailable"))
