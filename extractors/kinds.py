"""Telling pages apart by the words on them: the CA's own pages are known word for word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from extractors.page import Sheet
from extractors.table import Matched, lines_in, match_form
from extractors.textlines import Rect, TextLine
from yinjian.catalogue import Catalogue, Form
from yinjian.catalogue.layout import Slot
from yinjian.textfold import fold

SHARE = 0.35  # of a page's three-symbol runs: from here on the page is the CA's
PAGE_NUMBER = 10  # symbols: of a page's number, or less
FEWEST_RUNS = 12  # a page with less text than this is nobody's
TITLE = 0.6  # of a line's three-symbol runs: it is a title's
LEAST_LABELS = 2.0  # a form's page shows at least this many of its labels ...
LEAST_WORDS = 0.3  # ... and this share of its printed words: other tables ask for names and numbers as well
LEAST_LABELS_OF_RUN_ON = 0.8  # or, on a sheet that bears only some of the rows, this many ...
LEAST_WORDS_OF_RUN_ON = 0.1  # ... and this share: a foreign table's labels are less


@dataclass(frozen=True, slots=True)
class CaPage:
    """How far a page is the CA's form and how far its agreement (shares of its text, 0 to 1)."""

    form: float
    agreement: float


def ca_page(sheet: Sheet, catalogue: Catalogue) -> CaPage:
    """The shares of the page's three-symbol runs that the catalogue's forms and agreements contain."""
    runs = _runs(fold(sheet.text().replace("\n", "")))
    if len(runs) < FEWEST_RUNS:
        return CaPage(0.0, 0.0)
    forms, agreements = _known_runs(catalogue)
    return CaPage(len(runs & forms) / len(runs), len(runs & agreements) / len(runs))


def is_agreement(page: CaPage) -> bool:
    return page.agreement >= SHARE and page.agreement > page.form


def is_form(page: CaPage, sheet: Sheet, matched: Matched) -> bool:
    """A form's page has the form's labels and its printed words."""
    words = words_share(sheet, matched.form)
    whole = matched.score >= LEAST_LABELS and words >= LEAST_WORDS
    run_on = matched.score >= LEAST_LABELS_OF_RUN_ON and words >= LEAST_WORDS_OF_RUN_ON
    return whole or (run_on and page.form >= SHARE) or _is_rest(sheet, matched)


def _is_rest(sheet: Sheet, matched: Matched) -> bool:
    """Whether a sheet bears the end of the form's last row, and nothing else but a page's number."""
    continued = any(place.continued for place in matched.places)
    return continued and sum(len(line.text) for line in lines_apart(sheet, matched)[1]) <= PAGE_NUMBER


def run_over(sheet: Sheet, catalogue: Catalogue) -> Matched | None:
    """The form's last rows on a sheet of the agreement, which begins right behind them; None where there are none."""
    own = _framed(sheet, sheet.cells, catalogue.forms)
    part = replace(sheet, lines=tuple(line for line in sheet.lines if line.rect in own))
    matched = best_form(part, catalogue) if part.lines else None
    return matched if matched and is_form(ca_page(part, catalogue), part, matched) else None


def has_head(matched: Matched) -> bool:
    """Whether a sheet shows a form from its first row on."""
    return any(place.cell in matched.form.rows[0].cells for place in matched.places)


def lines_apart(sheet: Sheet, matched: Matched) -> tuple[tuple[TextLine, ...], tuple[TextLine, ...]]:
    """The lines in the form's rows on the sheet, and above them where it begins there, and the others, be they framed.

    Nothing goes before a form but its title and an annex's number; the agreement follows it.
    """
    top = min((place.rect[1] for place in matched.places), default=0.0)
    foot = max((place.rect[3] for place in matched.places), default=0.0)
    cells = [c for c in sheet.cells if top <= (c[1] + c[3]) / 2 <= foot]
    own = _framed(sheet, cells, (matched.form,))
    begins = has_head(matched)
    own |= {line.rect for line in sheet.lines if line.centre[1] <= foot and (begins or line.centre[1] >= top)}
    within = tuple(line for line in sheet.lines if line.rect in own)
    return within, tuple(line for line in sheet.lines if line.rect not in own)


def _framed(sheet: Sheet, cells: Sequence[Rect], forms: Sequence[Form]) -> set[Rect]:
    """The rectangles of the lines in cells, and of the title above them that is one of the forms'."""
    inside = {line.rect for cell in cells for line in lines_in(sheet, cell)}
    top = min((cell[1] for cell in cells), default=0.0)
    return inside | {line.rect for line in sheet.lines if line.centre[1] < top and _is_title(line, forms)}


def _is_title(line: TextLine, forms: Sequence[Form]) -> bool:
    """Whether a line is a form's title, or a part of one that is broken."""
    said = _runs(fold(line.text))
    return bool(said) and max(len(said & _runs(fold(form.title))) / len(said) for form in forms) >= TITLE


def best_form(sheet: Sheet, catalogue: Catalogue) -> Matched:
    """The catalogue's form whose labels, title and printed words the page shows best."""
    matched = [match_form(sheet, form) for form in catalogue.forms]
    return max(matched, key=lambda m: m.score + 2.0 * _title_share(sheet, m.form) + 2.0 * words_share(sheet, m.form))


def _title_share(sheet: Sheet, form: Form) -> float:
    title = _runs(fold(form.title))
    height = sheet.size[1]
    top = [fold(line.text) for line in sheet.lines if line.centre[1] < 0.35 * height]
    return max((len(_runs(line) & title) / len(title) for line in top), default=0.0)


def words_share(sheet: Sheet, form: Form) -> float:
    """The share of the form's own words that the page shows: it tells forms apart whose labels are the same."""
    words = form_runs(form)
    return len(words & _runs(fold(sheet.text().replace("\n", "")))) / max(1, len(words))


@cache
def form_runs(form: Form) -> frozenset[str]:
    """The three-symbol runs of a form's labels and printed words, from slot to slot: a box is read in many ways."""
    texts = [form.title]
    for row in form.rows:
        texts += [cell.label for cell in row.cells]
        texts += [part for cell in row.cells for line in cell.lines for part in line if not isinstance(part, Slot)]
    return frozenset(run for text in texts for run in _runs(fold(text)))


@cache
def _known_runs(catalogue: Catalogue) -> tuple[frozenset[str], frozenset[str]]:
    forms = frozenset(run for form in catalogue.forms for run in form_runs(form))
    agreements = frozenset(
        run
        for form in catalogue.forms
        for platform in catalogue.platforms_of(form.id)
        for paragraph in catalogue.agreement(form.id, platform.id)
        for run in _runs(fold(paragraph))
    )
    return forms, agreements


def _runs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 3] for i in range(len(text) - 2))
