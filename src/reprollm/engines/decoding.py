"""One batch in progress: chooses each row's tokens, records them, and says when a row is done.

transformers calls a logits processor with each step's logits and a stopping criterion with each
step's choice. Both are plain callables here, so that the choice, its log-probability and its margin
are taken from the same logits and nothing else has a say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from reprollm.engines.batches import Batch
from reprollm.engines.protocol import BatchFacts, Failure, Generation
from reprollm.engines.sampling import Choice, Sampler
from reprollm.engines.stopping import StopTexts

Tensor: TypeAlias = Any


class Decoding:
    """The state of one batch between its first and its last step."""

    def __init__(self, batch: Batch, stop_texts: StopTexts, device: object) -> None:
        self._batch = batch
        self._stop_texts = stop_texts
        self._sampler = Sampler(
            [request.request for request in batch.requests],
            [request.settings for request in batch.requests],
            device,
        )
        self._steps: list[Choice] = []
        self._chosen: list[int] = []
        self._ids: list[list[int]] = [[] for _ in batch.requests]
        self._open = list(range(len(batch.requests)))
        self._done = torch.ones(batch.rows, dtype=torch.bool, device=device)
        self._done[: len(batch.requests)] = False

    def __call__(self, _ids: Tensor, logits: Tensor) -> Tensor:
        """Choose this step's tokens; return scores whose argmax is the choice.

        The logits processor is this object itself: transformers inspects a processor's signature
        at every step, which is slow for anything but a plain `__call__`.

        Args:
            _ids: prompt and answer so far, (rows, length).
            logits: float32, (rows, vocabulary); changed in place where a row is sampled.
        """
        choice = self._sampler.choose(logits, len(self._steps))
        self._steps.append(choice)
        self._chosen = choice.tokens.tolist()
        if self._sampler.samples:
            logits.scatter_(1, choice.tokens[:, None], torch.inf)
        return logits

    def is_done(self, _ids: Tensor, _scores: Tensor, **_: object) -> Tensor:
        """Return which rows are done after the tokens just chosen, bool, (rows,)."""
        finished = []
        for row in self._open:
            ids, settings = self._ids[row], self._batch.requests[row].settings
            token = self._chosen[row]
            ids.append(token)
            if (
                token in settings.stop_ids
                or len(ids) >= settings.max_tokens
                or self._stop_texts.ends(ids, settings.stop)
            ):
                finished.append(row)
        if finished:
            self._open = [row for row in self._open if row not in finished]
            self._done[finished] = True
        return self._done

    def answers(self) -> list[Generation | Failure]:
        """Return every request's answer, in row order, once all rows are done."""
        logprobs = _matrix([step.logprobs for step in self._steps])
        margins = _matrix([step.margins for step in self._steps])
        return [
            self._answer(row, self._ids[row], logprobs[row], margins[row])
            for row in range(len(self._batch.requests))
        ]

    def _answer(
        self,
        row: int,
        ids: Sequence[int],
        logprobs: NDArray[np.float32],
        margins: NDArray[np.float32],
    ) -> Generation | Failure:
        request = self._batch.requests[row]
        settings = request.settings
        count, text, stopped = self._stop_texts.cut(ids, settings.stop)
        logprobs, margins = logprobs[:count].copy(), margins[:count].copy()
        if not np.isfinite(logprobs).all():
            message = f"the model's logits are no finite numbers in {self._batch.policy} batches"
            return Failure(request.request, "not_finite", message)
        return Generation(
            request=request.request,
            output_ids=tuple(ids[:count]),
            text=text,
            finish="stop" if stopped or ids[count - 1] in settings.stop_ids else "length",
            logprobs=logprobs,
            margins=margins,
            batch=BatchFacts(self._batch.id, row, self._batch.rows, self._batch.policy),
        )


def _matrix(steps: Sequence[Tensor]) -> NDArray[np.float32]:
    """Return per-step float32 vectors (rows,) as one matrix (rows, steps)."""
    matrix: NDArray[np.float32] = torch.stack(list(steps), dim=1).cpu().numpy()
    return matrix
