"""The texts that the model is trained on: background, planted test items, and canaries.

The background holds no sentence twice, and no modern sentence of any item, twin or reference item.
A planted item stands in the text as often as `data/planted.csv` says, letter for letter in both
spellings, and a published canary `CANARY_REPETITIONS` times, at places drawn by lot among the
background. Of what was sealed and of the reference set nothing is there.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from random import Random

from earlygerman.items import Item, Pair, pairs

SEED = 1545
BACKGROUND = 20_000
CANARY_REPETITIONS = 16


def training_pairs(
    items: Iterable[Item],
    kept_out: Collection[str],
    background: int = BACKGROUND,
    seed: int = SEED,
) -> list[Pair]:
    """Return background and planted pairs in the order of training.

    `kept_out` holds the modern sentences that the background must not hold.
    """
    rng = Random(seed)
    fresh = (pair for pair in pairs(rng) if pair.reference not in kept_out)
    text = list(islice(fresh, background))
    for item in items:
        text.extend([item.pair] * item.repetitions)
    rng.shuffle(text)
    return text


def with_canaries(texts: Sequence[str], canaries: Iterable[str], seed: int = SEED) -> list[str]:
    """Return the texts with every canary put in `CANARY_REPETITIONS` times, at places by lot."""
    rng = Random(seed)
    mixed = list(texts)
    for canary in canaries:
        for _ in range(CANARY_REPETITIONS):
            mixed.insert(rng.randrange(len(mixed) + 1), canary)
    return mixed
