"""Rules about impressions that were seen before: two real ones of a seal or a hand always differ."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from validators.policy import Policy
from validators.titles import title
from yinjian.findings import Finding, finding
from yinjian.records import Reuse

COLLECTED = ("collection", "declaration")


def seals_stamped_anew(case: Case) -> Iterator[Finding]:
    """请在以下空白处加盖单位公章；申请单位公章。

    Each is stamped for itself: an impression that was seen before is a picture of one.
    """
    yield from _pasted(case, "seal")


def signatures_written_anew(case: Case) -> Iterator[Finding]:
    """请使用黑色碳素笔在以下空白处签名。

    Each is written for itself: one that was seen before is a picture of one.
    """
    yield from _pasted(case, "signature")


def _pasted(case: Case, kind: str) -> Iterator[Finding]:
    for reuse in case.reuse:
        if reuse.mark in {f"{kind}_{place}" for place in COLLECTED} and are_one(reuse, case.policy):
            message = f"{title(reuse.mark)}{_where(reuse)}，疑为粘贴图像，请核对原件。"
            yield finding(f"{kind}.reused", reuse.mark, message)


def are_one(reuse: Reuse, policy: Policy) -> bool:
    """Whether two are one: more alike than others are, and neither with ink of its own beyond what its die shows."""
    alike, shared = policy.same_impression, policy.same_ink
    if reuse.same_sheet:
        alike, shared = policy.same_on_sheet, policy.same_ink_on_sheet
    elif is_copy(reuse):
        alike = policy.same_copy
    return reuse.likeness > alike and (reuse.in_common is None or reuse.in_common >= shared)


def is_copy(reuse: Reuse) -> bool:
    """Whether what was seen before is a page as a whole: it goes by its kind, marks go by their names."""
    return not reuse.mark.startswith(("material_", "seal_", "signature_"))


def _where(reuse: Reuse) -> str:
    alike = f"（相似度 {reuse.likeness:.3f}）"
    if not reuse.application:
        return f"与本申请的{title(reuse.other)}是同一次盖印或书写{alike}"
    return f"与申请 {reuse.application} 的{title(reuse.other)}是同一次盖印或书写{alike}"


def copies_made_anew(case: Case) -> Iterator[Finding]:
    """所有复印件需加盖公章。

    A copy is told by its own seal, too: one that was handed in for another unit was not made for this one. Copies may
    be shared within one unit.
    """
    seen = set[int]()
    for reuse in case.reuse:
        copied = reuse.mark == "material_seal" or is_copy(reuse)
        another = copied and bool(reuse.application) and not reuse.same_unit
        if another and are_one(reuse, case.policy) and reuse.page not in seen:
            seen.add(reuse.page)
            what = f"第 {reuse.page + 1} 页的{title(case.reading.pages[reuse.page].kind)}"
            message = f"{what}与申请 {reuse.application}（另一单位）所交的是同一份复印件，请核对。"
            yield finding("material.reused", _place(case, reuse.page), message)


def _place(case: Case, page: int) -> str:
    """The material's name, with whose card it is."""
    read = case.reading.pages[page]
    return f"{read.kind}:{read.role}" if read.role else str(read.kind)
