"""JSON from outside, read strictly: what the standard library lets through (NaN, keys given twice) is refused here."""

from __future__ import annotations

import json
from typing import NoReturn


class JsonProblem(ValueError):
    """The bytes are no JSON that can be trusted; the message says why, without repeating what was in them."""


def load(data: bytes, limit: int) -> object:
    """The value in `data`, at most `limit` bytes of UTF-8. Raises JsonProblem for everything else."""
    if len(data) > limit:
        raise JsonProblem(f"文件超过 {limit // 1024} KiB")
    try:
        value: object = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise JsonProblem("不是 UTF-8 编码") from None
    except RecursionError:
        raise JsonProblem("嵌套层数过多") from None
    except json.JSONDecodeError as error:
        raise JsonProblem(f"不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 列）") from None
    except JsonProblem:
        raise
    except ValueError:  # an integer of thousands of digits
        raise JsonProblem("含有过长的数字") from None
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise JsonProblem("同一个键出现多次")
    return result


def _no_constant(_: str) -> NoReturn:
    raise JsonProblem("含有 NaN 或 Infinity")


def is_plain(text: str) -> bool:
    """Whether a text is free of control characters and lone surrogates, which no form can hold."""
    return not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in text)
