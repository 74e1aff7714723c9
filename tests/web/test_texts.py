"""The pages' texts: each Chinese one has its English, and what the program refuses has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from web.pages import ACTS, HERE, STATES, USAGES, english, told, translator

CHINESE = re.compile(r"'([^'\n]*[\u4e00-\u9fff][^'\n]*)'")
SOURCES = (
    *sorted((HERE / "templates").glob("*.html")),
    Path(HERE.parent / "pipeline" / "counter.py"),
)


def test_every_text_of_a_page_has_its_english() -> None:
    texts = {text for path in SOURCES[:-1] for text in CHINESE.findall(path.read_text("utf-8"))}
    texts |= (
        set(re.findall(r'Step\("([^"]+)"', SOURCES[-1].read_text("utf-8")))
        | set(STATES.values())
        | set(ACTS.values())
        | set(USAGES.values())
    )
    assert len(texts) > 150
    assert texts - english().keys() == set()


def test_no_text_of_a_page_stands_outside_of_the_translator() -> None:
    for path in SOURCES[:-1]:
        bare = re.sub(r"{[{%#].*?[}%#]}", "", path.read_text("utf-8"), flags=re.S)
        assert not re.findall(r"[\u4e00-\u9fff]+", bare.replace("印鉴", "").replace("：", "")), path.name


def test_texts_without_english_stay_chinese() -> None:
    assert translator("zh")("通过") == "通过"
    assert translator("en")("通过") == "Approve"
    assert translator("en")("某公司") == "某公司"


def test_a_refusal_is_told_in_the_pages_language() -> None:
    said = "rev2 has this case open now."
    assert told("en")(said) == said
    assert told("zh")(said) == "rev2 正在处理该申请。"
    assert told("zh")("Something new.") == "Something new."
