"""Rules about the certificates that exist already."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from validators.case import Case
from yinjian.findings import Finding, finding
from yinjian.records import RegisterEntry
from yinjian.textfold import fold, fold_code

# Businesses that refer to a certificate which must exist.
REFERRING = frozenset({"renew", "replace", "revoke", "secondary"})


def register_at_hand(case: Case) -> Iterator[Finding]:
    """用户不希望继续使用数字证书时，应到HLJCA处办理数字证书注销业务。

    Without the register nothing that refers to a certificate can be judged. A new one can: that none is active yet is
    then only noted (`Policy.new_without_register`), so that `yinjian read` works on a folder alone. Where there is a
    register, it is given, and one that cannot be reached is for the caller to report as a blocking finding.
    """
    if case.register is not None or case.subject.business is None:
        return
    if _referred(case):
        yield finding(
            "register.unavailable", "register", "没有可用的证书登记库，无法核对原证书，请提供登记库后重新审核。"
        )
    elif case.subject.business == "new":
        severity = case.policy.new_without_register
        yield finding("register.unavailable", "register", "没有可用的证书登记库，未核对是否已有有效证书。", severity)


def certificate_exists(case: Case) -> Iterator[Finding]:
    """数字证书及电子印章有效期为1年，数字证书用户应提前办理续费。丢失USBKEY或USBKEY损坏，可到HLJCA处进行补办。

    An active certificate to replace, revoke or add a key to; for a renewal one that ended lately will do.
    """
    referred = _referred(case)
    if case.register is None or referred is None:
        return
    if not any(_usable(case, entry) for entry in _of_subject(case, referred)):
        message = "证书登记库中没有该用户在本平台的相应有效证书，请核对业务类型，或改为新办。"
        yield finding("business.no_certificate", "business", message)


def none_active_yet(case: Case) -> Iterator[Finding]:
    """新申请秘钥，点击新办。

    The same subject has one certificate of a kind on a platform; a further key is 副锁, a lost one is 补办.
    """
    if case.register is None or case.subject.business != "new":
        return
    if any(_active(case, entry) for entry in _of_subject(case, case.subject.certificate)):
        yield finding("business.already_active", "business", "该用户在本平台已有有效证书，请核对是否应为续费或补办。")


def register_names_the_unit(case: Case) -> Iterator[Finding]:
    """在数字证书有效期内，如用户关键信息发生变化，请到HLJCA处办理数字证书信息变更业务。"""
    name, referred = fold(case.value("unit_name")), _referred(case)
    if not name or referred is None:
        return
    named = {fold(e.unit_name) for e in _of_subject(case, referred) if _usable(case, e)}
    if named and name not in named:
        yield finding(
            "field.inconsistent", "unit_name", "单位名称与登记库中原证书的不一致，可能应办理信息变更，请核对。"
        )


def _referred(case: Case) -> str | None:
    """The kind of certificate that the business refers to. On ggzy a secondary key is a certificate of its own."""
    certificate, business = case.subject.certificate, case.subject.business
    if (certificate, business) == ("enterprise_secondary", "new"):
        return "enterprise"
    return certificate if business in REFERRING else None


def _of_subject(case: Case, certificate: str | None) -> tuple[RegisterEntry, ...]:
    """The subject's certificates of a kind on the platform of the application."""
    key = (case.subject.platform, certificate)
    return tuple(e for e in case.register or () if (e.platform, e.certificate) == key and _same(case, e))


def _same(case: Case, entry: RegisterEntry) -> bool:
    """By numbers, never by names: the unit's, and of a personal certificate the person's."""
    code, other = fold_code(case.unit_code), fold_code(entry.uscc)
    if not case.personal:
        return bool(code) and code == other
    person = fold_code(case.value("applicant_id") or case.value("id_number"))
    # An expert's certificate names no unit.
    return bool(person) and fold_code(entry.id_number) == person and (code == other or not (code and other))


def _active(case: Case, entry: RegisterEntry) -> bool:
    return entry.status == "active" and (entry.valid_until is None or entry.valid_until >= case.as_of)


def _usable(case: Case, entry: RegisterEntry) -> bool:
    """Whether the business can refer to this certificate; one that ended lately can still be renewed."""
    if case.subject.business != "renew" or entry.status == "revoked" or entry.valid_until is None:
        return _active(case, entry)
    return entry.valid_until + timedelta(days=case.catalogue.rule("renewal_after_end").number) >= case.as_of
