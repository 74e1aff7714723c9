"""Whom a certificate would be for: the names and numbers of a case as they are settled."""

from __future__ import annotations

from validators.case import Case
from yinjian.approval import Subject


def holder(case: Case) -> Subject:
    """The subject of the certificate that is applied for; `""` for what the papers do not give.

    附件二 and 附件五 name no unit: there the organisation is that of the licence.
    """
    unit = _first(case, "unit_name", "licence_unit_name")
    code = _first(case, "uscc", "licence_uscc")
    if not case.personal:
        return Subject(unit, code, "", "")
    return Subject(unit, code, _first(case, "applicant_name", "name"), _first(case, "applicant_id", "id_number"))


def _first(case: Case, *field_ids: str) -> str:
    return next((value for field_id in field_ids if (value := case.value(field_id))), "")
