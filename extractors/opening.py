"""Opening an application's files: a folder in, pages as arrays out, one at a time; what cannot be opened is a finding.

Nothing here decodes: `decoding_process.py` does, in a process with limits on memory, time and pixels, one for each
application, so that no applicant's file ever shares a process with another's.
"""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.printed import Printed, parse_printed
from yinjian.findings import Finding, finding
from yinjian.settings import DEFAULTS, Settings

DECODER = Path(__file__).with_name("decoding_process.py")
PASSED_ON = (
    "max_pages_per_file",
    "max_megapixels",
    "max_page_megapixels",
    "decode_memory_mb",
    "decode_seconds",
)
NO_SCANS = {"application.json", "thumbs.db", "desktop.ini", "__macosx"}
MAX_DEPTH = 16  # sub-folders within one another
A4_RATIO, A4_INCHES = 2**0.5, 11.69
LARGEST_PRINTED = 4_000_000  # bytes of the words and rules of one page
GRACE_SECONDS = 10  # the decoder ends itself at its time limit; this is for one that does not


@dataclass(frozen=True, slots=True)
class Scan:
    """One page as it came: BGR, turned by its EXIF tag only. `file` is for people: odd bytes in it are escaped.

    `printed`: what a PDF that was never a picture states of its page; it may be lies.
    """

    file: str
    page: int
    image: NDArray[np.uint8] = field(repr=False)
    dpi: float | None
    born_digital: bool
    printed: Printed = field(default=Printed(), repr=False)


def open_scans(folder: Path, settings: Settings = DEFAULTS) -> Iterator[Scan | Finding]:
    """The pages of every file in `folder` and its sub-folders, in natural order of their names."""
    return decode_all(
        ((label_of(path, folder), admit(path, folder, settings)) for path in list_files(folder)), settings
    )


def decode_all(
    files: Iterable[tuple[str, int | Finding]], settings: Settings = DEFAULTS
) -> Generator[Scan | Finding, None, None]:
    """The pages of files by label: open for reading (a descriptor, closed here), or refused already."""
    with _Decoder(settings) as decoder:
        for label, file in files:
            if isinstance(file, Finding):
                yield file
                continue
            try:
                yield from decoder.decode(file, label)
            finally:
                os.close(file)


def list_files(folder: Path) -> tuple[Path, ...]:
    """Whatever lies in `folder` to be read, links, pipes and folders that cannot be entered included."""
    return tuple(sorted(_walk(folder, 0), key=lambda path: [natural_key(part) for part in path.parts]))


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name.lower() in NO_SCANS:
            continue
        enters = stat.S_ISDIR(path.lstat().st_mode) and depth < MAX_DEPTH and os.access(path, os.R_OK | os.X_OK)
        if enters:
            yield from _walk(path, depth + 1)
        else:
            yield path


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts `page 2` before `page 10`; ties are broken by the name itself."""
    parts = re.split(r"([0-9]+)", name)
    return (*((0, int(part), "") if i % 2 else (1, 0, part.casefold()) for i, part in enumerate(parts)), (2, 0, name))


def label_of(path: Path, folder: Path) -> str:
    """A file's name within its folder, for people."""
    return printable(path.relative_to(folder).as_posix())


def printable(name: str) -> str:
    """A file name as text for people and JSON: odd bytes and control characters escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def admit(path: Path, folder: Path, settings: Settings = DEFAULTS) -> int | Finding:
    """A descriptor of a file to be decoded, to be closed by the caller; or why it is refused unopened."""
    label = label_of(path, folder)
    try:
        descriptor = _open_regular(path)
    except OSError:
        return _refuse("scan.unreadable", label, "无法打开，请确认文件存在并可读取")
    if descriptor is None:
        return _refuse("scan.unsupported", label, "是链接、管道、设备或不可进入的文件夹，请放入文件本身")
    refused = _wrong_size(os.fstat(descriptor).st_size, label, settings)
    if refused is not None:
        os.close(descriptor)
    return refused or descriptor


def _wrong_size(size: int, label: str, settings: Settings) -> Finding | None:
    if size == 0:
        return _refuse("scan.unreadable", label, "文件为空，请重新复制或扫描")
    if size > settings.max_file_mb * 1e6:
        return _refuse("scan.too_large", label, f"超过 {settings.max_file_mb} MB，请以 300 dpi 扫描或拆分文件")
    return None


def _open_regular(path: Path) -> int | None:
    """A read-only descriptor; None for what is no plain file. Never follows a link, never waits for a pipe."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return None
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)  # exchanged between the two looks
    return None


