"""The CA: a root and an issuing CA whose keys lie on one token, and the making of holders' certificates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import authority_plan, certificate_rules, templates
from issuance.authority_plan import Names, Plan
from issuance.certificate_rules import Wanted
from issuance.crl import Revoked, revocation_template
from issuance.device import MODULE, Device
from issuance.faults import error_for
from issuance.files import locked
from issuance.linting import Kind, Linter, refuse
from issuance.profiles import Profile, Profiles, profiles
from issuance.reservation import Reservation, check_serial
from issuance.signing import (
    PublicKey,
    check_made,
    check_signature,
    checked_key,
    kind_of,
    signed,
    signed_list,
    strong_key,
)
from issuance.softhsm import SoftTokens
from issuance.subject import authority_subject
from issuance.tokens import KeyKind, KeyName, Pins, TokenInfo
from yinjian.approval import Approval
from yinjian.errors import Refused, SetupError
from yinjian.files import write_whole

ROOT_FILE, ISSUING_FILE, TOKENS = "root.pem", "issuing.pem", "token"
CA_KEY = KeyKind.RSA_3072
AUDIT_KEY = KeyName("audit", b"audit")
_RESTORE = "Restore the CA's directory from its backup."


class Authority:
    """An open CA. Use as a context manager, or `close` it: its token's process ends with it.

    The issuing key stays on the token; safe for several threads, and for several processes on one directory.
    """

    def __init__(
        self, device: Device, token: TokenInfo, pin: str, plan: Plan, chain: tuple[bytes, bytes], linter: Linter
    ) -> None:
        self._device, self._token, self._pin, self._key = device, token, pin, plan.issuing.key
        self._organization, self._linter = plan.organization, linter
        self.chain = chain  # DER: issuing CA, root
        self.issuing = x509.load_der_x509_certificate(chain[0])
        self._public_key = checked_key(self.issuing.public_key())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._device.close()
        self._linter.close()

    @property
    def chain_pem(self) -> bytes:
        """Issuing CA and root, as for `chain.pem`."""
        return b"".join(pem(der) for der in self.chain)

    def sign(self, data: bytes) -> bytes:
        """RSA PKCS#1 v1.5 with SHA-256 by the issuing key: for certificates, and for what revokes them."""
        return self._device.sign(self._token, self._pin, self._key.label, self._key.id, data)

    def audit_key(self) -> bytes:
        """The key (P-256, SPKI DER) that signs the heads of the audit log; made on the token when it is not there."""
        return self._device.make_key(self._token, self._pin, AUDIT_KEY.label, AUDIT_KEY.id, KeyKind.P_256)

    def attest(self, data: bytes) -> bytes:
        """A signature by the audit key: DER ECDSA with SHA-256. The CA's own keys sign nothing but what is the CA's."""
        key = strong_key(self.audit_key())
        signature = self._device.sign(self._token, self._pin, AUDIT_KEY.label, AUDIT_KEY.id, data)
        check_made(key, signature, data)
        return signature

    def issue(
        self, approval: Approval, reservation: Reservation, public_key: bytes, by: Profiles | None = None
    ) -> bytes:
        """The certificate (DER) that was approved and reserved, for a public key (SPKI DER).

        The same arguments give the same bytes. Raises Refused for a serial, validity, key, name or profile that does
        not allow it, TokenError when the CA's token does not sign.
        """
        by = by or profiles().at("")
        profile = by.of(approval.certificate)
        by.check_business(approval.business)
        self._check(profile, reservation)
        key = strong_key(public_key)
        if kind_of(key) is not profile.key:
            raise Refused("The key is of another kind than the profile's.", f"Make a key of kind {profile.key.value}.")
        builder = templates.of_holder(by, approval, reservation, key, self.issuing.subject, self._public_key)
        return self.certify(builder, Wanted(by, approval, reservation, public_key, self.issuing))

    def certify(self, template: x509.CertificateBuilder, wanted: Wanted) -> bytes:
        """The certificate (DER) of a holder's template, signed only when both linters find nothing against it."""

        def lint(draft: bytes) -> None:
            refuse(certificate_rules.findings(draft, wanted) + self._linter.findings(draft))

        return signed(template, self.sign, self._public_key, lint)

    def delegate(self, serial: int, validity: tuple[datetime, datetime], public_key: bytes) -> bytes:
        """The certificate (DER) with which a key (P-256, SPKI DER) signs OCSP answers in this CA's name."""
        issuer, key = self.issuing.subject, strong_key(public_key)
        template = templates.of_responder(serial, validity, self._organization, key, issuer, self._public_key)
        return signed(template, self.sign, self._public_key, self._linter.check)

    def revocation_list(
        self, number: int, this_update: datetime, next_update: datetime, of: Iterable[Revoked]
    ) -> bytes:
        """The CRL (DER) with this number. Instants are UTC, in whole seconds."""
        template = revocation_template(self.issuing, number, this_update, next_update, of)
        return signed_list(template, self.sign, self._public_key, partial(self._linter.check, kind=Kind.CRL))

    def _check(self, profile: Profile, reservation: Reservation) -> None:
        check_serial(reservation.serial)
        if reservation.usage not in profile.usages:
            raise Refused("The profile gives no certificate of this usage.", "Reserve for a usage that it names.")
        begin, end = self.issuing.not_valid_before_utc, self.issuing.not_valid_after_utc
        if not begin <= reservation.not_before < reservation.not_after <= end:
            raise Refused(
                "The certificate would be valid when the issuing CA is not.",
                "Create a new issuing CA before the old one ends.",
            )


