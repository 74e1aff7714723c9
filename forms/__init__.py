"""The CA's forms as documents: blank or pre-filled, as PDF and as Word."""

from forms.document import PlacedCell, PlacedSlot, RenderedForm, render_pdf
from forms.style import PageStyle
from forms.write import write_form

__all__ = ["PageStyle", "PlacedCell", "PlacedSlot", "RenderedForm", "render_pdf", "write_form"]
