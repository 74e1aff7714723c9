"""Rules about pages: the form and the agreement are there."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from yinjian.findings import Finding, finding
from yinjian.records import PageKind


def form_page_present(case: Case) -> Iterator[Finding]:
    """填写完整、确认无误的《企业机构数字证书和电子印章申请表》1份。"""
    told = any(f.code == "form.unknown" for f in case.reading.findings)
    if case.needs_form and not told and not case.pages(PageKind.FORM):
        yield finding("page.missing", "form", "未找到申请表页，请补交申请表。")


def agreement_present(case: Case) -> Iterator[Finding]:
    """申请表（共2页）；本单位已认真阅读并同意遵守《黑龙江省数字证书认证有限公司电子认证服务协议》中的各项条款。"""
    if case.needs_form and not case.pages(PageKind.AGREEMENT):
        yield finding("page.missing", "agreement", "未找到电子认证服务协议页，请补交与申请表同一份的协议。")
