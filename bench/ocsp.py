"""How many OCSP answers a second: `python -m bench.ocsp`; server and load generator (wrk) on the same processors.

Connections are kept alive. Without a nonce answers are signed once and given again; with one each is signed by the
responder's token. What that gives by itself is measured first: one signature after another, and asked as the responder
asks, with several at a request and the next request on its way.
"""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from rich.console import Console
from sqlalchemy import select

from bench.issuing import approve
from bench.stores import PIN, free_port, make_ca, prepared, serving
from issuance.ocsp import open_responder
from pipeline.issue import issue_all
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.users import Role, add_user
from pipeline.workshop import ca_directory
from web.gathering import AT_ONCE, MOST
from yinjian.errors import SetupError
from yinjian.settings import Settings

OUT = Console()
_LUA = """
local bodies = {{ {bodies} }}
local at = 0
request = function()
  at = at % #bodies + 1
  return wrk.format("POST", "/ocsp", nil, bodies[at])
end
"""


def main(
    certificates: Annotated[int, typer.Option(min=1)] = 10,
    seconds: Annotated[int, typer.Option(min=1)] = 10,
    connections: Annotated[int, typer.Option(min=1)] = 128,
) -> None:
    """Print answers a second."""
    if shutil.which("wrk") is None:
        raise SetupError("The load generator is missing.", "Run: apt-get install wrk")
    with TemporaryDirectory() as folder:
        settings = replace(prepared(Path(folder)), web_port=free_port())
        make_ca(settings)
        store = open_store(settings)
        with store.writing() as session:
            add_user(session, "issuer", (Role.ISSUER,))
            add_user(session, "rev", (Role.REVIEWER,))
        approve(store, settings, certificates)
        issue_all(store, settings, "issuer")
        for together, at_once in ((1, 1), (MOST, AT_ONCE)):
            rate = _signing_rate(settings, together, at_once)
            OUT.print(f"the token alone, {at_once} x {together} asked of it: {rate:.0f} signatures a second")
        with serving(settings) as url:
            for nonce in (False, True):
                script = _script(Path(folder), list(_requests(store, settings, nonce)))
                rate, failed = _load(url, script, seconds, connections)
                OUT.print(f"{'with' if nonce else 'without'} nonce: {rate:.0f} answers a second, {failed} failed")


def _signing_rate(settings: Settings, together: int, at_once: int) -> float:
    requests = 6400 // together
    with (
        open_responder(ca_directory(settings), PIN, settings.pkcs11_module) as responder,
        ThreadPoolExecutor(at_once) as askers,
    ):
        responder.sign([b"x"])
        began = time.perf_counter()
        list(askers.map(responder.sign, [[b"x" * 300] * together] * requests))
        return requests * together / (time.perf_counter() - began)


def _requests(store: Store, settings: Settings, nonce: bool) -> Iterator[bytes]:
    """One for each certificate; with nonces two thousand, no two alike."""
    issuing = x509.load_pem_x509_certificate((ca_directory(settings) / "issuing.pem").read_bytes())
    with store.reading() as session:
        blobs = session.scalars(select(CertificateRow.blob)).all()
    held = [x509.load_der_x509_certificate(store.blobs.get(blob)) for blob in blobs if blob]
    for number in range(2000 if nonce else len(held)):
        certificate = held[number % len(held)]
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, hashes.SHA1())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(secrets.token_bytes(16)), critical=False)
        yield builder.build().public_bytes(Encoding.DER)


def _script(folder: Path, requests: list[bytes]) -> Path:
    path = folder / "load.lua"
    bodies = ", ".join('"' + "".join(f"\\{byte:03d}" for byte in request) + '"' for request in requests)
    path.write_text(_LUA.format(bodies=bodies))
    return path


def _load(url: str, script: Path, seconds: int, connections: int) -> tuple[float, int]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert rate is not None, told
    return float(rate[1]), int(failed[1]) if failed else 0


if __name__ == "__main__":
    typer.run(main)
