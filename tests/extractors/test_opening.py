"""Opening files: every kind that is read, and everything that must not stop a run."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from extractors.opening import Scan, list_files, open_scans
from yinjian.findings import Finding
from yinjian.settings import DEFAULTS

A4_200 = (1654, 2339)


def opened(folder: Path, **limits: int) -> tuple[list[Scan], list[Finding]]:
    items = list(open_scans(folder, replace(DEFAULTS, **limits)))
    return [i for i in items if isinstance(i, Scan)], [i for i in items if isinstance(i, Finding)]


def codes(folder: Path, **limits: int) -> list[str]:
    return [f.code for f in opened(folder, **limits)[1]]


def marked(size: tuple[int, int] = A4_200, mode: str = "RGB") -> Image.Image:
    """White, with a pure red square in the upper left corner."""
    image = Image.new("RGB", size, "white")
    image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    return image.convert(mode)


def is_red(pixel: NDArray[np.uint8]) -> bool:
    return bool(pixel[2] > 200 and pixel[0] < 60 and pixel[1] < 60)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.bmp", "a.webp"])
def test_pictures_are_bgr_with_their_size(tmp_path: Path, name: str) -> None:
    marked().save(tmp_path / name, dpi=(200, 200))
    (scan,), findings = opened(tmp_path)
    assert (scan.file, scan.page, scan.image.shape, scan.image.dtype) == (name, 0, (2339, 1654, 3), np.uint8)
    assert is_red(scan.image[9, 9]) and scan.image[-9, -9].min() > 250
    assert findings == [] and (scan.dpi is None or abs(scan.dpi - 200) < 1) and not scan.born_digital


def test_the_type_is_told_by_content(tmp_path: Path) -> None:
    marked().save(tmp_path / "scan.pdf", format="PNG")
    assert len(opened(tmp_path)[0]) == 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGBA", "LA", "I;16"])
def test_every_mode_becomes_bgr(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        grey = np.full((2339, 1654), 65535, np.uint16)
        grey[:500, :400] = 100 * 257
        Image.fromarray(grey).save(tmp_path / "a.png")
    else:
        marked(mode=mode).save(tmp_path / "a.tif")
    (scan,), _ = opened(tmp_path)
    assert scan.image[-9, -9].tolist() == [255, 255, 255]
    assert scan.image[:400, :400].min() < 110  # the red square, dithered in mode 1
    if mode == "I;16":
        assert scan.image[9, 9].tolist() == [100, 100, 100]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", A4_200, (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert opened(tmp_path)[0][0].image.min() == 255


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_the_exif_turn_is_applied_once(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn clockwise
    marked().save(tmp_path / name, exif=exif)
    (scan,), _ = opened(tmp_path)
    assert scan.image.shape == (1654, 2339, 3) and is_red(scan.image[9, -9])


def test_pages_of_a_tiff_and_of_a_pdf(tmp_path: Path) -> None:
    page = marked()
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page, page], compression="tiff_lzw", dpi=(200, 200))
    page.save(tmp_path / "b.pdf", save_all=True, append_images=[page], resolution=200)
    scans, findings = opened(tmp_path)
    assert [(s.file, s.page) for s in scans] == [("a.tif", 0), ("a.tif", 1), ("a.tif", 2), ("b.pdf", 0), ("b.pdf", 1)]
    assert findings == []


def test_a_scanned_pdf_is_rendered_at_the_resolution_of_its_picture(tmp_path: Path) -> None:
    marked().save(tmp_path / "a.pdf", resolution=200)
    (scan,), _ = opened(tmp_path)
    assert abs(scan.image.shape[0] - 2339) <= 1 and scan.dpi == pytest.approx(200, abs=1)
    assert is_red(scan.image[9, 9]) and not scan.born_digital


def test_a_pdf_of_words_is_born_digital_at_300_dpi(tmp_path: Path) -> None:
    words_pdf(tmp_path / "a.pdf", 1)
    (scan,), _ = opened(tmp_path)
    assert scan.born_digital and scan.dpi == 300 and abs(scan.image.shape[0] - 3508) <= 2


def test_a_pdf_with_a_point_for_each_pixel_is_not_blown_up(tmp_path: Path) -> None:
    marked((2400, 3200)).save(tmp_path / "a.pdf", resolution=72)
    (scan,), _ = opened(tmp_path)
    assert scan.image.shape == (3200, 2400, 3) and scan.dpi is None


def words_pdf(path: Path, count: int) -> None:
    with pymupdf.open() as document:
        for _ in range(count):
            document.new_page(width=595, height=842).insert_text((72, 72), "words")
        document.save(path)


# Order and names ------------------------------------------------------------------------------------------------------


def test_sub_folders_in_natural_order_without_what_is_no_scan(tmp_path: Path) -> None:
    for name in ("page10", "page2", "b/1", ".hidden", "application.json", "Thumbs.db", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [p.relative_to(tmp_path).as_posix() for p in list_files(tmp_path)] == ["b/1", "page2", "page10"]


def test_any_name_can_be_printed(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    marked().save(image)
    image.rename(tmp_path / os.fsdecode(b"\xd3A\n.png"))
    (scan,), _ = opened(tmp_path)
    assert scan.file == "\\xd3A\\n.png"
    scan.file.encode()


# Bad input ------------------------------------------------------------------------------------------------------------


def test_no_picture_and_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "b.jpg").write_text("a letter")
    scans, findings = opened(tmp_path)
    assert scans == []
    assert [(f.code, f.where) for f in findings] == [("scan.unreadable", "a.jpg"), ("scan.unsupported", "b.jpg")]
    assert all(f.message.startswith(f.where) for f in findings)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "a.pdf", "progressive.jpg"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_half_a_file_is_not_half_a_page(tmp_path: Path, name: str, kept: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1169, 827, 3), np.uint8)
    options = {"progressive": True} if name.startswith("progressive") else {}
    Image.fromarray(noise).save(tmp_path / name, **options)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * kept)])
    scans, findings = opened(tmp_path)
    assert scans == [] and [f.code for f in findings] == ["scan.unreadable"]


def test_half_a_jpeg_in_a_whole_pdf(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (1169, 827, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.jpg")
    half = (tmp_path / "a.jpg").read_bytes()[:200_000]
    (tmp_path / "a.jpg").unlink()
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        page.insert_image(page.rect, stream=half)
        document.save(tmp_path / "a.pdf")
    scans, findings = opened(tmp_path)
    assert scans == [] and [f.code for f in findings] == ["scan.unreadable"]


def test_an_encrypted_pdf(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        document.new_page()
        document.save(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    assert codes(tmp_path) == ["scan.encrypted"]


def test_a_huge_picture_is_refused_from_its_header(tmp_path: Path) -> None:
    small = tmp_path / "a.png"
    Image.new("1", (8, 8)).save(small)
    whole = small.read_bytes()
    header = b"IHDR" + struct.pack(">II", 30_000, 30_000) + whole[24:29]
    small.write_bytes(whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:])
    assert codes(tmp_path) == ["scan.too_large"]


def test_a_pdf_of_too_many_pages(tmp_path: Path) -> None:
    words_pdf(tmp_path / "a.pdf", 250)
    scans, findings = opened(tmp_path)
    assert scans == [] and [f.code for f in findings] == ["scan.too_large"] and "250" in findings[0].message


def test_a_huge_picture_in_a_pdf_leaves_the_other_pages(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("1", (800, 1100)).save(stream, "png")
    with pymupdf.open() as document:
        for _ in range(2):
            page = document.new_page(width=595, height=842)
            page.insert_image(page.rect, stream=stream.getvalue())
            stream = io.BytesIO()
            Image.new("1", (801, 1100)).save(stream, "png")
        xref = document[0].get_images()[0][0]
        document.xref_set_key(xref, "Width", "60000")
        document.xref_set_key(xref, "Height", "60000")
        document.save(tmp_path / "a.pdf")
    scans, findings = opened(tmp_path)
    assert [s.page for s in scans] == [1]
    assert [f.code for f in findings] == ["scan.too_large", "scan.low_resolution"]


def test_a_pdf_with_a_page_of_a_hundred_metres(tmp_path: Path) -> None:
    with pymupdf.open() as document:
        document.new_page(width=300_000, height=300_000)
        document.save(tmp_path / "a.pdf")
    (scan,), _ = opened(tmp_path)
    assert scan.image.shape[0] * scan.image.shape[1] <= 35.4e6 and scan.dpi is None


def test_large_but_allowed_is_reduced(tmp_path: Path) -> None:
    marked((8000, 11000)).save(tmp_path / "a.jpg", dpi=(900, 900))
    marked((8000, 11000), "P").save(tmp_path / "b.png", dpi=(900, 900))
    scans, findings = opened(tmp_path)
    assert findings == []
    for scan in scans:
        assert scan.image.shape[0] * scan.image.shape[1] <= 35.4e6 and is_red(scan.image[9, 9])
        assert scan.dpi == pytest.approx(900 * scan.image.shape[0] / 11000, rel=0.01)


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    marked().save(outside / "a.png")
    (folder / "1").symlink_to(outside / "a.png")
    (folder / "2").symlink_to(outside)
    (folder / "3").symlink_to(folder)
    os.mkfifo(folder / "4")
    scans, findings = opened(folder)
    assert scans == [] and [(f.code, f.where) for f in findings] == [("scan.unsupported", n) for n in "1234"]


def test_too_low_a_resolution_is_told_and_read(tmp_path: Path) -> None:
    marked((827, 1169)).save(tmp_path / "a.png", dpi=(100, 100))
    marked((856, 540)).save(tmp_path / "card.png")
    scans, findings = opened(tmp_path)
    assert len(scans) == 2 and [(f.code, f.where) for f in findings] == [("scan.low_resolution", "a.png")]


def test_a_decoder_that_dies_is_a_finding_and_the_next_file_is_read(tmp_path: Path) -> None:
    marked((8000, 10000)).save(tmp_path / "1.png")
    marked((100, 100)).save(tmp_path / "2.png")
    scans, findings = opened(tmp_path, decode_memory_mb=250)
    assert [s.file for s in scans] == ["2.png"] and [f.where for f in findings] == ["1.png"]


def test_a_pdf_that_draws_for_ever_is_stopped(tmp_path: Path) -> None:
    """Ten drawings that each draw the next ten times: ten thousand million in a small file."""
    with pymupdf.open() as document:
        page = document.new_page(width=595, height=842)
        below = None
        for _ in range(10):
            xref = document.get_new_xref()
            resources = f"/Resources << /XObject << /F {below} 0 R >> >>" if below else ""
            document.update_object(xref, f"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] {resources} >>")
            document.update_stream(xref, b"/F Do " * 10 if below else b"0 0 500 800 re f ")
            below = xref
        document.xref_set_key(page.xref, "Resources", f"<< /XObject << /F {below} 0 R >> >>")
        content = document.get_new_xref()
        document.update_object(content, "<<>>")
        document.update_stream(content, b"/F Do")
        page.set_contents(content)
        document.save(tmp_path / "1.pdf")
    marked((100, 100)).save(tmp_path / "2.png")
    scans, findings = opened(tmp_path, decode_seconds=2)
    assert [s.file for s in scans] == ["2.png"] and [f.where for f in findings] == ["1.pdf"]


def test_stopping_early_leaves_no_process(tmp_path: Path) -> None:
    page, before = marked(), children()
    page.save(tmp_path / "a.tif", save_all=True, append_images=[page] * 5)
    scans = open_scans(tmp_path)
    next(scans)
    assert children() > before
    scans.close()  # type: ignore[attr-defined]
    assert children() == before


def children() -> set[int]:
    """The processes of this one; other tests may have left theirs."""
    found = Path("/proc/self/task").glob("*/children")
    return {int(pid) for listed in found for pid in listed.read_text().split()}


def test_the_original_is_never_touched(tmp_path: Path) -> None:
    marked().save(tmp_path / "a.pdf")
    (tmp_path / "a.pdf").chmod(0o400)
    before = fingerprint(tmp_path / "a.pdf")
    opened(tmp_path)
    assert fingerprint(tmp_path / "a.pdf") == before and len(list(tmp_path.iterdir())) == 1


def fingerprint(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


PEAK = """
import re, resource, sys
from pathlib import Path
from extractors.opening import Scan, open_scans
assert [type(item) for item in open_scans(Path(sys.argv[1]))] == [Scan, Scan]
own = int(re.search("VmHWM: *([0-9]+)", Path("/proc/self/status").read_text().replace("\t", " "))[1])
print(max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def test_the_largest_allowed_picture_stays_under_two_gigabytes(tmp_path: Path) -> None:
    """Its own and its children's: what `getrusage` says of oneself begins with the peak of who started one."""
    for mode in ("RGBA", "CMYK"):
        Image.new(mode, (10_900, 10_900)).save(tmp_path / f"{mode}.tif", compression="tiff_lzw")
    command = [sys.executable, "-c", PEAK, str(tmp_path)]
    peak_kb = int(subprocess.run(command, check=True, capture_output=True).stdout)
    assert peak_kb < 2 * 1024 * 1024
