"""Pictures of marks: ink on a transparent ground at 600 dpi, and nothing else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from issuance.images import PER_METRE, checked_image
from yinjian.errors import Refused


def picture(mode: str = "RGBA", size: tuple[int, int] = (945, 945)) -> Image.Image:
    """A red ring, 40 mm across at 600 dpi."""
    image = Image.new(mode, size)
    inks: dict[str, Any] = {"RGBA": (200, 30, 30, 255), "RGB": (200, 30, 30), "LA": (90, 255), "P": 1}
    ImageDraw.Draw(image).ellipse((20, 20, size[0] - 20, size[1] - 20), outline=inks[mode], width=28)
    return image


def png(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", **({"dpi": (600, 600)} | options))
    return stream.getvalue()


def test_a_seal_is_written_anew_with_its_size() -> None:
    made = checked_image(png(picture()))
    assert (made.width_mm, made.height_mm) == (40.0, 40.0)
    again = Image.open(io.BytesIO(made.png))
    assert again.mode == "RGBA" and again.tobytes() == picture().tobytes()
    assert b"pHYs" + PER_METRE.to_bytes(4, "big") * 2 + b"\1" in made.png


def test_the_same_picture_gives_the_same_bytes_and_nothing_of_the_file_stays() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "someone")
    told = checked_image(
        png(picture(), pnginfo=notes, icc_profile=b"somebody's profile", dpi=(599.6, 600.4), compress_level=1)
    )
    assert told.png == checked_image(png(picture())).png
    assert b"someone" not in told.png and b"iCCP" not in told.png
    assert checked_image(told.png) == told


def test_a_thin_signature_is_ink_enough() -> None:
    image = Image.new("RGBA", (1400, 500))
    ImageDraw.Draw(image).line((100, 400, 600, 100, 1300, 300), fill=(20, 20, 20, 230), width=6)
    assert checked_image(png(image)).width_mm == pytest.approx(59.27)


def faint() -> Image.Image:
    image = Image.new("RGBA", (945, 945), (200, 30, 30, 10))
    image.putpixel((5, 5), (0, 0, 0, 255))
    return image


BAD = {
    "empty": (png(Image.new("RGBA", (945, 945))), "empty"),
    "grain only": (png(faint()), "empty"),
    "filled": (png(Image.new("RGBA", (945, 945), (255, 255, 255, 255))), "no transparent ground"),
    "no alpha": (png(picture("RGB")), "RGBA"),
    "grey": (png(picture("LA")), "RGBA"),
    "palette": (png(picture("P")), "RGBA"),
    "300 dpi": (png(picture(), dpi=(300, 300)), "600 dpi"),
    "uneven": (png(picture(), dpi=(600, 300)), "600 dpi"),
    "too small": (png(picture(size=(60, 60))), "smaller than 3 mm"),
    "too large": (png(picture(size=(4200, 200))), "173 mm"),
    "cut": (png(picture())[:900], "no PNG"),
    "no picture": (b"%PDF-1.7", "no PNG"),
    "nothing": (b"", "no PNG"),
    "too many bytes": (png(picture()) + bytes(9 << 20), "8 MiB"),
}


@pytest.mark.parametrize(("data", "told"), BAD.values(), ids=BAD.keys())
def test_what_is_no_mark_is_refused_with_a_remedy(data: bytes, told: str) -> None:
    with pytest.raises(Refused, match=told) as caught:
        checked_image(data)
    assert caught.value.remedy


def test_a_picture_without_resolution_is_refused() -> None:
    stream = io.BytesIO()
    picture().save(stream, "PNG")
    with pytest.raises(Refused, match="600 dpi"):
        checked_image(stream.getvalue())


def test_other_formats_are_not_even_tried() -> None:
    stream = io.BytesIO()
    picture("RGB").save(stream, "JPEG", dpi=(600, 600))
    with pytest.raises(Refused, match="no PNG"):
        checked_image(stream.getvalue())
