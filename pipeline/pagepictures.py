"""The upright pages as pictures for people: made once when they were read, kept like the scans that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.store.desk_tables import PagePicture
from pipeline.store.store import Store
from yinjian.errors import InputError
from yinjian.geometry import Box

Picture = NDArray[np.uint8]  # (height, width, 3), BGR
VIEW, FULL = 1400, 2600  # pixels of the longer side: a whole page on a screen, and text of 8 points at 220 dpi
VIEW_BYTES = 280_000
QUALITIES = (70, 55, 40, 25)
MARGIN = 0.25  # of a crop's height, around what it shows
CROP = 900  # pixels of the longer side of a crop, at most


@dataclass(frozen=True, slots=True)
class Kept:
    """A page's two pictures (JPEG) in the file store, and its size in pixels."""

    width: int
    height: int
    view: str
    full: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A page's two pictures (JPEG), and the size of the full one in pixels."""

    width: int
    height: int
    view: bytes
    full: bytes


def encoded(page: Picture) -> Encoded:
    """The pictures of an upright page (BGR)."""
    full = _within(page, FULL)
    view = _within(full, VIEW)
    # A photograph full of detail is shown coarser at first; the full picture follows when it is looked at closer.
    small = next((j for q in QUALITIES if len(j := _jpeg(view, q)) <= VIEW_BYTES), None)
    small = small or _jpeg(_within(view, VIEW // 2), QUALITIES[-1])
    return Encoded(full.shape[1], full.shape[0], small, _jpeg(full, QUALITIES[0]))


def keep(store: Store, pages: Iterable[Encoded]) -> tuple[Kept, ...]:
    """Keep pages' pictures in the file store; outside of a transaction, for it takes a while."""
    put = store.blobs.put
    return tuple(Kept(page.width, page.height, put(page.view), put(page.full)) for page in pages)


def save(session: Session, submission_id: str, pictures: Sequence[Kept]) -> None:
    """The rows of what `keep` gave, in the order of `Reading.pages`."""
    for position, kept in enumerate(pictures):
        row = PagePicture(submission_id=submission_id, position=position, width=kept.width, height=kept.height)
        row.view, row.full = kept.view, kept.full
        session.merge(row)


def of(session: Session, submission_id: str) -> tuple[PagePicture, ...]:
    """The pictures of a submission's pages, in order; none of what was read before they were kept."""
    query = select(PagePicture).where(PagePicture.submission_id == submission_id)
    return tuple(session.scalars(query.order_by(PagePicture.position)))


def decoded(picture: bytes) -> Picture:
    """BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def crop(page: Picture, box: Box) -> bytes:
    """A part of a page (JPEG), with a margin. `box`: fractions of the page. InputError for none."""
    height, width = page.shape[:2]
    margin = MARGIN * (box.y1 - box.y0) * height
    x0, y0 = (max(0, int(v - margin)) for v in (box.x0 * width, box.y0 * height))
    x1, y1 = int(box.x1 * width + margin) + 1, int(box.y1 * height + margin) + 1
    part = page[y0:y1, x0:x1]
    if part.size == 0:
        raise InputError("This is no part of the page.", "Ask for a box in fractions of it.")
    return _jpeg(_within(np.ascontiguousarray(part), CROP), QUALITIES[0])


def _within(picture: Picture, most: int) -> Picture:
    height, width = picture.shape[:2]
    scale = most / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: Picture, quality: int) -> bytes:
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
