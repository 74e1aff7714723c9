"""Settings of one process: defaults here, each overridable by an environment variable `YINJIAN_<NAME>`.

Units are part of the names. An unknown name is refused, so that a typing error never passes for a setting.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from yinjian.errors import SettingsError

PREFIX = "YINJIAN_"
ENGINES = ("openvino", "paddleocr")
_MAY_BE_0 = {"settle_seconds", "retry_seconds", "sm2_mechanism"}
SM2_INPUTS = ("digest", "message")


@dataclass(frozen=True, slots=True)
class Settings:
    """How much of the machine may be used, what untrusted files may cost, and where things lie."""

    workers: int = 2  # reading processes, when there are several applications
    threads: int = 1  # of each reading process
    engine: str = "openvino"  # of recognition; paddleocr is the reference, and slower
    max_file_mb: int = 200  # a larger scan file is refused unopened
    max_pages_per_file: int = 200
    max_megapixels: int = 120  # declared size of one picture; more is refused before decoding
    max_page_megapixels: int = 35  # A4 at 600 dpi; a larger page is reduced to this
    decode_memory_mb: int = 1536  # address space of the decoding process
    decode_seconds: int = 120  # decoding time of one file
    low_dpi: int = 120  # an A4 page under this is `scan.low_resolution`
    var_dir: Path = Path("var")  # what the program writes and keeps
    database_url: str = ""  # SQLAlchemy's; empty: SQLite under var_dir
    blobs_url: str = ""  # fsspec's; empty: a folder under var_dir
    busy_seconds: int = 30  # to wait for a database that others are writing to
    passphrase_file: Path | None = None  # unlocks the key of the store; None asks at the terminal
    token_pin_file: Path | None = None  # PIN of the token that wraps the key, where one does
    ca_pin_file: Path | None = None  # PIN of the CA's token
    ocsp_pin_file: Path | None = None  # PIN of the token that answers OCSP; None: the CA's
    tsa_pin_file: Path | None = None  # PIN of the token that stamps the time; None: the CA's
    tsa_url: str = ""  # of the authority (RFC 3161) that stamps what is sealed; empty: this CA's own
    tsa_trust: Path | None = None  # the certificates (PEM) of that authority's CAs, up to their roots
    seal_pin_file: Path | None = None  # passphrase of the seal maker's keys; None: the first line of the CA's
    public_url: str = ""  # where others reach the web, as http://ca.example: what certificates point to
    crl_hours: int = 48  # until a revocation list says there will be another
    reconcile_seconds: int = 3600  # between two comparisons of database, tokens and certificates
    crl_seconds: int = 43200  # between two lists on schedule; one more comes with each revocation
    pkcs11_module: Path = Path("/usr/lib/softhsm/libsofthsm2.so")
    sm2_mechanism: int = 0  # the vendor's number by which a token signs with SM2; 0: the token does not
    sm2_input: str = "digest"  # what it takes: the digest with Z, or the whole message
    inbox: Path | None = None  # folder that is looked through on schedule; None: none
    inbox_url: str = ""  # fsspec's: a bucket (s3://...) or a server (sftp://...) that is looked through too
    inbox_options: Path | None = None  # JSON of fsspec's options for it: endpoint, user, key
    inbox_seconds: int = 60  # between two looks
    settle_seconds: int = 10  # a folder in which something was written this short ago is still being copied
    issuer: str = ""  # user in whose name the scheduled run issues; empty: it does not run
    issue_seconds: int = 60  # between two of its runs
    audit_dir: Path | None = None  # where the audit log's head is kept on schedule; None: nowhere
    audit_seconds: int = 3600  # between two heads
    tries: int = 3  # an application that fails as often is set aside
    retry_seconds: int = 20  # before the second try; twice as long before the third
    sample_share: float = 0.01  # of what passes, that people review without being told so; from 0 to 1
    web_host: str = "127.0.0.1"  # where the web listens; behind a proxy with TLS where others are to reach it
    web_port: int = 4211
    session_minutes: int = 30  # without a request, after which a log-in ends
    session_hours: int = 12  # after which it ends in any case
    review_hours: int = 24  # within which a case that waits for a person should be decided
    oidc_url: str = ""  # of the staff's OpenID provider (its issuer); empty: passwords only
    oidc_client: str = ""  # as what Yinjian is known there
    oidc_secret_file: Path | None = None  # what it proves that with
    oidc_claim: str = "preferred_username"  # which claim is the user's name here
    upload_mb: int = 100  # of one application that is uploaded; held in memory while it is taken in
    upload_files: int = 100  # of one application
    lease_seconds: int = 120  # without a sign of life, after which another process may take the work
    prefect_port: int = 4210  # of the embedded Prefect server, on loopback

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, int) and value < (0 if item.name in _MAY_BE_0 else 1):
                raise SettingsError(f"{item.name} is {value}.", f"Set {PREFIX}{item.name.upper()} to 1 or more.")
        if not 0.0 <= self.sample_share <= 1.0:
            raise SettingsError(f"sample_share is {self.sample_share}.", f"Set {PREFIX}SAMPLE_SHARE from 0 to 1.")
        if self.sm2_input not in SM2_INPUTS:
            remedy = f"Set {PREFIX}SM2_INPUT to {' or '.join(SM2_INPUTS)}."
            raise SettingsError(f"There is no input {self.sm2_input!r} of SM2.", remedy)
        if self.engine not in ENGINES:
            raise SettingsError(
                f"There is no engine {self.engine!r}.", f"Set {PREFIX}ENGINE to {' or '.join(ENGINES)}."
            )

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self.database_url or f"sqlite:///{(self.var_dir / 'yinjian.db').absolute()}"

    @property
    def blobs(self) -> str:
        """fsspec's URL of the file store."""
        return self.blobs_url or f"file://{(self.var_dir / 'blobs').absolute()}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that `environ` (usually `os.environ`) asks for."""
        given = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
        return cls(**{_field_name(name): _value(name, text) for name, text in given.items()})  # type: ignore[arg-type]

    def to_environment(self) -> dict[str, str]:
        """What `from_environment` makes the same settings of."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {PREFIX + name.upper(): str(value) for name, value in values.items() if value != getattr(DEFAULTS, name)}


DEFAULTS = Settings()
_TYPES = {item.name: type(getattr(DEFAULTS, item.name)) for item in fields(Settings)}


def _field_name(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    if name in _TYPES:
        return name
    known = [PREFIX + item.upper() for item in _TYPES]
    near = difflib.get_close_matches(variable, known, n=1) or known
    raise SettingsError(f"Unknown setting {variable}.", f"Did you mean {' or '.join(near)}? Otherwise unset it.")


def _value(variable: str, text: str) -> float | str | Path:
    wanted = _TYPES[_field_name(variable)]
    if wanted is str:
        return text
    if wanted not in (int, float):
        return Path(text).expanduser()
    try:
        return int(text, 0 if text[:2].lower() == "0x" else 10) if wanted is int else float(text)
    except ValueError:
        kind = "whole number" if wanted is int else "number"
        raise SettingsError(f"{variable} is {text!r}, not a {kind}.", f"Set {variable} to one.") from None
