"""Sealing a PDF with an electronic seal that was made here, by the key on its holder's token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image

from issuance.delegated import OCSP
from issuance.eseal import use
from issuance.eseal.check import check, decoded
from issuance.eseal.seal import Seal, parse_seal
from issuance.ocsp import open_responder
from issuance.pdf import sealing
from issuance.pdf.drawing import Drawn
from issuance.pdf.sealing import Evidence, Holder, Stamping, Where
from issuance.signing import key_of
from issuance.tokens import KeyKind, KeyName
from issuance.tokensigner import TokenSigner
from pipeline import pins
from pipeline.answering import HOLDS
from pipeline.clock import now
from pipeline.events import record
from pipeline.personalising import token_of
from pipeline.published import authority_chain, current_list
from pipeline.revocation import status
from pipeline.stamping import opened_stamps, stampers
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.verifying import known, standing
from pipeline.workshop import ca_directory, delegate_pin_file, opened_station
from yinjian.errors import Refused, SetupError
from yinjian.settings import Settings


def apply(store: Store, settings: Settings, seal: bytes, pdf: bytes, where: Where, pin: str) -> bytes:
    """The sealed PDF. Raises Refused for a seal that is not in force, InputError for a PDF that cannot be sealed.

    `pin`: the token's, which only its holder knows.
    """
    with _in_hand(store, settings, seal, pin) as hand:
        if key_of(hand.certificate).kind is KeyKind.SM2:
            raise Refused("PDF knows no SM2, and the seal's certificate has such a key.", "Use: yinjian seal put")
        picture = decoded(hand.seal.picture)
        drawn = Drawn(picture.convert("RGBA"), *_size(hand.seal, picture))
        holder = Holder(hand.certificate, authority_chain(settings), hand.signer.sign)
        evidence = _evidence(store, settings, hand.row)
        if settings.tsa_url:
            by = Stamping(sealing.remote_time_stamper(settings.tsa_url), stampers(settings))
            made = sealing.seal(pdf, drawn, where, holder, evidence, by)
        else:
            with opened_stamps(settings) as authority:
                by = Stamping(sealing.LocalTimeStamper(authority, now))
                made = sealing.seal(pdf, drawn, where, holder, evidence, by)
    _record(store, hand.seal, made, "a PDF")
    return made


def put(store: Store, settings: Settings, seal: bytes, data: bytes, name: str, pin: str) -> bytes:
    """A signature (SES_Signature, DER) of the seal on `data`, which is called `name`. Raises Refused as `apply`."""
    with _in_hand(store, settings, seal, pin) as hand:
        place = name.encode("ascii", "replace").decode()
        made = use.put(seal, data, place, hand.certificate, hand.signer, now())
    _record(store, hand.seal, made, "a file")
    return made


@dataclass(frozen=True, slots=True)
class _Hand:
    """A seal that may be used, the certificate (DER) it names, and the key on its token."""

    seal: Seal
    row: CertificateRow
    certificate: bytes
    signer: TokenSigner


@contextmanager
def _in_hand(store: Store, settings: Settings, seal: bytes, pin: str) -> Iterator[_Hand]:
    found = _usable(store, settings, seal)
    with store.reading() as session:
        row = session.get_one(CertificateRow, found.id)
    token, key = token_of(row), KeyName(row.key_label, bytes.fromhex(row.key_id))
    with opened_station(settings) as station:
        device = station.device(token.label)
        # A wrong PIN is told before anything is asked of others.
        spki = device.public_key(token, pin, key.label, key.id)
        yield _Hand(found, row, store.blobs.get(row.blob or ""), TokenSigner(device, token, pin, key, spki))


def _record(store: Store, seal: Seal, made: bytes, what: str) -> None:
    with store.writing() as session:
        record(session, "holder", "sealed", f"seal:{seal.id}", store.vault.name(made), detail=what)


def _size(seal: Seal, picture: Image.Image) -> tuple[float, float]:
    """Width and height in mm. A seal states whole ones (SES_ESPictureInfo); its pixels and their density say more."""
    stated = seal.picture.width_mm, seal.picture.height_mm
    density = picture.info.get("dpi")
    if not density or min(density) <= 0:
        return stated
    exact = picture.width / density[0] * 25.4, picture.height / density[1] * 25.4
    rounded = all(abs(one - other) <= 0.51 for one, other in zip(exact, stated, strict=True))
    return exact if rounded else stated


def _usable(store: Store, settings: Settings, seal: bytes) -> Seal:
    found = parse_seal(seal)
    steps = (*check(found, now(), known(settings, None), strict=True), standing(store, found))
    failed = next((step for step in steps if not step.holds), None)
    if failed is not None:
        what = f"The seal may not be used ({failed.name}: {failed.said})."
        raise Refused(what, "Renew it with its certificate, or get the right file.")
    return found


def _evidence(store: Store, settings: Settings, row: CertificateRow) -> Evidence:
    """The newest list, and what the responder says of the certificate now."""
    at = now()
    newest = current_list(store)
    if newest is None:
        raise SetupError("There is no revocation list.", "Publish one: yinjian ca crl --actor NAME")
    begin, serial = at.replace(microsecond=0), int(row.serial, 16)
    with store.reading() as session:
        said = status(session, serial)
    pin = pins.user_pin(*delegate_pin_file(settings, OCSP))
    with open_responder(ca_directory(settings), pin, settings.pkcs11_module) as responder:
        answer = responder.answer(responder.about(serial, "sha1"), said, begin, begin + HOLDS)
    return Evidence(at, (newest.der,), (answer,))
