"""`application.json`: what the applicant says. It comes from outside and is believed in nothing but its shape."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from yinjian import strictjson
from yinjian.catalogue import Catalogue
from yinjian.catalogue import catalogue as installed
from yinjian.catalogue.layout import SlotKind
from yinjian.findings import Finding, Severity, finding
from yinjian.records import Claim

MAX_BYTES = 256 * 1024
MAX_CHARACTERS = 500  # of one value; the longest address on a form has far fewer

_WORDS = ("platform", "certificate", "business")
_KEYS = frozenset((*_WORDS, "fields", "submitted_on"))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TELLABLE = re.compile(r"[a-z_]{1,40}")


def parse_claim(data: bytes, catalogue: Catalogue | None = None) -> tuple[Claim | None, tuple[Finding, ...]]:
    """The claim, or None, and what is wrong with the file; never raises for anything that `data` may hold.

    The findings are `claim.invalid`, `where` naming the key. They tell keys and remedies, never values. A key nobody
    knows only warns: the claim stands without it.
    """
    try:
        value = strictjson.load(data, MAX_BYTES)
    except strictjson.JsonProblem as problem:
        return None, (_invalid("application.json", f"{problem}，请重新生成并上传"),)
    if not isinstance(value, dict):
        return None, (_invalid("application.json", "应为一个 JSON 对象，请重新生成并上传"),)
    found = tuple(_problems(value, catalogue or installed()))
    blocked = any(f.severity is Severity.BLOCKS for f in found)
    return (None if blocked else _claim(value, catalogue or installed())), found


def parse_day(text: str) -> date | None:
    """A day written YYYY-MM-DD, and in no other way; None when it is none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def known_fields(catalogue: Catalogue) -> frozenset[str]:
    """Every field id that some form has room for."""
    slots = (slot for form in catalogue.forms for slot in form.slots())
    return frozenset(("project_name", *(s.id for s in slots if s.kind in (SlotKind.FIELD, SlotKind.DATE))))


def _claim(value: dict[str, object], catalogue: Catalogue) -> Claim:
    fields, day = value["fields"], value.get("submitted_on")
    assert isinstance(fields, dict)  # _problems has looked
    known = known_fields(catalogue)
    return Claim(
        platform=str(value["platform"]),
        certificate=str(value["certificate"]),
        business=str(value["business"]),
        fields=tuple((k, v) for k, v in fields.items() if k in known),
        submitted_on=parse_day(day) if isinstance(day, str) else None,
    )


def _problems(value: dict[str, object], catalogue: Catalogue) -> Iterator[Finding]:
    words: tuple[Iterable[str], ...] = (
        (p.id for p in catalogue.platforms if not p.register_only),
        (c.id for c in catalogue.certificates),
        (b.id for b in catalogue.businesses),
    )
    for key, known in zip(_WORDS, words, strict=True):
        yield from _word(key, value.get(key), tuple(known))
    yield from _fields(value.get("fields"), known_fields(catalogue))
    yield from _submitted_on(value.get("submitted_on"))
    yield from (_unknown("", key, n) for n, key in enumerate(value, 1) if key not in _KEYS)


def _word(key: str, value: object, known: tuple[str, ...]) -> Iterator[Finding]:
    if not isinstance(value, str) or value not in known:
        yield _invalid(key, f"缺少该项或取值不认识，应为下列之一：{'、'.join(known)}")


def _fields(value: object, known: frozenset[str]) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield _invalid("fields", "应为一个对象，键为栏目名，值为文字")
        return
    for number, (key, text) in enumerate(value.items(), 1):
        if key not in known:
            yield _unknown("fields.", key, number)
        elif not isinstance(text, str):
            yield _invalid(f"fields.{key}", "应为文字，请改为加引号的文字")
        elif len(text) > MAX_CHARACTERS:
            yield _invalid(f"fields.{key}", f"超过 {MAX_CHARACTERS} 个字，请缩短")
        elif not strictjson.is_plain(text):
            yield _invalid(f"fields.{key}", "含有控制字符，请去掉换行、制表符等")


def _submitted_on(value: object) -> Iterator[Finding]:
    if value is not None and (not isinstance(value, str) or parse_day(value) is None):
        yield _invalid("submitted_on", "应为 YYYY-MM-DD 格式的日期")


def _unknown(prefix: str, key: str, number: int) -> Finding:
    # A key may hold anything, a person's name too: only what looks like an id is repeated.
    name = prefix + key if _TELLABLE.fullmatch(key) else f"{prefix}#{number}"
    return _invalid(name, "没有这一项，已忽略；请核对键名", Severity.WARNS)


def _invalid(where: str, what: str, severity: Severity | None = None) -> Finding:
    return finding("claim.invalid", where, f"申请信息 application.json 的 {where}：{what}。", severity)
