"""Rules about the paper against what was typed on-line."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from validators.titles import title
from yinjian.findings import Finding, Severity, finding


def paper_as_claimed(case: Case) -> Iterator[Finding]:
    """HLJCA应确保制作的数字证书信息与用户提供的信息保持一致。"""
    for field_id, expected in case.claim.fields if case.claim else ():
        read = case.filled(field_id)
        if read and expected.strip() and not case.agrees(field_id, expected):
            message = (
                f"{title(field_id)}（{field_id}）：网上申请为「{expected}」，纸面读作「{read.text}」，请对照图像核对。"
            )
            yield finding("field.inconsistent", field_id, message)


def claim_fits_form(case: Case) -> Iterator[Finding]:
    """输入相关信息，点击保存并进入下一步。点击下载模板，填写后上传电子文件。

    What the form has no room for cannot be proved by it.
    """
    for field_id, expected in case.claim.fields if case.claim and case.form else ():
        if expected.strip() and not case.on_form(field_id):
            message = f"网上申请填了{title(field_id)}（{field_id}），但该申请表没有这一栏，请核对。"
            yield finding("claim.invalid", field_id, message, Severity.WARNS)


def claim_not_from_the_future(case: Case) -> Iterator[Finding]:
    """申请日期：年 月 日。

    A claim submitted after the day of judgement means that one of the two clocks is wrong.
    """
    submitted = case.claim.submitted_on if case.claim else None
    if submitted and submitted > case.as_of:
        message = f"提交日期 {submitted} 晚于审核日 {case.as_of}，请核对系统时间。"
        yield finding("claim.invalid", "submitted_on", message)
