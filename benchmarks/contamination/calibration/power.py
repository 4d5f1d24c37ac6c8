"""How often the sealed twins find a leak of so many items, each planted so many times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from calibration.designed import twins

SIZES = (5, 10, 25)
DRAWS = 200
LEVELS = (0.05, 0.01)


@dataclass(frozen=True)
class Power:
    """Rejections at each of `LEVELS` among `draws` data sets of `n` items planted `count` times."""

    count: int
    n: int
    rejections: tuple[int, ...]
    draws: int


def power(
    count: int, chosen: Sequence[int], scores: Sequence[Sequence[float]], rng: Random
) -> list[Power]:
    """Return the power at each size, over sets drawn without replacement from the groups."""
    found = []
    for n in SIZES:
        ps = []
        for _ in range(DRAWS):
            drawn = rng.sample(range(len(scores)), n)
            ps.append(twins([chosen[at] for at in drawn], [scores[at] for at in drawn]))
        found.append(Power(count, n, tuple(sum(p <= at for p in ps) for at in LEVELS), DRAWS))
    return found
