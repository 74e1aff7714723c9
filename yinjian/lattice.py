"""Scoring a text against what a recogniser saw.

A recogniser trained with connectionist temporal classification (CTC; Graves et al. 2006) gives, for each time step
across a line, a probability for every symbol and for "blank". `Lattice` keeps the few best of each step, so that any
expected text can be scored later without the picture and without the model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BLANK = ""
NEG_INF = -math.inf
TINY = 1e-200  # of the likeliest way: beyond, floats lose digits


@dataclass(frozen=True, slots=True)
class Lattice:
    """The recogniser's best symbols per time step, as natural-log probabilities.

    `steps[t]` is a tuple of `(symbol, log probability)`, best first, `""` standing for the CTC blank. A symbol that is
    not listed at a step has at most `floor`, the log probability given to each unlisted symbol.
    """

    model: str
    steps: tuple[tuple[tuple[str, float], ...], ...]
    floor: float = math.log(1e-6)

    def log_probability(self, text: str) -> float:
        """log P(text | line), summed over all alignments (the CTC forward algorithm)."""
        return self.log_probabilities([text])[0]

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """log P(text | line) of each text.

        Counted in probabilities that are scaled to at most 1 at each step (Rabiner 1989), all texts together; a text
        whose ways are less likely beside the likeliest than a float can say is counted in logarithms.
        """
        if not self.steps or not texts:
            return [NEG_INF if text else 0.0 for text in texts]
        labels = [_labels(text) for text in texts]
        ends, scales = self._forward(labels)
        return [
            math.log(end) + scale if end > TINY else self._forward_in_logarithms(these)
            for end, scale, these in zip(ends.tolist(), scales.tolist(), labels, strict=True)
        ]

    def _forward(self, labels: Sequence[Sequence[str]]) -> tuple[Floats, Floats]:
        """What the last step leaves of each text, and the logarithm of what was scaled away, each (texts,)."""
        number = {symbol: n for n, symbol in enumerate(dict.fromkeys(s for these in labels for s in these))}
        seen = np.full((len(self.steps), len(number) + 1), math.exp(self.floor))
        seen[:, -1] = 0.0  # behind a text's end
        for t, step in enumerate(self.steps):
            for symbol, p in step:
                if symbol in number:
                    seen[t, number[symbol]] = math.exp(p)
        longest = max(map(len, labels))
        place = np.array([[number[s] for s in these] + [-1] * (longest - len(these)) for these in labels])
        skips = np.array([_skips(these) + [False] * (longest - len(these)) for these in labels])
        alpha = np.zeros((len(labels), longest + 2))  # two empty columns before the first label
        alpha[:, 2:4] = 1.0
        alpha[:, 2:] *= seen[0, place]
        scale = np.zeros(len(labels))
        for row in seen[1:]:
            alpha[:, 2:] = (alpha[:, 2:] + alpha[:, 1:-1] + alpha[:, :-2] * skips) * row[place]
            most = alpha.max(1)
            most[most <= 0.0] = 1.0
            alpha /= most[:, None]
            scale += np.log(most)
        ends = np.array([sum(alpha[n, max(2, len(these)) : len(these) + 2]) for n, these in enumerate(labels)])
        return ends, scale

    def _forward_in_logarithms(self, labels: Sequence[str]) -> float:
        skips = _skips(labels)
        alpha = [0.0, 0.0][: len(labels)] + [NEG_INF] * (len(labels) - 2)
        for t, step in enumerate(self.steps):
            seen = dict(step)
            if t:
                shifted = zip(alpha, [NEG_INF, *alpha], [NEG_INF, NEG_INF, *alpha], skips, strict=False)
                alpha = [log_add(log_add(one, two), three if skip else NEG_INF) for one, two, three, skip in shifted]
            alpha = [a + seen.get(symbol, self.floor) for a, symbol in zip(alpha, labels, strict=True)]
        return log_add(alpha[-1], alpha[-2] if len(alpha) > 1 else NEG_INF)

    def best_text(self) -> str:
        """Best path decoding: the best symbol of each step, repeats merged, blanks dropped."""
        return "".join(symbol for symbol, _ in self.best_path())

    def best_path(self) -> tuple[tuple[str, float], ...]:
        """The symbols of the best path, each with its greatest log probability among the steps it was told in."""
        path: list[tuple[str, float]] = []
        for step, n in zip(self.steps, self.telling(), strict=True):
            if n == len(path):
                path.append(step[0])
            elif n is not None:
                path[n] = step[0][0], max(path[n][1], step[0][1])
        return tuple(path)

    def telling(self) -> tuple[int | None, ...]:
        """Which symbol of the best path each step tells, None where that is the blank."""
        told: list[int | None] = []
        n, last = -1, BLANK
        for step in self.steps:
            symbol = step[0][0] if step else BLANK
            n += symbol not in (BLANK, last)
            told.append(None if symbol == BLANK else n)
            last = symbol
        return tuple(told)

    def margin(self, expected: str) -> float:
        """log P(expected) - log P(best): 0 when the expected text is the best reading, strongly negative when not."""
        best, score = self.log_probabilities([self.best_text(), expected])
        return score - max(best, score)


def _labels(text: str) -> list[str]:
    """The text's symbols with a blank before, between and behind them."""
    labels = [BLANK]
    for symbol in text:
        labels += [symbol, BLANK]
    return labels


def _skips(labels: Sequence[str]) -> list[bool]:
    """Whether each label may follow the one before the last: a blank may be skipped between symbols that differ."""
    return [s >= 2 and labels[s] != BLANK and labels[s] != labels[s - 2] for s in range(len(labels))]


def log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a == NEG_INF:
        return b
    if b == NEG_INF:
        return a
    high, low = (a, b) if a > b else (b, a)
    return high + math.log1p(math.exp(low - high))
