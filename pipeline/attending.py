"""What is done for a certificate that exists, on its holder's application: unlock, give up, bind to a platform."""

from __future__ import annotations

from issuance.services import Service
from issuance.tokens import Pins
from pipeline import leases, pins
from pipeline.clock import now
from pipeline.events import record
from pipeline.personalising import Held, end, set_pins, token_of, token_pins
from pipeline.reference import Referred
from pipeline.revocation import revoke_referred
from pipeline.store.issuing_tables import Binding, CertificateRow
from pipeline.workshop import Workshop
from yinjian.approval import Approval
from yinjian.errors import InputError, Refused


def unlock(shop: Workshop, approval: Approval, old: Referred | None, held: Held) -> tuple[str, ...]:
    """The security officer gives the token a new PIN; keys and certificates stay.

    The PIN is kept before the token has it: a kill between the two is mended by doing both again.
    """
    row = _ours(old)
    with shop.store.writing() as session:
        leases.require(session, held.lease, held.owner)
        row = session.get_one(CertificateRow, row.serial)
        new = Pins(token_pins(shop.store, row).so_pin, pins.draw().pin)
        set_pins(shop.store, session, row.token_label, new)
    shop.station.reset_pin(token_of(row), new.so_pin, new.pin)
    with shop.store.writing() as session:
        record(session, shop.actor, "unlocked", f"certificate:{row.serial}", "", approval.application)
        end(session, shop, approval, approval.business, held)
    return (row.serial,)


def give_up(shop: Workshop, approval: Approval, service: Service, old: Referred | None, held: Held) -> tuple[str, ...]:
    """The certificate is revoked as its holder asks (注销); its electronic seal is no longer valid."""
    assert old is not None and service.old is not None
    with shop.store.writing() as session:
        serials = revoke_referred(shop.store, session, old, service.old, shop.actor, approval.application)
        end(session, shop, approval, approval.business, held)
    return serials


def bind(shop: Workshop, approval: Approval, old: Referred | None, seal: bool | None, held: Held) -> tuple[str, ...]:
    """A certificate of another platform is usable on this one; nothing is issued anew.

    Whether its electronic seal goes along no document says: staff decide (`seal`), and it is recorded.
    """
    assert old is not None
    if seal is None:
        remedy = "Decide it: yinjian issue ID --seal (it goes along) or --no-seal, with --actor NAME."
        raise InputError("Whether the electronic seal goes along is not stated.", remedy)
    with shop.store.writing() as session:
        binding = Binding(application_id=approval.application, serial=old.serial, platform=approval.platform)
        binding.seal, binding.bound_by, binding.bound_at = seal, shop.actor, now()
        session.add(binding)
        detail = f"to {approval.platform}, {'with' if seal else 'without'} its seal"
        record(session, shop.actor, "bound", f"certificate:{old.serial}", "", approval.application, detail)
        end(session, shop, approval, approval.business, held)
    return (old.serial,)


def _ours(old: Referred | None) -> CertificateRow:
    if old is None or not old.rows:
        what = "The token of this certificate was not made here: its officer's PIN is not known."
        raise Refused(what, "Unlock it where it was made, or replace it (补办).")
    return old.rows[0]
