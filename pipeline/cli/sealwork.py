"""What the commands about electronic seals do and print."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from asn1crypto import pem  # type: ignore[import-untyped]
from rich.console import Console

from issuance.certificate_check import require_list
from issuance.eseal.check import decoded
from issuance.eseal.seal import LARGEST, parse, seal_of
from issuance.paths import read as read_certificate
from pipeline import pins, verifying
from pipeline.cli.bounds import bounded
from pipeline.store.store import Store
from pipeline.verifying import Verified, known, of_seal, verify
from yinjian.errors import InputError, SetupError
from yinjian.files import write_whole
from yinjian.settings import Settings

if TYPE_CHECKING:
    from issuance.pdf.drawing import Place

OUT = Console(soft_wrap=True, markup=False, highlight=False)
INVALID = 9  # exit code
MARKS = {True: "✓", False: "✗", None: "?"}
LARGEST_DOCUMENT = 1024 * 1024 * 1024


def verify_seal(
    settings: Settings, file: Path, document: Path | None, strict: bool, as_json: bool, store: Store | None
) -> int:
    """Print each step about a seal or a signature made with one; the exit code."""
    data, original = _read(file, LARGEST), _read(document, LARGEST_DOCUMENT) if document else None
    with bounded():
        return _told(verifying.verify_seal(data, known(settings, store), store, original, strict), as_json)


def verify_file(
    settings: Settings,
    file: Path,
    trusted: list[Path],
    makers: list[Path],
    lists: list[Path],
    document: Path | None,
    strict: bool,
    as_json: bool,
    store: Store | None,
) -> int:
    """Print each step about any file that can be checked; the exit code."""
    original = _read(document, LARGEST_DOCUMENT) if document else None
    with bounded():
        more, other = ([der for path in paths for der in _certificates(path)] for paths in (trusted, makers))
        by = known(settings, store, more, [_list(path) for path in lists], other)
        return _told(verify(_read(file, LARGEST_DOCUMENT), by, store, original, strict), as_json)


def apply_seal(
    store: Store,
    settings: Settings,
    files: tuple[Path, Path, Path],
    at: str,
    across: float | None,
    beside: bool,
    pin: Path | None,
) -> None:
    """Seal a PDF: `files` are the seal, the PDF, and what is written. `across`: mm from above; below 0: the middle."""
    from issuance.pdf.sealing import Where
    from pipeline.sealing import apply

    seal, pdf, out = files
    _require_new(out)
    where = Where(_place(at), across is not None, across if across is not None and across >= 0 else None, beside)
    sealed, original = _read(seal, LARGEST), _read(pdf, settings.max_file_mb * 1024 * 1024)
    secret = _pin(pin)
    with bounded():
        made = apply(store, settings, sealed, original, where, secret)
    write_whole(out, made)
    OUT.print(f"Sealed: {out}")


def put_seal(store: Store, settings: Settings, files: tuple[Path, Path, Path], pin: Path | None) -> None:
    """Sign a file with a seal: `files` are the seal, the file, and what is written."""
    from pipeline.sealing import put

    seal, data, out = files
    _require_new(out)
    original = _read(data, LARGEST_DOCUMENT)
    write_whole(out, put(store, settings, _read(seal, LARGEST), original, data.name, _pin(pin)))
    OUT.print(f"Signed: {out}; check it with: yinjian verify {out} --document {data}")


def _require_new(out: Path) -> None:
    if out.exists():
        raise InputError(f"{out} is there already.", "Name another file with --out.")


def show_file(file: Path, image: Path | None) -> None:
    """What it says, and its picture as PNG."""
    found = parse(_read(file, LARGEST))
    for name, value in of_seal(found).items():
        _say(f"{name:12} {value}")
    if image is not None:
        stream = io.BytesIO()
        decoded(seal_of(found).picture).convert("RGBA").save(stream, "PNG")
        write_whole(image, stream.getvalue())


def _told(done: Verified, as_json: bool) -> int:
    if as_json:
        OUT.print(json.dumps(_as_json(done), ensure_ascii=False, indent=1))
        return 0 if done.valid else INVALID
    if any("what" not in part.said for part in done.parts) or len(done.parts) > 1:
        OUT.print(done.what)
    for part in done.parts:
        for name, value in part.said.items():
            _say(f"{name:12} {value}")
        for step in part.steps:
            _say(f"{MARKS[step.holds]} {step.name}: {step.said}")
    OUT.print("valid" if done.valid else "NOT VALID")
    return 0 if done.valid else INVALID


def _as_json(done: Verified) -> dict[str, object]:
    """One object; of a document with its signatures in it."""
    parts = [
        {
            "valid": part.valid,
            **part.said,
            "steps": [{"step": s.name, "holds": s.holds, "decides": s.decides, "said": s.said} for s in part.steps],
        }
        for part in done.parts
    ]
    if done.what in ("sealed PDF", "signed OFD"):
        return {"valid": done.valid, "what": done.what, "signatures": parts}
    return parts[0]


def _place(text: str) -> Place:
    """PAGE,X,Y: a page from 1 (or `last`), mm from its left and upper edge."""
    from issuance.pdf.drawing import LAST, Place

    parts = text.split(",")
    try:
        page, (x, y) = LAST if parts[0] == "last" else int(parts[0]), (float(part) for part in parts[1:])
    except ValueError:
        raise InputError(f"--at {text} is no place.", "Write PAGE,X,Y: 1,150,240 or last,150,240 (mm).") from None
    return Place(page, x, y)


def _pin(path: Path | None) -> str:
    if path is not None:
        return pins.user_pin(path, "the token", "--pin-file")
    if not sys.stdin.isatty():
        raise SetupError("The PIN of the token is not known.", "Name a file with it: --pin-file FILE")
    return getpass("PIN of the token: ")


def _certificates(path: Path) -> list[bytes]:
    """All certificates of a PEM file, or the one of a DER file."""
    data = _read(path, LARGEST)
    try:
        ders = [bytes(der) for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        for der in ders:
            read_certificate(der)
    except (ValueError, InputError) as error:
        raise InputError(f"{path} holds no certificate.", "Give one as PEM or DER.") from error
    return ders


def _list(path: Path) -> bytes:
    """A revocation list of a PEM or DER file."""
    data = _read(path, LARGEST)
    try:
        der = bytes(pem.unarmor(data)[2]) if pem.detect(data) else data
        require_list(der)
    except (ValueError, InputError) as error:
        raise InputError(f"{path} is no revocation list.", "Give one as PEM or DER.") from error
    return der


def _say(text: str) -> None:
    """A line for people: what a file says of itself must not look like what is said of it."""
    OUT.print("".join(" " if unicodedata.category(symbol).startswith("C") else symbol for symbol in text))


def _read(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Name a file that is there.") from error
    if len(data) > most:
        raise InputError(f"{file} is too large.", f"At most {most // 1024 // 1024} MB are read.")
    return data
