"""The truth must be the picture's: the same from the same seed, boxes on ink, and kept out of the folders."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from samples.applications import write_application
from samples.series import Recipe
from samples.truth import as_json

RECIPE = Recipe("x", 11, "enterprise", "hpe", "new", "print-worn")


@pytest.fixture(scope="module")
def application():
    return RECIPE.make()


def _upright(page, shot, side=1200):
    """The page in fractions times `side`, undone with its homography."""
    unit = np.diag([1 / side, 1 / side, 1.0])
    return cv2.warpPerspective(shot.image, np.linalg.inv(np.asarray(page.homography) @ unit), (side, side))


def test_equal_seeds_make_equal_papers(application):
    again = RECIPE.make()
    assert as_json(again.truth) == as_json(application.truth)
    assert again.claim == application.claim
    assert all(np.array_equal(a.image, b.image) for a, b in zip(again.shots, application.shots, strict=True))


def test_boxes_lie_on_ink(application):
    for page, shot in zip(application.truth.pages, application.shots, strict=True):
        picture = _upright(page, shot)
        paper = np.median(picture)
        for truth in (*page.fields, *page.marks):
            x0, y0, x1, y1 = truth.box.to_pixels(1200, 1200)
            inside = picture[y0:y1, x0:x1].min(axis=2)
            assert np.percentile(inside, 5) < paper - 40, truth.id


def test_seals_are_red(application):
    for page, shot in zip(application.truth.pages, application.shots, strict=True):
        picture = _upright(page, shot).astype(int)
        for mark in (m for m in page.marks if m.kind == "seal"):
            x0, y0, x1, y1 = mark.box.to_pixels(1200, 1200)
            inside = picture[y0:y1, x0:x1]
            red = inside[:, :, 0] - np.maximum(inside[:, :, 1], inside[:, :, 2]) > 40
            assert red.mean() > 0.03, mark.id


def test_the_collected_seals_mask_fits_its_box(application):
    mark = next(m for p in application.truth.pages for m in p.marks if m.id == "seal_collection")
    sheet_width = round(210 / 25.4 * application.shots[0].dpi)
    assert mark.ink.shape[1] == pytest.approx((mark.box.x1 - mark.box.x0) * sheet_width, abs=2)
    assert mark.size_mm / 210 == pytest.approx(mark.box.x1 - mark.box.x0, abs=0.04)


def test_the_truth_stays_out_of_the_folder(application, tmp_path):
    write_application(application, tmp_path / "applications", tmp_path / "expected")
    folder = tmp_path / "applications" / "x"
    truth = json.loads((tmp_path / "expected" / "x.json").read_text())
    assert {p["file"] for p in truth["pages"]} | {"application.json"} == {p.name for p in folder.iterdir()}
    assert (tmp_path / "expected" / next(m["mask"] for m in truth["marks"] if "mask" in m)).exists()
    assert "fault" not in (folder / "application.json").read_text()
