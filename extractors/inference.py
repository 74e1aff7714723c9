"""The weights on OpenVINO, in place of the engine that PaddleOCR would start.

Two precisions: what is seen clearly reads the same in bf16, in half the time, where the processor has it; what is
doubtful is for single precision. No pinning to cores: two reading processes would be pinned to the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extractors.alphabets import ALPHABETS
from extractors.detection import as_input, lines_in
from extractors.weights import alphabet, weights_file
from yinjian.lattice import BLANK

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Best = tuple[NDArray[np.int32], Floats]  # classes and their probabilities, each (steps, BEST), best first

EXACT = "f32"
SHIFT = 2  # steps: two recognisers that were one tell a symbol no further apart
ALONE = 0.3  # of the steps, at most, go without one of the other's: two that were one keep pace
BLANK_CLASS = 0
LEAST = 1e-4  # probability that steps agree: of those that have nothing in common
_FIRST = Lock()


@cache
def quick() -> str:
    """The precision that reads fastest on this machine."""
    return "bf16" if "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else EXACT


class Detector:
    """Text detection: the weights, and what goes before and after them. `side`: px that pictures are reduced to."""

    def __init__(self, model: str, threads: int, precision: str, side: int) -> None:
        self._side = side
        self._runs = _Runs(_core().read_model(weights_file(model)), threads, precision, remembers=False)

    def __call__(self, image: Image) -> Floats:
        """Text lines of a BGR image as quadrilaterals, (n, 4, 2), in its pixels."""
        return lines_in(self._runs(as_input(image, self._side))[0][0, 0], image.shape)


class Recogniser:
    """A line, (1, 3, 48, width), to the best classes of each time step. `symbols`: what the classes stand for.

    One line a run: batches cost as much for each pixel, and their padding comes on top.
    """

    def __init__(self, model: str, threads: int, precision: str, best: int) -> None:
        self.name, self.symbols = f"{model}/openvino", symbols(model)
        graph = _with_best(_core().read_model(weights_file(model)), self.symbols, best)
        # What is read in full precision is little: its preparations are not worth the memory.
        self._runs = _Runs(graph, threads, precision, remembers=precision != EXACT or quick() == EXACT)

    def __call__(self, line: Floats) -> Best:
        classes, probabilities = self._runs(line)
        return classes[0], probabilities[0]


class Together:
    """Two recognisers of one alphabet as one: the mean of what they hold likely (Lakshminarayanan et al. 2017).

    They are mistaken about other symbols, and unsure where they differ.
    """

    def __init__(self, one: Recogniser, other: Recogniser) -> None:
        self.name, self.symbols = one.name, one.symbols
        self._each = one, other

    def __call__(self, line: Floats) -> Best:
        said = [recogniser(line) for recogniser in self._each]
        held = np.concatenate([classes.ravel() for classes, _ in said])
        known = np.unique(np.append(held, BLANK_CLASS).astype(np.int32))
        one, other = (_spread(classes, probabilities, known) for classes, probabilities in said)
        mean = np.asarray((one + other[in_step(one, other)]) / 2, np.float32)
        best = np.argsort(-mean, axis=1, kind="stable")[:, : said[0][0].shape[1]]
        return known[best], np.take_along_axis(mean, best, 1)


AnyRecogniser = Recogniser | Together


def _spread(classes: NDArray[np.int32], probabilities: Floats, known: NDArray[np.int32]) -> Floats:
    """The best classes' probabilities with a place for each that is `known`, (steps, known)."""
    whole = np.zeros((len(classes), len(known)), np.float32)
    np.put_along_axis(whole, np.searchsorted(known, classes), probabilities, 1)
    return whole


