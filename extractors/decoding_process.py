"""The decoding process: untrusted files in, raw pages out. Started by `extractors.opening`, never imported by it.

It gets each file as an open descriptor over a socket, so it needs no path; it answers with a JSON line for each page
followed by its pixels, a JSON line for each refusal, and `{"end": true}`. It imports nothing of ours and no numpy: what
it loads is what an attacker may reach. Started as `python -I decoding_process.py <socket> <limits as JSON>`.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None  # our own limit is checked from the header, with our own message
warnings.filterwarnings("ignore")

EXPOSURE_TIME, FOCAL_LENGTH, EXIF_IFD = 0x829A, 0x920A, 0x8769
RENDER_DPI, MIN_DPI, MAX_DPI = 300.0, 200.0, 400.0
# The longest side, in inches, of what is still believed to be paper (A3 and a margin). Beyond it the size is made up,
# as by telephone applications that write one point for each pixel.
PAPER_INCHES = 18.0
MOST_PRINTED = 5000  # words, and rules, of one page


class Refused(Exception):
    """A file or page that is not decoded, with its finding code and what to tell the operator."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost; see `yinjian.settings`."""

    max_pages_per_file: int
    max_megapixels: int
    max_page_megapixels: int
    decode_memory_mb: int
    decode_seconds: int

    def check(self, width: int, height: int) -> None:
        if width * height > self.max_megapixels * 1_000_000:
            limit = self.max_megapixels
            raise Refused(
                "scan.too_large", f"图像为 {width} x {height} 像素（上限 {limit} 百万），请以 300 dpi 重新扫描"
            )

    def check_count(self, count: int) -> None:
        if count > self.max_pages_per_file:
            raise Refused("scan.too_large", f"共 {count} 页（上限 {self.max_pages_per_file} 页），请拆分文件")

    def scale(self, width: float, height: float) -> float:
        """The factor, at most 1, that brings a page of this size under the page limit."""
        return min(1.0, math.sqrt(self.max_page_megapixels * 1_000_000 / max(1.0, width * height)))


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page; `native` is the size in pixels it was captured with, None for a page that was never a picture.

    `inches` is the longer side of the sheet, where it is known; `dpi` is the resolution of `image`. `printed`: what a
    page states that was never a picture (see `printed_parts`).
    """

    page: int
    image: Image.Image  # RGB
    dpi: float | None
    native: tuple[int, int] | None
    inches: float | None
    born_digital: bool = False
    printed: bytes = b""


# Types by content -----------------------------------------------------------------------------------------------------


def file_type(head: bytes) -> str:
    """PDF or the Pillow format of a file that begins with `head`; refuses everything else."""
    if b"%PDF-" in head:
        return "PDF"
    starts = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"BM": "BMP"}
    starts |= {b"II*\0": "TIFF", b"MM\0*": "TIFF", b"II+\0": "TIFF", b"MM\0+": "TIFF"}
    for start, name in starts.items():
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    raise Refused("scan.unsupported", "不是图像或 PDF，请提交 PDF、JPEG、PNG、TIFF、BMP 或 WebP 文件")


def pages(file: IO[bytes], limits: Limits) -> Iterator[Decoded]:
    """The pages of `file`, one at a time."""
    head = file.read(1024)
    file.seek(0)
    kind = file_type(head)
    return pdf_pages(file, limits) if kind == "PDF" else picture_pages(file, kind, limits)


# Pictures -------------------------------------------------------------------------------------------------------------


def picture_pages(file: IO[bytes], kind: str, limits: Limits) -> Iterator[Decoded]:
    """A TIFF has pages; the further frames of other formats are previews and animations, no pages."""
    with Image.open(file, formats=(kind,)) as image:
        limits.check(*image.size)
        count = getattr(image, "n_frames", 1) if kind == "TIFF" else 1
        limits.check_count(count)
        for number in range(count):
            if number:
                image.seek(number)
                limits.check(*image.size)
            yield picture(image, number, limits)


def picture(image: Image.Image, number: int, limits: Limits) -> Decoded:
    """The current frame of `image`, upright by its EXIF turn, reduced when very large."""
    native, dpi, scale = image.size, stated_dpi(image), limits.scale(*image.size)
    target = (max(1, round(native[0] * scale)), max(1, round(native[1] * scale)))
    if scale < 1.0:
        image.draft(None, target)  # a JPEG can be decoded at a half or a quarter: less memory from the start
    image.load()
    plain = plain_mode(image)
    if scale < 1.0:
        # A TIFF may have turned itself while loading.
        flipped = (plain.width > plain.height) != (native[0] > native[1])
        plain = plain.resize(target[::-1] if flipped else target, Image.Resampling.BOX)
    upright = ImageOps.exif_transpose(plain)
    return Decoded(number, on_white(upright), dpi and dpi * scale, native, dpi and max(native) / dpi)


def plain_mode(image: Image.Image) -> Image.Image:
    """As L, RGB or RGBA with 8 bits."""
    if image.mode.startswith("I;16"):
        high = 0 if image.mode.endswith("B") else 1
        return _with_info(Image.frombytes("L", image.size, image.tobytes()[high::2]), image)
    if image.mode == "I":
        return _with_info(image.point(lambda v: v * (1 / 257)).convert("L"), image)
    if image.mode in ("L", "RGB", "RGBA"):
        return image
    if image.mode == "1":
        return image.convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _with_info(new: Image.Image, old: Image.Image) -> Image.Image:
    new.info = dict(old.info)
    return new


def on_white(image: Image.Image) -> Image.Image:
    """As RGB, what is transparent on white as on paper."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    coloured = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured).convert("RGB")


