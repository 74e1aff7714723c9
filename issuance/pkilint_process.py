"""The process in which pkilint is resident: `PYTHON -I pkilint_process.py`, PYTHON that of its own environment.

It imports nothing of ours. A JSON line in: `{"kind": "certificate" | "crl" | "ocsp", "der": base64}`; a JSON line out:
`{"findings": [[severity, code, place]]}`. No text of a finding is passed on, for it may repeat a name.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable
from typing import Any

from pkilint import loader, pkix
from pkilint.pkix import certificate, crl, extension, name, ocsp


def _certificate() -> Any:
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )


def _decoders() -> list[Any]:
    return [
        pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ]


def _crl() -> Any:
    return crl.create_pkix_crl_validator_container(
        _decoders(),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([]),
            crl.create_extensions_validator_container([]),
        ],
    )


def _ocsp() -> Any:
    return ocsp.create_pkix_ocsp_response_validator_container([ocsp.create_response_decoder(), *_decoders()], [])


KINDS: dict[str, tuple[Any, Callable[[], Any]]] = {
    "certificate": (loader.RFC5280CertificateDocumentLoader, _certificate),
    "crl": (loader.RFC5280CertificateListDocumentLoader, _crl),
    "ocsp": (loader.RFC6960OCSPResponseDocumentLoader, _ocsp),
}


def main() -> None:
    """Serve until stdin ends."""
    ready = {kind: (load(), make()) for kind, (load, make) in KINDS.items()}
    for line in sys.stdin:
        asked = json.loads(line)
        load, lint = ready[asked["kind"]]
        print(json.dumps({"findings": _findings(load, lint, base64.b64decode(asked["der"]))}), flush=True)


def _findings(load: Any, lint: Any, der: bytes) -> list[tuple[str, str, str]]:
    try:
        results = lint.validate(load.load_der_document(der, "").root)
    except Exception as error:  # what it cannot take apart is no certificate
        return [("FATAL", f"unreadable.{type(error).__name__}", "")]
    return [
        (found.finding.severity.name, found.finding.code, str(result.node.path))
        for result in results
        for found in result.finding_descriptions
    ]


if __name__ == "__main__":
    main()
