"""The SM2 side of the CA: a root, the maker of seals with its CA, and a CA for holders; keys under a passphrase.

The same profiles and templates as on the RSA side. Keys are in software until a token's vendor mechanism is known.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import pem, x509  # type: ignore[import-untyped]
from cryptography.x509 import load_der_x509_certificate

from issuance import templates
from issuance.authority_plan import Level
from issuance.files import locked
from issuance.issuer import Issuer
from issuance.linting import Linter
from issuance.reservation import draw_serial
from issuance.signing import signed, strong_key
from issuance.sm2 import Sm2Key
from issuance.subject import authority_subject
from issuance.templates import Above
from yinjian.errors import SetupError
from yinjian.files import write_whole

# What makes seals is of a CA of its own: no holder of an SM2 certificate can pass for a maker.
LEVELS = ("root", "issuing", "maker", "holders")
LIVES = {level: timedelta(days=365 * years) for level, years in zip(LEVELS, (20, 15, 10, 15), strict=True)}
NAMES = dict(zip(LEVELS, ("SM2 Root CA", "Seal Issuing CA", "Seal Maker", "SM2 Issuing CA"), strict=True))
MAKERS = ("issuing", "root")  # the CAs above a maker


def create(directory: Path, organization: str, passphrase: str, now: datetime) -> bool:
    """Make the keys and certificates where there are none; whether anything was made.

    May be repeated after a kill: a level is there when its certificate is, which is written after its key.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    linter = Linter()
    try:
        with locked(directory):
            due = [level for level in LEVELS if not _file(directory, level).exists()]
            for level in due:
                _make(directory, level, organization, passphrase, now, linter)
    finally:
        linter.close()
    return bool(due)


def is_made(directory: Path) -> bool:
    """Whether there is a maker of seals."""
    return _file(directory, "maker").exists()


def has_issuer(directory: Path) -> bool:
    """Whether there is an SM2 CA for holders: one that was made long ago has none."""
    return _file(directory, "holders").exists()


def open_issuer(directory: Path, passphrase: str) -> Issuer:
    """The SM2 CA for holders. Raises SetupError when there is none, TokenError for a wrong passphrase."""
    chain = certificate(directory, "holders"), certificate(directory, "root")
    organization = str(x509.Certificate.load(chain[0]).subject.native["organization_name"])
    return Issuer(key(directory, "holders", passphrase), chain, organization, Linter())


def certificate(directory: Path, level: str) -> bytes:
    """DER. Raises SetupError when it is not there."""
    try:
        return bytes(pem.unarmor(_file(directory, level).read_bytes())[2])
    except FileNotFoundError:
        raise SetupError("There is no seal maker yet.", "Make it: yinjian ca seal-maker") from None
    except (OSError, ValueError) as error:
        raise SetupError(f"{level}.pem of the seal maker is damaged.", "Restore its folder from a copy.") from error


def key(directory: Path, level: str, passphrase: str) -> Sm2Key:
    """Raises TokenError for a wrong passphrase, SetupError when there is none."""
    try:
        return Sm2Key.load((directory / f"{level}.key").read_bytes(), passphrase)
    except OSError as error:
        raise SetupError(f"{level}.key of the seal maker cannot be read.", "Restore its folder from a copy.") from error


def _make(
    directory: Path,
    level: str,
    organization: str,
    passphrase: str,
    now: datetime,
    linter: Linter,
) -> None:
    own, begin = Sm2Key.generate(), now.astimezone(UTC).replace(microsecond=0)
    public, name = strong_key(own.public_key), f"{organization} {NAMES[level]}"[-64:]
    end = begin + LIVES[level]
    plan = Level(name, f"{draw_serial():x}", "", "", begin.isoformat(), end.isoformat())
    subject = authority_subject(organization, name)
    if level == "root":
        above, signer = Above(subject, public.identifier), own
        template = templates.of_authority(plan, subject, public, above, 1)
    elif level != "maker":
        above, signer = _above(directory, "root"), key(directory, "root", passphrase)
        template = templates.of_authority(plan, subject, public, above, 0)
    else:
        above, signer = _above(directory, "issuing"), key(directory, "issuing", passphrase)
        template = templates.of_seal_maker(plan, organization, public, above)
    der = signed(template, public, signer, linter.check)
    write_whole(directory / f"{level}.key", own.sealed(passphrase), 0o600)
    write_whole(_file(directory, level), pem.armor("CERTIFICATE", der))


def _above(directory: Path, level: str) -> Above:
    return Above.of(load_der_x509_certificate(certificate(directory, level)))


def _file(directory: Path, level: str) -> Path:
    return directory / f"{level}.pem"
