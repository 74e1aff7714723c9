"""The command line as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

YINJIAN = Path(sys.executable).with_name("yinjian")


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [str(YINJIAN), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, timeout=60)


def test_help_answers_at_once() -> None:
    start = time.monotonic()
    result = run("--help")
    assert result.returncode == 0 and time.monotonic() - start < 3  # the models alone take longer
    assert all(command in result.stdout for command in ("read", "show", "form", "doctor"))


def test_version() -> None:
    assert run("--version").stdout.startswith("yinjian 0.")


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        (("read", "{empty}"), {}, 2, "holds no scans"),
        (("read", "{empty}/gone"), {}, 2, "There is no folder"),
        (("read", "{empty}", "--as-of", "soon"), {}, 2, "YYYY-MM-DD"),
        (("read", "{empty}", "--register", "{empty}/gone.json"), {}, 2, "gone.json"),
        (("read", "{empty}"), {"YINJIAN_THREDS": "2"}, 5, "YINJIAN_THREADS"),
        (("read", "{empty}"), {"YINJIAN_THREADS": "many"}, 5, "whole number"),
        (("form", "nothing", "--platform", "hpe", "-o", "{empty}/a.pdf", "--fill", "{empty}/no"), {}, 2, "--fill"),
    ],
)
def test_errors_tell_what_to_do(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], code: int, words: str
) -> None:
    result = run(*(a.replace("{empty}", str(tmp_path)) for a in arguments), **variables)
    assert result.returncode == code and words in result.stderr, result.stderr
    assert result.stdout == "" and "Traceback" not in result.stderr


def test_debug_shows_where(tmp_path: Path) -> None:
    assert "Traceback" in run("read", tmp_path, "--debug").stderr


def test_output_never_goes_where_the_scans_lie(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a letter")
    result = run("read", tmp_path, "--out", tmp_path / "out")
    assert result.returncode == 2 and not (tmp_path / "out").exists()
