"""The bench's arithmetic, on readings small enough to count by hand."""

from __future__ import annotations

import pytest

from bench.score import (
    BOXES,
    COPIES,
    DATE,
    KINDS,
    PRINTED,
    TURNS,
    WRITTEN,
    field_class,
    on_upright_pages,
    score_boxes,
    score_fields,
    score_lines,
    score_pages,
    share,
    spellings,
)
from yinjian.share import Share

EXPECTED = {
    "pages": [
        {"file": "a.pdf", "page": 0, "kind": "form", "rotation": 0},
        {"file": "a.pdf", "page": 1, "kind": "identity_card", "rotation": 90},
    ],
    "fields": {
        "unit_name": {"text": "甲乙(北京)公司", "page": 0},
        "agent_phone": {"text": "", "page": 0},
        "application_date": {"text": "2026-11-03", "page": 0},
        "agent.id_name": {"text": "己巳", "page": 1},
    },
    "choices": {"business": {"新办": "ticked", "续费": "clear"}},
}


def read(**fields):
    return {
        "pages": [{"file": "a.pdf", "page": 0, "kind": "form", "rotation": 180}],
        "fields": {name: {"text": text} for name, text in fields.items()},
        "choices": {"business": {"新办": "ticked", "续费": "unclear"}},
    }


def right(scores):
    return {score.where: score.right for score in scores}


def test_a_field_is_exact_but_for_width_of_brackets_and_spaces():
    said = read(
        unit_name="甲乙（北京） 公司", agent_phone="", application_date="2026-11-03", **{"agent.id_name": "已巳"}
    )
    assert right(score_fields(EXPECTED, said, by_hand=False)) == {
        "unit_name": True,
        "agent_phone": True,
        "application_date": True,
        "agent.id_name": False,
    }


def test_a_field_that_is_not_there_is_wrong_even_when_blank():
    assert not any(right(score_fields(EXPECTED, read(), by_hand=False)).values())


@pytest.mark.parametrize(
    ("field_id", "by_hand", "what"),
    [
        ("unit_name", False, PRINTED),
        ("unit_name", True, WRITTEN),
        ("project_name", True, PRINTED),
        ("application_date", False, DATE),
        ("application_date", True, WRITTEN),
        ("licence_uscc", True, COPIES),
        ("agent.id_name", True, COPIES),
    ],
)
def test_printed_and_written_fields_are_counted_apart(field_id, by_hand, what):
    assert field_class(field_id, by_hand) == what


def test_an_unclear_box_is_not_a_clear_one():
    assert right(score_boxes(EXPECTED, read())) == {"business/新办": True, "business/续费": False}
    assert share(score_boxes(EXPECTED, read()), BOXES) == Share(1, 2)


def test_a_page_that_was_not_read_counts_against_kinds_and_turns():
    scores = list(score_pages(EXPECTED, read()))
    assert share(scores, KINDS) == Share(1, 2)
    assert share(scores, TURNS) == Share(0, 2)


def test_stock_lines_are_searched_on_their_own_page_and_blank_values_left_out():
    lines = {("a.pdf", 0): ["单位名称甲乙（北", "京）公司", "2026 年 11 月 03 日", "己巳"], ("a.pdf", 1): ["巳己"]}
    assert right(score_lines(EXPECTED, lines, by_hand=False)) == {
        "unit_name": True,
        "application_date": True,
        "agent.id_name": False,
    }


def test_days_are_spelt_as_on_paper_and_other_values_as_they_are():
    assert "2026年11月3日" in spellings("2026-11-03")
    assert spellings("长期") == ("长期",)


def test_fields_of_turned_pages_can_be_left_out():
    assert on_upright_pages(EXPECTED) == {"unit_name", "agent_phone", "application_date"}


def test_wilson_intervals():
    low, high = Share(39, 40).interval()
    assert (round(low, 3), round(high, 3)) == (0.871, 0.996)
    assert Share(0, 0).interval() == (0.0, 1.0)
    assert Share(10, 10).interval()[1] == pytest.approx(1.0)
