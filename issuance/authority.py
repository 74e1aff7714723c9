"""The CA: a root and an issuing CA whose keys lie on one token, and the making of holders' certificates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier

from issuance import authority_plan
from issuance.authority_plan import Level, Names, Plan
from issuance.device import MODULE, Device
from issuance.extensions import extensions, key_usage
from issuance.faults import error_for
from issuance.files import locked
from issuance.profiles import Profile, Profiles, profiles
from issuance.reservation import Reservation, check_serial
from issuance.signing import PublicKey, check_made, check_signature, checked_key, kind_of, signed, strong_key
from issuance.softhsm import SoftTokens
from issuance.subject import authority_subject, subject_name
from issuance.tokens import KeyKind, KeyName, Pins, TokenInfo
from yinjian.approval import Approval
from yinjian.errors import Refused, SetupError
from yinjian.files import write_whole

ROOT_FILE, ISSUING_FILE, TOKENS = "root.pem", "issuing.pem", "token"
ANY_POLICY = ObjectIdentifier("2.5.29.32.0")
CA_KEY = KeyKind.RSA_3072
AUDIT_KEY = KeyName("audit", b"audit")
_RESTORE = "Restore the CA's directory from its backup."


class Authority:
    """An open CA. Use as a context manager, or `close` it: its token's process ends with it.

    The issuing key stays on the token; safe for several threads, and for several processes on one directory.
    """

    def __init__(self, device: Device, token: TokenInfo, pin: str, plan: Plan, chain: tuple[bytes, bytes]) -> None:
        self._device, self._token, self._pin, self._key = device, token, pin, plan.issuing.key
        self.chain = chain  # DER: issuing CA, root
        self.issuing = x509.load_der_x509_certificate(chain[0])
        self._public_key = checked_key(self.issuing.public_key())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._device.close()

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
        by = by or profiles()
        profile = by.of(approval.certificate)
        by.check_business(approval.business)
        self._check(profile, reservation)
        key = strong_key(public_key)
        if kind_of(key) is not profile.key:
            raise Refused("The key is of another kind than the profile's.", f"Make a key of kind {profile.key.value}.")
        builder = _builder(self.issuing.subject, key, self._public_key, reservation.serial)
        builder = builder.not_valid_before(reservation.not_before).not_valid_after(reservation.not_after)
        builder = builder.subject_name(subject_name(by, profile, approval.subject))
        for extension, critical in extensions(by, profile, approval.subject, reservation, profile.key):
            builder = builder.add_extension(extension, critical)
        return signed(builder, self.sign, self._public_key)

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
    try:
        if plan.token_serial not in ("", token.serial):
            raise error_for("other-token")
        plan = authority_plan.with_token(directory, plan, token.serial)
        chain = _certificates(directory, plan, device, token, pins.pin)
    except BaseException:
        device.close()
        raise
    return Authority(device, token, pins.pin, plan, chain)


def open_authority(directory: Path, pin: str, module: Path = MODULE) -> Authority:
    """The CA in `directory`. Raises SetupError when it is missing or damaged, TokenError for its token and PIN."""
    plan = authority_plan.read(directory)
    chain = (_read(directory / ISSUING_FILE), _read(directory / ROOT_FILE))
    device = SoftTokens(directory / TOKENS, module).device(plan.token_label)
    token = TokenInfo(plan.token_label, plan.token_serial, "")
    try:
        authority = Authority(device, token, pin, plan, chain)
        _check_chain(authority, device.public_key(token, pin, plan.issuing.key.label, plan.issuing.key.id))
    except BaseException:
        device.close()
        raise
    return authority


def pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _certificates(directory: Path, plan: Plan, device: Device, token: TokenInfo, pin: str) -> tuple[bytes, bytes]:
    """Keys and certificates of both levels, on the token and as files; the issuing CA's file comes last of all."""

    def by_root(data: bytes) -> bytes:
        return device.sign(token, pin, plan.root.key.label, plan.root.key.id, data)

    root_name = authority_subject(plan.organization, plan.root.common_name)
    issuing_name = authority_subject(plan.organization, plan.issuing.common_name)
    root_key, issuing_key = (_key(device, token, pin, level.key) for level in (plan.root, plan.issuing))
    root = signed(_ca(plan.root, root_name, root_key, root_name, root_key, 1), by_root, root_key)
    issuing = signed(_ca(plan.issuing, issuing_name, issuing_key, root_name, root_key, 0), by_root, root_key)
    for level, der, file in ((plan.root, root, ROOT_FILE), (plan.issuing, issuing, ISSUING_FILE)):
        device.write_certificate(token, pin, level.key.label, level.key.id, der)
        write_whole(directory / file, pem(der))
    return issuing, root


def _key(device: Device, token: TokenInfo, pin: str, key: KeyName) -> PublicKey:
    return strong_key(device.make_key(token, pin, key.label, key.id, CA_KEY))


def _ca(
    level: Level, name: x509.Name, key: PublicKey, issuer: x509.Name, issuer_key: PublicKey, below: int
) -> x509.CertificateBuilder:
    """A CA's certificate that may have `below` CAs under it."""
    begin, end = level.validity
    builder = _builder(issuer, key, issuer_key, level.number).subject_name(name)
    builder = builder.not_valid_before(begin).not_valid_after(end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
    builder = builder.add_extension(key_usage(frozenset({"key_cert_sign", "crl_sign"})), critical=True)
    if name == issuer:
        return builder
    return builder.add_extension(x509.CertificatePolicies([x509.PolicyInformation(ANY_POLICY, None)]), critical=False)


def _builder(issuer: x509.Name, key: PublicKey, issuer_key: PublicKey, serial: int) -> x509.CertificateBuilder:
    """What every certificate starts with: serial, issuer, key, and both key identifiers (RFC 5280, method 1)."""
    builder = x509.CertificateBuilder().serial_number(serial).issuer_name(issuer).public_key(key)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(above, critical=False)


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