def stated_dpi(image: Image.Image) -> float | None:
    """The resolution that the file states, where it can be believed.

    Cameras and editors write 72 or 96 without having measured, and a camera cannot know how far the sheet was.
    """
    details = image.getexif().get_ifd(EXIF_IFD)
    if EXPOSURE_TIME in details or FOCAL_LENGTH in details:
        return None
    stated = image.info.get("dpi")
    dpi = float(stated[0]) if stated else 0.0
    plausible = 96.5 < dpi <= 1300.0 and max(image.size) / dpi <= PAPER_INCHES
    return dpi if plausible else None


# PDF ------------------------------------------------------------------------------------------------------------------


def pdf_pages(file: IO[bytes], limits: Limits) -> Iterator[Decoded]:
    """The pages of a PDF, rendered; nothing is rendered before its declared sizes are checked."""
    pymupdf = load_pymupdf()
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    with pymupdf.open(f"/proc/self/fd/{file.fileno()}", filetype="pdf") as document:
        check_document(document, file, limits)
        for number in range(document.page_count):
            try:
                yield render(pymupdf, document, number, file, limits)
            except Refused as refused:
                send({"code": refused.code, "message": f"第 {number + 1} 页：{refused}"})
            pymupdf.TOOLS.store_shrink(100)


def load_pymupdf() -> Any:
    """Late, since most files are pictures, and without the layout models that it would load along (0.1 s, not 1.4)."""
    sys.modules.update({"pymupdf.layout": None, "pymupdf4llm": None})  # type: ignore[dict-item]
    return importlib.import_module("pymupdf")


def check_document(document: Any, file: IO[bytes], limits: Limits) -> None:
    if document.needs_pass:
        raise Refused("scan.encrypted", "PDF 设有密码，请另存为无密码的文件")
    limits.check_count(document.page_count)
    # The library repairs what it can, and a repaired torso has pages missing or half grey.
    file.seek(max(0, os.fstat(file.fileno()).st_size - 2048))
    if document.page_count == 0 or (document.is_repaired and b"%%EOF" not in file.read()):
        raise Refused("scan.unreadable", "PDF 不完整，请重新扫描或复制")


def render(pymupdf: Any, document: Any, number: int, file: IO[bytes], limits: Limits) -> Decoded:
    page = document[number]
    for image in page.get_images(full=True):
        limits.check(image[2], image[3])
    density, covered = pictured(page)
    dpi = render_dpi(page, density if covered > 0.85 else None, limits)
    pymupdf.TOOLS.reset_mupdf_warnings()
    pixels = page.get_pixmap(dpi=max(1, round(dpi)), alpha=False, colorspace=pymupdf.csRGB)
    check_complete(pymupdf.TOOLS.mupdf_warnings())
    image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples_mv)
    inches = (page.rect.width / 72, page.rect.height / 72)
    native = (round(inches[0] * density), round(inches[1] * density)) if covered > 0.85 else None
    digital = covered < 0.5 and bool(page.get_text().strip())
    paper = max(inches) <= PAPER_INCHES
    printed = printed_parts(file, number) if digital and not page.rotation else b""
    return Decoded(number, image, dpi if paper else None, native, max(inches) if paper else None, digital, printed)


