"""How well a model foresees given texts: the log-probability of each token given all before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from reprollm.canon import digest
from reprollm.engines.protocol import BatchFacts, Engine
from reprollm.errors import EngineUnavailable
from reprollm.records.arrays import ids_to_bytes


@dataclass(frozen=True, eq=False)
class Likelihood:
    """What a model says of one given text of n token ids.

    Attributes:
        index: the text's place among those that were asked, from 0.
        logprobs: log p(token i | tokens before i) for i = 1..n-1 under the model's own softmax,
            float32, shape (n-1,); the first token has nothing before it and is left out. Shape (0,)
            of a text of one token or none.
        means: the expectation of log p over the vocabulary under p at each of these steps, float32,
            shape (n-1,); None where the engine gives no whole distributions.
        deviations: the standard deviation of log p over the vocabulary under p, likewise; with the
            means what Min-K%++ needs (Zhang et al. 2024, arXiv 2404.02936).
        batch: where it was computed.
    """

    index: int
    logprobs: NDArray[np.float32]
    means: NDArray[np.float32] | None
    deviations: NDArray[np.float32] | None
    batch: BatchFacts


@runtime_checkable
class Measuring(Engine, Protocol):
    """An engine whose `capabilities.likelihoods` is true."""

    def likelihoods(self, texts: Sequence[Sequence[int]]) -> Iterator[list[Likelihood]]:
        """Yield lists of finished texts, at most a batch size each, in an order of its own.

        Under the strict policy every text is computed alone, in a shape that its own length gives,
        so that its bits depend on no other text. Under the fast policy texts are batched by length
        and, at one length, by the digest of their ids: what stands where in which order among those
        asked decides nothing.

        Args:
            texts: token ids of each text, shape (n,), at most as many as the model's context.

        Raises:
            EngineUnavailable: a text has an id that the model does not know, or is longer than the
                context, or the model's log-probability of a token is no finite number.
        """
        ...


def measuring(engine: Engine) -> Measuring:
    """Return the engine as one that measures; raise `EngineUnavailable` for one that cannot."""
    if engine.capabilities.likelihoods and isinstance(engine, Measuring):
        return engine
    raise EngineUnavailable(
        "expected an engine that gives log-probabilities of given texts (transformers, vllm), "
        f"found {engine.describe().get('family')}; plan the checks with one of these"
    )


def nothing(index: int, policy: str, *, moments: bool = True) -> Likelihood:
    """Return what can be said of a text without a second token: nothing."""
    none = np.empty(0, np.float32)
    other = none if moments else None
    return Likelihood(index, none, other, other, BatchFacts("", 0, 0, policy))


def portions(texts: Sequence[Sequence[int]], policy: str, size: int) -> Iterator[list[list[int]]]:
    """Yield which texts, by index, are computed together: lists of batches, `size` texts each.

    A portion is what an engine hands on at once. Under the strict policy its batches have one text
    each, under the fast policy it is one batch. Texts below two tokens are in none. Shuffling the
    texts shuffles nothing in the batches: they follow from the texts' lengths and digests, so that
    what a text is a variant of has no part in where it is computed.
    """
    keys = {
        index: (len(ids), digest("reprollm/text/v1", ids_to_bytes(ids)))
        for index, ids in enumerate(texts)
        if len(ids) >= 2
    }
    ordered = sorted(keys, key=lambda index: keys[index])
    for start in range(0, len(ordered), size):
        portion = ordered[start : start + size]
        yield [[index] for index in portion] if policy == "strict" else [portion]


def composition(policy: str, batch: Sequence[int]) -> str:
    """Return a name for what is computed together: of the texts' places, never of sealed texts."""
    return digest("reprollm/texts/v1", f"{policy} {list(batch)}".encode("ascii"))[:32]


def refuse_unknown(texts: Sequence[Sequence[int]], vocabulary: int, context: int | None) -> None:
    """Raise `EngineUnavailable` for texts that the model cannot be given.

    Args:
        texts: token ids of each text.
        vocabulary: how many ids the model knows.
        context: how many tokens fit; None where the model names no limit.
    """
    for index, ids in enumerate(texts):
        if context is not None and len(ids) > context:
            raise EngineUnavailable(
                f"expected texts of at most {context} tokens, found {len(ids)} in text {index}; "
                "read it in windows"
            )
        if any(not 0 <= token < vocabulary for token in ids):
            raise EngineUnavailable(
                f"expected token ids below {vocabulary} in text {index}, found another; model and "
                "tokenizer do not belong together"
            )


def refuse_infinite(index: int, values: Sequence[NDArray[np.float32]], policy: str) -> None:
    """Raise `EngineUnavailable` for a text with a log-probability that is no finite number."""
    if not all(np.isfinite(part).all() for part in values):
        raise EngineUnavailable(
            "expected finite log-probabilities of every token, found others in text "
            f"{index} under the {policy} policy; the weights or the dtype are at fault"
        )
