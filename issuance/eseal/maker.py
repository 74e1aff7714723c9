"""The seal maker: an SM2 root, issuing CA and maker of its own, and the seals that it makes (GB/T 38540-2020)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import core, pem, x509  # type: ignore[import-untyped]

from issuance.eseal import asn1
from issuance.eseal.algorithms import verifies
from issuance.eseal.certificates import Wanted, certificate
from issuance.eseal.sm2 import Signer, Sm2Key
from issuance.files import locked
from issuance.reservation import draw_serial
from yinjian.errors import Refused, SetupError, TokenError
from yinjian.files import write_whole

VERSION, VID = 4, "Yinjian"
LEVELS = ("root", "issuing", "maker")
LIVES = (timedelta(days=365 * 20), timedelta(days=365 * 15), timedelta(days=365 * 10))
PATHS = (1, 0, None)
NAMES = ("Seal Root CA", "Seal Issuing CA", "Seal Maker")
OF_UNIT, OF_PERSON = 1, 2  # kinds of seals (property.type)


@dataclass(frozen=True, slots=True)
class NewSeal:
    """A seal to be made. `id` was reserved before; `certificate`: its holder's, DER; `png` as it was approved."""

    id: str
    kind: int
    name: str
    certificate: bytes = field(repr=False)
    png: bytes = field(repr=False)
    width_mm: float
    height_mm: float
    created: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Maker:
    """An opened seal maker. `chain`: its certificate, the issuing CA's and the root's, DER."""

    signer: Signer
    chain: tuple[bytes, bytes, bytes] = field(repr=False)

    def make(self, new: NewSeal) -> bytes:
        """The seal (DER), V4. Raises Refused for one that would outlive its holder's certificate."""
        ends = x509.Certificate.load(new.certificate, strict=True)["tbs_certificate"]["validity"]["not_after"].native
        if new.valid_until > ends or new.created >= new.valid_until:
            raise Refused("The seal would be valid for longer than its holder's certificate.", "End it with that one.")
        info = _info(new)
        covered = info.dump()
        signature = self.signer.sign(covered)
        if not verifies(self.chain[0], self.signer.algorithm, signature, covered):
            raise TokenError("The signature that was made does not hold.", "Check the seal maker's key.")
        seal = asn1.SealV4(
            {
                "info": info,
                "cert": self.chain[0],
                "signature_algorithm": self.signer.algorithm,
                "signed_value": signature,
            }
        )
        return bytes(seal.dump())


def create(directory: Path, organization: str, passphrase: str, now: datetime) -> bool:
    """Make the three keys and certificates where there are none; whether anything was made.

    May be repeated after a kill: a level is there when its certificate is, which is written after its key.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = False
    with locked(directory):
        above: tuple[bytes, Sm2Key] | None = None
        for number, level in enumerate(LEVELS):
            there = directory / f"{level}.pem"
            if not there.exists():
                _make(directory, number, organization, passphrase, now, above)
                made = True
            above = _der(there), Sm2Key.load((directory / f"{level}.key").read_bytes(), passphrase)
    return made


def is_made(directory: Path) -> bool:
    """Whether there is a seal maker."""
    return (directory / f"{LEVELS[-1]}.pem").exists()


def open_maker(directory: Path, passphrase: str) -> Maker:
    """Raises SetupError when there is none, TokenError for a wrong passphrase."""
    if not is_made(directory):
        raise SetupError("There is no seal maker yet.", "Make it: yinjian ca seal-maker")
    root, issuing, own = (_der(directory / f"{level}.pem") for level in LEVELS)
    return Maker(Sm2Key.load((directory / f"{LEVELS[-1]}.key").read_bytes(), passphrase), (own, issuing, root))


def _make(
    directory: Path,
    number: int,
    organization: str,
    passphrase: str,
    now: datetime,
    above: tuple[bytes, Sm2Key] | None,
) -> None:
    key, begin = Sm2Key.generate(), now.astimezone(UTC).replace(microsecond=0)
    wanted = Wanted(
        draw_serial(),
        organization,
        f"{organization} {NAMES[number]}",
        key.public_key,
        begin,
        begin + LIVES[number],
        PATHS[number],
    )
    der = certificate(wanted, above[0] if above else None, above[1] if above else key)
    write_whole(directory / f"{LEVELS[number]}.key", key.sealed(passphrase), 0o600)
    write_whole(directory / f"{LEVELS[number]}.pem", pem.armor("CERTIFICATE", der))


def _info(new: NewSeal) -> asn1.SealInfoV4:
    holders = asn1.Certificates([core.OctetString(new.certificate)])
    return asn1.SealInfoV4(
        {
            "header": {"id": "ES", "version": VERSION, "vid": VID},
            "es_id": new.id,
            "property": {
                "type": new.kind,
                "name": new.name,
                "cert_list_type": 1,
                "cert_list": holders,
                "create_date": new.created,
                "valid_start": new.created,
                "valid_end": new.valid_until,
            },
            "picture": {
                "type": "PNG",
                "data": new.png,
                "width": round(new.width_mm),
                "height": round(new.height_mm),
            },
        }
    )


def _der(path: Path) -> bytes:
    try:
        return bytes(pem.unarmor(path.read_bytes())[2])
    except (OSError, ValueError) as error:
        raise SetupError(f"{path.name} of the seal maker cannot be read.", "Restore its folder from a copy.") from error
