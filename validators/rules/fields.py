"""Rules about the values on the form: filled in, legible, well formed, in agreement with one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from validators.case import Case
from validators.compare import day
from validators.sources import fact_of, rings
from validators.titles import title
from yinjian.catalogue.model import FieldKind
from yinjian.checkdigits import is_identity_number, is_registration_number, is_uscc
from yinjian.findings import Finding, finding
from yinjian.records import FieldReading
from yinjian.textfold import fold, fold_code

DATE = "application_date"
AGENT = ("agent_name", "authorization_agent_name")
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


def fields_filled(case: Case) -> Iterator[Finding]:
    """填写完整、确认无误的《企业机构数字证书和电子印章申请表》1份。"""
    for field_id in case.catalogue.required_fields(case.form.id) if case.form else ():
        read = case.reading.field(field_id)
        if read is None:
            yield finding("field.missing", field_id, f"页面上未找到{title(field_id)}一栏，请人工查看。")
        elif not case.filled(field_id):
            inked = read.confidence < case.policy.min_confidence
            seen = "未读出内容，但似有笔迹，请对照图像核对。" if inked else "未填写，请申请人补填。"
            yield finding("field.missing", field_id, f"{title(field_id)}一栏{seen}")


def fields_legible(case: Case) -> Iterator[Finding]:
    """HLJCA应确保制作的数字证书信息与用户提供的信息保持一致。

    A value that was read at another place as well, or that the claim knew, needs no confidence of its own.
    """
    for read in case.reading.fields:
        doubtful = read.confidence < _needed(case, read.id) and _matters(case, read.id)
        settled = read.id == DATE and _in_time(case, read)
        if doubtful and case.filled(read.id) and not settled and not _borne_out(case, read.id):
            message = f"{title(read.id)}识别把握不足（{read.confidence:.2f}），读作「{read.text}」，请对照图像核对。"
            yield finding("field.unclear", read.id, message)


def _needed(case: Case, field_id: str) -> float:
    phone = case.kind(field_id) is FieldKind.PHONE
    return case.policy.min_phone_confidence if phone else case.policy.min_confidence


def _matters(case: Case, field_id: str) -> bool:
    """Whether something is decided by this reading: the form's own fields, terms, and an organisation's name and code.

    The name of the platform is one of a few and has a rule of its own; other values of copies only bear out the form.
    """
    if case.on_form(field_id):
        return case.kind(field_id) is not FieldKind.PLATFORM_NAME
    return case.kind(field_id) in (FieldKind.VALID_UNTIL, FieldKind.UNIT_NAME, FieldKind.USCC)


def _borne_out(case: Case, field_id: str) -> bool:
    """Whether another field or a seal states the same fact; where the claim states it, `paper_as_claimed` judges."""
    if case.claimed(field_id):
        return True
    fact = fact_of(field_id, case.subject.certificate)
    others = set(fact.form + fact.copies) - {field_id} if fact else set()
    sealed = fact is not None and fact.sealed and fold(case.value(field_id)) in map(fold, rings(case.reading))
    return sealed or any(case.same(field_id, other) for other in others)


def unit_code_valid(case: Case) -> Iterator[Finding]:
    """如单位没有统一社会信用代码，请填写营业执照上的注册号。

    18 characters by GB 32100-2015, or a 注册号 of 15 digits by GS 15-2006. Where the form has no code, the licence's
    enters the certificate.
    """
    for field_id in ("uscc",) if case.on_form("uscc") else ("licence_uscc",):
        code = fold_code(case.value(field_id))
        if code and not (is_uscc(code) or is_registration_number(code)):
            message = f"{title(field_id)}读作「{code}」，不是有效的统一社会信用代码或注册号（校验不符），请核对。"
            yield finding("field.invalid", field_id, message)


def identity_numbers_valid(case: Case) -> Iterator[Finding]:
    """本单位授权经办人（身份证号码：）为合法代理人。

    GB 11643-1999: region, birth date, check character; on the form and on the cards.
    """
    for read in _of_kind(case, FieldKind.ID_NUMBER):
        number = fold_code(case.value(read.id))
        if number and not is_identity_number(number, case.as_of):
            message = f"{title(read.id)}读作「{number}」，不是有效的公民身份号码，请核对。"
            yield finding("field.invalid", read.id, message)


def mobile_numbers_valid(case: Case) -> Iterator[Finding]:
    """单位法人手机号；经办人手机号码；申请人手机号码。

    The labels ask for mobile telephones, on which the applicant is told of the review: a landline cannot stand there.
    """
    for read in _of_kind(case, FieldKind.PHONE):
        number = fold_code(case.value(read.id))
        if number and not _MOBILE.fullmatch(number):
            yield finding("field.invalid", read.id, f"{title(read.id)}读作「{number}」，不是 11 位手机号码，请核对。")


def _of_kind(case: Case, kind: FieldKind) -> Iterator[FieldReading]:
    return (read for read in case.reading.fields if case.kind(read.id) is kind)


def application_dated(case: Case) -> Iterator[Finding]:
    """申请日期：年 月 日。

    A real day, not in the future, not older than the policy's age.
    """
    text, read = case.value(DATE), case.reading.field(DATE)
    dated = day(text)
    if read is not None and _in_time(case, read):
        return
    if text and dated is None:
        yield finding("field.invalid", DATE, f"申请日期读作「{text}」，不是有效日期，请核对。")
    if dated and dated > case.as_of:
        yield finding("field.invalid", DATE, f"申请日期 {dated} 晚于审核日 {case.as_of}，请核对。")
    if dated and (case.as_of - dated).days > case.policy.max_age_days:
        message = f"申请日期 {dated} 距今超过 {case.policy.max_age_days} 天，请重新填写申请表。"
        yield finding("field.invalid", DATE, message)


def _in_time(case: Case, read: FieldReading) -> bool:
    """Whether a day in doubt is surely one that is accepted, whichever it is: nothing is made out to it.

    What people write is weighed with what was seen (Bayes): few forms are too old, or of a day to come.
    """
    held = [(day(text), likely) for text, likely in read.held]
    within = sum(likely for dated, likely in held if dated is not None and _accepted(case, dated))
    others = sum(likely for _, likely in held) - within
    unknown = max(0.0, 1.0 - within - others)
    return case.policy.settles(within, case.policy.misdated * others + unknown)


def _accepted(case: Case, dated: date) -> bool:
    return 0 <= (case.as_of - dated).days <= case.policy.max_age_days


def agent_is_authorized(case: Case) -> Iterator[Finding]:
    """本单位授权经办人；为合法代理人，代表本单位办理；数字证书和电子印章相关事宜。

    The agent named in the table is the one that the authorization names.
    """
    if all(case.filled(f) for f in AGENT) and not case.same(*AGENT):
        named, authorized = (case.value(f) for f in AGENT)
        message = f"经办人姓名「{named}」与授权委托中的「{authorized}」不一致，请核对。"
        yield finding("field.inconsistent", AGENT[1], message)
