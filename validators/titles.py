"""What things are called when a finding tells a person about them."""

from __future__ import annotations

_FIELDS = {
    "project_name": "项目名称",
    "unit_name": "单位名称",
    "uscc": "统一社会信用代码",
    "address": "单位地址",
    "legal_person_name": "单位法人姓名",
    "legal_person_phone": "单位法人手机号",
    "agent_name": "经办人姓名",
    "agent_phone": "经办人手机号码",
    "authorization_agent_name": "授权委托中的经办人",
    "authorization_agent_id": "授权委托中的身份证号码",
    "application_date": "申请日期",
    "applicant_name": "申请人姓名",
    "applicant_id": "申请人身份证号码",
    "applicant_phone": "申请人手机号码",
    "name": "姓名",
    "employer": "工作单位及职务",
    "id_number": "身份证号码",
    "phone": "手机号码",
    "licence_unit_name": "营业执照上的单位名称",
    "licence_uscc": "营业执照上的统一社会信用代码",
    "licence_legal_person": "营业执照上的法人姓名",
    "licence_address": "营业执照上的地址",
    "licence_valid_until": "营业执照的有效期",
    "id_name": "姓名",
    "id_address": "住址",
    "id_valid_from": "有效期起",
    "id_valid_until": "有效期止",
}
_ROLES = {"legal_person": "法人", "agent": "经办人", "expert": "专家", "authorized_rep": "授权代表"}
_PLACES = {
    "form": "申请表",
    "agreement": "电子认证服务协议",
    "business": "办理业务",
    "unit_category": "单位类别",
    "certificate": "证书类型",
    "materials": "申请材料",
    "submitted_on": "提交日期",
}
_MARKS = {
    "seal_collection": "采集区的单位公章",
    "seal_declaration": "声明处的单位公章",
    "signature_collection": "采集区的签名",
    "signature_legal_person": "授权委托中委托人的签名",
    "signature_agent": "授权委托中经办人的签名",
    "signature_declaration": "声明处的签名",
    "business_licence": "营业执照（登记证书）复印件",
    "identity_card": "身份证复印件",
    "material_seal": "复印件上的公章",
}


def title(where: str) -> str:
    """The Chinese name of a field, box, mark or material; the id itself when it has none."""
    if where.startswith("identity_card:"):
        return f"{_ROLES.get(where.partition(':')[2], '')}身份证复印件"
    role, dot, name = where.partition(".")
    if dot:
        return f"{_ROLES.get(role, role)}身份证上的{_FIELDS.get(name, name)}"
    return _FIELDS.get(where) or _MARKS.get(where) or _PLACES.get(where) or where
