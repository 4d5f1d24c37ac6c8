"""From how many rows on do this host's kernels give every row the same bits?

A matrix product over few rows may take another kernel than one over many, and sum in another order.
On x86 with MKL in float32, one, two and three rows differ from each other and from all more; from
four on every row is the same bit for bit. That is a property of the host, so it is measured: first
on the model's own linear layers, then, as attention and normalisation take part too, on the model.

In bfloat16 a difference inside the sum mostly vanishes when it is rounded: with oneDNN on AVX-512,
batches of one and two rows differed from larger ones in one row of some thousand, too rarely for a
short probe to see. Fewer than four rows are therefore never taken.

A mixture of experts sends each token to experts of its own choosing, and an expert's product has as
many rows as tokens were sent to it: one or two, however large the batch. Whether that shows depends
on what else is asked, so a probe may miss it, and such models are asked one request at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from reprollm.canon import Json

Tensor: TypeAlias = Any
Logits = Callable[[Sequence[Sequence[int]], int], Tensor]
"""Prompts and their padded length to logits of a few greedy steps: (rows, steps, vocabulary)."""

FLOOR = 4
"""Fewer rows are never called invariant, whatever the probe sees."""

LEAST_TESTED = 33
"""Rows are tested at least up to here, so that runs of other batch sizes find the same answer."""


@dataclass(frozen=True)
class Probe:
    """The host's answer.

    Attributes:
        least_rows: from so many rows on a row's bits do not depend on their number; 0 where no
            such number was found.
        tested_rows: the largest number of rows that was tried.
        layers: how many distinct shapes of linear layers were tried.
        linear_rows: the answer of the linear layers alone.
        reference: hex SHA-256 of the reference outputs; hosts with another one round differently.
        note: what was found, in words.
    """

    least_rows: int
    tested_rows: int
    layers: int
    linear_rows: int
    reference: str
    note: str

    def to_json(self) -> dict[str, Json]:
        """Return the answer as records hold it."""
        return asdict(self)


def probe(model: Any, logits: Logits, batch_size: int, vocabulary: int) -> Probe:
    """Return the smallest row-invariant batch for `model` on this host.

    Args:
        model: a torch module; its modules with `in_features` are its linear layers.
        logits: how the engine computes, with this thread count, dtype and attention.
        batch_size: the largest batch that will be asked for.
        vocabulary: how many token ids the model knows.
    """
    with torch.inference_mode():
        return _probe(model, logits, max(LEAST_TESTED, batch_size + 1), vocabulary)


def _probe(model: Any, logits: Logits, most: int, vocabulary: int) -> Probe:
    state = hashlib.sha256()
    linear_rows, layers = FLOOR, 0
    routed = _routes(model)
    for layer in _distinct_layers(model):
        linear_rows = max(linear_rows, _least_for_layer(layer, most, state))
        layers += 1
    candidates = sorted({rows for rows in (linear_rows, 8, 16) if linear_rows <= rows < most})
    for rows in () if routed else candidates:
        if _confirmed(logits, rows, most, vocabulary, state):
            note = f"every row has the same bits in batches of {rows} to {most} rows"
            return Probe(rows, most, layers, linear_rows, state.hexdigest(), note)
    note = f"no row-invariant batch of up to {most} rows was found: every request is asked alone"
    if routed:
        _confirmed(logits, linear_rows, most, vocabulary, state)
        note = (
            "tokens are routed to experts, whose rows others change: every request is asked alone"
        )
    return Probe(0, most, layers, linear_rows, state.hexdigest(), note)


def _routes(model: Any) -> bool:
    """Say whether the model is a mixture of experts, by its modules."""
    counts = (getattr(module, "num_experts", None) for module in model.modules())
    return any(isinstance(count, int) and count > 1 for count in counts)


def _distinct_layers(model: Any) -> Iterator[Any]:
    seen: set[tuple[object, ...]] = set()
    for module in model.modules():
        inputs = getattr(module, "in_features", None)
        weight = getattr(module, "weight", None)
        if not isinstance(inputs, int) or weight is None:
            continue
        shape = (type(module), inputs, module.out_features, weight.dtype, module.bias is None)
        if shape not in seen:
            seen.add(shape)
            yield module


def _least_for_layer(layer: Any, most: int, state: Any) -> int:
    """Return the smallest number of rows from which on the layer's rows keep their bits."""
    inputs = _numbers(most * layer.in_features).reshape(most, layer.in_features)
    rows = torch.from_numpy(inputs).to(layer.weight.device, _compute_dtype(layer))
    reference = layer(rows)
    state.update(reference.float().cpu().numpy().tobytes())
    least = most
    for count in range(most - 1, 0, -1):
        if not _keeps_bits(layer, rows, reference, count):
            break
        least = count
    return least


def _keeps_bits(layer: Any, rows: Tensor, reference: Tensor, count: int) -> bool:
    """Return whether blocks of `count` rows give what all rows together gave."""
    ends = range(count, len(rows) + 1, count)
    return all(
        torch.equal(layer(rows[end - count : end]), reference[end - count : end]) for end in ends
    )


def _confirmed(logits: Logits, rows: int, most: int, vocabulary: int, state: Any) -> bool:
    """Return whether the model's logits keep their bits from `rows` to `most` rows."""
    lengths = [1 + index % 31 for index in range(most)]
    tokens = (_numbers(sum(lengths)) + 0.5) * vocabulary
    ids = iter(np.minimum(tokens.astype(np.int64), vocabulary - 1).tolist())
    prompts = [[next(ids) for _ in range(length)] for length in lengths]
    whole = logits(prompts, 32)
    state.update(whole.float().cpu().numpy().tobytes())
    turned = logits(prompts[::-1], 32).flip(0)
    few = logits(prompts[-rows:], 32)
    between = logits(prompts[: rows + 1], 32)
    return (
        bool(torch.equal(turned, whole))
        and bool(torch.equal(few, whole[-rows:]))
        and bool(torch.equal(between, whole[: rows + 1]))
    )


def _compute_dtype(layer: Any) -> Any:
    """Return the dtype of a layer's inputs: its weight's, unless that is quantized to integers."""
    dtype = layer.weight.dtype
    return dtype if dtype.is_floating_point else torch.get_default_dtype()


def _numbers(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return `count` fixed numbers in [-0.5, 0.5), the same on every machine."""
    words = np.random.Philox(key=1).random_raw(count) >> np.uint64(40)
    return (words.astype(np.float32) * np.float32(2.0**-24)) - np.float32(0.5)
