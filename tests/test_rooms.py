"""Data flows one way: what each room may import, held by walking every import of every file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import validators

ROOT = Path(__file__).resolve().parents[1]

MAY_IMPORT = {
    "yinjian": set[str](),
    "forms": {"yinjian"},
    "extractors": {"yinjian"},
    "validators": {"yinjian"},
    "issuance": {"yinjian"},
    "pipeline": {"yinjian", "forms", "extractors", "validators", "issuance"},
    "web": {"pipeline", "yinjian"},
    "samples": {"yinjian", "forms"},
}
ROOMS = set(MAY_IMPORT) | {"tests", "bench", "training"}
# What belongs to one room: no other imports it.
ONLY_IN = {
    "prefect": "pipeline",
    "sqlalchemy": "pipeline",
    "alembic": "pipeline",
    "fsspec": "pipeline",
    "pkcs11": "issuance",
    "fastapi": "web",
}


def imports(path: Path) -> Iterator[str]:
    """Full names of all that a file imports, inside functions too."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*base, *filter(None, [node.module])))


def top_level(room: str) -> set[tuple[str, str]]:
    """(file, top-level module imported) of a room."""
    files = (ROOT / room).rglob("*.py")
    return {(str(path.relative_to(ROOT)), name.partition(".")[0]) for path in files for name in imports(path)}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room}
    assert not {(file, name) for file, name in top_level(room) if name in ROOMS - allowed}


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_part_that_belongs_to_one_room_is_in_no_other(room: str) -> None:
    foreign = {part for part, home in ONLY_IN.items() if home != room}
    assert not {(file, name) for file, name in top_level(room) if name in foreign}


def test_the_walk_sees_imports_of_every_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    file = tmp_path / "web" / "desk" / "a.py"
    file.parent.mkdir(parents=True)
    file.write_text("import a.b\nfrom c.d import e\nfrom . import f\nfrom ..g import h\ndef i():\n    import j\n")
    assert set(imports(file)) == {"a.b", "c.d", "web.desk", "web.g", "j"}


def test_judging_takes_no_lattice_from_pixels() -> None:
    """Rules are pure: no imaging, no files, no network in `validators`."""
    impure = {
        "cv2",
        "numpy",
        "PIL",
        "paddleocr",
        "socket",
        "urllib",
        "requests",
        "httpx",
        "os",
        "pathlib",
        "subprocess",
    }
    assert not {(file, name) for file, name in top_level("validators") if name in impure}


def test_validators_is_this_repositorys_room_and_no_distribution() -> None:
    assert Path(validators.__file__ or "").is_relative_to(ROOT)
