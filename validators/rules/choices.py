"""Rules about tick boxes."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from yinjian.findings import Finding, finding
from yinjian.records import State

GROUPS = {"business": "办理业务", "unit_category": "单位类别"}


def one_business(case: Case) -> Iterator[Finding]:
    """办理业务：□新办 □副锁（不含电子印章） □续费 □补办 □注销"""
    yield from _exactly_one(case, "business")


def one_unit_category(case: Case) -> Iterator[Finding]:
    """单位类别：□采购单位 □投标单位 □其他"""
    yield from _exactly_one(case, "unit_category")


def _exactly_one(case: Case, group: str) -> Iterator[Finding]:
    """One box ticked and no other in doubt or not seen, where the form has the group."""
    offered = case.choices(group)
    if not offered:
        return
    ticked = case.reading.ticked(group)
    seen = {c.label: c.state for c in case.reading.choices if c.group == group}
    unclear = tuple(label for label in offered if seen and seen.get(label, State.UNCLEAR) is State.UNCLEAR)
    title = GROUPS.get(group, group)
    if len(ticked) > 1:
        yield finding("choice.multiple", group, f"{title}勾选了多项（{'、'.join(ticked)}），只能选一项，请申请人重填。")
    elif unclear:
        yield finding("choice.unclear", group, f"{title}中{'、'.join(unclear)}的勾选看不清，请对照图像确认。")
    elif not ticked:
        yield finding("choice.none", group, f"{title}没有勾选任何一项，请申请人勾选。")


def business_offered(case: Case) -> Iterator[Finding]:
    """《专家数字证书和电子印章申请表》；办理业务；□新办 □续费 □补办。

    Each certificate has its own businesses on each platform.
    """
    if case.offers and case.subject.business and case.offer is None:
        business = _label(case, case.subject.business)
        yield finding("choice.not_offered", "business", f"该证书在该平台不能办理{business}，请核对业务。")


def business_as_claimed(case: Case) -> Iterator[Finding]:
    """选择办理的证书类型——点击办理；点击下载模板，填写后上传电子文件。"""
    printed = case.printed.business
    if case.claim and printed and printed != case.claim.business:
        pair = f"纸面勾选的业务是{_label(case, printed)}，网上申请的是{_label(case, case.claim.business)}"
        yield finding("field.inconsistent", "business", f"{pair}，请核对。")


def _label(case: Case, business: str) -> str:
    return case.catalogue.business(business).label
