from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from reprollm.engines.probe import FLOOR, probe


class RoundsByRows(torch.nn.Module):
    """A linear layer that computes in another precision for fewer than `rows` rows."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.in_features, self.out_features, self.bias, self.rows = 16, 24, None, rows
        self.weight = torch.nn.Parameter(torch.linspace(-1, 1, 16 * 24).reshape(24, 16))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if len(inputs) < self.rows:
            return (inputs.double() @ self.weight.double().T).float()
        return (inputs[:, None, :] * self.weight).sum(dim=-1)


def logits_of(layer: RoundsByRows, from_rows: int = 0) -> Callable[..., Any]:
    def logits(prompts: Sequence[Sequence[int]], padded: int) -> torch.Tensor:
        rows = [[*prompt, *[0] * (padded - len(prompt))][:16] for prompt in prompts]
        values = layer(torch.tensor(rows).float())
        if len(prompts) < from_rows:
            values = values.nextafter(torch.tensor(1.0))
        return values[:, None, :]

    return logits


def test_the_smallest_invariant_batch_is_found() -> None:
    layer = RoundsByRows(7)
    found = probe(layer, logits_of(layer), 8, 320)
    assert (found.least_rows, found.linear_rows, found.layers) == (7, 7, 1)
    assert found.tested_rows >= 33


def test_fewer_than_four_rows_are_never_taken() -> None:
    layer = RoundsByRows(2)
    assert probe(layer, logits_of(layer), 8, 320).least_rows == FLOOR == 4


def test_the_whole_model_has_the_last_word() -> None:
    layer = RoundsByRows(2)
    found = probe(layer, logits_of(layer, from_rows=8), 8, 320)
    assert (found.linear_rows, found.least_rows) == (4, 8)


def test_where_every_number_of_rows_differs_requests_are_asked_alone() -> None:
    layer = RoundsByRows(1000)
    steps = iter(range(1000))

    def restless(prompts: Sequence[Sequence[int]], padded: int) -> torch.Tensor:
        return torch.full((len(prompts), 1, 4), float(next(steps)))

    found = probe(layer, restless, 8, 320)
    assert found.least_rows == 0
    assert "alone" in found.note


def test_a_larger_batch_is_probed_to_its_size() -> None:
    layer = RoundsByRows(1)
    assert probe(layer, logits_of(layer), 100, 320).tested_rows == 101


def test_the_reference_tells_hosts_apart_that_round_differently() -> None:
    one, other = RoundsByRows(1), RoundsByRows(1000)
    first = probe(one, logits_of(one), 8, 320).reference
    assert first == probe(one, logits_of(one), 8, 320).reference
    assert first != probe(other, logits_of(other), 8, 320).reference


def test_a_mixture_of_experts_is_asked_alone_whatever_its_rows_show() -> None:
    layer = RoundsByRows(1)
    layer.num_experts = 4  # type: ignore[assignment]
    found = probe(layer, logits_of(layer), 8, 320)
    assert (found.least_rows, found.linear_rows) == (0, 4)
    assert "routed to experts" in found.note
