"""The CA: a root and an issuing CA whose keys lie on one token, and the making of holders' certificates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import authority_plan, templates
from issuance.authority_plan import Names, Plan
from issuance.device import MODULE, Device
from issuance.faults import error_for
from issuance.files import locked
from issuance.issuer import Issuer, pem
from issuance.linting import Linter
from issuance.signing import PublicKey, check_made, check_signature, key_of, signed, strong_key
from issuance.softhsm import SoftTokens
from issuance.subject import authority_subject
from issuance.templates import Above
from issuance.tokens import KeyKind, KeyName, Pins, TokenInfo
from issuance.tokensigner import TokenSigner
from yinjian.errors import Refused, SetupError
from yinjian.files import write_whole

ROOT_FILE, ISSUING_FILE, TOKENS = "root.pem", "issuing.pem", "token"
CA_KEY = KeyKind.RSA_3072
AUDIT_KEY = KeyName("audit", b"audit")
_RESTORE = "Restore the CA's directory from its backup."


class Authority(Issuer):
    """An open CA whose keys lie on a token. Use as a context manager, or `close` it: the token's process ends with it.

    Safe for several threads, and for several processes on one directory.
    """

    def __init__(
        self, device: Device, token: TokenInfo, pin: str, plan: Plan, chain: tuple[bytes, bytes], linter: Linter
    ) -> None:
        self._device, self._token, self._pin = device, token, pin
        key = key_of(chain[0])
        super().__init__(TokenSigner(device, token, pin, plan.issuing.key, key.spki), chain, plan.organization, linter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._device.close()
        super().close()

    def audit_key(self) -> bytes:
        """The key (P-256, SPKI DER) that signs the heads of the audit log; made on the token when it is not there."""
        return self._device.make_key(self._token, self._pin, AUDIT_KEY.label, AUDIT_KEY.id, KeyKind.P_256)

    def attest(self, data: bytes) -> bytes:
        """A signature by the audit key: DER ECDSA with SHA-256. The CA's own keys sign nothing but what is the CA's."""
        key = strong_key(self.audit_key())
        signature = self._device.sign(self._token, self._pin, AUDIT_KEY.label, AUDIT_KEY.id, data)
        check_made(key, signature, data)
        return signature


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


def _certificates(
    directory: Path, plan: Plan, device: Device, token: TokenInfo, pin: str, linter: Linter
) -> tuple[bytes, bytes]:
    """Keys and certificates of both levels, on the token and as files; the issuing CA's file comes last of all."""
    root_name = authority_subject(plan.organization, plan.root.common_name)
    issuing_name = authority_subject(plan.organization, plan.issuing.common_name)
    root_key, issuing_key = (_key(device, token, pin, level.key) for level in (plan.root, plan.issuing))
    top, by_root = Above(root_name, root_key.identifier), TokenSigner(device, token, pin, plan.root.key, root_key.spki)
    above = templates.of_authority(plan.root, root_name, root_key, top, 1)
    below = templates.of_authority(plan.issuing, issuing_name, issuing_key, top, 0)
    root = signed(above, root_key, by_root, linter.check)
    issuing = signed(below, issuing_key, by_root, linter.check)
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
    check_signature(root, key_of(root))
    check_signature(issuing, key_of(root))
    if strong_key(issuing_key) != key_of(issuing):
        raise error_for("other-token")
