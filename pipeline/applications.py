"""Applications as folders: which folders are applications, and what the applicant says in `application.json`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from extractors.opening import list_files, natural_key, printable
from yinjian.errors import InputError
from yinjian.findings import Finding, finding
from yinjian.records import Claim

CLAIM = "application.json"
NOTES = {".md", ".txt", ".json", ".csv"}  # what may lie beside applications without being a scan


def application_folders(folder: Path) -> tuple[Path, ...]:
    """The applications in `folder`, in natural order of their names.

    A folder with `application.json` or with a scan directly in it is one application, its sub-folders included; so is
    one without sub-folders. A folder that holds folders (and notes) holds an application in each.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {printable(str(folder))}.", "Give the folder of an application.")
    entries = sorted(_visible(folder), key=lambda path: natural_key(path.name))
    if _is_application(entries):
        return (folder,)
    if not entries:
        raise empty(folder)
    return tuple(entry for entry in entries if not _is_file(entry))


def application_name(folder: Path) -> str:
    """The name under which an application goes: its folder's, a link's own."""
    given = folder.name not in ("", "..")
    return printable(folder.name if given else folder.resolve().name) or "application"


def require_scans(folder: Path) -> None:
    """Raises InputError for what is no application at all: no folder, or one with nothing in it."""
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{application_name(folder)} is a link or no folder.", "Put the folder itself here.")
    if not list_files(folder) and not (folder / CLAIM).exists():
        raise empty(folder)


def empty(folder: Path) -> InputError:
    """The error for a folder with nothing to read."""
    return InputError(f"The folder {printable(str(folder))} holds no scans.", "Put scans (PDF, JPEG, PNG ...) in it.")


def read_claim(folder: Path) -> tuple[Claim | None, tuple[Finding, ...]]:
    """What the applicant says; None without findings over the counter, where nobody wrote anything."""
    from yinjian.claim import MAX_BYTES, parse_claim

    path = folder / CLAIM
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None, (_invalid("不是普通文件，请放入文件本身"),)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            return parse_claim(file.read(MAX_BYTES + 1))
    except FileNotFoundError:
        return None, ()
    except OSError:
        return None, (_invalid("无法读取，请确认文件权限"),)


def _invalid(what: str) -> Finding:
    return finding("claim.invalid", CLAIM, f"申请信息 {CLAIM}：{what}。")


def _visible(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise InputError(f"The folder {printable(str(folder))} cannot be read.", "Check its permissions.") from error


def _is_application(entries: list[Path]) -> bool:
    holds_folders = any(path.is_dir() and not path.is_symlink() for path in entries)
    scans = any(_is_file(path) and (path.suffix.lower() not in NOTES or path.name == CLAIM) for path in entries)
    return scans or bool(entries and not holds_folders)


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)
