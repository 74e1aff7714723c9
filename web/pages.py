"""Pages: Jinja2 templates, in Chinese or English."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.clock import now, shown

HERE = Path(__file__).parent
LANGUAGE = "yinjian_language"
STATES = {
    "received": "待处理",
    "review": "待审核",
    "approved": "已批准",
    "issued": "已制证",
    "returned": "已退回",
    "rejected": "已驳回",
    "set_aside": "处理失败",
}
USAGES = {"sign": "签名", "encrypt": "加密", "both": "签名和加密"}
ACTS = STATES | {"submitted": "已收到", "review": "转人工", "compared": "抽检结果"}
LANGUAGES = {"zh": "中文", "en": "English"}


@cache
def environment() -> Environment:
    """Everything that is put into a page is escaped."""
    loader = FileSystemLoader(HERE / "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(when=when, since=since, monthday=monthday, prefixed=prefixed)
    made.globals.update(asset=asset, states=STATES, acts=ACTS, usages=USAGES)
    return made


@cache
def english() -> dict[str, str]:
    """The English of each Chinese text on a page."""
    return {str(k): str(v) for k, v in tomllib.loads((HERE / "english.toml").read_text("utf-8")).items()}


def translator(language: str) -> Callable[[str], str]:
    """Texts are written in Chinese; one that has no English stays as it is."""
    return (lambda text: english().get(text, text)) if language == "en" else (lambda text: text)


def told(language: str) -> Callable[[str], str]:
    """What the program says when it refuses something, which it says in English, in the page's language."""
    return _in_chinese if language != "en" else lambda text: text


@cache
def _chinese() -> tuple[tuple[re.Pattern[str], str], ...]:
    said = tomllib.loads((HERE / "chinese.toml").read_text("utf-8"))
    return tuple((re.compile("(.*?)".join(map(re.escape, en.split("{}")))), str(zh)) for en, zh in said.items())


def _in_chinese(text: str) -> str:
    found = ((pattern.fullmatch(text), words) for pattern, words in _chinese())
    for match, words in found:
        if match:
            return words.format(*match.groups())
    return text


def language(request: Request) -> str:
    """As the browser remembers it."""
    asked = request.cookies.get(LANGUAGE, "")
    return asked if asked in LANGUAGES else "zh"


def render(request: Request, template: str, code: int = 200, /, **values: object) -> Response:
    """A page, or a part of one."""
    tongue = language(request)
    given = {
        "request": request,
        "login": getattr(request.state, "login", None),
        "language": tongue,
        "languages": LANGUAGES,
        "t": translator(tongue),
        "told": told(tongue),
        "now": now(),
    }
    return HTMLResponse(environment().get_template(template).render(given | values), code)


@cache
def asset(name: str) -> str:
    """The address of a file of ours, which changes with its content so that browsers may keep it."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def when(instant: datetime) -> str:
    """As `11-28 14:05`."""
    return shown(instant)[5:16]


def monthday(day: str) -> str:
    """Of `2026-11-28` the day alone: the chart's caption says how many there are."""
    return day[-2:]


def prefixed(text: str, before: str) -> str:
    return before + text


def since(instant: datetime) -> str:
    """How long ago, as `3 d 4 h`."""
    return span(now() - instant)


def span(length: timedelta) -> str:
    minutes = max(0, int(length.total_seconds() // 60))
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
