"""Lint before sign: a template that is broken in any way is never signed by the CA's key."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from asn1crypto import core  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from issuance import templates
from issuance.authority import Authority
from issuance.certificate_rules import Wanted, findings
from issuance.extensions import key_usage
from issuance.linting import PYTHON, Kind, Linter
from issuance.profiles import profiles
from issuance.reservation import reserve
from issuance.signing import strong_key
from issuance.templates import Above
from issuance.tokensigner import TokenSigner
from tests.issuance.builder import NOW, PERSON, UNIT, an_approval
from tests.issuance.test_issuing import KEY
from yinjian.approval import Usage
from yinjian.errors import Refused, SetupError

pytestmark = pytest.mark.filterwarnings("ignore:Attribute's length must be:UserWarning")
BY = profiles().at("http://ca.example")
OID = x509.ObjectIdentifier


@dataclass(frozen=True)
class Parts:
    """A template taken apart. `extensions`: value and criticality."""

    issuer: x509.Name
    subject: x509.Name
    key: object
    serial: int
    begin: object
    end: object
    extensions: tuple[tuple[x509.ExtensionType, bool], ...]

    def builder(self) -> x509.CertificateBuilder:
        listed = [x509.Extension(value.oid, critical, value) for value, critical in self.extensions]
        return x509.CertificateBuilder(
            self.issuer,
            self.subject,
            self.key,
            self.serial,
            self.begin,
            self.end,
            listed,  # type: ignore[arg-type]
        )

    def without(self, kind: type) -> Parts:
        return replace(self, extensions=tuple(e for e in self.extensions if not isinstance(e[0], kind)))

    def but(self, value: x509.ExtensionType, critical: bool = False) -> Parts:
        """With this extension in place of the one with its OID, or added."""
        kept = tuple(e for e in self.extensions if e[0].oid != value.oid)
        return replace(self, extensions=(*kept, (value, critical)))

    def critical(self, kind: type, critical: bool) -> Parts:
        changed = tuple((v, critical if isinstance(v, kind) else c) for v, c in self.extensions)
        return replace(self, extensions=changed)


def taken_apart(ca: Authority, wanted: Wanted) -> Parts:
    key, above = strong_key(KEY), Above.of(ca.issuing)
    built = templates.of_holder(wanted.by, wanted.approval, wanted.reservation, key, above)
    values = vars(built)
    names = ("_issuer_name", "_subject_name", "_public_key", "_serial_number", "_not_valid_before", "_not_valid_after")
    extensions = tuple((e.value, e.critical) for e in values["_extensions"])
    return Parts(*(values[name] for name in names), extensions)


def _public(spki: bytes) -> object:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return load_der_public_key(spki)


def named(*rows: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in rows])


def raw(oid: str, value: bytes) -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(OID(oid), value)


def purposes(*oids: ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(oids)


def points(*urls: str) -> x509.CRLDistributionPoints:
    names = [x509.UniformResourceIdentifier(url) for url in urls]
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])


C, ORG, OU = NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
CN = NameOID.COMMON_NAME
UNIT_OID, OLD_OID, ID_OID = "1.2.156.10260.4.1.4", "1.2.156.10260.4.1.3", "1.2.156.10260.4.1.1"
NAME, CODE = UNIT.unit_name, UNIT.uscc
SIGN = {"digital_signature", "content_commitment", "key_encipherment", "data_encipherment"}
OTHER_RSA = rsa.generate_private_key(65537, 2048).public_key()
SMALL_RSA = rsa.generate_private_key(65537, 1024).public_key()
CURVE = ec.generate_private_key(ec.SECP256R1()).public_key()
Break = Callable[[Parts], Parts]

BROKEN: dict[str, Break] = {
    "serial of 8 bits": lambda p: replace(p, serial=200),
    "serial not the reserved one": lambda p: replace(p, serial=p.serial + 1),
    "another issuer": lambda p: replace(p, issuer=named((CN, "Another CA"))),
    "issuer is the holder": lambda p: replace(p, issuer=p.subject),
    "no subject": lambda p: replace(p, subject=x509.Name([])),
    "another unit": lambda p: replace(p, subject=named((C, "CN"), (ORG, "别的公司"), (CN, "别的公司"))),
    "one letter of the name": lambda p: replace(p, subject=named((C, "CN"), (ORG, NAME), (CN, NAME + "司"))),
    "another country": lambda p: replace(p, subject=named((C, "US"), (ORG, NAME), (CN, NAME))),
    "no country": lambda p: replace(p, subject=named((ORG, NAME), (CN, NAME))),
    "no common name": lambda p: replace(p, subject=named((C, "CN"), (ORG, NAME))),
    "a second common name": lambda p: replace(p, subject=named((C, "CN"), (ORG, NAME), (CN, NAME), (CN, "x"))),
    "a unit within the unit": lambda p: replace(p, subject=named((C, "CN"), (ORG, NAME), (OU, "x"), (CN, NAME))),
    "names in another order": lambda p: replace(p, subject=named((CN, NAME), (ORG, NAME), (C, "CN"))),
    "an e-mail address in the name": lambda p: replace(
        p, subject=named((C, "CN"), (ORG, NAME), (CN, NAME), (NameOID.EMAIL_ADDRESS, "a@example.cn"))
    ),
    "another key": lambda p: replace(p, key=OTHER_RSA),
    "a short key": lambda p: replace(p, key=SMALL_RSA),
    "a key of another kind": lambda p: replace(p, key=CURVE),
    "ten years": lambda p: replace(p, end=p.begin + timedelta(days=3650)),  # type: ignore[operator]
    "one second longer": lambda p: replace(p, end=p.end + timedelta(seconds=1)),  # type: ignore[operator]
    "begins a day before": lambda p: replace(p, begin=p.begin - timedelta(days=1)),  # type: ignore[operator]
    "ends after the CA": lambda p: replace(p, end=p.begin + timedelta(days=366 * 12)),  # type: ignore[operator]
    "begins before the CA": lambda p: replace(p, begin=p.begin - timedelta(days=366)),  # type: ignore[operator]
    "no key usage": lambda p: p.without(x509.KeyUsage),
    "key usage not critical": lambda p: p.critical(x509.KeyUsage, False),
    "may sign certificates": lambda p: p.but(key_usage(frozenset(SIGN | {"key_cert_sign"})), True),
    "may sign revocation lists": lambda p: p.but(key_usage(frozenset(SIGN | {"crl_sign"})), True),
    "key agreement of an RSA key": lambda p: p.but(key_usage(frozenset(SIGN | {"key_agreement"})), True),
    "may not sign": lambda p: p.but(key_usage(frozenset({"key_encipherment"})), True),
    "key usage without a bit": lambda p: p.but(key_usage(frozenset()), True),
    "no basic constraints": lambda p: p.without(x509.BasicConstraints),
    "a CA": lambda p: p.but(x509.BasicConstraints(True, None), True),
    "a CA above others": lambda p: p.but(x509.BasicConstraints(True, 3), True),
    "basic constraints not critical": lambda p: p.critical(x509.BasicConstraints, False),
    "no purposes": lambda p: p.without(x509.ExtendedKeyUsage),
    "for servers": lambda p: p.but(purposes(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)),
    "for code": lambda p: p.but(purposes(ExtendedKeyUsageOID.CODE_SIGNING)),
    "for OCSP": lambda p: p.but(purposes(ExtendedKeyUsageOID.OCSP_SIGNING)),
    "for everything": lambda p: p.but(purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)),
    "purposes critical": lambda p: p.critical(x509.ExtendedKeyUsage, True),
    "no policy": lambda p: p.without(x509.CertificatePolicies),
    "any policy": lambda p: p.but(x509.CertificatePolicies([x509.PolicyInformation(OID("2.5.29.32.0"), None)])),
    "another policy": lambda p: p.but(x509.CertificatePolicies([x509.PolicyInformation(OID("1.2.3.4"), None)])),
    "no subject key identifier": lambda p: p.without(x509.SubjectKeyIdentifier),
    "another subject key identifier": lambda p: p.but(x509.SubjectKeyIdentifier(b"x" * 20)),
    "no authority key identifier": lambda p: p.without(x509.AuthorityKeyIdentifier),
    "another authority key identifier": lambda p: p.but(x509.AuthorityKeyIdentifier(b"y" * 20, None, None)),
    "no CRL pointer": lambda p: p.without(x509.CRLDistributionPoints),
    "another CRL pointer": lambda p: p.but(points("http://elsewhere.example/pki/issuing.crl")),
    "a second CRL pointer": lambda p: p.but(points("http://ca.example/pki/issuing.crl", "http://b.example/2.crl")),
    "no OCSP pointer": lambda p: p.without(x509.AuthorityInformationAccess),
    "no unit code": lambda p: p.without(x509.UnrecognizedExtension),
    "another unit code": lambda p: p.but(raw(UNIT_OID, core.PrintableString("91230100MA00000Y0K").dump())),
    "unit code critical": lambda p: p.critical(x509.UnrecognizedExtension, True),
    "unit code under the old OID": lambda p: p.without(x509.UnrecognizedExtension).but(
        raw(OLD_OID, core.PrintableString(CODE).dump())
    ),
    "unit code as garbage": lambda p: p.but(raw(UNIT_OID, b"\x13\x40" + CODE.encode())),
    "a person's number in a unit's": lambda p: p.but(raw(ID_OID, core.PrintableString("1" * 18, implicit=0).dump())),
    "an extension of nobody's": lambda p: p.but(raw("1.2.3.4.5", b"\x05\x00")),
    "a name beside the name": lambda p: p.but(x509.SubjectAlternativeName([x509.DNSName("example.cn")])),
    "name constraints": lambda p: p.but(x509.NameConstraints([x509.DNSName("example.cn")], None), True),
    "an unknown critical extension": lambda p: p.but(raw("1.2.3.4.6", b"\x05\x00"), True),
}


@pytest.fixture(scope="module")
def wanted(ca: Authority) -> Wanted:
    approval = an_approval()
    return Wanted(BY, approval, reserve(approval, Usage.BOTH, NOW), KEY, ca.issuing, ca.algorithm)


def test_there_are_fifty_and_more() -> None:
    assert len(BROKEN) >= 50


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_not_signed(
    name: str, ca: Authority, wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = taken_apart(ca, wanted)
    signatures: list[bytes] = []
    real = TokenSigner.sign
    monkeypatch.setattr(TokenSigner, "sign", lambda self, data: signatures.append(data) or real(self, data))
    with pytest.raises(Refused, match="Nothing was signed"):
        ca.certify(BROKEN[name](parts).builder(), wanted)
    assert not signatures
    ca.certify(parts.builder(), wanted)
    assert len(signatures) == 1


@pytest.mark.parametrize(
    ("certificate", "subject", "code"),
    [
        ("enterprise", replace(UNIT, uscc="91230100MA00000X0X"), "unit_code_check_digit"),
        ("enterprise", replace(UNIT, uscc="230100100000012"), "unit_code_check_digit"),
        ("expert", replace(PERSON, id_number="23010219900101123X"), "identity_number_check_digit"),
        ("expert", replace(PERSON, id_number="230102209901011234"), "identity_number_check_digit"),
    ],
)
def test_identifiers_whose_check_digit_is_wrong_are_not_signed(
    certificate: str, subject: object, code: str, ca: Authority
) -> None:
    approval = an_approval(certificate, subject)  # type: ignore[arg-type]
    with pytest.raises(Refused, match=code):
        ca.issue(approval, reserve(approval, Usage.BOTH, NOW), KEY, BY)


def test_a_rule_that_crashes_is_a_finding(ca: Authority, wanted: Wanted) -> None:
    der = ca.issue(wanted.approval, wanted.reservation, KEY, BY)
    assert findings(der, wanted) == ()
    broken = replace(wanted, by=None)  # type: ignore[arg-type]
    codes = {finding.code for finding in findings(der, broken)}
    assert "yinjian.rule_failed.usage" in codes and all("Traceback" not in code for code in codes)
    assert [finding.severity for finding in findings(b"0\x00", wanted)] == ["FATAL"]


def test_the_linter_says_what_the_command_says(ca: Authority, tmp_path: Path) -> None:
    """Our process gives the findings that pkilint's own command gives."""
    (tmp_path / "c.der").write_bytes(ca.chain[0])
    command = (PYTHON.parent / "lint_pkix_cert", "lint", "-s", "DEBUG", "-f", "JSON", tmp_path / "c.der")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = {
        (found["severity"], found["code"])
        for result in json.loads(done.stdout)["results"]
        for found in result["finding_descriptions"]
    }
    linter = Linter()
    assert {(found.severity, found.code) for found in linter.findings(ca.chain[0])} == told
    linter.close()


def test_what_is_no_certificate_is_fatal_and_the_linter_lives_on() -> None:
    linter = Linter()
    for kind in Kind:
        assert [finding.severity for finding in linter.findings(base64.b64decode("MAA="), kind)] == ["FATAL"]
    linter.close()


def test_a_linter_that_is_missing_or_dies_stops_the_signature(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="make setup"):
        Linter(tmp_path / "python").check(b"")
    linter = Linter()
    linter.findings(b"0\x00")
    assert linter._child is not None
    linter._child.kill()
    linter._child.wait()
    assert linter.findings(b"0\x00")  # started again
    linter.close()
    (tmp_path / "python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(SetupError, match="ended"):
        Linter(tmp_path / "python").check(b"")
