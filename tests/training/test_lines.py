"""What is drawn to learn from says what it is said to say, and looks as the reader's own strips do."""

from __future__ import annotations

from difflib import SequenceMatcher
from random import Random

import numpy as np
import pytest

from extractors.engine import Engine
from training import faces, stamps, words, writing
from yinjian.errors import SetupError


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture(autouse=True)
def own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that every machine has."""
    monkeypatch.setattr(faces, "STAMPED", ("song-bold", "hei"))
    monkeypatch.setattr(faces, "PRINTED", ("song", "hei"))
    monkeypatch.setattr(faces, "WRITTEN", ("kai",))
    monkeypatch.setattr(faces, "hands", lambda: ("kai",))
    monkeypatch.setattr(writing, "_strokes", lambda character: ())


def likeness(read: str, true: str) -> float:
    """The share of a text's symbols that stand in another in this order."""
    return sum(block.size for block in SequenceMatcher(None, read, true, autojunk=False).get_matching_blocks()) / len(
        true
    )


def test_stamps_are_read_as_what_is_on_them(engine: Engine) -> None:
    chance, numbers, shares = Random(3), np.random.default_rng(3), []
    while len(shares) < 24:
        image, text = stamps.example(chance, numbers)
        assert image.shape[0] == 48
        read = engine.recognise_stamps([np.repeat(image[:, :, None], 3, 2)])[0].text
        shares.append(likeness(read, text))
    # Some are hidden by what they lie over; a label that began at the wrong place would show in all.
    assert np.median(shares) > 0.75


@pytest.mark.parametrize("kind", [writing.written, writing.printed])
def test_lines_are_read_as_what_is_written(engine: Engine, kind: type) -> None:
    chance, numbers, shares = Random(5), np.random.default_rng(5), []
    while len(shares) < 24:
        drawn = kind(chance, numbers)
        if drawn is not None:
            shares.append(likeness(engine.recognise([np.ascontiguousarray(drawn[0])])[0].text, drawn[1]))
    assert np.median(shares) > 0.8


def test_characters_are_those_of_the_national_standard() -> None:
    assert (len(words.COMMON), len(words.RARE)) == (3755, 3008)  # GB 2312, levels 1 and 2


def test_missing_fonts_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINJIAN_TRAINING_FONTS", raising=False)
    with pytest.raises(SetupError, match="fonts for training"):
        faces.folder()
