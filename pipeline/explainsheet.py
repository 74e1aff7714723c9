"""The one page for the file: the verdict, what does not hold with its crops, and what holds in small print."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path

import cv2

from pipeline.explaining import DECISIONS, Explanation
from validators.explain import Evidence, Explained
from validators.titles import title
from yinjian.errors import InputError
from yinjian.findings import Severity
from yinjian.fonts import chinese_font_family
from yinjian.geometry import Box

CROPS = 2  # of a rule whose findings name no place
POINTS = 10.0  # of print at its full size
PAGE_MM, MM_PER_POINT = 210.0, 0.3528
SEEN = 5  # places of one that holds
MARGIN = 0.012  # of the page round a place
CROP_PX = 700  # of the long side: sharp at 60 mm
SMALLEST = 0.3  # of the full size of print; what does not fit on a page even so is cut at its end
STEP = 0.85
CSS = """
@page {{ size: A4; margin: 12mm; }}
body {{ font-family: "{family}", sans-serif; font-size: {points}pt; line-height: 1.35; }}
h1 {{ font-size: 1.5em; margin: 0 0 0.3em; }}
h2 {{ font-size: 1.1em; margin: 0.6em 0 0.2em; border-bottom: 0.4pt solid #888; }}
p {{ margin: 0; }}
.rule {{ margin: 0 0 0.5em; break-inside: avoid; }}
.sentence, .seen {{ color: #555; }}
.blocks {{ color: #b00020; }} .warns {{ color: #a05a00; }} .notes {{ color: #555; }}
img {{ border: 0.3pt solid #999; margin: 0.5mm 1mm 0 0; max-width: 100%; }}
.holds {{ font-size: 0.72em; columns: 2; }}
"""


def write_sheet(found: Explanation, path: Path) -> None:
    """A PDF of exactly one A4 page. InputError when it cannot be written."""
    data = one_page(found)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path} cannot be written.", "Name a file in a folder that is writable.") from error


def one_page(found: Explanation) -> bytes:
    """The page as PDF: print and crops are as large as one page allows."""
    from weasyprint import HTML  # late: it takes half a second

    body, size = "".join(_body(found)), 1.0
    while True:
        css = CSS.format(family=chinese_font_family(), points=POINTS * size)
        document = HTML(string=f"<html lang=zh><style>{css}</style><body>{body}</body></html>").render()
        if len(document.pages) == 1 or size < SMALLEST:
            return bytes(document.copy(document.pages[:1]).write_pdf())
        size *= STEP


def _body(found: Explanation) -> Iterator[str]:
    verdict = found.verdict
    what = " / ".join(str(part or "?") for part in (verdict.platform, verdict.certificate, verdict.business))
    yield f"<h1>{escape(found.reading.application)}：{DECISIONS[verdict.decision]}</h1>"
    yield f"<p>{escape(what)}　审核日 {found.as_of}　识别 {escape(found.reading.versions.model)}</p>"
    failing = [rule for rule in found.rules if not rule.holds]
    yield f"<h2>不符合或有疑点（{len(failing)} 条）</h2>"
    for rule in failing:
        yield from _failing(found, rule)
    holding = [rule for rule in found.rules if rule.holds]
    yield f"<h2>符合（{len(holding)} 条）</h2><div class=holds>"
    for rule in holding:
        yield f"<p>✓ {escape(rule.sentence)}{_looked(rule)}</p>"
    yield "</div>"


def _failing(found: Explanation, rule: Explained) -> Iterator[str]:
    yield f"<div class=rule><p class=sentence>{escape(rule.sentence)}</p>"
    for item in rule.findings:
        if item.severity is not Severity.NOTES:
            yield f"<p class={item.severity}>{escape(item.code)}　{escape(item.message)}</p>"
    for seen in _shown(rule):
        yield _crop(found, seen)
    yield "</div>"


def _shown(rule: Explained) -> list[Evidence]:
    """Whatever the findings name, else what was looked at first."""
    named = {item.where for item in rule.findings}
    placed = [seen for seen in rule.evidence if seen.box is not None]
    return [seen for seen in placed if seen.where in named] or placed[:CROPS]


def _crop(found: Explanation, seen: Evidence) -> str:
    """The part of the page as an image, as large as on an A4 page; nothing where the page is not at hand."""
    if seen.page is None or seen.box is None or seen.page >= len(found.pages):
        return ""
    page = found.pages[seen.page]
    height, width = page.shape[:2]
    x0, y0, x1, y1 = _with_margin(seen.box).to_pixels(width, height)
    part = page[y0:y1, x0:x1]
    if part.size == 0:
        return ""
    scale = min(1.0, CROP_PX / max(part.shape[:2]))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, png = cv2.imencode(".png", small)
    wide = PAGE_MM * (x1 - x0) / width / (POINTS * MM_PER_POINT)  # in ems: it shrinks with the print
    return f'<img style="width: {wide:.2f}em" src="data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}">'


def _with_margin(box: Box) -> Box:
    x0, y0, x1, y1 = box.as_tuple()
    return Box(max(0.0, x0 - MARGIN), max(0.0, y0 - MARGIN), min(1.0, x1 + MARGIN), min(1.0, y1 + MARGIN))


def _looked(rule: Explained) -> str:
    seen = "；".join(f"{title(e.where)}{'' if e.kind == 'page' else e.seen}" for e in rule.evidence[:SEEN])
    return f"<span class=seen>（{escape(seen)}）</span>" if seen else ""
