"""All rules, one function each; the docstring of a rule quotes the sentence that it enforces.

A new rule is a function here or in a module beside the others, and a line in this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from validators.case import Case
from validators.rules import choices, claim, fields, form, marks, materials, pages, register, reuse, seals
from yinjian.findings import Finding

Rule = Callable[[Case], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    form.form_known,
    form.certificate_offered,
    form.form_fits_certificate,
    form.category_fits_certificate,
    form.platform_is_named,
    pages.form_page_present,
    pages.agreement_present,
    choices.one_business,
    choices.one_unit_category,
    choices.business_offered,
    choices.business_as_claimed,
    fields.fields_filled,
    fields.fields_legible,
    fields.unit_code_valid,
    fields.identity_numbers_valid,
    fields.mobile_numbers_valid,
    fields.application_dated,
    fields.agent_is_authorized,
    claim.paper_as_claimed,
    claim.claim_fits_form,
    claim.claim_not_from_the_future,
    marks.marks_present,
    marks.marks_clear,
    marks.marks_whole,
    marks.marks_off_print,
    marks.marks_off_lines,
    marks.seals_in_red,
    marks.seals_of_the_unit_itself,
    marks.signature_in_black,
    seals.form_seals_are_the_units,
    seals.copy_seals_are_the_units,
    reuse.seals_stamped_anew,
    reuse.signatures_written_anew,
    reuse.copies_made_anew,
    materials.materials_present,
    materials.materials_stated,
    materials.copies_sealed,
    materials.licence_in_force,
    materials.cards_in_force,
    materials.copies_bear_out_form,
    materials.organisation_read,
    register.register_at_hand,
    register.certificate_exists,
    register.none_active_yet,
    register.register_names_the_unit,
)
