"""Registration documents: business licences and the certificates of public institutions, associations and codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from extractors.engine import Engine
from extractors.labels import Entry, chains, entries
from extractors.materials import (
    day_reading,
    longest_run,
    reading,
    second_look,
    with_labels_before,
    with_lines_below,
    without_punctuation,
)
from extractors.page import Sheet
from yinjian.records import FieldReading
from yinjian.textfold import fold

TITLES = (
    "营业执照",
    "企业法人营业执照",
    "个体工商户营业执照",
    "事业单位法人证书",
    "组织机构代码证",
    "社会团体法人登记证书",
    "民办非企业单位登记证书",
    "基金会法人登记证书",
    "统一社会信用代码证书",
    "农民专业合作社法人营业执照",
)
_LABELS = {
    "unit_name": "名称 单位名称 企业名称 机构名称 公司名称 字号名称",
    "legal_person": "法定代表人(负责人) 法定代表人 法定代表人姓名 法人代表 负责人 单位负责人 经营者 经营者姓名 投资人 "
    "投资人姓名 执行事务合伙人",
    "address": "住所 经营场所 主要经营场所 营业场所 地址 单位地址 机构地址 企业住所",
    "valid_until": "营业期限 有效期 有效期限 有效期至 合伙期限 经营期限 证书有效期",
    "uscc": "统一社会信用代码 社会信用代码 信用代码 注册号 统一社会信用代码/注册号",
    "": "类型 主体类型 机构类型 企业类型 公司类型 注册资本 注册资金 实收资本 出资额 成立日期 注册日期 核准日期 "
    "发证日期 经营范围 宗旨和业务范围 业务范围 经费来源 开办资金 举办单位 业务主管单位 登记机关 登记管理机关 发证机关 "
    "颁发单位 赋码机关 组成形式 活动地域 证照编号",
}
WORDS = {word: key or f"other:{word}" for key, words in _LABELS.items() for word in words.split()}
_ALPHABETS = {"unit_name": "text", "legal_person": "name", "address": "address"}
_ROOM = {"unit_name": 3.0, "legal_person": 2.0, "address": 3.0, "valid_until": 8.0, "uscc": 8.0, "": 8.0}
FEWEST_LABELS = 4  # without a title that can be read
FEWEST_UNDER_TITLE = 2
LEAST_CODE = 12  # symbols: a shorter run is no credit code (18) and no registration number (15), even damaged
_CODE_SYMBOLS = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz〇○|×")
_DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日?|(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
FOREVER = "长期"
_ENDLESS = (FOREVER, "永久", "无固定期限", "不约定期限")


def is_licence(sheet: Sheet) -> bool:
    """A title on a line of its own and labels below it, or more labels than any other page has."""
    keys = {e.key for e in entries(sheet.lines, WORDS) if e.key}
    return len(keys) >= (FEWEST_UNDER_TITLE if _titled(sheet) else FEWEST_LABELS)


def _titled(sheet: Sheet) -> bool:
    texts = (fold("".join(s.symbol.text for s in chain)) for chain in chains(sheet.lines))
    bare = (re.sub(r"\(?[副正]本.*$", "", text) for text in texts)
    return any(_near(text, title) for text in bare for title in TITLES)


def _near(text: str, title: str) -> bool:
    """The title itself with at most one letter misread (none of the short one's)."""
    errors = sum(a != b for a, b in zip(text, title, strict=False)) + abs(len(text) - len(title))
    return errors <= (1 if len(title) > 3 else 0)


def read_licence(sheet: Sheet, index: int, engine: Engine | None = None) -> tuple[FieldReading, ...]:
    """The values of a registration document that were found; `index` is the page's in the reading.

    With an engine, labels that were passed over are looked for, and rows under a seal are looked at again.
    """
    found = entries(sheet.lines, WORDS)
    if engine is not None:
        sheet, found = with_labels_before(sheet, found, WORDS, engine)
        sheet, found = second_look(sheet, found, _ROOM, engine)
    fields = [_value(key, found, sheet, index) for key in _ALPHABETS]
    fields += [_code(found, sheet, index), _valid_until(found, sheet, index)]
    return tuple(f for f in fields if f is not None)


def _value(key: str, found: Sequence[Entry], sheet: Sheet, index: int) -> FieldReading | None:
    entry = _first(found, key)
    if entry is None:
        return None
    value = without_punctuation(with_lines_below(entry, found, 1 if key == "legal_person" else 4, sheet.cells))
    if key == "legal_person":
        value = tuple(s for s in value if s.line == value[0].line)
    return reading(f"licence_{key}", value, _ALPHABETS[key], sheet, index) if value else None


def _first(found: Sequence[Entry], key: str) -> Entry | None:
    """The topmost entry of a key, one with a value before one without."""
    these = [e for e in found if e.key == key]
    return next((e for e in these if e.value), these[0] if these else None)


def _code(found: Sequence[Entry], sheet: Sheet, index: int) -> FieldReading | None:
    """The code beside or below its label; where the label was not read, the only such code on the page."""
    entry = _first(found, "uscc")
    beside = [longest_run(with_lines_below(entry, found, 1), _CODE_SYMBOLS)] if entry else []
    anywhere = [run for e in found if len(run := longest_run(e.value, _CODE_SYMBOLS)) in (15, 18)]
    runs = [run for run in beside if len(run) >= LEAST_CODE] or anywhere
    if not runs or (runs is anywhere and len(runs) > 1):
        return None
    return reading("licence_uscc", runs[0], "credit_code", sheet, index)


def _valid_until(found: Sequence[Entry], sheet: Sheet, index: int) -> FieldReading | None:
    """The end of the term, as sure as its own symbols are: what was read before and behind it says nothing of it."""
    entry = _first(found, "valid_until")
    value = with_lines_below(entry, found, 2, sheet.cells) if entry else ()
    written = tuple(s for s in value if fold(s.symbol.text))
    end = end_of_term("".join(fold(s.symbol.text) for s in written))
    return day_reading("licence_valid_until", written[end[1]], sheet, index, end[0], _end_in) if end else None


def _end_in(text: str) -> str | None:
    end = end_of_term(fold(text))
    return end[0] if end else None


def end_of_term(text: str) -> tuple[str, slice] | None:
    """The end of a term as ISO or 长期, and where in the folded text it stands.

    None when the text holds no end (自2005年1月1日, or an end that is no day).
    """
    for word in _ENDLESS:
        if word in text:
            return FOREVER, slice(text.index(word), text.index(word) + len(word))
    days = list(_DAY.finditer(text))
    if not days or text[: days[-1].start()].endswith("自") or text[days[-1].end() :].startswith("至"):
        return None
    day = iso(*(int(part) for part in days[-1].groups() if part))
    return (day, slice(*days[-1].span())) if day else None


def iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
