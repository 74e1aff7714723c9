"""Recognition and detection on lines drawn here: quick or exact, narrow or not, one thread or two."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.decode import decode
from extractors.engine import BEST, LEAST, Engine
from extractors.inference import in_step
from extractors.linefinding import find_lines
from extractors.reference import engine_called
from samples.typefaces import text_mask

TEXTS = ("黑龙江屿序信息技术有限公司", "91230103MA8117DW19", "15104338577", "甲乙双方不得转让、转借本协议")


def drawn(text: str, size: int = 40, margin: int = 12) -> NDArray[np.uint8]:
    """A line of print, black on white, BGR."""
    ink = np.pad(text_mask(text, "song", size), margin)
    return np.repeat(np.where(ink > 0, 255 - 235 * (ink > 0), 255).astype(np.uint8)[:, :, None], 3, axis=2)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("scale", [1.0, 0.8])
def test_a_line_is_read_the_same_quickly_and_exactly(engine: Engine, text: str, scale: float) -> None:
    quick, exact = engine.recognise([drawn(text)], scale)[0], engine.recognise_exactly([drawn(text)])[0]
    assert quick.text == exact.text == text
    assert min(quick.confidence, exact.confidence) > 0.9


@pytest.mark.parametrize("text", TEXTS)
def test_what_two_sets_of_weights_hold_together_is_as_sure(engine: Engine, text: str) -> None:
    both = engine.recognise_doubtful([drawn(text)])[0]
    assert both.text == text
    assert both.confidence > 0.9
    assert len(both.spans) == len(text)


def test_each_set_of_weights_says_what_it_reads(engine: Engine) -> None:
    (apart,) = engine.recognise_apart([drawn(TEXTS[1])])
    assert [read.text for read in apart] == [TEXTS[1], TEXTS[1]]
    assert apart[0].lattice != apart[1].lattice


def told(*steps: int, sure: float = 0.97) -> NDArray[np.float32]:
    """What a recogniser of four classes says step by step, the blank first."""
    said = np.full((len(steps), 4), (1 - sure) / 3, np.float32)
    said[np.arange(len(steps)), steps] = sure
    return said


def test_steps_that_say_the_same_go_together() -> None:
    one = told(0, 0, 1, 0, 0, 2, 0, 3, 0, 0)
    assert in_step(one, one).tolist() == list(range(10))
    for other in (told(0, 1, 0, 0, 0, 0, 2, 0, 3, 0), told(0, 0, 1, 1, 0, 2, 2, 0, 3, 0)):
        way = in_step(one, other)
        assert (np.diff(way) >= 0).all()
        assert [np.argmax(other[way[t]]) for t in (2, 5, 7)] == [1, 2, 3]


def test_a_symbol_told_twice_leaves_the_blank_before_its_like_where_it_is() -> None:
    one, other = told(0, 0, 1, 0, 1, 0), told(0, 1, 1, 0, 1, 0)
    assert in_step(one, other)[2:5].tolist() == [2, 3, 4]


def test_a_symbol_that_one_saw_is_not_passed_over() -> None:
    way = in_step(told(0, 0, 1, 0, 0, 0, 0, 3, 0, 0), told(0, 0, 1, 0, 0, 2, 0, 3, 0, 0))
    assert way.tolist() == list(range(10))


@pytest.mark.parametrize("text", [TEXTS[0], TEXTS[3]])
def test_a_line_drawn_at_half_its_width_keeps_its_last_symbol(engine: Engine, text: str) -> None:
    assert engine.recognise([drawn(text)], 0.5)[0].text == text


def test_the_lattice_holds_the_best_symbols_above_the_floor(engine: Engine) -> None:
    read = engine.recognise([drawn(TEXTS[0])])[0]
    assert read.lattice.best_text() == read.text
    assert all(0 < len(step) <= BEST for step in read.lattice.steps)
    assert all(p >= np.log(LEAST) - 0.001 for step in read.lattice.steps for _, p in step)
    assert all(list(step) == sorted(step, key=lambda item: -item[1]) for step in read.lattice.steps)
    assert len(read.spans) == len(read.text)


def test_threads_side_by_side_read_what_one_reads(engine: Engine) -> None:
    lines = [drawn(text) for text in TEXTS] * 3
    one = engine.recognise(lines)
    with ThreadPoolExecutor(2) as pool:
        two = list(pool.map(lambda crop: engine.recognise([crop])[0], lines))
    assert [read.text for read in two] == [read.text for read in one]


def page(*lines: tuple[str, int, int]) -> NDArray[np.uint8]:
    """A white page of A4 at 150 dpi with lines at `(x, y)`."""
    white = np.full((1754, 1240, 3), 255, np.uint8)
    for text, x, y in lines:
        line = drawn(text, 30)
        white[y : y + line.shape[0], x : x + line.shape[1]] = line
    return white


def test_lines_are_found_where_they_stand(engine: Engine) -> None:
    found = find_lines(page((TEXTS[0], 500, 300), (TEXTS[3], 200, 1200)), engine)
    middles = sorted((float(q[:, 1].mean()), float(q[:, 0].min())) for q in found.quads)
    assert len(middles) == 2
    assert middles[0] == pytest.approx((325, 512), abs=20)
    assert middles[1] == pytest.approx((1225, 212), abs=20)


def test_a_stamp_over_a_line_does_not_break_it(engine: Engine) -> None:
    stamped = page((TEXTS[0], 400, 600))
    rows, columns = np.ogrid[:1754, :1240]
    ring = np.abs(np.hypot(rows - 640, columns - 560) - 110) < 8
    stamped[ring] = np.minimum(stamped[ring], (60, 60, 210)).astype(np.uint8)
    across = [q for q in find_lines(stamped, engine).quads if np.ptp(q[:, 0]) > 380]
    assert len(across) == 1


def test_a_blank_page_has_no_lines(engine: Engine) -> None:
    assert len(find_lines(page(), engine).quads) == 0


@pytest.fixture(scope="module")
def reference() -> Engine:
    return engine_called("paddleocr", 1)


@pytest.mark.parametrize("text", TEXTS)
def test_the_default_reads_what_the_reference_reads(engine: Engine, reference: Engine, text: str) -> None:
    one, other = engine.recognise_exactly([drawn(text)])[0], reference.recognise_exactly([drawn(text)])[0]
    assert one.text == other.text == text
    assert one.confidence == pytest.approx(other.confidence, abs=0.02)
    assert other.lattice.model.endswith("/paddleocr")
    assert one.lattice.log_probability(text) == pytest.approx(other.lattice.log_probability(text), abs=0.1)


@pytest.mark.parametrize("gap", [" ", "   ", "\u3000", "\u3000\u3000"])
def test_a_gap_is_no_symbol_that_no_alphabet_has(engine: Engine, reference: Engine, gap: str) -> None:
    crops = [drawn(f"姓名{gap}刘妍婷")]
    for each in (engine, reference):
        for read in (*each.recognise(crops), *each.recognise_exactly(crops)):
            text, sure, *_ = decode([read.lattice], "text")
            assert text == "姓名刘妍婷" and sure > 0.9


def test_the_default_finds_the_lines_that_the_reference_finds(engine: Engine, reference: Engine) -> None:
    white = page((TEXTS[0], 500, 300), (TEXTS[3], 200, 1200))
    one, other = find_lines(white, engine).quads, find_lines(white, reference).quads
    assert one.shape == other.shape
    assert np.abs(np.sort(one.mean(1), axis=0) - np.sort(other.mean(1), axis=0)).max() < 4


# Eight threads that give OpenVINO their first arrays at the same moment; a thread's turn lasts a microsecond.
TOGETHER = """
import sys, threading
import numpy as np
from openvino import Model, opset13
from extractors.inference import _core
given = opset13.parameter([-1, 4], np.float32)
made = _core().compile_model(Model([opset13.relu(given)], [given], "x"), "CPU", {"NUM_STREAMS": 8})
requests, start = [made.create_infer_request() for _ in range(8)], threading.Barrier(8)
def run(request):
    start.wait()
    request.infer([np.zeros((2, 4), np.float32)], share_inputs=True)
threads = [threading.Thread(target=run, args=(request,)) for request in requests]
sys.setswitchinterval(1e-6)
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_first_runs_in_several_threads_do_not_wait_for_one_another_for_ever() -> None:
    for _ in range(6):  # without the first array given alone, one in four hung
        subprocess.run([sys.executable, "-c", TOGETHER], check=True, timeout=60, cwd=Path(__file__).parents[2])