def _refuse(code: str, label: str, message: str) -> Finding:
    return finding(code, label, f"{label}：{message}。")


class _Decoder:
    """A decoding process, started when first needed and again after it died."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = json.dumps({name: getattr(settings, name) for name in PASSED_ON})
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> _Decoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def decode(self, descriptor: int, label: str) -> Iterator[Scan | Finding]:
        """The pages of an open file; a decoder that dies or hangs is a finding, and the next file gets a new one."""
        try:
            yield from self._answers(descriptor, label)
        except (OSError, EOFError, ValueError, KeyError, TypeError):
            self._stop()
            message = "解码超时、超出内存或失败，请以 300 dpi 重新扫描"
            yield _refuse("scan.unreadable", label, message)
        except GeneratorExit:
            self._stop()  # it may be in the middle of a page that nobody will take
            raise

    def _answers(self, descriptor: int, label: str) -> Iterator[Scan | Finding]:
        channel = self._start()
        socket.send_fds(channel, [b"?"], [descriptor])
        with channel.makefile("rb") as stream:
            while True:
                answer = json.loads(stream.readline(4096))
                if "end" in answer:
                    return
                if "code" in answer:
                    yield _refuse(answer["code"], label, answer["message"])
                    continue
                image = self._pixels(stream, answer["height"], answer["width"])
                printed = self._printed(stream, answer["printed"])
                yield from self._page(answer, image, printed, label)

    def _printed(self, stream: Any, size: int) -> Printed:
        if not 0 <= size <= LARGEST_PRINTED:
            raise ValueError("more words than a page can hold")
        data = stream.read(size)
        return parse_printed(json.loads(data)) if size else Printed()

    def _pixels(self, stream: Any, height: int, width: int) -> NDArray[np.uint8]:
        if not 0 < height * width <= self._settings.max_page_megapixels * 1.01e6:
            raise ValueError("a page of an impossible size")
        image = np.empty((height, width, 3), np.uint8)
        if stream.readinto(image.data.cast("B")) != image.nbytes:
            raise EOFError
        return image

    def _page(
        self, answer: dict[str, Any], image: NDArray[np.uint8], printed: Printed, label: str
    ) -> Iterator[Scan | Finding]:
        dpi = _a4_dpi(answer["native"], answer["inches"])
        if dpi is not None and dpi < self._settings.low_dpi:
            message = f"第 {answer['page'] + 1} 页约 {dpi:.0f} dpi，请以 300 dpi 重新扫描"
            yield _refuse("scan.low_resolution", label, message)
        yield Scan(label, answer["page"], image, answer["dpi"], answer["born_digital"], printed)

    def _start(self) -> socket.socket:
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair()
        ours.settimeout(self._settings.decode_seconds + GRACE_SECONDS)
        command = [sys.executable, "-I", str(DECODER), str(theirs.fileno()), self._limits]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # a library's complaint may quote the file
                env={},
            )
        self._channel = ours
        return ours

    def _stop(self) -> None:
        if self._channel is not None:
            self._channel.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._channel = self._process = None


def _a4_dpi(native: list[int] | None, inches: float | None) -> float | None:
    """The resolution of a page that was captured as a picture and has the shape of A4; None for any other."""
    if native is None or not min(native):
        return None
    long, short = max(native), min(native)
    small = inches is not None and inches < 10.0  # a card or slip, not a page
    return None if small or abs(long / short / A4_RATIO - 1.0) > 0.05 else long / A4_INCHES
