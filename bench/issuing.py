"""How many certificates a second: `python -m bench.issuing [--count N] [--workers W]`; two workers, one thread each.

Timed is all of issuing but what happens on the holder's token: guards and evidence, reserving, both linters, the CA's
signature on SoftHSM2, every commit. Keys (P-256) are made on a SoftHSM2 token before. What the station does with a
software token of its own for each holder is timed apart.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from bench.stores import make_ca, prepared
from issuance import personalise
from issuance.profiles import Profiles, profiles
from issuance.softhsm import SoftTokens
from issuance.tokens import Item, KeyKind, KeyName, TokenInfo
from pipeline import orders, personalising
from pipeline.issue import issue_one
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store, open_store
from pipeline.store.tables import ApprovalRow
from pipeline.users import Role, add_user
from pipeline.workshop import Workshop, opened_ca, opened_station
from yinjian.settings import Settings


def curve() -> Profiles:
    """The profiles, with P-256 for all."""
    return replace(profiles(), profiles=tuple(replace(p, key=KeyKind.P_256) for p in profiles().profiles)).at(
        "http://ca.example"
    )


@dataclass
class Keys:
    """A station at which keys are at hand: made on a token before, one for each certificate."""

    made: list[bytes]
    _by_name: dict[str, bytes] = field(default_factory=dict)

    def prepare(self, label: str, so_pin: str, pin: str) -> TokenInfo:
        return TokenInfo(label, "0", "")

    def make_key(self, token: TokenInfo, pin: str, key_label: str, key_id: bytes, kind: KeyKind) -> bytes:
        return self._by_name.setdefault(key_label, self.made[len(self._by_name)])

    def prove(self, token: TokenInfo, pin: str, key: KeyName, challenge: bytes) -> bytes:
        raise NotImplementedError

    def write(self, *arguments: Any) -> None:
        raise NotImplementedError

    def read_certificate(self, token: TokenInfo, pin: str, key_id: bytes) -> bytes:
        raise NotImplementedError

    def write_seal(self, token: TokenInfo, pin: str, seal: bytes) -> None:
        """The station's part, timed apart."""

    def write_envelope(self, *arguments: Any) -> None:
        raise NotImplementedError

    def reset_pin(self, token: TokenInfo, so_pin: str, pin: str) -> None:
        raise NotImplementedError

    def contents(self, token: TokenInfo, pin: str) -> tuple[Item, ...]:
        return ()

    def tokens(self) -> tuple[TokenInfo, ...]:
        return ()


def main(
    count: Annotated[int, typer.Option(min=2, help="Certificates.")] = 200,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    whole: Annotated[int, typer.Option(min=0, help="More, with a software token each.")] = 10,
    seal: Annotated[bool, typer.Option(help="Whether the picture of the seal is made too.")] = True,
) -> None:
    """Print certificates a second, and where the time goes."""
    from bench.issuing import run  # the children import this module by its name

    with TemporaryDirectory() as folder:
        settings = prepared(Path(folder))
        make_ca(settings)
        store = open_store(settings)
        with store.writing() as session:
            add_user(session, "issuer", (Role.ISSUER,))
            add_user(session, "rev", (Role.REVIEWER,))
        approve(store, settings, count + whole)
        with store.reading() as session:
            ids = list(session.scalars(select(ApprovalRow.id)))
        shares = [ids[whole:][worker::workers] for worker in range(workers)]
        context = multiprocessing.get_context("spawn")
        start = context.Barrier(workers + 1)
        answers: Any = context.Queue()
        children = [context.Process(target=run, args=(settings, share, start, answers, seal)) for share in shares]
        for child in children:
            child.start()
        start.wait()
        began = time.perf_counter()
        spent = [answers.get() for _ in children]
        took = time.perf_counter() - began
        for child in children:
            child.join()
        _print(count, took, workers, spent)
        _print_whole(store, settings, ids[:whole])


def run(settings: Settings, approvals: list[str], start: Any, answers: Any, seal: bool) -> None:
    """One worker: its share, timed by stage."""
    if not seal:
        personalising._picture = lambda *arguments: None
    spent: dict[str, float] = defaultdict(float)
    store = open_store(settings)
    with _keys(len(approvals)) as keys, opened_ca(settings) as authority, _watched(authority, spent):
        shop = Workshop(store, settings, authority, curve(), keys, "issuer")
        authority._linter.findings(authority.chain[0])  # started
        start.wait()
        for approval in approvals:
            began = time.perf_counter()
            issue_one(shop, approval)
            spent["all"] += time.perf_counter() - began
    answers.put(dict(spent))


@contextmanager
def _keys(count: int) -> Iterator[Keys]:
    with TemporaryDirectory() as folder:
        device, token = SoftTokens(Path(folder)).prepare("bench", "87654321", "12345678")
        with device:
            yield Keys([device.make_key(token, "12345678", f"k{i}", b"%d" % i, KeyKind.P_256) for i in range(count)])


@contextmanager
def _watched(authority: Any, spent: dict[str, float]) -> Iterator[None]:
    """Time what issuing calls; leave out what happens on the holder's token."""
    real = personalise.deliver
    personalise.deliver = lambda *arguments: None  # type: ignore[assignment]
    places: tuple[tuple[Any, str, str], ...] = (
        (authority, "sign", "sign"),
        (authority._linter, "findings", "pkilint"),
        (personalising, "_reserve", "reserve"),
        (personalising, "_certify", "certify (lint and sign within)"),
        (personalising, "_finish", "finish"),
    )
    for owner, name, stage in places:
        setattr(owner, name, _timed(getattr(owner, name), spent, stage))
    try:
        yield
    finally:
        personalise.deliver = real


def _timed(function: Callable[..., Any], spent: dict[str, float], stage: str) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            spent[stage] += time.perf_counter() - began

    return timed


def approve(store: Store, settings: Settings, count: int) -> None:
    """Applications that passed and are paid, from readings that are known."""
    from tests.pipeline.flow import finished_case

    for number in range(1, count + 1):
        application = finished_case(store, f"clean-{number}", settings)
        with store.writing() as session:
            orders.pay(session, application, orders.Method.ONLINE, "issuer")


def _print(count: int, took: float, workers: int, spent: list[dict[str, float]]) -> None:
    Console().print(f"{count} certificates in {took:.2f} s with {workers} workers: {count / took:.1f} a second")
    table = Table("stage", "ms each")
    for stage in spent[0]:
        table.add_row(stage, f"{1000 * sum(part.get(stage, 0) for part in spent) / count:.1f}")
    Console().print(table)


def _print_whole(store: Store, settings: Settings, approvals: list[str]) -> None:
    if not approvals:
        return
    with opened_ca(settings) as authority, opened_station(settings) as station:
        shop = Workshop(store, settings, authority, curve(), station, "issuer")
        began = time.perf_counter()
        for approval in approvals:
            issue_one(shop, approval)
        took = (time.perf_counter() - began) / len(approvals)
    with store.reading() as session:
        assert all(row.state == "issued" for row in session.scalars(select(CertificateRow)))
    Console().print(f"with a software token each, made, written and read back: {took:.2f} s a certificate, one worker")


if __name__ == "__main__":
    typer.run(main)
