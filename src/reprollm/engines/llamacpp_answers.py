"""One request, asked until it is answered: ids, text, log-probabilities and margins.

The server ends an answer at tokens of its own choice, which may be more than those of the plan, and
knows no token ids that shall end one; and its own search for stop texts need not agree with ours.
So an answer that ended too early goes on, one that ended too late is cut, and the rule is that of
every engine (`reprollm.engines.stopping`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from reprollm.engines.llamacpp_exchange import (
    TOP,
    Step,
    aligned,
    body,
    ignored,
    step_of,
    steps_body,
)
from reprollm.engines.protocol import BatchFacts, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.llamacpp.server import LlamaServer, RequestRefused
from reprollm.prompts.requests import Request

_FEW = 64


class Unanswerable(Exception):
    """The server's answer cannot be used; `reason` names why in a failure record."""

    reason: ClassVar[str]


class NotFinite(Unanswerable):
    """A log-probability is no number."""

    reason = "not_finite"


class SettingsIgnored(Unanswerable):
    """The server used other sampling settings than it was sent."""

    reason = "settings_ignored"


class Asker:
    """Asks one server."""

    def __init__(
        self, server: LlamaServer, stop_texts: StopTexts, plain: int, vocabulary: int
    ) -> None:
        """Take a server and what is known of its model.

        Args:
            server: the server.
            stop_texts: finds where a stop text ends an answer.
            plain: a token that is a whole character.
            vocabulary: how many tokens there are.
        """
        self._server = server
        self._stop_texts = stop_texts
        self._plain = plain
        self._vocabulary = vocabulary

    def answer(self, request: Request, slot: int, batch: BatchFacts) -> Generation:
        """Return the answer to a request that is computed in one slot.

        Raises:
            RequestRefused: the server does not take it.
            NotFinite, SettingsIgnored: what it returned cannot be used.
        """
        settings = request.settings
        ids: list[int] = []
        steps: list[Step | None] = []
        while True:
            new, found = self._more(request, ids, slot)
            ids, steps = ids + new, steps + found
            ended = next((n for n, token in enumerate(ids, 1) if token in settings.stop_ids), None)
            ids = ids[:ended]
            count, text, stopped = self._stop_texts.cut(ids, settings.stop)
            if stopped or ended or len(ids) >= settings.max_tokens:
                break
        ids = ids[:count]
        known = self._complete(request, ids, steps[:count], slot)
        logprobs = np.array([step.logprob for step in known], np.float32)
        if not np.isfinite(logprobs).all():
            raise NotFinite("the model's logits are no finite numbers")
        return Generation(
            request=request.request,
            output_ids=tuple(ids),
            text=text,
            finish="stop" if stopped or ids[-1] in settings.stop_ids else "length",
            logprobs=logprobs,
            margins=_margins(known) if settings.greedy else np.zeros(0, np.float32),
            batch=batch,
        )

    def _more(
        self, request: Request, done: Sequence[int], slot: int
    ) -> tuple[list[int], list[Step | None]]:
        sent = body(request, done, slot)
        answer = self._server.ask("/completion", sent)
        if wrong := ignored(sent, answer["generation_settings"]):
            raise SettingsIgnored(f"llama.cpp did not use the settings {', '.join(wrong)} as sent")
        ids = [int(token) for token in answer["tokens"]][: sent["n_predict"]]
        if not ids:
            raise RequestRefused(200, "an answer without tokens")
        return ids, aligned(ids, answer.get("completion_probabilities", []))

    def _complete(
        self, request: Request, ids: Sequence[int], steps: Sequence[Step | None], slot: int
    ) -> list[Step]:
        """Return all steps; those that the server left out are computed again.

        From the last to the first: the slot's cache then holds what stands before each.
        """
        complete = list(steps)
        missing = [place for place in range(len(ids) - 1, -1, -1) if complete[place] is None]
        for places in (missing[:-1], missing[-1:]) if missing[-1:] == [0] else (missing,):
            if places:
                found = self._again(request, ids, places, slot)
                for place, step in zip(places, found, strict=True):
                    complete[place] = step
        return [step for step in complete if step is not None]

    def _again(
        self, request: Request, ids: Sequence[int], places: Sequence[int], slot: int
    ) -> list[Step]:
        best = TOP if request.settings.greedy else _FEW
        answers = self._steps(request, ids, places, slot, best)
        steps = []
        for place, answer in zip(places, answers, strict=True):
            step = _step(answer, ids[place])
            if step is None:
                # Drawn from far down, so that all tokens have to be listed to find it.
                [whole] = self._steps(request, ids, [place], slot, self._vocabulary)
                step = _step(whole, ids[place])
            if step is None:
                raise RequestRefused(200, "a token without a log-probability")
            steps.append(step)
        return steps

    def _steps(
        self,
        request: Request,
        ids: Sequence[int],
        places: Sequence[int],
        slot: int,
        best: int,
    ) -> list[dict[str, Any]]:
        sent = steps_body(request, ids, places, slot, best, self._plain)
        answer: list[dict[str, Any]] | dict[str, Any] = self._server.ask("/completion", sent)
        return answer if isinstance(answer, list) else [answer]


def _step(answer: Mapping[str, Any], token: int) -> Step | None:
    """Return the step of `token` from the best tokens that an answer lists, None if not there."""
    [entry] = answer["completion_probabilities"]
    tops = entry["top_logprobs"]
    for top in tops:
        if top["id"] == token:
            return step_of({**top, "top_logprobs": tops})
    return None


def _margins(steps: Sequence[Step]) -> NDArray[np.float32]:
    """Return the differences of the best two log-probabilities, which are those of the logits."""
    return np.array([step.best[0] - step.best[1] for step in steps], np.float32)
