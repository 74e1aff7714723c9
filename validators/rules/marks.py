"""Rules about the seals and signatures that a form asks for."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from validators.titles import title
from yinjian.findings import Finding, finding
from yinjian.records import MarkKind

# What spoils a mark that is collected is no defect elsewhere: a declaration seal lies over print by nature, and only
# the collected signature must be black.
ONLY_COLLECTED = frozenset(
    {
        "seal.overlaps_text",
        "seal.overlaps_line",
        "signature.overlaps_text",
        "signature.overlaps_line",
        "signature.not_black",
    }
)
FAULTS = {
    "clipped": "贴边或不完整",
    "overlaps_text": "压字",
    "overlaps_line": "压线",
    "not_red": "不是红色印泥",
    "name_mismatch": "是专用章，不是单位公章",
    "not_black": "不是黑色碳素笔",
    "unclear": "不清晰",
}


def marks_present(case: Case) -> Iterator[Finding]:
    """办理电子印章的用户请在以下空白处加盖单位公章；单位法人手写签名；经办人手写签名；申请单位公章。"""
    for mark_id in sorted(case.required_marks()):
        if case.reading.mark(mark_id) is None:
            kind = MarkKind.SIGNATURE if mark_id.startswith("signature") else MarkKind.SEAL
            yield finding(f"{kind}.missing", mark_id, f"缺少{title(mark_id)}，请申请人补齐。")


def marks_clear(case: Case) -> Iterator[Finding]:
    """请保证其清晰完整，请勿贴边、压字、压线。

    清晰完整: what is faint, smeared or stamped twice cannot become an electronic seal or signature.
    """
    yield from _spoilt(case, "unclear")


def marks_whole(case: Case) -> Iterator[Finding]:
    """请保证其清晰完整，请勿贴边、压字、压线。

    贴边: at the edge of its area, or cut off by it.
    """
    yield from _spoilt(case, "clipped")


def marks_off_print(case: Case) -> Iterator[Finding]:
    """请保证其清晰完整，请勿贴边、压字、压线。

    压字: print under what is collected.
    """
    yield from _spoilt(case, "overlaps_text")


def marks_off_lines(case: Case) -> Iterator[Finding]:
    """请保证其清晰完整，请勿贴边、压字、压线。

    压线: a ruled line through what is collected.
    """
    yield from _spoilt(case, "overlaps_line")


def seals_in_red(case: Case) -> Iterator[Finding]:
    """请在以下空白处加盖单位公章。

    A stamp of another colour, or a copy in grey, is no impression of the unit's seal.
    """
    yield from _spoilt(case, "not_red")


def seals_of_the_unit_itself(case: Case) -> Iterator[Finding]:
    """请在以下空白处加盖单位公章；申请单位公章。

    A seal for contracts, finance or invoices bears the unit's name, too, and is not its 公章.
    """
    yield from _spoilt(case, "name_mismatch")


def signature_in_black(case: Case) -> Iterator[Finding]:
    """请使用黑色碳素笔在以下空白处签名。"""
    yield from _spoilt(case, "not_black")


def _spoilt(case: Case, what: str) -> Iterator[Finding]:
    """The marks that the form asks for and whose pixels show the fault."""
    required = case.required_marks()
    for mark in case.reading.marks:
        for code in mark.faults if mark.id in required else ():
            if code.partition(".")[2] != what or (code in ONLY_COLLECTED and not mark.id.endswith("_collection")):
                continue
            message = f"{title(mark.id)}{FAULTS[what]}，请对照图像确认，必要时请申请人重新提交。"
            yield finding(code, mark.id, message)
