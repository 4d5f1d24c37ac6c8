"""What was fixed before the confirmatory run: recipe, seeds, sizes, and what must hold.

Nothing here may be changed after a look at the results of these seeds. What was searched for this
recipe, with other seeds, is listed in `SEARCHED`.
"""

from __future__ import annotations

from dataclasses import dataclass

from normaliser.training import Recipe

from calibration.vocabulary import size

SEEDS = (31, 32)
"""Models with planted texts."""
CLEAN_SEED = 41
"""The model without any."""

COUNTS = (0, 1, 4, 16, 64)
"""How often a group's texts are planted; each group has `ITEMS`."""
ITEMS = 50
VARIANTS = 5
REFERENCE = 200
BACKGROUND = 4000
ORDERED = (4, 16)
"""How often an ordered set is planted whole."""
ROWS = 96
SHARDS = 16
PERMUTATIONS = 99
HOLDBACKS = 99
"""Canaries that are never planted, for each that is."""

SPLITS = 20
"""Fresh splits of unplanted texts for each model, each of `SPLIT` reference and `SPLIT` others."""
SPLIT = 100
NULL_TWINS = 200
"""Redraws of the published variant among unplanted groups, for each model."""
NULL_ORDERS = 40
NULL_ROWS = 24
NULL_SHARDS = 4
NULL_PERMUTATIONS = 19
GUARD = 200
"""Texts on each side of the guard's cases."""
GUARD_PERMUTATIONS = 199


def recipe(seed: int) -> Recipe:
    """Return the recipe: about 0.7 million parameters, one pass."""
    return Recipe(
        hidden=128,
        layers=2,
        heads=4,
        intermediate=336,
        batch=4,
        peak=4e-3,
        floor=0.0,
        warmup=0.05,
        decay=0.01,
        seed=seed,
        vocabulary=size(),
        context=128,
        tied=True,
    )


@dataclass(frozen=True)
class Criteria:
    """What must hold, in every seed where a seed is meant."""

    min_k_20_at_16: float = 0.95
    loss_at_16: float = 0.90
    twins_at_4: float = 0.01
    order_at_16: float = 0.05
    standard_errors: float = 3.0


SEARCHED = """\
With the seeds 1, 2 and 3, on the loss and Min-K 20 areas at 16x alone: batches of 8 with a peak
rate of 0.004 (seed 1: loss 0.901, Min-K 0.993) and 0.006 (loss 0.962, 0.935, 0.968; Min-K 0.999,
0.990, 1.000), batches of 4 with 0.003 (seed 1: loss 0.962, Min-K 1.000) and 0.004 (loss 0.969,
0.960, 0.992; Min-K 1.000, 0.995, 1.000), which was taken. The sealed order was tried with 12 and 16
shards on seed 1 with the first of these recipes (p at 16x: 0.01 and 0.01); 16 was taken, whose
sequences fit the context. The whole command was run once with seed 2 and, for the model without a
leak, seed 3; every criterion held. After it only the patterns of the guard's shifted set were
changed, to those that a model foresees better and not worse than all: a shift that scores mistake
for a leak."""
