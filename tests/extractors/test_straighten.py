"""Pages come upright from any turn, skew and tilt, with the curl of the paper taken out."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from extractors.curl import find_curl, flattened
from extractors.engine import Engine
from extractors.ink import separate
from extractors.linefinding import from_the_top_left
from extractors.opening import Scan, open_scans
from extractors.perspective import A4, flatten
from extractors.sheet import Paper
from extractors.straighten import _level_matrix, straighten

SAMPLES = Path(__file__).parents[2] / "samples"
DESK = (60, 90, 125)


@pytest.fixture(scope="module")
def pages() -> list[np.ndarray]:
    """The form and the agreement of a sample, upright, at about 150 dpi."""
    known = json.loads((SAMPLES / "expected" / "a01.json").read_text("utf-8"))["pages"]
    turns = {(page["file"], page["page"]): page["rotation"] // 90 for page in known}
    scans = [scan for scan in open_scans(SAMPLES / "applications" / "a01") if isinstance(scan, Scan)]
    kinds = {(page["file"], page["page"]): page["kind"] for page in known}
    chosen = [scan for scan in scans if kinds[scan.file, scan.page] in ("form", "agreement")]
    upright = [np.ascontiguousarray(np.rot90(scan.image, turns[scan.file, scan.page])) for scan in chosen]
    return [cv2.resize(image, (1240, 1754), interpolation=cv2.INTER_AREA) for image in upright]


def skewed(page: np.ndarray, degrees: float) -> np.ndarray:
    """On a glass that is larger than the page, the lid as light as paper."""
    height, width = page.shape[:2]
    size = (round(1.3 * width), round(1.2 * height))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return cv2.warpAffine(page, matrix, size, borderValue=(250, 250, 250))


def photographed(page: np.ndarray, tilt: float, swing: float) -> tuple[np.ndarray, np.ndarray]:
    """By a pinhole camera tilted and swung by degrees, on a desk; and the page's corners there, (4, 2)."""
    height, width = page.shape[:2]
    x, y = np.radians((tilt, swing))
    turn_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    turn_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    points = np.c_[corners, np.zeros(4)] @ (turn_x @ turn_y).T + (0, 0, 2.2 * height)
    seen = points[:, :2] / points[:, 2:] * 2.0 * height + (0.65 * width, 0.6 * height)
    matrix = cv2.getPerspectiveTransform(
        np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), seen.astype(np.float32)
    )
    size = (round(1.3 * width), round(1.2 * height))
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, size)
    desk = np.random.default_rng(2).normal(DESK, 8, (size[1], size[0], 3)).clip(0, 255).astype(np.uint8)
    light = np.linspace(1.0, 0.45, size[0])[None, :, None]
    picture = np.where(mask[:, :, None] > 127, cv2.warpPerspective(page, matrix, size), desk) * light
    return picture.astype(np.uint8), seen


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
@pytest.mark.parametrize("skew", [-15.0, -3.0, 3.0, 15.0])
@pytest.mark.parametrize("which", [0, 1])
def test_every_turn_and_skew(pages: list[np.ndarray], engine: Engine, which: int, skew: float, quarter: int) -> None:
    picture = np.ascontiguousarray(np.rot90(skewed(pages[which], skew), -quarter))
    upright = straighten(picture, engine)
    assert upright.rotation == 90 * quarter
    sides = upright.quads[:, 1] - upright.quads[:, 0]
    long = sides[np.abs(sides[:, 0]) > 200]
    assert np.median(np.abs(long[:, 1] / long[:, 0])) < 0.006


@pytest.mark.parametrize(("tilt", "swing"), [(0, 0), (25, 0), (-25, 0), (0, 25), (0, -25), (18, 18)])
def test_a_sheet_is_found_however_the_camera_is_tilted(pages: list[np.ndarray], tilt: float, swing: float) -> None:
    picture, corners = photographed(pages[0], tilt, swing)
    found = Paper(picture).sheet
    assert found is not None
    off = min(np.abs(np.roll(found, n, axis=0) - corners).max() for n in range(4))
    assert off < 0.01 * max(picture.shape)
    flat, _ = flatten(picture, found)
    assert flat.shape[0] / flat.shape[1] == pytest.approx(A4, abs=0.01)


