"""A running sum of floats without any rounding error, in memory that does not grow.

The sum is kept as a few floats that do not overlap (Shewchuk 1997, Adaptive Precision
Floating-Point Arithmetic, theorem 10: GROW-EXPANSION), as `math.fsum` does inside one call. Adding
them up with `math.fsum` at the end rounds once, so that the result is `math.fsum` of all the
addends, whatever their order and however many.
"""

from __future__ import annotations

import math


class ExactSum:
    """The exact sum of the finite floats added so far."""

    def __init__(self) -> None:
        self._parts: list[float] = []

    def add(self, addend: float) -> None:
        """Add one finite float."""
        kept = 0
        for part in self._parts:
            if abs(addend) < abs(part):
                addend, part = part, addend
            high = addend + part
            low = part - (high - addend)
            if low:
                self._parts[kept] = low
                kept += 1
            addend = high
        self._parts[kept:] = [addend]

    def include(self, other: ExactSum) -> None:
        """Add all that was added to another sum."""
        for part in other._parts:
            self.add(part)

    def total(self) -> float:
        """Return the sum, rounded once."""
        return math.fsum(self._parts)
