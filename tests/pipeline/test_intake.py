"""Taking in: the same twice is one, nothing half-copied, nothing lost."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pipeline import ingest
from pipeline.cases import find
from pipeline.intake import submit
from pipeline.store.store import Store, open_store
from pipeline.store.tables import Application, File, Submission
from pipeline.users import Role, add_user
from tests.pipeline.flow import finished_case, work_all
from tests.pipeline.papers import AS_OF, folder
from yinjian.errors import InputError, Refused, StoreError
from yinjian.settings import Settings


def counts(store: Store) -> tuple[int, int]:
    """Applications and submissions."""
    with store.reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(t)) or 0 for t in (Application, Submission))  # type: ignore[return-value]


def test_the_same_submission_twice_is_one(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = folder(tmp_path, "clean-1")
    first, again = (submit(store, path, "intake", settings) for _ in range(2))
    assert (first.known, again.known) == (False, True) and first.submission == again.submission
    path.rename(tmp_path / "elsewhere")
    assert submit(store, tmp_path / "elsewhere", "intake", settings).submission == first.submission
    assert counts(store) == (1, 1)


def test_the_order_and_names_of_files_do_not_make_another_submission(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = folder(tmp_path, "clean-1")
    another = next(folder(tmp_path, "clean-2").iterdir())
    (path / "z.png").write_bytes(another.read_bytes())
    first = submit(store, path, "intake", settings)
    (path / "z.png").rename(path / "a.png")
    assert submit(store, path, "intake", settings).submission == first.submission
    (path / "a.png").unlink()
    assert submit(store, path, "intake", settings).submission != first.submission


def test_two_at_once_take_in_one(store: Store, settings: Settings, tmp_path: Path) -> None:
    paths = [folder(tmp_path, f"clean-{n}") for n in range(4)]
    errors: list[BaseException] = []

    def run() -> None:
        try:
            for path in paths:
                submit(open_store(settings), path, "intake", settings)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and counts(store) == (4, 4)


def test_a_folder_that_is_being_copied_is_left_until_it_is_whole(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    path = folder(tmp_path / "in", "clean-1")
    (path / "b.pdf.part").write_bytes(b"%PDF")
    careful = replace(settings, inbox=tmp_path / "in", settle_seconds=60)
    with pytest.raises(InputError, match="still being copied"):
        submit(store, path, "intake", replace(settings, settle_seconds=0))
    (path / "b.pdf.part").unlink()
    assert ingest.take_in_inbox(store, careful) == () and counts(store) == (0, 0)
    assert len(ingest.take_in_inbox(store, replace(careful, settle_seconds=0))) == 1
    assert ingest.take_in_inbox(store, replace(careful, settle_seconds=0)) == ()


def test_a_file_with_an_old_date_is_seen_to_be_new(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = folder(tmp_path, "clean-1")
    for file in path.iterdir():
        os.utime(file, (0, 0))  # as copying programs set it
    with pytest.raises(InputError, match="still being copied"):
        submit(store, path, "intake", replace(settings, settle_seconds=60))


def test_what_cannot_be_opened_becomes_a_finding_not_an_error(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = folder(tmp_path, "clean-1")
    (path / "link.png").symlink_to("/etc/passwd")
    (path / "empty.png").touch()
    submit(store, path, "intake", settings, AS_OF)
    work_all(store, settings)
    with store.reading() as session:
        files = session.scalars(select(File)).all()
        assert sorted(bool(f.blob) for f in files) == [False, False, True]
        assert find(store, session, "clean-1").state == "review"


def test_a_returned_application_gets_a_new_submission(store: Store, settings: Settings, tmp_path: Path) -> None:
    from pipeline.approvals import Word, rule
    from yinjian.approval import Ruling
    from yinjian.catalogue import catalogue

    application = finished_case(store, "faulty-1", settings)
    other = submit(store, folder(tmp_path / "x", "faulty-1", "{}"), "intake", settings, AS_OF)
    assert other.application != application  # by chance called alike
    with store.writing() as session:
        add_user(session, "rev", (Role.REVIEWER,))
        row = session.get_one(Application, application)
        rule(store, session, row, Word(Ruling.RETURN, "rev", "电话未填"), catalogue())
    again = submit(store, folder(tmp_path / "y", "faulty-1", "[]"), "intake", settings, AS_OF)
    assert again.application == application and not again.known
    with store.reading() as session:
        assert session.get_one(Application, application).state == "received"
        numbers = session.scalars(select(Submission.number).where(Submission.application_id == application)).all()
        assert sorted(numbers) == [1, 2]


def test_a_changed_folder_replaces_what_is_not_decided(store: Store, settings: Settings, tmp_path: Path) -> None:
    path = folder(tmp_path, "faulty-1")
    first = submit(store, path, "intake", settings, AS_OF)
    work_all(store, settings)
    (path / "application.json").write_text("{}")
    again = submit(store, path, "intake", settings, AS_OF)
    assert (again.application, again.known) == (first.application, False)


def test_an_approved_application_takes_no_more(store: Store, settings: Settings, tmp_path: Path) -> None:
    application = finished_case(store, "clean-1", settings)
    path = folder(tmp_path, "clean-1", "{}")
    with pytest.raises(Refused, match="approved"):
        submit(store, path, "intake", settings, to=application)
    with pytest.raises(InputError, match="no application"):
        submit(store, path, "intake", settings, to="A0000000000")
    assert submit(store, path, "intake", settings).application != application


def test_one_bad_folder_does_not_keep_out_the_others(store: Store, settings: Settings, tmp_path: Path) -> None:
    folder(tmp_path / "in", "clean-1")
    (tmp_path / "in" / "empty").mkdir()
    taken = ingest.take_in(store, tmp_path / "in", "intake", settings, AS_OF, None)
    assert [r.name for r in taken.receipts] == ["clean-1"] and [name for name, _ in taken.refused] == ["empty"]


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """A file system of 4 MB that an application does not fit in: an error, and after space was made all goes on."""
    import subprocess

    from tests.conftest import prepared

    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        settings = replace(prepared(tmp_path), blobs_url=f"file://{small}")
        store = open_store(settings)
        path = folder(tmp_path, "clean-1")
        (path / "large.png").write_bytes(os.urandom(5_000_000))
        with pytest.raises(StoreError, match="No space"):
            submit(store, path, "intake", settings)
        assert counts(store) == (0, 0) and not list(small.glob(".*"))
        subprocess.run(["mount", "-o", "remount,size=20m", str(small)], check=True)
        assert not submit(store, path, "intake", settings).known
    finally:
        subprocess.run(["umount", str(small)], check=True)
