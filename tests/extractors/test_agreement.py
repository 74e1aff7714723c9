"""The agreement behind each form is that form's own, word for word."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from extractors.agreement import LOSES, borne_out, check_agreement, in_order, is_title
from extractors.engine import Recognised, with_part
from extractors.pagetext import _closer, _unknown_part
from extractors.textlines import TextLine
from extractors.wording import words
from tests.extractors.test_materials import line
from yinjian.catalogue import catalogue
from yinjian.lattice import BLANK, Lattice

ALL = catalogue()
FORMS = [(form.id, platform.id) for form in ALL.forms for platform in ALL.platforms_of(form.id)]


def page(paragraphs: tuple[str, ...], wide: int = 45) -> list[TextLine]:
    """The paragraphs as lines of `wide` symbols, each read surely."""
    texts = [p[i : i + wide] for p in paragraphs for i in range(0, len(p), wide)]
    return [line(text, 100, 50.0 * n, 20) for n, text in enumerate(texts)]


def codes(paragraphs: tuple[str, ...], form: str, platform: str) -> list[str]:
    return [f.code for f in check_agreement(page(paragraphs), ALL.agreement(form, platform))]


@pytest.mark.parametrize(("form", "platform"), FORMS)
def test_each_forms_own_agreement_holds(form: str, platform: str) -> None:
    assert codes(ALL.agreement(form, platform), form, platform) == []


@pytest.mark.parametrize(("form", "platform"), FORMS)
@pytest.mark.parametrize(
    ("old", "new"), [("HLJCA不得将", "HLJCA得将"), ("0元/个/年", "元/个/年"), ("有效期", "无效期"), ("及时", "不及时")]
)
def test_a_changed_word_is_a_forgery(form: str, platform: str, old: str, new: str) -> None:
    forged = tuple(p.replace(old, new) for p in ALL.agreement(form, platform))
    assert codes(forged, form, platform) == ["agreement.altered"]


def test_letters_whose_feet_touch_are_read_as_one() -> None:
    whole = ALL.agreement("expert", "hpe")
    assert codes(tuple(p.replace("HLJCA", "HUCA") for p in whole), "expert", "hpe") == []
    assert codes(tuple(p.replace("HLJCA", "HLJCB") for p in whole), "expert", "hpe") == ["agreement.altered"]


def test_a_decimal_point_makes_another_fee() -> None:
    whole = ALL.agreement("expert", "hpe")
    assert codes(tuple(p.replace("60元", "6.0元") for p in whole), "expert", "hpe") == ["agreement.altered"]


def test_a_symbol_dropped_where_a_line_ends_is_a_forgery() -> None:
    whole = ALL.agreement("expert", "hpe")
    texts = [p[i : i + 45] for p in whole for i in range(0, len(p), 45)]
    for place in (5, 11):
        cut = [*texts[:place], texts[place][:-1], *texts[place + 1 :]]
        lines = [line(text, 100, 50.0 * n, 20) for n, text in enumerate(cut)]
        dropped = texts[place][-1]
        expected = ["agreement.altered"] if dropped.isalnum() else []
        assert [f.code for f in check_agreement(lines, whole)] == expected


@pytest.mark.parametrize("form", ["legal_person", "authorized_rep", "expert"])
def test_another_platforms_fees_are_no_agreement_of_this_one(form: str) -> None:
    assert codes(ALL.agreement(form, "hpe"), form, "ggzy") == ["agreement.altered"]


@pytest.mark.parametrize(("form", "platform"), FORMS)
def test_its_pages_come_in_any_order(form: str, platform: str) -> None:
    whole = ALL.agreement(form, platform)
    lines = page(whole)
    for last in (1, 3, len(lines) // 2):  # as few lines as one on the last sheet
        first, rest = lines[:-last], lines[-last:]
        for shown in ([first, rest], [rest, first]):
            assert check_agreement(in_order(shown, whole), whole) == ()


def test_half_a_page_is_unclear() -> None:
    whole = ALL.agreement("expert", "hpe")
    assert codes(whole[: len(whole) // 2], "expert", "hpe") == ["agreement.unclear"]


def seen(text: str, *others: tuple[str, float]) -> Recognised:
    """A look at a line: each symbol sure, but for those named, which are this likely in place of its own."""
    chances = {symbol: (other, p) for pair, p in others for symbol, other in [pair]}
    steps: list[tuple[tuple[str, float], ...]] = []
    for symbol in text:
        other, p = chances.get(symbol, ("", 0.0))
        both = ((symbol, math.log(1 - p)), (other, math.log(p))) if other else ((symbol, 0.0),)
        steps += [both, ((BLANK, 0.0),)]
    return Recognised(text, 0.99, Lattice("test", tuple(steps)), tuple((0.0, 0.0) for _ in text), float(len(text)))


def looked_at(*looks: Recognised) -> TextLine:
    return TextLine((0.0, 0.0, 900.0, 20.0), looks[0], looks)


def test_what_is_expected_is_not_believed_because_one_look_of_many_sees_it() -> None:
    forged, asked = "确保制作的数宇证书信息", "确保制作的数字证书信息"
    before = looked_at(seen(forged, ("宇字", 0.01)), seen(forged, ("宇字", 0.001)))
    by_chance = looked_at(seen(asked, ("字宇", 0.3)))
    assert _closer(by_chance, before, asked).text == forged
    assert borne_out(asked, before.looks) < LOSES


def test_a_line_misread_once_is_what_the_other_looks_see() -> None:
    asked, misread = "确保制作的数字证书信息", "确保制作的数宇证书信息"
    before = looked_at(seen(misread, ("宇字", 0.3)))
    assert _closer(looked_at(seen(asked)), before, asked).text == asked


def test_a_look_that_sees_more_of_the_lines_end_is_no_contradiction() -> None:
    assert borne_out("确保制作的数字证书信息", [seen("确保制作的数字证书信")]) == pytest.approx(0.0)
    assert borne_out("确保制作的数字证书信息", [seen("保制作的数字证书信息和")]) == pytest.approx(0.0)


def alone(text: str) -> Recognised:
    """A line read surely, a step and a blank for each symbol, which stand side by side."""
    spans = tuple((n / len(text), (n + 0.5) / len(text)) for n in range(len(text)))
    return replace(seen(text), spans=spans)


def test_a_part_looked_at_by_itself_takes_its_place_in_the_line() -> None:
    joined = with_part(alone("3、HLCA应确保"), 1, 6, alone("、HLJCA应"))
    assert joined.text == "3、HLJCA应确保"
    scores = joined.lattice.log_probabilities(["3、HLJCA应确保", "3、HLCA应确保"])
    assert scores[0] == pytest.approx(0.0, abs=1e-3) and scores[1] < LOSES
    first = [start for start, _ in joined.spans]
    assert first == sorted(first) and len(first) == len(joined.text) and joined.spans[-1][1] <= 1.0
    assert joined.lattice.steps[round(first[4] * len(joined.lattice.steps))][0][0] == "J"


@pytest.mark.parametrize(
    ("read", "part"), [("3、HLCA应确保", "3、HLCA应确"), ("3、HLUCA应确保", "、HLUCA应"), ("HLJCA应确呆", "A应确呆")]
)
def test_the_part_that_says_something_else_is_found(read: str, part: str) -> None:
    first, last = _unknown_part(read, "不得\n3HLJCA应确保制作")
    assert read[first : last + 1] == part


def test_dust_is_no_word_but_a_word_alone_in_its_line_is_one() -> None:
    whole = ALL.agreement("expert", "hpe")
    lines = page(whole)
    below = line("似", 100, 50.0 * len(lines), 20)
    dust = TextLine(below.rect, replace(below.read, confidence=0.2))
    assert check_agreement(in_order([[*lines, dust]], whole), whole) == ()
    assert check_agreement(in_order([[*lines, below]], whole), whole) != ()
    far = TextLine((700.0, 50.0 * len(lines) + 100, 740.0, 50.0 * len(lines) + 140), below.read)
    assert check_agreement(in_order([[*lines, far]], whole), whole) == ()


@pytest.mark.parametrize("above", [False, True])
def test_a_page_number_close_to_the_text_is_no_word(above: bool) -> None:
    """A digit where a line begins is one: so a number may be changed at the end of a paragraph."""
    whole = ALL.agreement("expert", "hpe")
    text = page(whole)
    y = -25.0 if above else text[-1].rect[3] + 5
    number, word = line("1", 500, y, 20), line("1", 100, y, 20)
    assert check_agreement(in_order([[*text, number]], whole), whole) == ()
    assert [f.code for f in check_agreement(in_order([[*text, word]], whole), whole)] == ["agreement.altered"]


@pytest.mark.parametrize("head", [["黑龙江省数字证书认证有限公司", "HLJCA"], ["黑龙江省数字证书认证有限公司"]])
def test_running_heads_and_feet_are_no_words(head: list[str]) -> None:
    whole = ALL.agreement("enterprise", "hpe")
    lines = page(whole)
    for last in (0, 1, len(lines) // 2):
        sheets = [s for s in (lines[: len(lines) - last], lines[len(lines) - last :]) if s]
        shown = [
            [*(line(t, 100 + 700 * i, s[0].rect[1] - 40, 20) for i, t in enumerate(head)), *s, foot(s, n, len(sheets))]
            for n, s in enumerate(sheets, 1)
        ]
        form = [line(t, 100 + 700 * i, 0, 20) for i, t in enumerate(head)]
        assert check_agreement(in_order([form, *shown], whole), whole) == ()


def foot(sheet: Sequence[TextLine], number: int, count: int) -> TextLine:
    return line(f"第 {number} 页 共 {count} 页", 400, sheet[-1].rect[3] + 30, 20)


def test_a_sentence_left_out_is_altered_and_a_stretch_passed_over_is_unclear() -> None:
    whole = ALL.agreement("enterprise", "hpe")
    lines = page(whole)
    n = next(n for n, one in enumerate(lines) if len(one.text) > 30)
    text, (x, y, *_) = lines[n].text, lines[n].rect
    without = line(text[:8] + text[22:], x, y, 20)
    assert [f.code for f in check_agreement([*lines[:n], without, *lines[n + 1 :]], whole)] == ["agreement.altered"]
    spans = tuple((a + 0.5 * (i >= 8), b + 0.5 * (i >= 8)) for i, (a, b) in enumerate(without.read.spans))
    apart = replace(without, read=replace(without.read, spans=spans))
    assert [f.code for f in check_agreement([*lines[:n], apart, *lines[n + 1 :]], whole)] == ["agreement.unclear"]


def test_a_title_below_a_running_head_is_one_without_its_last_symbol_too() -> None:
    whole = ALL.agreement("enterprise", "hpe")
    title, *text = page(whole)
    cut = line(title.text[:-1], *title.rect[:2], 20)
    head = line("黑龙江省数字证书认证有限公司", 100, title.rect[1] - 40, 20)
    assert [f.message for f in check_agreement(in_order([[head, cut, *text]], whole), whole)] == [
        f.message for f in check_agreement(in_order([[cut, *text]], whole), whole)
    ]


@pytest.mark.parametrize(
    ("label", "place"),
    [
        ("HL8889879929", "foot"),
        ("收讫 2026.11.28", "foot"),
        ("一收讫2026.11.20", "foot"),
        ("黑龙江CA数字证书业务", "head"),
        ("2026-11-13 09:57 FROM 0451 86900960 P.16", "head"),
        ("收讫 2026.11.28", "beside"),
    ],
)
def test_what_an_office_sticks_and_stamps_beside_the_text_is_no_words(label: str, place: str) -> None:
    whole = ALL.agreement("enterprise", "hpe")
    text = page(whole)
    width = max(one.rect[2] for one in text)
    at = {"head": (100, text[0].rect[1] - 120), "foot": (100, text[-1].rect[3] + 80), "beside": (width + 80, 400)}[
        place
    ]
    assert check_agreement(in_order([[*text, line(label, *at, 20)]], whole), whole) == ()


def test_a_punched_hole_in_the_margin_is_no_number() -> None:
    whole = ALL.agreement("enterprise", "hpe")
    text = page(whole)
    for height, expected in ((70.0, []), (20.0, ["agreement.altered"])):
        hole = replace(line("0", 40, 400, 20), rect=(40.0, 400.0, 90.0, 400.0 + height))
        assert [f.code for f in check_agreement(in_order([[*text, hole]], whole), whole)] == expected


@pytest.mark.parametrize("said", ["有效期5年", "不适用", "第2年起免费", "This is void"])
def test_what_states_something_beside_the_text_is_words(said: str) -> None:
    whole = ALL.agreement("enterprise", "hpe")
    text = page(whole)
    added = [*text, line(said, 100, text[-1].rect[3] + 80, 20)]
    assert [f.code for f in check_agreement(in_order([added], whole), whole)] == ["agreement.altered"]


def test_a_sum_that_ends_a_page_is_words() -> None:
    """It looks like a label, and is no farther from the text than its lines are."""
    whole = ALL.agreement("expert", "hpe")
    said = "".join(whole)
    at = said.index("100元") + 3
    first = [line(said[n : min(n + 40, at - 3)], 100, float(n), 20) for n in range(0, at - 3, 40)]
    second = [line(said[n : n + 40], 100, float(n), 20) for n in range(at, len(said), 40)]
    for sum_, expected in (("100", []), ("900", ["agreement.altered"])):
        shown = [[*first, line(sum_, 100, first[-1].rect[3] + 20, 20)], second]
        assert [f.code for f in check_agreement(in_order(shown, whole), whole)] == expected


def test_names_that_may_stand_at_the_head_of_each_sheet_are_no_words() -> None:
    whole, head = ALL.agreement("enterprise", "hpe"), "哈尔滨产权交易所电子招投标平台"
    text = page(whole)
    shown = [[line(head, 700, part[0].rect[1] - 40, 20), *part] for part in (text[:20], text[20:])]
    assert check_agreement(in_order(shown, whole, [head]), whole) == ()
    assert check_agreement(in_order(shown, whole), whole) != ()


@pytest.mark.parametrize("mark", ["扫描全能王 创建", "由扫描全能王扫描创建", "Scanned with CamScanner", "由扫描宝扫描"])
def test_a_scanners_mark_at_the_foot_is_no_word(mark: str) -> None:
    whole = ALL.agreement("enterprise", "hpe")
    text = page(whole)
    below = line(mark, 900, text[-1].rect[3] + 5, 20)
    assert check_agreement(in_order([[*text, below]], whole), whole) == ()


@pytest.mark.parametrize("added", ["不", "360", "用户应当", "第2年起", "由用户承担相关责任", "由用户创建", "使用通过"])
@pytest.mark.parametrize("above", [False, True])
def test_words_that_are_added_above_or_below_all_others_are_seen(added: str, above: bool) -> None:
    whole = ALL.agreement("enterprise", "hpe")
    text = page(whole)
    word = line(added, 100, -25.0 if above else text[-1].rect[3] + 5, 20)
    assert check_agreement(in_order([[*text, word]], whole), whole) != ()


def test_a_word_alone_in_its_line_that_can_hardly_be_read_is_not_missing() -> None:
    whole = ALL.agreement("expert", "hpe")
    lines = page(whole)
    alone = next(n for n, one in enumerate(lines) if len(words(one.text)) > 2)
    text, rect = lines[alone].text, lines[alone].rect
    tail = line(text[-1], 100, 50.0 * len(lines), 20)
    hardly = TextLine((rect[0], rect[3] + 1, rect[0] + 20, rect[3] + 9), replace(tail.read, confidence=0.3))
    cut = line(text[:-1], rect[0], rect[1], 20)
    shown = [*lines[:alone], cut, hardly, *lines[alone + 1 :]]
    assert check_agreement(shown, whole) == ()


def test_its_title_is_told_where_it_stands_alone() -> None:
    paragraphs = ALL.agreement("enterprise", "hpe")
    assert is_title(line(paragraphs[0], 100, 900, 20), paragraphs)
    assert not is_title(line(ALL.form("enterprise").title, 100, 900, 20), paragraphs)
    assert not is_title(line("黑龙江省数字证书认证有限公司", 100, 40, 20), paragraphs)
