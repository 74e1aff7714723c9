"""The commands as people give them: what they print, what they exit with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.crew import Crew, WorkerStopped, environment
from pipeline.store.store import open_store
from tests.conftest import prepared
from tests.pipeline.flow import finished_case
from tests.pipeline.papers import SECRETS
from yinjian.settings import DEFAULTS, Settings

YINJIAN = str(Path(sys.executable).with_name("yinjian"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return prepared(tmp_path)


def run(settings: Settings, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([YINJIAN, *arguments], env=environment(settings), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_store_is_made_once_and_said_to_be_missing_before(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a passphrase of some length")
    settings = replace(DEFAULTS, var_dir=tmp_path / "var", passphrase_file=tmp_path / "p")
    assert "yinjian init" in run(settings, "queue", code=4).stderr
    assert "keep a copy" in run(settings, "init").stdout
    assert "keep a copy" not in run(settings, "init").stdout
    assert "Nothing waits" in run(settings, "queue").stdout
    assert "locked" in run(replace(settings, passphrase_file=None), "queue", code=4).stderr


def test_a_key_on_a_token(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("12345678\n87654321\n")
    settings = replace(DEFAULTS, var_dir=tmp_path / "var", token_pin_file=tmp_path / "pin")
    run(settings, "init", "--wrap", "token")
    assert "Nothing waits" in run(settings, "queue").stdout
    assert "wrapped by a token" in subprocess.run(
        [YINJIAN, "doctor"], env=environment(settings), capture_output=True, text=True
    ).stdout  # fmt: skip
    (tmp_path / "pin").write_text("00000000\n")
    assert "PIN" in run(settings, "queue", code=7).stderr


def test_queue_show_decide_trace(settings: Settings) -> None:
    store = open_store(settings)
    passing, waiting = finished_case(store, "clean-1", settings), finished_case(store, "faulty-2", settings)
    run(settings, "user", "add", "li", "--role", "reviewer")
    (line,) = run(settings, "queue", "--json").stdout.splitlines()
    found = json.loads(line)
    assert (found["id"], found["application"], found["state"]) == (waiting, "faulty-2", "review")
    assert found["findings"][0]["where"] == "agent_phone"
    assert passing in run(settings, "queue", "--all").stdout
    shown = json.loads(run(settings, "show", "faulty-2", "--json").stdout)
    assert shown["schema"] == 1 and shown["decision"] == "review"
    assert "agent_phone" in run(settings, "show", waiting.lower()).stdout
    assert "--reason" in run(settings, "decide", waiting, "approve", "--actor", "li", code=2).stderr
    decided = ("decide", waiting, "return", "--actor", "li", "--reason", "经办人电话未填")
    assert "returned" in run(settings, *decided).stdout
    assert "cannot become" in run(settings, *decided, code=8).stderr
    assert "returned" in run(settings, "trace", waiting).stdout
    run(settings, "trace", "7E05", code=2)
    assert "whole" in run(settings, "store", "check").stdout


def test_correct_mark_settle_return_quality(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    id, other = finished_case(store, "faulty-2", settings), finished_case(store, "smudged-3", settings)
    for name in ("li", "wang"):
        run(settings, "user", "add", name, "--role", "reviewer")
    assert "no such field" in run(settings, "correct", id, "shoe_size", "42", "--actor", "li", code=2).stderr
    done = run(settings, "correct", id, "agent_phone", "13904510002", "--actor", "li", "--reason", "见图").stdout
    assert "number 2" in done and "Nothing is left" in done
    seen = ("--seen", done.split()[1])
    run(settings, "correct", id, "business.新办", "ticked", "--actor", "wang", *seen)
    approval = ("decide", id, "approve", "--actor", "li", "--reason", "已核")
    assert "no longer the latest" in run(settings, *approval, *seen, code=8).stderr
    assert "approved" in run(settings, *approval).stdout
    said = run(settings, "show", id).stdout
    assert "agent_phone: 13904510002  (1.00, page 1, corrected by li)" in said
    assert "「」 -> 「13904510002」  见图" in said
    assert "agent_phone:   (" in run(settings, "show", id, "--reading", "1").stdout
    assert "There is no reading 9" in run(settings, "show", id, "--reading", "9", code=2).stderr

    assert "seal.clipped" in run(settings, "mark", other, "seal_collection", "confirm", "--actor", "li").stdout
    recut = ("mark", other, "seal_collection", "recut", "--actor", "li", "--page", "1", "--box")
    for box in ("0.1,0.1,2,2", "a,b", "0.2,0.2,0.1,0.1"):
        assert "frame" in run(settings, *recut, box, code=2).stderr
    finding = ("settle", other, "seal.clipped", "seal_collection", "--actor")
    assert "another reviewer" in run(settings, *finding, "li", "--reason", "完整").stdout
    assert "waits for a second reviewer" in run(settings, "show", other).stdout
    assert "Another reviewer" in run(settings, *finding, "li", "--reason", "完整", code=8).stderr
    assert "贴边" in run(settings, "return", other, "--actor", "li", "--dry-run").stdout
    assert "is settled" in run(settings, *finding, "wang").stdout
    (tmp_path / "letter.txt").write_text("请重新盖章后提交。")
    letter = ("return", other, "--actor", "li", "--text", str(tmp_path / "letter.txt"))
    assert run(settings, *letter).stdout == "请重新盖章后提交。"
    assert "请重新盖章后提交。" in run(settings, "show", other).stdout
    assert run(settings, "quality").stdout.startswith("n 0  errors 0")
    assert "whole" in run(settings, "store", "check").stdout


def test_a_damaged_store_is_told_by_its_exit_code(settings: Settings) -> None:
    store = open_store(settings)
    finished_case(store, "clean-1", settings)
    next(path for path in Path(str(store.blobs.root)).rglob("*") if path.is_file()).unlink()
    assert "lost" in run(settings, "store", "check", code=6).stdout


def test_nothing_that_is_kept_names_anybody(settings: Settings) -> None:
    store = open_store(settings)
    for name in ("clean-1", "faulty-2", "crashes-3"):
        finished_case(store, name, settings)
    for path in settings.var_dir.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not [s for s in SECRETS if s.encode() in data or s.encode("utf-16-le") in data], path


def test_the_surroundings_fault_ends_a_run_with_its_own_code(settings: Settings, tmp_path: Path) -> None:
    from pipeline.intake import submit
    from tests.pipeline.papers import AS_OF, folder

    store = open_store(settings)
    submit(store, folder(tmp_path / "in", "clean-1"), "intake", settings, AS_OF)
    next(path for path in Path(str(store.blobs.root)).rglob("*") if path.is_file()).unlink()
    with pytest.raises(WorkerStopped) as stopped, Crew(store, settings, ("--drain",), "tests.pipeline.opens") as crew:
        while crew.watch():
            os.sched_yield()
    assert stopped.value.exit_code == 6
