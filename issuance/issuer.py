"""A CA that issues: holders' certificates, those of keys that speak in its name, and its revocation lists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from issuance import certificate_rules, templates
from issuance.certificate_rules import Wanted
from issuance.crl import Revoked, revocation_template
from issuance.linting import Kind, Linter, refuse
from issuance.profiles import Profile, Profiles, profiles
from issuance.reservation import Reservation, check_serial
from issuance.signing import Signer, signed, signed_list, strong_key
from issuance.templates import Above, Purpose
from yinjian.approval import Approval
from yinjian.errors import Refused


class Issuer:
    """An issuing CA. `chain`: its certificate and the root's, DER. Nothing is signed that the linters find fault with.

    Safe for several threads, as far as its signer is. Close it: the linter's process ends with it.
    """

    def __init__(self, signer: Signer, chain: tuple[bytes, bytes], organization: str, linter: Linter) -> None:
        self._signer, self._organization, self._linter = signer, organization, linter
        self.chain = chain
        self.issuing = x509.load_der_x509_certificate(chain[0])
        self._above = Above.of(self.issuing)

    def close(self) -> None:
        self._linter.close()

    @property
    def chain_pem(self) -> bytes:
        """Issuing CA and root, as for `chain.pem`."""
        return b"".join(pem(der) for der in self.chain)

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
        if key.kind is not profile.key:
            raise Refused("The key is of another kind than the profile's.", f"Make a key of kind {profile.key.value}.")
        builder = templates.of_holder(by, approval, reservation, key, self._above)
        return self.certify(builder, Wanted(by, approval, reservation, public_key, self.issuing, self.algorithm))

    @property
    def algorithm(self) -> str:
        """Dotted OID of its signatures."""
        return strong_key(self._signer.public_key).algorithm

    def certify(self, template: x509.CertificateBuilder, wanted: Wanted) -> bytes:
        """The certificate (DER) of a holder's template, signed only when both linters find nothing against it."""

        def lint(draft: bytes) -> None:
            refuse(certificate_rules.findings(draft, wanted) + self._linter.findings(draft))

        return signed(template, strong_key(wanted.public_key), self._signer, lint)

    def delegate(
        self,
        purpose: Purpose,
        serial: int,
        validity: tuple[datetime, datetime],
        public_key: bytes,
        crl_urls: tuple[str, ...] = (),
    ) -> bytes:
        """The certificate (DER) with which a key (P-256, SPKI DER) does one thing in this CA's name."""
        key = strong_key(public_key)
        template = templates.of_delegate(purpose, serial, validity, self._organization, key, self._above, crl_urls)
        return signed(template, key, self._signer, self._linter.check)

    def revocation_list(
        self, number: int, this_update: datetime, next_update: datetime, of: Iterable[Revoked]
    ) -> bytes:
        """The CRL (DER) with this number. Instants are UTC, in whole seconds."""
        template = revocation_template(self.issuing, number, this_update, next_update, of)
        return signed_list(template, self._signer, partial(self._linter.check, kind=Kind.CRL))

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


def pem(der: bytes) -> bytes:
    """A certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
