"""Pages into files: one PDF for all, a file for each document, a picture for each page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymupdf
from numpy.random import Generator
from PIL import Image

from samples.machine import Shot
from samples.paper import Sheet

_pymupdf: Any = pymupdf  # it has no types

Place = tuple[str, int]  # file name in the folder, page in the file from 0

_DOCUMENT = {"form": "form", "agreement": "form", "business_licence": "licence", "identity_card": "cards"}
_ENDING = {"jpeg": "jpg", "png": "png", "pdf": "pdf", "tiff": "tif"}
_CHINESE = {"form": "申请表", "licence": "证照", "cards": "身份证"}


def places(packing: str, sheets: Sequence[Sheet], rng: Generator) -> list[Place]:
    """Where each sheet goes. Pictures hold one page, PDF and TIFF a document or all of them."""
    if packing in ("jpeg", "png"):
        first, ending = int(rng.integers(1, 9000)), _ENDING[packing]
        return [(f"IMG_{first + i:04d}.{ending}", 0) for i in range(len(sheets))]
    names = _document_names(sheets, rng)
    return [(f"{name}.{_ENDING[packing]}", names[:i].count(name)) for i, name in enumerate(names)]


def _document_names(sheets: Sequence[Sheet], rng: Generator) -> list[str]:
    """One name for all pages, or one per document, in Chinese or as a scanner names them."""
    style = int(rng.integers(3))
    if style == 0:
        return [f"scan{int(rng.integers(1, 10)):02d}"] * len(sheets)
    documents = [_DOCUMENT[sheet.kind] for sheet in sheets]
    return [_CHINESE[d] for d in documents] if style == 1 else [f"{d}_1" for d in documents]


def write_files(folder: Path, where: Sequence[Place], shots: Sequence[Shot]) -> None:
    """Write the files of one application."""
    files: dict[str, list[Shot]] = {}
    for (name, _), shot in zip(where, shots, strict=True):
        files.setdefault(name, []).append(shot)
    for name, pages in files.items():
        _WRITERS[Path(name).suffix](folder / name, pages)


def jpeg_bytes(shot: Shot) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(shot.image)
    image.save(stream, "JPEG", quality=shot.quality, dpi=(shot.dpi, shot.dpi), subsampling="4:2:0")
    return stream.getvalue()


def _jpeg(path: Path, pages: Sequence[Shot]) -> None:
    path.write_bytes(jpeg_bytes(pages[0]))


def _png(path: Path, pages: Sequence[Shot]) -> None:
    """Four bits to a colour, as office scanners save them: smaller, and red stays red."""
    picture = Image.fromarray(pages[0].image >> 4 << 4)
    picture.save(path, optimize=True, dpi=(pages[0].dpi, pages[0].dpi))


def _tiff(path: Path, pages: Sequence[Shot]) -> None:
    pictures = [Image.fromarray(shot.image).convert("YCbCr") for shot in pages]
    rest = {"save_all": True, "append_images": pictures[1:], "dpi": (pages[0].dpi, pages[0].dpi)}
    pictures[0].save(path, "TIFF", compression="jpeg", quality=pages[0].quality, **rest)


def _pdf(path: Path, pages: Sequence[Shot]) -> None:
    document = _pymupdf.open()
    for shot in pages:
        height, width = shot.image.shape[:2]
        page = document.new_page(width=width / shot.dpi * 72, height=height / shot.dpi * 72)
        page.insert_image(page.rect, stream=jpeg_bytes(shot))
    document.save(path, garbage=3, no_new_id=True)
    document.close()


_WRITERS = {".jpg": _jpeg, ".png": _png, ".tif": _tiff, ".pdf": _pdf}
