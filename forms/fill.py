"""A claim as what is printed into a form."""

from __future__ import annotations

from yinjian.catalogue import Catalogue, Form
from yinjian.catalogue.layout import SlotKind
from yinjian.errors import InputError
from yinjian.records import Claim


def fill_of(form: Form, claim: Claim) -> dict[str, str]:
    """The claim's values that have a slot on the form. What the claim leaves out stays blank for the pen."""
    ids = {slot.id for slot in form.slots() if slot.kind in (SlotKind.FIELD, SlotKind.DATE)}
    return {field_id: value for field_id, value in claim.fields if field_id in ids}


def ticks_of(form: Form, claim: Claim, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The boxes that the claim settles: the business, and the unit category where the certificate means just one."""
    printed = {(slot.id, slot.label) for slot in form.slots() if slot.kind is SlotKind.BOX}
    meant = catalogue.certificate(claim.certificate).unit_categories
    settled = {
        "business": (catalogue.business(claim.business).label,),
        "unit_category": meant if len(meant) == 1 else (),
    }
    return {group: tuple(x for x in labels if (group, x) in printed) for group, labels in settled.items()}


def check_claim(form: Form, platform: str, claim: Claim, catalogue: Catalogue) -> None:
    """Raises InputError when the claim is for another platform or on another form."""
    if claim.platform != platform:
        raise InputError(f"The application is for {claim.platform}, not {platform}.", "Name its platform.")
    right = catalogue.form_for(claim.platform, claim.certificate, claim.business)
    if right != form.id:
        remedy = f"Ask for the form {right}." if right else "It has no form: bring the papers to a service place."
        raise InputError(f"{claim.certificate} {claim.business} does not use the form {form.id}.", remedy)
