"""The log-probabilities that a transformers model gives to the tokens of given texts.

One forward pass a batch, without sampling and without a cache. Logits are turned into
log-probabilities in float64, a few steps at a time, so that a large vocabulary does not fill the
memory; the results are rounded to float32 once, at the end.

Under the strict policy a text is computed alone and without padding: its shape, and with it every
kernel that is chosen, follows from its own length. The fast policy pads a batch on the right, where
no token of a causal model can see it.

Texts have many lengths, and what is kept of each lies between large tensors that were freed. The C
library's heap grows by that as long as there are texts, so what is free goes back to the system
after each portion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from reprollm.engines.likelihood import (
    Likelihood,
    composition,
    nothing,
    portions,
    refuse_infinite,
)
from reprollm.engines.loading_memory import give_back
from reprollm.engines.protocol import BatchFacts

Tensor: TypeAlias = Any
Floats: TypeAlias = "NDArray[np.float32]"

CHUNK = 1 << 22
"""So many logits are turned into log-probabilities at once."""

MOST_LOGITS = 1 << 28
"""A batch is divided before it has more logits than this, which is 1 GiB in float32."""


def foreseen(
    model: Any, texts: Sequence[Sequence[int]], policy: str, size: int, padding: int
) -> Iterator[list[Likelihood]]:
    """Yield the likelihoods of the texts, portion by portion.

    Args:
        model: a transformers model; everything is computed where its embeddings lie.
        texts: token ids of each text, which the model knows and has room for.
        policy: `strict` or `fast`.
        size: how many texts are handed on at once, and share a batch under the fast policy.
        padding: a token id to pad with.

    Raises:
        EngineUnavailable: a log-probability is no finite number.
    """
    short = [index for index, ids in enumerate(texts) if len(ids) < 2]
    if short:
        yield [nothing(index, policy) for index in short]
    for batches in portions(texts, policy, size):
        found: list[Likelihood] = []
        with torch.inference_mode():
            for batch in batches:
                for part in _parts(model, texts, batch):
                    found += _batch(model, texts, part, policy, padding)
        give_back()
        yield found


def _parts(
    model: Any, texts: Sequence[Sequence[int]], batch: Sequence[int]
) -> Iterator[Sequence[int]]:
    """Yield a batch in parts whose logits fit into the memory, by the lengths of its texts."""
    row = max(len(texts[index]) for index in batch) * model.config.get_text_config().vocab_size
    rows = max(1, MOST_LOGITS // row)
    for start in range(0, len(batch), rows):
        yield batch[start : start + rows]


def _batch(
    model: Any, texts: Sequence[Sequence[int]], batch: Sequence[int], policy: str, padding: int
) -> list[Likelihood]:
    rows = [list(texts[index]) for index in batch]
    longest = max(map(len, rows))
    device = model.get_input_embeddings().weight.device
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows], device=device)
    mask = None
    if len(batch) > 1:
        ones = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        mask = torch.tensor(ones, device=device)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    name = composition(policy, batch)
    found = []
    for row, index in enumerate(batch):
        values = _values(logits[row, : len(rows[row]) - 1], ids[row, 1 : len(rows[row])])
        refuse_infinite(index, values, policy)
        found.append(Likelihood(index, *values, BatchFacts(name, row, len(rows), policy)))
    return found


def _values(logits: Tensor, ids: Tensor) -> tuple[Floats, Floats, Floats]:
    """Return log-probability, mean and deviation of each step, (n-1,), of logits (n-1, V)."""
    steps = max(1, CHUNK // logits.shape[-1])
    parts = [
        _step_values(logits[start : start + steps], ids[start : start + steps])
        for start in range(0, len(ids), steps)
    ]
    chosen, means, deviations = (
        torch.cat(part).to(torch.float32).cpu().numpy() for part in zip(*parts, strict=True)
    )
    return chosen, means, deviations


def _step_values(logits: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    logprobs = torch.log_softmax(logits.to(torch.float64), dim=-1)
    chosen = logprobs.gather(-1, ids.unsqueeze(-1)).squeeze(-1)
    weights = logprobs.exp()
    # A token of probability 0 adds nothing: 0 log 0 = 0.
    known = torch.where(weights > 0, logprobs, torch.zeros_like(logprobs))
    means = (weights * known).sum(-1)
    spread = (known - means.unsqueeze(-1)).square()
    return chosen, means, (weights * spread).sum(-1).sqrt()
