"""Pages for people as PDF: what is printed is all made here."""

from __future__ import annotations

from yinjian.fonts import chinese_font_family


def as_pdf(css: str, body: str) -> bytes:
    """The PDF of an HTML body. `css`: a template of `str.format`, with `family` for the Chinese font."""
    from weasyprint import HTML  # late: it takes half a second

    style = css.format(family=chinese_font_family())
    return bytes(HTML(string=f"<html lang=zh><style>{style}</style><body>{body}</body></html>").write_pdf())
