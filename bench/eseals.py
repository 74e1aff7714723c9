"""Electronic seals attacked and timed: `python -m bench.eseals`.

Seals of V4 and of V5 with a time stamp, and a signature made with one, are changed at random: bits, bytes, pieces taken
out, put in and doubled. None may be accepted with chain and time stamp checked, and none may end in anything but a
clear error. Then what making and checking one take, beside the decoding of its picture.
"""

from __future__ import annotations

import io
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from PIL import Image, ImageDraw
from rich.console import Console

from bench.stores import make_ca, prepared
from issuance import sm2authority
from issuance.eseal.check import check, decoded
from issuance.eseal.maker import Maker, NewSeal, open_maker
from issuance.eseal.seal import Seal, parse
from issuance.eseal.use import put
from issuance.sm2 import Sm2Key
from issuance.steps import is_valid
from issuance.timestamps import Authority
from issuance.trust import Trust
from pipeline.clock import now
from pipeline.stamping import opened_stamps
from pipeline.verifying import known
from pipeline.workshop import seal_directory, seal_passphrase
from yinjian.errors import InputError
from yinjian.settings import Settings

OUT = Console()
SIDE, SMALL = 945, 90  # pixels: 40 mm at 600 dpi, and one that decodes in no time


@dataclass(frozen=True)
class House:
    """A seal maker, a time stamp authority, and what is trusted of both."""

    maker: Maker
    stamps: Authority
    trust: Trust
    at: datetime

    def holds(self, data: bytes) -> bool:
        return is_valid(check(parse(data), self.at, self.trust, strict=True))

    def new(self, side: int) -> NewSeal:
        stream = io.BytesIO()
        _ring(side).save(stream, "PNG", dpi=(600, 600))
        own, end = self.maker.chain[0], self.at + timedelta(days=300)
        return NewSeal("AB12" * 8, 1, "哈尔滨示例科技有限公司", own, stream.getvalue(), 40, 40, self.at, end)


def main(
    mutations: Annotated[int, typer.Option(min=0)] = 100_000,
    seed: Annotated[int, typer.Option()] = 7,
) -> None:
    """Print what was accepted, what crashed, and milliseconds."""
    with TemporaryDirectory() as folder:
        settings = prepared(Path(folder))
        make_ca(settings)
        with opened_stamps(settings) as stamps:
            house = _house(settings, stamps)
            key = sm2authority.key(seal_directory(settings), "maker", seal_passphrase(settings))
            for name, made in _subjects(house, key).items():
                _attack(house, name, made, mutations // 3, random.Random(seed))
            _time(house)


def _house(settings: Settings, stamps: Authority) -> House:
    maker = open_maker(seal_directory(settings), seal_passphrase(settings))
    return House(maker, stamps, known(settings, None), now().replace(microsecond=0))


def _subjects(house: House, key: Sm2Key) -> dict[str, bytes]:
    v4 = house.maker.make(house.new(SMALL))
    v5 = house.maker.make(replace(house.new(SMALL), version=5), lambda data: house.stamps.token(data, house.at))
    signed = put(v4, b"data", "/x", house.maker.chain[0], key, house.at)
    return {"V4": v4, "V5 with time stamp": v5, "signature with V4": signed}


def _attack(house: House, name: str, made: bytes, count: int, drawn: random.Random) -> None:
    assert house.holds(made)
    accepted = crashed = 0
    for number, changed in enumerate(_changed(made, count, drawn)):
        try:
            if changed != made and house.holds(changed):
                accepted += 1
                OUT.print(f"accepted: {name}, mutation {number}")
        except InputError:
            continue
        except Exception as error:
            crashed += 1
            OUT.print(f"crashed: {name}, mutation {number}: {type(error).__name__}")
    flips = sum(_survives(house, made, place) for place in range(len(made)))
    OUT.print(f"{name}: {count} mutations, {accepted} accepted, {crashed} crashed; ", end="")
    OUT.print(f"a bit flipped in each of {len(made)} bytes: {flips} accepted")


def _survives(house: House, made: bytes, place: int) -> bool:
    changed = bytearray(made)
    changed[place] ^= 1 << (place % 8)
    try:
        return house.holds(bytes(changed))
    except InputError:
        return False


def _changed(made: bytes, count: int, drawn: random.Random) -> Iterator[bytes]:
    for _ in range(count):
        data = bytearray(made)
        for _ in range(drawn.choice((1, 1, 2, 3))):
            _change(data, drawn)
        yield bytes(data)


def _change(data: bytearray, drawn: random.Random) -> None:
    kind, at = drawn.random(), drawn.randrange(len(data))
    if kind < 0.5:
        data[at] ^= 1 << drawn.randrange(8)
    elif kind < 0.7:
        data[at : at + drawn.randrange(5)] = drawn.randbytes(drawn.randrange(5))
    elif kind < 0.85:
        del data[at : at + drawn.randrange(1, 40)]
    else:
        other = drawn.randrange(len(data))
        data[at:at] = data[other : other + drawn.randrange(1, 60)]


def _ring(side: int) -> Image.Image:
    """A red ring on a transparent ground."""
    picture = Image.new("RGBA", (side, side), (200, 30, 30, 0))
    ImageDraw.Draw(picture).ellipse((2, 2, side - 3, side - 3), outline=(200, 30, 30, 255), width=side // 30)
    return picture


def _time(house: House) -> None:
    new = house.new(SIDE)
    made = house.maker.make(new)
    seal = parse(made)
    assert isinstance(seal, Seal)
    making = _median(lambda: house.maker.make(new))
    checking, decoding = _median(lambda: house.holds(made)), _median(lambda: decoded(seal.picture))
    OUT.print(f"making: {making:.2f} ms; checking: {checking - decoding:.2f} ms beside {decoding:.2f} ms of decoding")


def _median(run: Callable[[], object], times: int = 100) -> float:
    """Milliseconds."""
    spent = []
    for _ in range(times):
        begin = time.perf_counter()
        run()
        spent.append((time.perf_counter() - begin) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    typer.run(main)
