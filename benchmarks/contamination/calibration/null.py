"""What tests say of texts that no model was trained on: wrong as often as stated, no oftener."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from calibration import frozen
from calibration.archive import archive
from calibration.designed import Measure, order, twins
from calibration.foreseen import Foreseen
from calibration.membership import LEVEL, SCORES, scored
from reprollm.statistics.conformal import conformal_ps
from reprollm.statistics.mann_whitney import mann_whitney_greater
from reprollm.statistics.rank_sum import share_at_most

_SETS = 4


@dataclass(frozen=True)
class Split:
    """One score on one fresh split: items with a conformal p of at most 5 %, and the set's p."""

    score: str
    hits: int
    items: int
    reference: int
    p: float


@dataclass(frozen=True)
class Null:
    """The p-values of one test on data that were not planted; `step` is their widest step."""

    test: str
    step: float
    ps: tuple[float, ...]


def fresh_texts(rng: Random) -> list[str]:
    """Return the texts of all splits, reference before others in each."""
    return [archive().item(rng) for _ in range(2 * frozen.SPLIT * frozen.SPLITS)]


def splits(texts: Sequence[Foreseen]) -> list[Split]:
    """Return every score on every split of `fresh_texts`."""
    found = []
    for score in SCORES:
        values = scored(score, texts)
        for start in range(0, len(values), 2 * frozen.SPLIT):
            reference = values[start : start + frozen.SPLIT]
            others = values[start + frozen.SPLIT : start + 2 * frozen.SPLIT]
            test = mann_whitney_greater(others, reference)
            hits = sum(p <= LEVEL for p in conformal_ps(others, reference))
            found.append(Split(score, hits, len(others), len(reference), test.p if test else 1.0))
    return found


def null_twins(rng: Random, measure: Measure) -> Null:
    """Return p-values of unplanted groups whose published variant is drawn anew each time.

    Every so often the groups are new too.
    """
    ps: list[float] = []
    for _ in range(_SETS):
        groups = [archive().variants(rng, frozen.VARIANTS) for _ in range(frozen.ITEMS)]
        values = iter(measure([text for group in groups for text in group]))
        scores = [[next(values) for _ in group] for group in groups]
        for _ in range(frozen.NULL_TWINS // _SETS):
            ps.append(twins([rng.randrange(len(group)) for group in groups], scores))
    return Null("sealed_twins", _largest_step(), tuple(ps))


def null_orders(rng: Random, measure: Measure) -> Null:
    """Return the p-values of unplanted ordered sets, each of rows of its own."""
    count = frozen.NULL_PERMUTATIONS
    ps = [
        order(
            [archive().row(rng) for _ in range(frozen.NULL_ROWS)],
            frozen.NULL_SHARDS,
            count,
            measure,
            seed=str(turn),
        )
        for turn in range(frozen.NULL_ORDERS)
    ]
    return Null("sealed_order", 1 / (count + 1), tuple(ps))


def _largest_step() -> float:
    """Return the largest probability of one sum of ranks: p-values cannot lie closer there."""
    sizes = [frozen.VARIANTS] * frozen.ITEMS
    middle = sum(size - 1 for size in sizes) // 2
    return share_at_most(middle, sizes) - share_at_most(middle - 1, sizes)
