"""One request, asked until it is answered: ids, text, log-probabilities and margins.

The server ends an answer at tokens of its own choice, which may be more than those of the plan, and
knows no token ids that shall end one; and its own search for stop texts need not agree with ours.
So an answer that ended too early goes on, one that ended too late is cut, and the rule is that of
every engine (`reprollm.engines.stopping`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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

_LISTED = 64
"""Best tokens that a step of a sampled answer lists when it is asked again. The server sums the
probabilities in an order that this number has a part in, so that the last bits do too: what is
listed must not depend on other requests."""


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
        known: list[Step] = []
        while True:
            asked = replace(request, prompt_ids=(*request.prompt_ids, *ids))
            new, steps = self._more(request, ids, slot)
            ids = ids + new
            ended = next((n for n, token in enumerate(ids, 1) if token in settings.stop_ids), None)
            count, text, stopped = self._stop_texts.cut(ids[:ended], settings.stop)
            ids = ids[:count]
            # Now, because what goes on is computed from another cache, with other bits.
            known += self._complete(asked, ids[len(known) :], steps, slot)
            if stopped or ended or len(ids) >= settings.max_tokens:
                break
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
        """Return the steps of `ids`; those that the server left out are computed again.

        From the last to the first: the slot's cache then holds what stands before each.
        """
        complete = list(steps[: len(ids)])
        missing = [place for place in range(len(ids) - 1, -1, -1) if complete[place] is None]
        for places in (missing[:-1], missing[-1:]) if missing[-1:] == [0] else (missing,):
            if places:
                for place, step in self._again(request, ids, places, slot).items():
                    complete[place] = step
        return [step for step in complete if step is not None]

    def _again(
        self, request: Request, ids: Sequence[int], places: Sequence[int], slot: int
    ) -> dict[int, Step]:
        """Return the steps at `places`, falling, of the answer that the slot's cache still holds.

        Where a token is not among the best that were listed its step is asked once more for all.
        """
        found: dict[int, Step] = {}
        for best in (TOP if request.settings.greedy else _LISTED, self._vocabulary):
            answers = self._steps(request, ids, places, slot, best)
            steps = {
                place: _step(answer, ids[place])
                for place, answer in zip(places, answers, strict=True)
            }
            found |= {place: step for place, step in steps.items() if step is not None}
            left = [place for place in places if place not in found]
            if not left:
                return found
            self._regrow(request, ids, range(places[-1] + 1, left[0]), slot)
            places = left
        raise RequestRefused(200, "a token without a log-probability")

    def _regrow(
        self, request: Request, ids: Sequence[int], places: Sequence[int], slot: int
    ) -> None:
        """Let the slot's cache grow again, which was cut when steps were asked from the last on.

        One token at a time, as when the answer was drawn: several at once have other bits.
        """
        if places:
            self._steps(request, ids, places, slot, 1)

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
