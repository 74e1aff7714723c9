"""How many of how many, with what that says about all."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054  # of the normal distribution: 95 % lie within


@dataclass(frozen=True, slots=True)
class Share:
    """How many were right, of how many."""

    right: int
    n: int

    @property
    def value(self) -> float:
        return self.right / self.n if self.n else float("nan")

    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval; everything is possible when nothing was counted."""
        if not self.n:
            return 0.0, 1.0
        spread = Z * Z / self.n
        middle = (self.value + spread / 2) / (1 + spread)
        half = sqrt(self.value * (1 - self.value) * spread + spread * spread / 4) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)
