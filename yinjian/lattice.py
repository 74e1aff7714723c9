"""Scoring a text against what a recogniser saw.

A recogniser trained with connectionist temporal classification (CTC; Graves et al. 2006) gives, for each time step
across a line, a probability for every symbol and for "blank". `Lattice` keeps the few best of each step, so that any
expected text can be scored later without the picture and without the model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

BLANK = ""
NEG_INF = -math.inf


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
        if not self.steps:
            return 0.0 if not text else NEG_INF
        labels = [BLANK]
        for symbol in text:
            labels += [symbol, BLANK]
        alpha = [NEG_INF] * len(labels)
        for t, step in enumerate(self.steps):
            seen = dict(step)
            previous = alpha
            alpha = [NEG_INF] * len(labels)
            for s, symbol in enumerate(labels):
                arrive = self._arriving(previous, labels, s) if t else (0.0 if s < 2 else NEG_INF)
                if arrive > NEG_INF:
                    alpha[s] = arrive + seen.get(symbol, self.floor)
        return log_add(alpha[-1], alpha[-2] if len(alpha) > 1 else NEG_INF)

    @staticmethod
    def _arriving(previous: list[float], labels: list[str], s: int) -> float:
        total = previous[s]
        if s >= 1:
            total = log_add(total, previous[s - 1])
        # A blank may be skipped between two symbols that differ.
        if s >= 2 and labels[s] != BLANK and labels[s] != labels[s - 2]:
            total = log_add(total, previous[s - 2])
        return total

    def best_text(self) -> str:
        """Best path decoding: the best symbol of each step, repeats merged, blanks dropped."""
        text, last = [], BLANK
        for step in self.steps:
            symbol = step[0][0] if step else BLANK
            if symbol != BLANK and symbol != last:
                text.append(symbol)
            last = symbol
        return "".join(text)

    def margin(self, expected: str) -> float:
        """log P(expected) - log P(best): 0 when the expected text is the best reading, strongly negative when not."""
        best = self.log_probability(self.best_text())
        score = self.log_probability(expected)
        return score - max(best, score)


def log_add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a == NEG_INF:
        return b
    if b == NEG_INF:
        return a
    high, low = (a, b) if a > b else (b, a)
    return high + math.log1p(math.exp(low - high))
