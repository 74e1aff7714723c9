"""The subject of a certificate: the names that the paper proves, letter by letter, or a refusal."""

from __future__ import annotations

import unicodedata
import warnings

from cryptography import x509
from cryptography.x509.oid import NameOID

from issuance.profiles import Profile, Profiles, SubjectRow
from yinjian.approval import Subject
from yinjian.errors import Refused

# X.520 counts characters, `cryptography` counts bytes: 22 Chinese characters would be too many for it. Its check is
# left out below (ours is stricter in all else), and its warning about that says nothing.
warnings.filterwarnings("ignore", "Attribute's length must be >= 1 and <= 64", module=r"issuance\.")

_OIDS = {
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
}
LONGEST = 64  # characters of O, OU and CN (X.520 upper bounds, RFC 5280 Appendix A)
# Controls, invisible and direction marks, surrogates, private and unassigned characters, line breaks.
_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LOOK = "Have a reviewer correct the reading, or return the application with that reason."


def subject_name(profiles: Profiles, profile: Profile, subject: Subject) -> x509.Name:
    """The distinguished name. Full-width characters stay as they are; the form is NFC, without blanks at the ends.

    Raises Refused for a name that is missing, longer than X.520 allows (a shortened one would be a name that the paper
    does not show) or holds characters that are no writing.
    """
    rows = ((row, _text(row, subject)) for row in profiles.rows(profile.holder))
    wanted = [(row, text) for row, text in rows if text or not row.optional]
    return x509.Name([_attribute(row.attribute, row.field or row.attribute, text) for row, text in wanted])


def _text(row: SubjectRow, subject: Subject) -> str:
    text = row.text or str(getattr(subject, row.field))
    return unicodedata.normalize("NFC", text).strip()


def authority_subject(organization: str, common_name: str) -> x509.Name:
    """The distinguished name of a CA. Raises Refused as above."""
    rows = (SubjectRow("C", "CN"), SubjectRow("O", organization), SubjectRow("CN", common_name))
    return x509.Name([_attribute(row.attribute, row.attribute, row.text.strip()) for row in rows])


def _attribute(attribute: str, what: str, text: str) -> x509.NameAttribute[str]:
    if not text:
        raise Refused(f"There is no {what} for the certificate's subject.", _LOOK)
    if any(unicodedata.category(character) in _FORBIDDEN for character in text):
        raise Refused(f"{what} holds control, invisible or private characters.", _LOOK)
    if len(text) > LONGEST:
        raise Refused(
            f"{what} has {len(text)} characters; a certificate's subject takes {LONGEST} (X.520).",
            "Ask the applicant for the registered short name and have a reviewer decide.",
        )
    return x509.NameAttribute(_OIDS[attribute], text, _validate=False)
