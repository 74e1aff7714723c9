"""Which folders are applications, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.applications import application_folders, application_name, read_claim, require_scans
from yinjian.errors import InputError


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def names(root: Path) -> list[str]:
    return [path.name for path in application_folders(root)]


def test_a_scan_directly_in_it_makes_one_application_of_sub_folders_too(tmp_path: Path) -> None:
    make(tmp_path, "a.pdf", "cards/b.jpg")
    assert application_folders(tmp_path) == (tmp_path,)


def test_a_claim_directly_in_it_makes_one_application(tmp_path: Path) -> None:
    make(tmp_path, "application.json", "scans/b.jpg")
    assert application_folders(tmp_path) == (tmp_path,)


def test_folders_only_are_several_in_natural_order(tmp_path: Path) -> None:
    make(tmp_path, "app10/a.pdf", "app2/a.pdf", "README.md", ".git/x")
    assert names(tmp_path) == ["app2", "app10"]


def test_a_link_beside_applications_is_one_that_cannot_be_read(tmp_path: Path) -> None:
    make(tmp_path, "app1/a.pdf")
    (tmp_path / "app2").symlink_to(tmp_path / "app1")
    os.mkfifo(tmp_path / "app3")
    assert names(tmp_path) == ["app1", "app2", "app3"]
    for name in ("app2", "app3"):
        with pytest.raises(InputError, match=name):
            require_scans(tmp_path / name)


def test_a_folder_with_a_letter_is_one_application(tmp_path: Path) -> None:
    make(tmp_path, "letter.txt")
    assert application_folders(tmp_path) == (tmp_path,)


def test_an_empty_or_missing_folder_is_named_with_a_remedy(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "gone"):
        with pytest.raises(InputError) as caught:
            application_folders(folder)
        assert str(folder) in caught.value.what and caught.value.remedy


def test_any_name_can_be_an_application(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xd3A\n")
    folder.mkdir()
    assert application_name(folder) == "\\xd3A\\n"


def test_over_the_counter_there_is_no_claim(tmp_path: Path) -> None:
    assert read_claim(tmp_path) == (None, ())


@pytest.mark.parametrize("text", ["{", "[]", '{"platform": "nowhere"}', '{"x": "' + "y" * 1_000_000 + '"}'])
def test_a_bad_claim_is_a_finding(tmp_path: Path, text: str) -> None:
    (tmp_path / "application.json").write_text(text)
    claim, findings = read_claim(tmp_path)
    assert claim is None and {f.code for f in findings} == {"claim.invalid"}


def test_a_claim_that_is_a_pipe_or_link_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "application.json")
    assert [f.code for f in read_claim(tmp_path)[1]] == ["claim.invalid"]
    (tmp_path / "application.json").unlink()
    (tmp_path / "application.json").symlink_to("/etc/hostname")
    assert [f.code for f in read_claim(tmp_path)[1]] == ["claim.invalid"]