def printed_parts(file: IO[bytes], number: int) -> bytes:
    """The words and ruled lines that the page states, in fractions of it, as JSON: {"words": [[text, box]], "rules"}.

    They prove nothing: a text layer may say anything. What reads the picture decides what is made of them.
    """
    try:
        file.seek(0)
        with importlib.import_module("pdfplumber").open(file, pages=[number + 1]) as document:
            page = document.pages[0]
            x0, y0 = page.bbox[:2]
            width, height = page.width, page.height

            def box(part: dict[str, Any]) -> list[float]:
                ends = (part["x0"] - x0) / width, (part["top"] - y0) / height
                return [*ends, (part["x1"] - x0) / width, (part["bottom"] - y0) / height]

            words = [[word["text"], box(word)] for word in page.extract_words(keep_blank_chars=False)[:MOST_PRINTED]]
            rules = [box(edge) for edge in page.edges[:MOST_PRINTED]]
    except MemoryError:
        raise
    except Exception:  # a page that only one of two libraries can read is read as its picture
        return b""
    return json.dumps({"words": words, "rules": rules}).encode()


def pictured(page: Any) -> tuple[float, float]:
    """The finest resolution in dpi of the pictures on a page, and the part of the page that they cover."""
    density = covered = 0.0
    for image in page.get_image_info():
        x0, y0, x1, y1 = image["bbox"]
        area = abs((x1 - x0) * (y1 - y0))
        if area > 0:
            density = max(density, 72 * math.sqrt(image["width"] * image["height"] / area))
            covered += area / abs(page.rect)
    return density, covered


def render_dpi(page: Any, density: float | None, limits: Limits) -> float:
    """The picture's own resolution on a page that is a picture, else 300 dpi; never over the page limit."""
    inches = max(page.rect.width, page.rect.height) / 72
    dpi = RENDER_DPI
    if density is not None:
        # A page whose size is made up is taken as many pixels large as its picture.
        dpi = min(max(density, MIN_DPI), MAX_DPI) if inches <= PAPER_INCHES else density
    return dpi * limits.scale(page.rect.width * dpi / 72, page.rect.height * dpi / 72)


def check_complete(complaints: str) -> None:
    """The library renders half a picture with no more than a warning."""
    if any(word in complaints.lower() for word in ("malloc", "out of memory")):
        raise Refused("scan.too_large", "解码所需内存过多，请以 300 dpi 重新扫描")
    if any(word in complaints.lower() for word in ("premature end", "truncated", "cannot decode", "unknown image")):
        raise Refused("scan.unreadable", "页内图像不完整，请重新扫描")


# The channel ----------------------------------------------------------------------------------------------------------


def send(header: dict[str, Any], pixels: bytes = b"") -> None:
    """One answer. The clock stands still meanwhile: the other side takes a page when it wants one."""
    left = signal.setitimer(signal.ITIMER_REAL, 0)[0]
    _channel.sendall(json.dumps(header).encode() + b"\n")
    _channel.sendall(pixels)
    signal.setitimer(signal.ITIMER_REAL, left)


def send_page(page: Decoded) -> None:
    header: dict[str, Any] = {"page": page.page, "width": page.image.width, "height": page.image.height}
    header |= {"dpi": page.dpi, "native": page.native, "inches": page.inches, "born_digital": page.born_digital}
    header["printed"] = len(page.printed)
    send(header, page.image.tobytes("raw", "BGR") + page.printed)


def answer(file: IO[bytes], limits: Limits) -> None:
    """All pages and refusals of one file. The timer's signal ends the process, wherever it is."""
    signal.setitimer(signal.ITIMER_REAL, limits.decode_seconds)
    try:
        for page in pages(file, limits):
            send_page(page)
    except Refused as refused:
        send({"code": refused.code, "message": str(refused)})
    except MemoryError:
        send({"code": "scan.too_large", "message": "解码所需内存过多，请以 300 dpi 重新扫描"})
    except Exception:  # whatever a decoder throws at a broken file; its words may quote the file
        send({"code": "scan.unreadable", "message": "文件损坏或不完整，请重新扫描或复制"})
    signal.setitimer(signal.ITIMER_REAL, 0)
    send({"end": True})


def confine(limits: Limits) -> None:
    """No more memory than allowed, no file written, no core dump."""
    memory = limits.decode_memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    global _channel
    _channel = socket.socket(fileno=int(sys.argv[1]))
    limits = Limits(**json.loads(sys.argv[2]))
    confine(limits)
    while True:
        request, descriptors, _, _ = socket.recv_fds(_channel, 1, 1)
        if not request:
            return
        with os.fdopen(descriptors[0], "rb") as file:
            answer(file, limits)


_channel: socket.socket

if __name__ == "__main__":
    main()
