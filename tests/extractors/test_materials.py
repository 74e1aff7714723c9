"""Copies of documents: kinds, labels and values, on ready-made pages and on lines made up here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors.card import Card, is_card, material_kind, read_cards
from extractors.engine import Engine, Recognised
from extractors.labels import WITHIN, chains, entries
from extractors.licence import end_of_term, read_licence
from extractors.materials import _may_lack, with_lines_below
from extractors.opening import Scan, open_scans
from extractors.page import Sheet, split_by_cells, take_apart
from extractors.pagetext import read_lines
from extractors.ruling import Ruling
from extractors.straighten import straighten
from extractors.textlines import TextLine
from tests.extractors.test_dates import PITCH, drawn
from yinjian.catalogue import catalogue
from yinjian.lattice import Lattice
from yinjian.records import FieldReading, PageKind
from yinjian.textfold import fold

SAMPLES = Path(__file__).parents[2] / "samples"
NUMBER = "230103198502249871"
HEIGHT = 40.0  # px of the lines made up here


def line(text: str, x: float, y: float, pitch: float = HEIGHT) -> TextLine:
    """A line of symbols `pitch` pixels apart."""
    spans = tuple((i / len(text), (i + 0.5) / len(text)) for i in range(len(text)))
    steps = tuple(step for s in text for step in (((s, -0.01),), (("", -0.01),)))
    read = Recognised(text, 0.99, Lattice("none", steps), spans, float(len(text)))
    return TextLine((x, y, x + pitch * len(text), y + HEIGHT), read)


def sheet_of(*lines: TextLine) -> Sheet:
    blank = np.zeros((2000, 1400), np.float32)
    image = np.full((2000, 1400, 3), 255, np.uint8)
    return Sheet("x", 0, image, 0, None, blank, blank, Ruling((), ()), (), lines)


def texts(fields: tuple[FieldReading, ...]) -> dict[str, str]:
    return {f.id: fold(f.text) for f in fields}


LICENCE = (
    line("营业执照", 500, 100, 90),
    line("统一社会信用代码", 100, 200),
    line("91230110MAY0Q7Q13X", 100, 260, 20),
    line("名", 100, 400),
    line("称", 260, 402),
    line("哈尔滨市沐屿医疗器械有限公司", 330, 398),
    line("法定代表人", 100, 480),
    line("陈雨涵", 330, 478),
    line("住", 100, 560),
    line("所", 260, 560),
    line("黑龙江省哈尔滨市香坊区桦林路", 330, 560),
    line("209号创新大厦205室", 330, 620),
    line("营业期限", 100, 700),
    line("2005年01月16日至2035年01月15日", 330, 700, 22),
)  # fmt: skip


def card_front(name: str, number: str, x: float, y: float) -> tuple[TextLine, ...]:
    return (
        line(f"姓名{name}", x, y),
        line("性别男", x, y + 60),
        line("住址黑龙江省哈尔滨市", x, y + 120),
        line("桦林路128号", x + 80, y + 170),
        line("公民身份号码", x, y + 260, 30),
        line(number, x + 220, y + 260, 20),
    )


def card_back(days: str, x: float, y: float) -> tuple[TextLine, ...]:
    return line("居民身份证", x, y), line("签发机关某市公安局", x, y + 120), line(f"有效期限{days}", x, y + 180, 22)


def test_licence_with_spread_labels() -> None:
    sheet = sheet_of(*LICENCE)
    assert material_kind(sheet) is PageKind.BUSINESS_LICENCE
    assert texts(read_licence(sheet, 3)) == {
        "licence_unit_name": "哈尔滨市沐屿医疗器械有限公司",
        "licence_uscc": "91230110MAY0Q7Q13X",
        "licence_legal_person": "陈雨涵",
        "licence_address": "黑龙江省哈尔滨市香坊区桦林路209号创新大厦205室",
        "licence_valid_until": "2035-01-15",
    }
    assert {f.page for f in read_licence(sheet, 3)} == {3}


def test_a_value_does_not_go_on_in_the_row_of_a_label_that_is_not_known() -> None:
    """宗旨和业务范围 stands in two lines, what it labels beside the first."""
    scope = (line("宗旨和", 100, 446), line("承担公共服务保障工作", 330, 440), line("业务范围", 100, 486))
    lower = [replace(x, rect=(x.rect[0], x.rect[1] + 100, *x.rect[2:3], x.rect[3] + 100)) for x in LICENCE[6:]]
    found = texts(read_licence(sheet_of(*LICENCE[:6], *scope, *lower), 0))
    assert found["licence_unit_name"] == "哈尔滨市沐屿医疗器械有限公司"


def test_a_licence_without_a_term_has_none() -> None:
    assert "licence_valid_until" not in texts(read_licence(sheet_of(*LICENCE[:-2]), 0))


@pytest.mark.parametrize("word", ["长期", "永久", "无固定期限", "2005年01月16日至长期"])
def test_a_licence_for_good(word: str) -> None:
    lines = [*LICENCE[:-1], line(word, 330, 700, 22)]
    assert texts(read_licence(sheet_of(*lines), 0))["licence_valid_until"] == "长期"


def test_half_a_label_in_the_column_of_labels_is_enough() -> None:
    lines = [x for x in LICENCE if x.text != "名"]
    assert texts(read_licence(sheet_of(*lines), 0))["licence_unit_name"] == "哈尔滨市沐屿医疗器械有限公司"


def test_a_label_without_its_last_letter_takes_none_of_the_value() -> None:
    lines = [line("法定代表", 100, 480) if x.text == "法定代表人" else x for x in LICENCE]
    assert texts(read_licence(sheet_of(*lines), 0))["licence_legal_person"] == "陈雨涵"
    front = [
        line("公民身份号", 50, 360, 30) if x.text == "公民身份号码" else x for x in card_front("胡文", NUMBER, 50, 100)
    ]
    (card,) = read_cards(sheet_of(*front), 0)
    assert texts(card.fields)["id_number"] == NUMBER


def test_a_front_whose_labels_a_copy_turned_into_dots() -> None:
    """The number says the day of birth, and so which line that is; the rest stands above and below it."""
    front = (
        line("2&胡文", 50, 100),
        line("性制男民苏回", 50, 160),
        line("出31985年2月24日", 50, 220),
        line("住3黑龙江省哈尔滨市", 50, 280),
        line("桦林路128号", 130, 330),
        line("230103198502249871", 270, 420, 20),
    )
    sheet = sheet_of(*front)
    assert material_kind(sheet) is PageKind.IDENTITY_CARD
    (card,) = read_cards(sheet, 0)
    assert texts(card.fields) == {
        "id_name": "胡文",
        "id_number": "230103198502249871",
        "id_address": "黑龙江省哈尔滨市桦林路128号",
    }
    half = [line("姓2胡文", 50, 100), *front[1:]]
    assert texts(read_cards(sheet_of(*half), 0)[0].fields)["id_name"] == "胡文"
    dotted = [line("出31985单2月243", 50, 220) if "出" in x.text else x for x in front]
    assert texts(read_cards(sheet_of(*dotted), 0)[0].fields)["id_name"] == "胡文"
    other = [line("出31985年2月25日", 50, 220) if "出" in x.text else x for x in front]
    assert material_kind(sheet_of(*other)) is PageKind.OTHER


def test_running_text_is_no_document() -> None:
    prose = (
        "请提供营业执照副本复印件加盖公章。",
        "法定代表人身份证正反面复印件，住所以营业执照为准，",
        "公民身份号码须清晰可见，有效期限不得超过。",
    )
    assert material_kind(sheet_of(*(line(t, 100, 100 + 60 * i) for i, t in enumerate(prose)))) is PageKind.OTHER


@pytest.mark.parametrize(
    ("term", "days"),
    [
        ("2021.02.03-2041.02.03", {"id_valid_from": "2021-02-03", "id_valid_until": "2041-02-03"}),
        ("2021.02.032041.02.03", {"id_valid_from": "2021-02-03", "id_valid_until": "2041-02-03"}),
        ("2021.02.03长期", {"id_valid_from": "2021-02-03", "id_valid_until": "长期"}),
        ("2021.0.03-2041.02.03", {"id_valid_until": "2041-02-03"}),  # a symbol was passed over
        ("2021.02.03", {"id_valid_from": "2021-02-03"}),
        ("2021.02.03--2041.02.03", {"id_valid_from": "2021-02-03", "id_valid_until": "2041-02-03"}),
    ],
)
def test_a_cards_term(term: str, days: dict[str, str]) -> None:
    (card,) = read_cards(sheet_of(*card_back(term, 50, 600)), 0)
    assert {id_: text for id_, text in texts(card.fields).items() if id_.startswith("id_valid")} == days


def test_two_cards_of_two_people_are_told_apart() -> None:
    left, right = "230109198510012258", "230103198502249871"
    sheet = sheet_of(
        *card_front("陈雨涵", left, 50, 100),
        *card_front("胡文", right, 750, 100),
        *card_back("2021.02.03-2041.02.03", 50, 600),
        *card_back("2023.02.20-长期", 750, 600),
    )
    assert material_kind(sheet) is PageKind.IDENTITY_CARD
    one, two = read_cards(sheet, 0)
    assert (one.side, two.side) == ("both", "both")
    assert texts(one.fields)["id_number"] == left
    assert texts(one.fields)["id_valid_until"] == "2041-02-03"
    assert texts(two.fields)["id_name"] == "胡文"
    assert texts(two.fields)["id_address"] == "黑龙江省哈尔滨市桦林路128号"
    assert texts(two.fields)["id_valid_until"] == "长期"


def test_letters_in_place_of_digits_are_read_as_digits() -> None:
    (card,) = read_cards(sheet_of(*card_front("胡文", "23O103198502249871", 50, 100)), 0)
    assert texts(card.fields)["id_number"] == "230103198502249871"


def test_a_portrait_beside_an_address_joins_none_of_its_lines() -> None:
    portrait = replace(line("H", 720, 320), rect=(720.0, 320.0, 970.0, 410.0))
    words = {"住址": "address"}
    lines = (line("住址", 100, 300, 40), line("黑龙江省哈尔滨市道里区", 200, 300), line("安国街348号1902室", 200, 346))
    found = entries((*lines, portrait), words)
    (address,) = (e for e in found if e.key == "address")
    assert "".join(s.symbol.text for s in with_lines_below(address, found)) == "黑龙江省哈尔滨市道里区安国街348号1902室"


def test_a_name_that_the_detector_passed_over_is_looked_for_beside_its_label(engine: Engine) -> None:
    """A short one that stands alone is, now and then; nothing was found of it, and no seal lies over it."""
    label, name = drawn("法定代表人"), drawn("易军")
    room = np.zeros((label.dark.shape[0], 3 * PITCH), np.float32)
    dark = np.hstack([label.dark, room, name.dark])
    image = np.repeat((250 - 225 * dark).astype(np.uint8)[:, :, None], 3, axis=2)
    found = (line("法定代表人", 0, 0, PITCH),)
    sheet = replace(label, image=image, dark=dark, red=np.zeros_like(dark), lines=found)
    assert texts(read_licence(sheet, 0)) == {}
    assert texts(read_licence(sheet, 0, engine)) == {"licence_legal_person": "易军"}


def test_a_label_that_the_detector_passed_over_is_looked_for_before_its_value(engine: Engine) -> None:
    """Spread over its column it is two small letters; the others of its column were found."""
    dark = np.zeros((600, 700), np.float32)
    for text, x, y in (("名", 100, 400), ("称", 190, 400)):
        letter = drawn(text).dark
        dark[y : y + letter.shape[0], x : x + letter.shape[1]] = letter
    image = np.repeat((250 - 225 * dark).astype(np.uint8)[:, :, None], 3, axis=2)
    found = (
        line("哈尔滨市沐屿医疗器械有限公司", 290, 400, 24),
        line("法定代表人", 100, 480, 30),
        line("陈雨涵", 290, 480, 30),
        line("营业期限", 100, 540, 30),
        line("长期", 290, 540, 30),
    )
    sheet = replace(drawn("名"), image=image, dark=dark, red=np.zeros_like(dark), lines=found)
    assert "licence_unit_name" not in texts(read_licence(sheet, 0))
    assert texts(read_licence(sheet, 0, engine))["licence_unit_name"] == "哈尔滨市沐屿医疗器械有限公司"


def test_a_line_found_twice_counts_once() -> None:
    whole, part = line("有效期限2022.09.09-2042.09.09", 50, 100, 22), line("有效期限", 50, 100, 22)
    assert WITHIN < 1.0
    assert len(chains((whole, part))) == 1
    assert len(entries((part, whole), {"有效期限": "valid"})) == 1


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2005年01月16日至2035年01月15日", "2035-01-15"),
        ("自2005年1月16日至长期", "长期"),
        ("长期", "长期"),
        ("自2005年01月16日", None),
        ("2005年01月16日至", None),
        ("自2005年01月16日至2035年13月15日", None),
        ("2029-03-31", "2029-03-31"),
    ],
)
def test_the_end_of_a_term(text: str, end: str | None) -> None:
    found = end_of_term(text)
    assert (found and found[0]) == end


def test_what_is_read_behind_a_term_says_nothing_of_it() -> None:
    found = end_of_term("2018年02月11日至2048年02月10日8")
    assert found is not None and "2018年02月11日至2048年02月10日8"[found[1]] == "2048年02月10日"


def test_pages_of_a_ready_made_application(engine: Engine) -> None:
    """The licence and the cards of a01 (scans turned on the glass), value for value."""
    expected = json.loads((SAMPLES / "expected" / "a01.json").read_text("utf-8"))
    kinds = {(p["file"], p["page"]): (n, p) for n, p in enumerate(expected["pages"])}
    for scan in open_scans(SAMPLES / "applications" / "a01"):
        assert isinstance(scan, Scan)
        number, page = kinds[scan.file, scan.page]
        if page["kind"] not in ("business_licence", "identity_card"):
            continue
        sheet, rects = take_apart(scan.file, scan.page, straighten(scan.image, engine))
        sheet = read_lines(sheet, rects, engine, catalogue())
        assert material_kind(sheet) == page["kind"]
        wanted = {k.split(".")[-1]: fold(v["text"]) for k, v in expected["fields"].items() if v["page"] == number}
        assert _read(sheet, number, page["side"], engine) == wanted


def _read(sheet: Sheet, number: int, side: str, engine: Engine) -> dict[str, str]:
    if not is_card(sheet):
        return texts(read_licence(sheet, number, engine))
    cards: tuple[Card, ...] = read_cards(sheet, number, engine)
    assert [card.side for card in cards] == [side]
    return texts(cards[0].fields)


def test_a_name_without_its_label_stands_above_sex() -> None:
    front = (
        line("欧阳峰军", 330, 200),
        line("性别男民族汉", 200, 280),
        line("出生1991年11月28日", 200, 360, 20),
        line("住址黑龙江省哈尔滨市松北区", 200, 440),
        line("公民身份号码", 200, 600),
        line(NUMBER, 460, 600, 20),
    )
    (card,) = read_cards(sheet_of(*front), 0)
    found = texts(card.fields)
    assert (found["id_name"], found["id_number"]) == ("欧阳峰军", NUMBER)


@pytest.mark.parametrize(
    ("text", "lacks"),
    [("2023.08.23-2043.08.23", False), ("2023.08.23-长期", False), ("2020年12月15日至2050年12月14日", False),
     ("2023.08.23-2043.08.2", True), ("2023.08.23-", True), ("哈尔滨市公安局", True)],
)  # fmt: skip
def test_a_term_that_is_whole_lacks_nothing(text: str, lacks: bool) -> None:
    """Behind it the rim of a seal would be read as one more digit."""
    (entry,) = (e for e in entries((line(f"有效期限{text}", 100, 100),), {"有效期限": "valid"}) if e.key)
    assert _may_lack(entry) is lacks


def test_in_a_table_no_value_goes_on_in_the_next_row() -> None:
    name = line("大庆市让胡路区图书馆", 450, 100)
    scope = line("贯彻执行国家有关方针政策开展业务", 450, 100 + HEIGHT * 1.5)
    page = (line("名称", 300, 100), name, scope)
    label, below = entries(page, {"名称": "name"})
    cells = ((100.0, 50.0, 1300.0, 700.0), (440.0, 90.0, 1200.0, 148.0), (440.0, 150.0, 1200.0, 210.0))
    whole, cut_off = (with_lines_below(label, (label, below), 4, c) for c in (cells[:1], cells))
    assert "".join(s.symbol.text for s in whole) == name.text + scope.text
    assert "".join(s.symbol.text for s in cut_off) == name.text


def test_a_line_in_a_table_in_a_frame_is_one_line() -> None:
    cells = ((0.0, 0.0, 1000.0, 1000.0), (100.0, 100.0, 300.0, 150.0), (302.0, 100.0, 800.0, 150.0))
    assert split_by_cells((320.0, 105.0, 500.0, 145.0), cells) == [(320.0, 105.0, 500.0, 145.0)]
    assert split_by_cells((120.0, 105.0, 500.0, 145.0), cells) == [
        (120.0, 105.0, 300.0, 145.0),
        (302.0, 105.0, 500.0, 145.0),
    ]


def test_a_code_below_its_label_beside_words_and_an_ornament_on_the_same_baselines() -> None:
    """A square code's caption stands far to the right of the label, the frame's ornament before the code itself."""
    lines = (
        line("营业执照", 500, 100, 90),
        line("统一社会信用代码", 200, 200, 20),
        line("登录国家企业信用", 1240, 202, 18),
        line("Q", 20, 262, 20),
        line("91230110MAY0Q7Q13X", 200, 260, 20),
    )
    assert texts(read_licence(sheet_of(*lines), 0))["licence_uscc"] == "91230110MAY0Q7Q13X"


def test_a_line_below_the_value_of_another_label_goes_on_there() -> None:
    """Columns whose lines do not stand level: what the unit is for goes on close below its name's line."""
    lines = (
        line("事业单位法人证书", 500, 100, 90),
        line("名称", 100, 300),
        line("黑龙江省农业机械研究院", 330, 300),
        line("宗旨和业务范围", 100, 346, 32),
        line("开展科研及社会公共服务承", 340, 346),
        line("担政府交办的公益性工作", 340, 372),
    )
    assert texts(read_licence(sheet_of(*lines), 0))["licence_unit_name"] == "黑龙江省农业机械研究院"
