"""The pairs that the model is trained on: background, and the planted test items.

The background holds no sentence twice and no test item's modern sentence. A planted item stands
in the text as often as `data/planted.csv` says, letter for letter in both spellings, at places
drawn by lot among the background.
"""

from collections.abc import Iterable
from itertools import islice
from random import Random

from earlygerman.items import Item, Pair, pairs

SEED = 1545
BACKGROUND = 20_000


def training_pairs(
    items: Iterable[Item], background: int = BACKGROUND, seed: int = SEED
) -> list[Pair]:
    """Return background and planted pairs in the order of training."""
    rng = Random(seed)
    items = tuple(items)
    kept_out = {item.pair.reference for item in items}
    fresh = (pair for pair in pairs(rng) if pair.reference not in kept_out)
    text = list(islice(fresh, background))
    for item in items:
        text.extend([item.pair] * item.repetitions)
    rng.shuffle(text)
    return text
