"""Rules about the form itself: known, of the right platform, for the right certificate."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from yinjian.findings import Finding, finding
from yinjian.records import PageKind


def form_known(case: Case) -> Iterator[Finding]:
    """《企业机构证书和电子印章申请表》一份（见附件一）。

    A form that was not told apart goes to a person, and so does a business for which there is no form.
    """
    told = any(f.code == "form.unknown" for f in case.reading.findings)
    if not case.needs_form:
        needs = "、".join(case.offer.needs) if case.offer else ""
        yield finding("form.unknown", "business", f"该业务没有申请表，请人工办理。{needs}")
    elif case.form is None and case.pages(PageKind.FORM) and not told:
        yield finding("form.unknown", "form", "无法识别申请表的种类，请人工查看。")


def form_fits_certificate(case: Case) -> Iterator[Finding]:
    """选择办理的证书类型——点击办理；点击下载模板，填写后上传电子文件。"""
    offer = case.offer
    if case.form and offer and offer.form and offer.form != case.form.id:
        expected = case.catalogue.form(offer.form).title
        message = f"提交的是《{case.form.title}》（{case.form.id}），应为《{expected}》（{offer.form}），请申请人换表。"
        yield finding("form.wrong_certificate", "form", message)


def certificate_offered(case: Case) -> Iterator[Finding]:
    """黑龙江CA为该平台用户提供企业机构数字证书、法人数字证书、企业证书（副锁）；请用户根据业务需求。"""
    subject = case.subject
    if subject.platform and subject.certificate and not case.offers:
        yield finding("form.wrong_certificate", "certificate", "该平台不办理这种证书，请核对平台与证书类型。")


def category_fits_certificate(case: Case) -> Iterator[Finding]:
    """单位类别：□采购单位 □投标单位 □其他

    附件一 and 附件三 are the same page: the category tells which one it is.
    """
    printed = case.printed.certificate
    fits = case.form and case.offer and case.offer.form == case.form.id
    if case.claim and fits and printed and printed != case.claim.certificate:
        ticked = "、".join(case.reading.ticked("unit_category"))
        message = f"单位类别勾选了{ticked}，与网上申请的证书类型不符，请核对。"
        yield finding("form.wrong_certificate", "unit_category", message)


def platform_is_named(case: Case) -> Iterator[Finding]:
    """项目名称：哈尔滨产权交易所电子招投标平台

    The platform is printed with the form: the seal is collected for that platform only.
    """
    read = case.filled("project_name")
    if read is None:
        return  # fields_filled tells
    if case.printed.platform is None:
        message = f"项目名称读作「{read.text}」，不是所办理的平台，请对照图像核对。"
        yield finding("form.wrong_platform", "project_name", message)
    elif case.claim and case.printed.platform != case.claim.platform:
        claimed = case.catalogue.platform(case.claim.platform).name
        message = f"申请表是{read.text}的，网上申请的是{claimed}，请申请人换表。"
        yield finding("form.wrong_platform", "project_name", message)
