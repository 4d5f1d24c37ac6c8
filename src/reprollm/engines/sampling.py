"""Choosing the next token: temperature, top-k, top-p, Gumbel noise, and the largest score.

Everything is computed row by row on logits of shape (rows, vocabulary), so that a row's choice
depends on that row alone. Decisions of sampled rows are made in float64; sorting is stable, so that
ties fall to the smaller token id. The order is temperature, top-k, top-p over what top-k left
(Holtzman et al. 2020, arXiv 1904.09751), noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from reprollm.engines.noise import Noise
from reprollm.prompts.settings import Settings

Tensor: TypeAlias = Any


@dataclass(frozen=True)
class Choice:
    """One step's choices for all rows.

    Attributes:
        tokens: chosen token ids, int64, shape (rows,).
        logprobs: log-probabilities of the chosen tokens under the model's own softmax, before
            temperature and truncation, float32, shape (rows,).
        margins: difference of the best and the second decision score, float32, shape (rows,):
            logits for greedy rows, perturbed scores for sampled ones; infinite where truncation
            left one token.
    """

    tokens: Tensor
    logprobs: Tensor
    margins: Tensor


@dataclass(frozen=True)
class _Group:
    """The rows of a batch that share temperature, top-k and top-p."""

    rows: Tensor
    noise: Noise
    temperature: float
    top_k: int
    top_p: float


class Sampler:
    """Chooses tokens for one batch; rows beyond the given requests are padding, chosen greedily."""

    def __init__(
        self, requests: Sequence[str], settings: Sequence[Settings], device: object = "cpu"
    ) -> None:
        """Take each row's request id (which keys its noise) and settings, in row order."""
        members: dict[tuple[str, int, str], list[int]] = {}
        for row, chosen in enumerate(settings):
            if not chosen.greedy:
                key = (chosen.temperature, chosen.top_k, chosen.top_p)
                members.setdefault(key, []).append(row)
        self._groups = [
            _Group(
                torch.tensor(rows, device=device),
                Noise([requests[row] for row in rows]),
                float(temperature),
                top_k,
                float(top_p),
            )
            for (temperature, top_k, top_p), rows in members.items()
        ]

    def choose(self, logits: Tensor, position: int) -> Choice:
        """Return the choices at output position `position`.

        Args:
            logits: float32, (rows, vocabulary).
            position: 0 for the first generated token.
        """
        best = logits.topk(2, dim=-1).values
        # argmax and not topk's first index: only argmax promises the smallest id among equals.
        tokens = logits.argmax(dim=-1)
        margins = best[:, 0] - best[:, 1]
        for group in self._groups:
            scores = decision_scores(logits[group.rows], group, position)
            best = scores.topk(2, dim=-1).values
            tokens[group.rows] = scores.argmax(dim=-1)
            margins[group.rows] = (best[:, 0] - best[:, 1]).float()
        logprobs = logits.log_softmax(dim=-1).gather(1, tokens[:, None])[:, 0]
        return Choice(tokens, logprobs, margins)

    @property
    def samples(self) -> bool:
        """Whether any row is sampled, so that its choice is not the argmax of its logits."""
        return bool(self._groups)


def decision_scores(logits: Tensor, group: _Group, position: int) -> Tensor:
    """Return the perturbed scores of one group's rows, float64, shape (rows, vocabulary)."""
    scores = logits.double() / group.temperature
    if group.top_k or group.top_p < 1:
        # float32 logits have the order of the scores, and sort faster.
        order = torch.sort(logits, dim=-1, descending=True, stable=True).indices
        scores = truncate(scores, order, group.top_k, group.top_p)
    noise = torch.from_numpy(group.noise.gumbel(position, scores.shape[1]))
    return scores.add_(noise.to(scores.device))


def truncate(scores: Tensor, order: Tensor, top_k: int, top_p: float) -> Tensor:
    """Return `scores` with -inf for the tokens that top-k and top-p leave out.

    Args:
        scores: float64, (rows, vocabulary).
        order: each row's token ids by falling score, equals by rising id, (rows, vocabulary).
        top_k: how many tokens are kept; 0 keeps all.
        top_p: the likeliest tokens are kept up to and including the one with which their sum
            reaches this; at least one is kept, and 1 keeps all.
    """
    ordered = scores.gather(1, order)
    if top_k:
        ordered[:, top_k:] = -torch.inf
    if top_p < 1:
        probabilities = ordered.softmax(dim=-1)
        before = probabilities.cumsum(dim=-1) - probabilities
        beyond = before >= top_p
        beyond[:, 0] = False
        ordered.masked_fill_(beyond, -torch.inf)
    return torch.empty_like(scores).scatter_(1, order, ordered)
