"""Whether a certificate holds at an instant, and why not, in words without names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import RevocationCheckingPolicy, RevocationCheckingRule

# Whether a holder's certificate was revoked must be shown; a CA's is looked up where it says that it can be.
SHOWN = RevocationCheckingPolicy(RevocationCheckingRule.CRL_OR_OCSP_REQUIRED, RevocationCheckingRule.CHECK_IF_DECLARED)
DECLARED = RevocationCheckingPolicy.from_legacy("hard-fail")  # looked up where a certificate says that it can be
REVOKED = "it was revoked"
FAILURES = (PathError, ValidationError)
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (ExpiredError, "it had ended"),
    (NotYetValidError, "it had not begun"),
    (InsufficientRevinfoError, "nothing shows whether it was revoked"),
    (PathBuildingError, "it leads to no root that is known here"),
    (InvalidCertificateError, "it is not for this use"),
)


async def problem(
    certificate: Any, others: Sequence[Any], context: ValidationContext, usage: set[str], purposes: set[str]
) -> str:
    """What is wrong with a certificate, in words; `""` where nothing is."""
    try:
        validator = CertificateValidator(certificate, others, validation_context=context)
        await validator.async_validate_usage(usage, purposes)
    except FAILURES as error:
        return words(error)
    return ""


def words(error: Exception) -> str:
    """What the library found, without whose certificate it is."""
    if isinstance(error, RevokedError):
        return f"{REVOKED} on {error.revocation_dt:%Y-%m-%d %H:%M:%S} UTC ({error.reason.human_friendly})"
    return next((said for kind, said in _WORDS if isinstance(error, kind)), "it is not accepted")
