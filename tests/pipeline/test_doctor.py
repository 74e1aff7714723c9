"""What is missing is named with how to get it."""

from __future__ import annotations

from pathlib import Path

from pipeline import doctor
from yinjian import fonts


def test_what_is_missing_has_a_remedy(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==0.0.1\nno-such-package==1\n")
    assert "make setup" in doctor.packages(lock).remedy
    assert "apt-get install libx" in doctor.library("libx.so.0", "libx").remedy
    assert "apt-get install x" in doctor.program("no-such-program", "x").remedy
    assert fonts.find("No Such Family") is None


def test_what_is_there_has_none() -> None:
    assert doctor.library("libc.so.6", "libc6").remedy == ""
    assert doctor.weights().remedy == ""
    assert doctor.one_opencv().remedy == ""


def test_a_wrong_setting_is_told() -> None:
    (check,) = doctor.machine({"YINJIAN_WORKER": "1"})
    assert "YINJIAN_WORKERS" in check.remedy
