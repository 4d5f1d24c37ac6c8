"""How well a model foresees texts: the log-probabilities that every score is made from.

They come from the package's own engine, as in an experiment, under the fast policy, whose batches
follow from the texts alone.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration.vocabulary import token_ids
from reprollm.engines.protocol import Generation
from reprollm.engines.transformers import TransformersEngine
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import GREEDY_SEED, Settings
from reprollm.screening.extraction import Continuation, compare

BATCH = 32


@dataclass(frozen=True)
class Foreseen:
    """One text's tokens after <s>: log-probability, mean and deviation of log p at each step."""

    logprobs: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    zlib: int


def open_model(folder: Path) -> TransformersEngine:
    """Return the engine on the model in a folder, on one thread."""
    settings = EngineSettings(
        family="transformers",
        dtype="float32",
        device="cpu",
        batch_policy="fast",
        batch_size=BATCH,
        threads=1,
    )
    return TransformersEngine(folder, settings)


def foresee(engine: TransformersEngine, texts: Sequence[str]) -> list[Foreseen]:
    """Return the measurements of each text, in order."""
    found: dict[int, Foreseen] = {}
    for batch in engine.likelihoods([token_ids(text) for text in texts]):
        for each in batch:
            assert each.means is not None and each.deviations is not None
            found[each.index] = Foreseen(
                tuple(each.logprobs.tolist()),
                tuple(each.means.tolist()),
                tuple(each.deviations.tolist()),
                len(zlib.compress(texts[each.index].encode(), 6)),
            )
    return [found[at] for at in range(len(texts))]


def log_likelihoods(engine: TransformersEngine, texts: Sequence[str]) -> list[float]:
    """Return the mean log-probability of each text's tokens: the score `loss`."""
    return [math.fsum(text.logprobs) / len(text.logprobs) for text in foresee(engine, texts)]


def continued(engine: TransformersEngine, texts: Sequence[str]) -> list[Continuation]:
    """Return how far the model, given the first half of each text, goes on as the text does."""
    rows = [token_ids(text) for text in texts]
    expected = {str(at): row[len(row) // 2 :] for at, row in enumerate(rows)}
    requests = [
        Request(
            str(at),
            tuple(row[: len(row) // 2]),
            Settings("0", 0, "1", len(expected[str(at)]), (), ()),
            GREEDY_SEED,
        )
        for at, row in enumerate(rows)
    ]
    found = {}
    for batch in engine.generate(requests):
        for answer in batch:
            assert isinstance(answer, Generation)
            found[answer.request] = answer.output_ids
    return [compare(ids, found[name]) for name, ids in expected.items()]