def test_corners_that_tell_of_no_cameras_lens_leave_an_a4_what_it_is() -> None:
    """One pair of sides is all but parallel: where they meet, and so the lens, is told by a pixel or two."""
    corners = np.array([[282, 74], [1656, 266], [1649, 2388], [15, 2175]], np.float32)
    flat, _ = flatten(np.full((2489, 1791, 3), 200, np.uint8), corners)
    assert flat.shape[0] / flat.shape[1] == pytest.approx(A4, abs=0.01)


def test_a_sheet_that_is_no_a4_keeps_its_proportion() -> None:
    card = np.full((900, 1430, 3), 240, np.uint8)
    for tilt, swing in ((0, 0), (20, 0), (0, 20), (12, -15)):
        picture, corners = photographed(card, tilt, swing)
        flat, _ = flatten(picture, np.asarray(corners, np.float32))
        assert flat.shape[1] / flat.shape[0] == pytest.approx(1430 / 900, rel=0.03)


def test_a_curled_table_is_flattened() -> None:
    flat = np.full((1754, 1240, 3), 250, np.uint8)
    for y in range(200, 1500, 120):
        cv2.line(flat, (120, y), (1120, y), (20, 20, 20), 2)
    x, y = np.meshgrid(np.arange(1240, dtype=np.float32), np.arange(1754, dtype=np.float32))
    curled = cv2.remap(flat, x, y + 14 * np.sin(np.pi * x / 1240), cv2.INTER_LINEAR, borderValue=(250, 250, 250))
    dark, _ = separate(curled)
    curl = find_curl(dark, 1754 / 297)
    assert curl is not None
    mended = flattened(dark, curl.maps(dark.shape))
    # A level line is within a pixel or two of one row again.
    rows = [int(np.flatnonzero(mended[:260, column] > 0.3).mean()) for column in (150, 400, 620, 900, 1100)]
    assert np.ptp(rows) <= 3
    assert find_curl(separate(flat)[0], 1754 / 297) is None


def test_a_line_that_runs_down_begins_at_its_top_left_however_it_leans() -> None:
    for lean in (-60.0, 60.0):
        quad = np.array([[[100, 900], [100 + lean, 100], [140 + lean, 100], [140, 900]]], np.float32)
        assert from_the_top_left(quad)[0, 0].tolist() == [100 + lean, 100]


def test_lines_at_the_top_of_a_sheet_say_nothing_of_how_slopes_change_below() -> None:
    """A form's last row on a sheet of its own: the detector snaps some of its few lines to the pixel grid."""
    slopes = {320: -0.009, 391: -0.007, 470: 0.0, 534: -0.009, 612: 0.0, 716: 0.0, 861: 0.0}
    quads = np.array(
        [[(600, y), (2200, y + 1600 * b), (2200, y + 60 + 1600 * b), (600, y + 60)] for y, b in slopes.items()],
        np.float32,
    )
    matrix = _level_matrix(quads, (3508, 2479, 3))
    assert matrix is None or 0.0 <= matrix[1, 0] < 0.01


@pytest.mark.parametrize("printed", [True, False])
def test_a_sheet_does_not_end_at_a_fold_that_print_runs_over(printed: bool) -> None:
    """Its half lies in another light, and its edge is seen all round; but no print runs over a sheet's edge."""
    picture = np.full((1400, 1000, 3), 160, np.uint8)
    picture[100:1300, 80:500], picture[100:1300, 500:920] = 170, 245
    for y in range(160, 1250, 40) if printed else ():
        for x in range(116, 880, 22):
            picture[y : y + 18, x : x + 3] = picture[y : y + 3, x : x + 18] = 40
    quad = Paper(picture).sheet
    half = quad is not None and cv2.contourArea(quad) < 0.6 * 840 * 1200
    assert half is not printed
