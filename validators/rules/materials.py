"""Rules about the copies that go with the form: present, sealed, in force, and saying what the form says."""

from __future__ import annotations

from collections.abc import Iterator

from validators.case import Case
from validators.compare import day
from validators.copies import copies, evidence, holder, pages_of, place, scanned, sealed_pages, seals_on
from validators.titles import title
from yinjian.catalogue.model import Material, MaterialKind
from yinjian.findings import Finding, Severity, finding
from yinjian.textfold import fold

FOREVER = "长期"
SIDES = {"front": "人像面", "back": "国徽面"}


def materials_present(case: Case) -> Iterator[Finding]:
    """法人身份证正反面复印件一份；营业执照复印件一份；经办人身份证正反面复印件一份。"""
    for material in scanned(case):
        where = place(material)
        if not pages_of(case, material):
            yield finding("material.missing", where, f"缺少{title(where)}，请申请人补交。")
        elif missing := _missing_sides(case, material):
            yield finding("material.missing", where, f"{title(where)}缺少{missing}，请申请人补交。")


def materials_stated(case: Case) -> Iterator[Finding]:
    """医疗机构数字证书。

    Where the documents name a certificate and not its materials, a person decides what is enough.
    """
    if case.offer and not case.materials():
        yield finding("material.missing", "materials", "办理流程未写明该证书所需材料，请人工核对。", Severity.WARNS)


def _missing_sides(case: Case, material: Material) -> str:
    """正反面: the side with the portrait and the side with the emblem."""
    seen = {case.reading.pages[i].side for i in pages_of(case, material)}
    missing = (name for side, name in SIDES.items() if not seen & {side, "both"})
    return "和".join(missing) if material.sides > 1 else ""


def copies_sealed(case: Case) -> Iterator[Finding]:
    """注：所有复印件需加盖公章。"""
    for where, page in sealed_pages(case):
        if not seals_on(case, page):
            yield finding("material.unsealed", where, f"{title(where)}未加盖公章，请申请人盖章后重新提交。")


def licence_in_force(case: Case) -> Iterator[Finding]:
    """营业执照副本并加盖公章的复印件1份。

    A licence without a term holds until it is withdrawn.
    """
    if any(m.kind is MaterialKind.BUSINESS_LICENCE for m in copies(case)):
        yield from _in_force(case, "licence_valid_until", "business_licence")


def cards_in_force(case: Case) -> Iterator[Finding]:
    """法人和经办人身份证复印件（加盖公章）1份。

    The term stands on the side with the emblem; where that side is there it must be read.
    """
    for material in copies(case):
        if material.kind is MaterialKind.IDENTITY_CARD:
            field_id = f"{holder(case, material.role)}.id_valid_until"
            sides = {case.reading.pages[i].side for i in pages_of(case, material)}
            if sides & {"back", "both"} and not case.filled(field_id):
                yield finding("field.unclear", field_id, f"{title(field_id)}未能读出，请对照图像确认是否过期。")
            yield from _in_force(case, field_id, place(material))


def _in_force(case: Case, field_id: str, where: str) -> Iterator[Finding]:
    text = fold(case.value(field_id))
    until = day(text)
    if text and text != FOREVER and until is None:
        message = f"{title(field_id)}读作「{text}」，不是日期也不是长期，请对照图像核对。"
        yield finding("field.unclear", field_id, message)
    elif until and until < case.as_of:
        yield finding("material.expired", where, f"{title(where)}的有效期至 {until}，已过期，请提交有效证件。")


def copies_bear_out_form(case: Case) -> Iterator[Finding]:
    """用户应当提供真实、完整和准确的信息和资料。

    A value is settled by the copies: where a copy is there and its value was not read, a person looks.
    """
    for copy_id, other_id in evidence(case):
        if not case.filled(copy_id):
            message = f"{title(copy_id)}未能读出，无法印证{title(other_id)}，请对照图像核对。"
            yield finding("field.unclear", copy_id, message)
        elif case.filled(other_id) and not case.same(other_id, copy_id):
            pair = f"{title(copy_id)}「{case.value(copy_id)}」与{title(other_id)}「{case.value(other_id)}」"
            yield finding("material.inconsistent", copy_id, f"{pair}不一致，请核对。")


def organisation_read(case: Case) -> Iterator[Finding]:
    """HLJCA应确保制作的数字证书信息与用户提供的信息保持一致。

    附件二 and 附件五 name no unit: the certificate takes name and code from the licence, which therefore must be read.
    """
    licences = [m for m in copies(case) if m.kind is MaterialKind.BUSINESS_LICENCE]
    if case.form is None or case.on_form("unit_name") or not any(pages_of(case, m) for m in licences):
        return
    for field_id in ("licence_unit_name", "licence_uscc"):
        if not case.filled(field_id):
            yield finding("field.unclear", field_id, f"{title(field_id)}未能读出，请对照图像补录。")
