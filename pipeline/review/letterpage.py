"""The letter to an applicant as a page, with what it is about as pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from pipeline.printed import as_pdf

CSS = """
@page {{ size: A4; margin: 22mm 20mm; }}
body {{ font-family: "{family}", sans-serif; font-size: 11pt; line-height: 1.7; margin: 0; }}
p {{ margin: 0 0 2mm; }}
figure {{ margin: 4mm 0; padding: 2mm; border: 0.3pt solid #999; break-inside: avoid; }}
figcaption {{ font-size: 9pt; color: #444; }}
img {{ max-width: 100%; max-height: 60mm; }}
"""


def letter_page(text: str, crops: Sequence[tuple[str, bytes]]) -> bytes:
    """PDF of the letter. `crops`: what each picture (JPEG) shows, and the picture."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines())
    figures = "".join(
        f'<figure><img src="data:image/jpeg;base64,{b64encode(picture).decode()}">'
        f"<figcaption>{escape(title)}</figcaption></figure>"
        for title, picture in dict(crops).items()
    )
    return as_pdf(CSS, lines + figures)
