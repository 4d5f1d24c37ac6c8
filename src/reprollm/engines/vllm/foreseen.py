"""The log-probabilities that vLLM gives to the tokens of given texts.

A text goes in as a prompt whose own log-probabilities are asked for; the one token that vLLM
generates after it is thrown away. Whole distributions stay inside vLLM, so that there are no
moments. Under the strict policy one text is in flight at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reprollm.engines.likelihood import (
    Likelihood,
    composition,
    nothing,
    portions,
    refuse_infinite,
    refuse_unknown,
)
from reprollm.engines.protocol import BatchFacts


class PromptCore(Protocol):
    """The computing part of an engine, as far as it is asked about prompts."""

    @property
    def vocabulary(self) -> int:
        """How many token ids the model can be given."""
        ...

    @property
    def context(self) -> int:
        """How many tokens a prompt and its answer may have together."""
        ...

    def foresee(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        """Return each text's log-probabilities, shape (n-1,), all computed at once."""
        ...


def foreseen(
    core: PromptCore, texts: Sequence[Sequence[int]], policy: str, width: int
) -> Iterator[list[Likelihood]]:
    """Yield the likelihoods, portion by portion; see `reprollm.engines.likelihood.Measuring`.

    Args:
        core: what computes; a text and one token more must fit into its context.
        texts: token ids of each text.
        policy: `strict` or `fast`.
        width: how many texts are handed on at once, and in flight under the fast policy.
    """
    refuse_unknown(texts, core.vocabulary, core.context - 1)
    short = [index for index, ids in enumerate(texts) if len(ids) < 2]
    if short:
        yield [nothing(index, policy, moments=False) for index in short]
    for batches in portions(texts, policy, width):
        found = []
        for batch in batches:
            name = composition(policy, batch)
            for row, values in enumerate(core.foresee([texts[index] for index in batch])):
                refuse_infinite(batch[row], (values,), policy)
                place = BatchFacts(name, row, len(batch), policy)
                found.append(Likelihood(batch[row], values, None, None, place))
        yield found