def create(directory: Path, names: Names, so_pin: str, pin: str, now: datetime, module: Path = MODULE) -> Authority:
    """Make a CA in `directory`: token, keys, certificates, `root.pem` and `issuing.pem`.

    May be repeated after a kill at any moment, with the same names and PINs: serials and dates were fixed first, so it
    ends in the same CA. Raises Refused when there is a complete one already.
    """
    for name in (names.root, names.issuing):
        authority_subject(names.organization, name)  # refused before anything is begun
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        if (directory / ISSUING_FILE).exists():
            raise Refused("A CA exists in this directory.", "Open it, or create the new one in another directory.")
        return _created(directory, names, Pins(so_pin, pin), now, module)


def _created(directory: Path, names: Names, pins: Pins, now: datetime, module: Path) -> Authority:
    plan = authority_plan.take_up(directory, names, now)
    device, token = SoftTokens(directory / TOKENS, module).prepare(plan.token_label, pins.so_pin, pins.pin)
    linter = Linter()
    try:
        if plan.token_serial not in ("", token.serial):
            raise error_for("other-token")
        plan = authority_plan.with_token(directory, plan, token.serial)
        chain = _certificates(directory, plan, device, token, pins.pin, linter)
    except BaseException:
        device.close()
        linter.close()
        raise
    return Authority(device, token, pins.pin, plan, chain, linter)


def open_authority(directory: Path, pin: str, module: Path = MODULE) -> Authority:
    """The CA in `directory`. Raises SetupError when it is missing or damaged, TokenError for its token and PIN."""
    plan = authority_plan.read(directory)
    chain = (_read(directory / ISSUING_FILE), _read(directory / ROOT_FILE))
    device = SoftTokens(directory / TOKENS, module).device(plan.token_label)
    token = TokenInfo(plan.token_label, plan.token_serial, "")
    try:
        authority = Authority(device, token, pin, plan, chain, Linter())
        _check_chain(authority, device.public_key(token, pin, plan.issuing.key.label, plan.issuing.key.id))
    except BaseException:
        device.close()
        raise
    return authority


def pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _certificates(
    directory: Path, plan: Plan, device: Device, token: TokenInfo, pin: str, linter: Linter
) -> tuple[bytes, bytes]:
    """Keys and certificates of both levels, on the token and as files; the issuing CA's file comes last of all."""

    def by_root(data: bytes) -> bytes:
        return device.sign(token, pin, plan.root.key.label, plan.root.key.id, data)

    root_name = authority_subject(plan.organization, plan.root.common_name)
    issuing_name = authority_subject(plan.organization, plan.issuing.common_name)
    root_key, issuing_key = (_key(device, token, pin, level.key) for level in (plan.root, plan.issuing))
    above = templates.of_authority(plan.root, root_name, root_key, root_name, root_key, 1)
    below = templates.of_authority(plan.issuing, issuing_name, issuing_key, root_name, root_key, 0)
    root, issuing = (signed(template, by_root, root_key, linter.check) for template in (above, below))
    for level, der, file in ((plan.root, root, ROOT_FILE), (plan.issuing, issuing, ISSUING_FILE)):
        device.write_certificate(token, pin, level.key.label, level.key.id, der)
        write_whole(directory / file, pem(der))
    return issuing, root


def _key(device: Device, token: TokenInfo, pin: str, key: KeyName) -> PublicKey:
    return strong_key(device.make_key(token, pin, key.label, key.id, CA_KEY))


def _read(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except FileNotFoundError:
        raise SetupError(f"The CA is incomplete: {path.name} is missing.", "Finish creating it.") from None
    except ValueError:
        raise SetupError(f"{path.name} is damaged.", _RESTORE) from None


def _check_chain(authority: Authority, issuing_key: bytes) -> None:
    """Both signatures hold, and the key on the token is the certificate's."""
    issuing, root = authority.chain
    root_key = checked_key(x509.load_der_x509_certificate(root).public_key())
    check_signature(root, root_key)
    check_signature(issuing, root_key)
    if strong_key(issuing_key) != authority.issuing.public_key():
        raise error_for("other-token")
