"""What is known here of certificate authorities when something is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Trust:
    """Certificates of CAs up to their roots, and revocation lists; all DER.

    `known`: CAs of holders and of time stamp authorities. `makers`: those whose every certificate may make seals; what
    is above holders makes none. `stampers`: those that are known for time stamps alone. `lists`: revocation lists.
    """

    known: Sequence[bytes] = field(default=(), repr=False)
    makers: Sequence[bytes] = field(default=(), repr=False)
    lists: Sequence[bytes] = field(default=(), repr=False)
    stampers: Sequence[bytes] = field(default=(), repr=False)

    @property
    def for_stamps(self) -> Trust:
        """The same, with the CAs of time stamp authorities among those that are known."""
        return replace(self, known=(*self.known, *self.stampers), stampers=())

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Those that are known and made by themselves."""
        return tuple(der for der in self.known if _is_root(der))

    @property
    def below(self) -> tuple[bytes, ...]:
        """Those that are known and are no roots."""
        return tuple(der for der in self.known if not _is_root(der))


def _is_root(certificate: bytes) -> bool:
    return bool(asn1_x509.Certificate.load(certificate).self_issued)