def in_step(one: Floats, other: Floats) -> NDArray[np.intp]:
    """For each step of one recogniser the other's step that it goes with, (steps,), never backwards.

    Both (steps, classes), the blank first. The same symbol may be told a step earlier by one than by the other: as they
    come, the mean of both would hold a blank as likely in either step. The way is the likeliest one (dynamic time
    warping; Sakoe and Chiba 1978): steps that go together say the same, and one that is passed over or waited at says
    nothing new, which is the exception.
    """
    steps, shifts = len(one), np.arange(-SHIFT, SHIFT + 1)
    worth, waiting = np.log(one @ other.T + LEAST), _nothing_new(one, -1)
    passed = np.append(0.0, np.cumsum(_nothing_new(other, 1)))  # by the steps before each
    ways, score = np.zeros((steps, len(shifts)), np.intp), np.empty(0)
    for t in range(steps):
        places = t + shifts
        at = np.clip(places, 0, steps - 1)
        if t:
            next_one = np.clip(places, 1, steps)[:, None]  # behind the place before, for each of these
            together = np.where(at >= next_one, worth[t, at], np.maximum(worth[t, at], waiting[t]))
            moved = score[:, None] + passed[at] - passed[np.minimum(next_one, at)] + together
            moved[at < next_one - 1] = -np.inf
            ways[t], score = moved.argmax(0), moved.max(0)
        else:
            score = passed[at] + worth[t, at]
        score[(places < 0) | (places >= steps)] = -np.inf
    last = np.minimum(steps - 1 + shifts, steps - 1)
    place = int((score + passed[steps] - passed[last + 1]).argmax())
    path = np.zeros(steps, np.intp)
    for t in range(steps - 1, -1, -1):
        path[t] = t + shifts[place]
        place = int(ways[t, place])
    return path


def _nothing_new(said: Floats, beside: int) -> Floats:
    """log P(a step goes alone), (steps,): it holds the blank, or what the step before (-1) or behind (1) it does."""
    same = np.zeros(len(said), np.float32)
    both = (said[:-1, 1:] * said[1:, 1:]).sum(1)
    same[slice(1, None) if beside < 0 else slice(None, -1)] = both
    return np.asarray(np.log(ALONE * (said[:, 0] + same) + LEAST), np.float32)


def symbols(model: str) -> tuple[str, ...]:
    """What a recogniser's classes stand for."""
    return (BLANK, *alphabet(model), " ")


def allowed(symbols: Sequence[str]) -> NDArray[np.bool_]:
    """Which classes may stand on a page, (classes,)."""
    return np.array([s == BLANK or ALPHABETS["text"](s) for s in symbols])


def spaces(symbols: Sequence[str]) -> NDArray[np.intp]:
    """The classes that are white space: they count as the blank, for what is between symbols is not told apart."""
    return np.flatnonzero([symbol.isspace() for symbol in symbols])


class _Runs:
    """Runs of one model, each on one processor, `threads` of them side by side.

    `remembers`: whether what was prepared for a size of picture is kept, some megabytes each.
    """

    def __init__(self, graph: Any, threads: int, precision: str, *, remembers: bool) -> None:
        model = _compiled(graph, threads, precision, remembers)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(model.create_infer_request())

    def __call__(self, value: Floats) -> list[Any]:
        with self._request() as request:
            request.infer([value], share_inputs=True)
            # Copied: the request's own memory is written over by its next run.
            return [tensor.data.copy() for tensor in request.output_tensors]

    @contextmanager
    def _request(self) -> Iterator[Any]:
        request = self._idle.get()
        try:
            yield request
        finally:
            self._idle.put(request)


@cache
def _core() -> Any:
    """OpenVINO, ready for several threads.

    Its bindings ask for NumPy's interface with the first array that they are given, and hold a lock meanwhile that a
    second thread waits for without letting go of the interpreter's: both then wait for ever. One array, given here by
    one thread alone, is before all others.
    """
    with _FIRST:
        import openvino  # takes a moment

        openvino.Tensor(np.zeros(1, np.float32))
        return openvino.Core()


def _compiled(graph: Any, threads: int, precision: str, remembers: bool) -> Any:
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    if not remembers:
        options["CPU_RUNTIME_CACHE_CAPACITY"] = 0
    return _core().compile_model(graph, "CPU", options)


def _with_best(graph: Any, symbols: Sequence[str], best: int) -> Any:
    """The recogniser ending in the `best` classes of each step: its thousands never leave the engine.

    Classes that are not allowed keep their part of the probability and are never among the best; that of white space is
    the blank's.
    """
    from openvino import Model, opset13

    probabilities = graph.get_results()[0].input_value(0)
    white = opset13.gather(probabilities, opset13.constant(spaces(symbols)), opset13.constant(2))
    blank = (np.arange(len(symbols))[None, None] == BLANK_CLASS).astype(np.float32)
    masked = opset13.multiply(probabilities, opset13.constant(allowed(symbols).astype(np.float32)))
    between = opset13.multiply(opset13.reduce_sum(white, 2, True), opset13.constant(blank))
    masked = opset13.add(masked, between)
    top = opset13.topk(masked, opset13.constant(np.int64(best)), 2, "max", "value")
    return Model([top.output(1), top.output(0)], graph.get_parameters(), "line to best classes")
