"""One door for a form as a file: Word or PDF, by the file's suffix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from forms.document import render_pdf
from forms.fill import check_claim, fill_of, ticks_of
from yinjian.catalogue import Catalogue, Form, Platform, catalogue
from yinjian.errors import InputError
from yinjian.formcode import FormCode
from yinjian.records import Claim


def write_form(
    form_id: str, platform_id: str, path: Path, fill: Claim | None = None, reference: str | None = None
) -> None:
    """Write a form, blank or filled from a claim, as .pdf or .docx; with a QR code when it has a reference.

    Raises InputError for another suffix, a form that the platform does not have, a claim that belongs on another form
    or platform, and a path that cannot be written.
    """
    known = catalogue()
    render = _renderer(path)
    form, platform = _form(form_id, platform_id, known)
    values: dict[str, Any] = {"qr": None if reference is None else _code(form_id, platform_id, reference)}
    if fill is not None:
        check_claim(form, platform_id, fill, known)
        values |= {"fill": fill_of(form, fill), "ticks": ticks_of(form, fill, known)}
    content = render(form, platform, **values)
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.", "Name a file in a folder you own.") from error


def _code(form: str, platform: str, reference: str) -> str:
    try:
        return FormCode(form, platform, reference).text()
    except ValueError as problem:
        raise InputError(f"No QR code can hold this reference: {problem}.", "Choose another one.") from problem


def _renderer(path: Path) -> Callable[..., bytes]:
    match path.suffix.lower():
        case ".pdf":
            return lambda *a, **k: render_pdf(*a, **k).pdf
        case ".docx":
            from forms.word import render_docx  # late: the PDF needs no Word library

            return render_docx
    raise InputError(f"{path.name}: a form is written as .pdf or .docx.", "Name a file that ends in one of them.")


def _form(form_id: str, platform_id: str, known: Catalogue) -> tuple[Form, Platform]:
    form = next((f for f in known.forms if f.id == form_id), None)
    if form is None:
        raise InputError(f"There is no form {form_id!r}.", f"Choose one of: {', '.join(f.id for f in known.forms)}.")
    platforms = known.platforms_of(form_id)
    platform = next((p for p in platforms if p.id == platform_id), None)
    if platform is None:
        ids = ", ".join(p.id for p in platforms)
        raise InputError(f"{platform_id!r} has no form {form_id}.", f"Choose one of: {ids}.")
    return form, platform
