"""Requests in flight: as one answer ends, the next request takes its place.

vLLM computes whatever is in flight together, so there are no batches of a fixed shape. What was
computed beside what follows from the order of the requests and from how many may be in flight;
that is the composition which an answer names. Answers are handed on as soon as as many have ended
as may be in flight, so that a kill loses no more than these and those.

A stream may be kept company: requests that nobody asked for are in flight beside the others from
the first step to the last, so that never fewer rows are computed than these.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reprollm.canon import digest
from reprollm.engines.protocol import BatchFacts, Failure, Generation
from reprollm.engines.stopping import StopTexts
from reprollm.engines.unanswered import failure_message
from reprollm.engines.vllm.sampling import refusal
from reprollm.errors import ReprollmError
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings

_LOG = logging.getLogger(__name__)
_LOGGED_CHARACTERS = 2000
_ENDINGS = ("stop", "length")


@dataclass(frozen=True, eq=False)
class Piece:
    """What one step added to one answer.

    Attributes:
        row: the row under which the request was added.
        ids: token ids, shape (n,).
        logprobs: of the chosen, the likeliest and the second token, float32, shape (n, 3).
        ended: the engine's own word for why nothing follows; None where more does.
    """

    row: int
    ids: Sequence[int]
    logprobs: NDArray[np.float32]
    ended: str | None


class Core(Protocol):
    """The computing part of an engine; requests in flight are named by their rows."""

    @property
    def vocabulary(self) -> int:
        """How many token ids the model can be given."""
        ...

    @property
    def context(self) -> int:
        """How many tokens a prompt and its answer may have together."""
        ...

    def add(self, row: int, request: Request, *, cached: bool) -> None:
        """Put a request in flight; where it has stop texts its pieces come step by step."""
        ...

    def step(self) -> list[Piece]:
        """Compute one step of all that is in flight; return what is new."""
        ...

    def abort(self, rows: Sequence[int]) -> None:
        """Forget requests in flight."""
        ...


@dataclass(eq=False)
class _Growing:
    """An answer that is not whole yet."""

    request: Request
    ids: list[int] = field(default_factory=list)
    logprobs: list[NDArray[np.float32]] = field(default_factory=list)


class Stream:
    """Some requests on their way through an engine, at most `width` at once."""

    def __init__(
        self,
        core: Core,
        stop_texts: StopTexts,
        requests: Sequence[Request],
        *,
        width: int,
        policy: str,
        companions: int = 0,
    ) -> None:
        """Take what is asked, in the order in which it is put in flight, and how it is.

        Args:
            core: what computes.
            stop_texts: finds stop texts in answers.
            requests: what is asked.
            width: at most so many requests are in flight at once, companions aside.
            policy: `strict` or `fast`.
            companions: how many requests keep them company.
        """
        self._core, self._stop_texts = core, stop_texts
        self._requests, self._width, self._policy = requests, width, policy
        self._companions = companions
        self._missing = set(range(-companions, 0))
        self._waiting = deque(range(len(requests)))
        self._growing: dict[int, _Growing] = {}
        shape = f"{policy} {width} {companions}".encode("ascii")
        ids = (request.request.encode("ascii") for request in requests)
        self._id = digest("reprollm/stream/v1", shape, *ids)[:32]

    def answers(self) -> Iterator[list[Generation | Failure]]:
        """Yield each request's answer once, `width` of them at a time and the rest at the end."""
        ended: list[Generation | Failure] = []
        while self._waiting or self._growing:
            ended += self._feed()
            if self._growing:
                ended += self._advance()
            if len(ended) >= self._width:
                yield ended
                ended = []
        self._core.abort([row for row in range(-self._companions, 0) if row not in self._missing])
        if ended:
            yield ended

    def _feed(self) -> list[Failure]:
        """Fill the places that are free; return what could not be put in flight."""
        failed = []
        while self._waiting and len(self._growing) < self._width:
            row = self._waiting.popleft()
            request = self._requests[row]
            unfit = self._unfit(request)
            if unfit:
                failed.append(Failure(request.request, *unfit))
                continue
            try:
                self._core.add(row, request, cached=self._policy == "fast")
            except ReprollmError:
                raise
            except Exception as error:
                failed.append(failure_of(request, error))
            else:
                self._growing[row] = _Growing(request)
        return failed

    def _unfit(self, request: Request) -> tuple[str, str] | None:
        """Return reason and message where a request would stop the engine, not just itself."""
        refused = refusal(request.settings)
        if refused:
            return "setting_refused", refused
        if not all(0 <= token < self._core.vocabulary for token in request.prompt_ids):
            return "unknown_token", "the prompt has token ids that the model does not know"
        if len(request.prompt_ids) + request.settings.max_tokens > self._core.context:
            return "too_long", "prompt and answer are longer than the context that was allotted"
        return None

    def _advance(self) -> list[Generation | Failure]:
        try:
            while self._missing:
                self._core.add(self._missing.pop(), companion(self._core.context), cached=False)
            pieces = self._core.step()
        except ReprollmError:
            raise
        except Exception as error:
            return self._after(error)
        return [answer for piece in pieces for answer in self._take(piece)]

    def _after(self, error: Exception) -> list[Generation | Failure]:
        """Ask each request that was in flight again, alone: one may have failed all."""
        rows = list(self._growing)
        requests = [self._growing.pop(row).request for row in rows]
        self._core.abort([*range(-self._companions, 0), *rows])
        self._missing = set(range(-self._companions, 0))
        if len(rows) == 1 and self._width == 1:
            return [failure_of(requests[0], error)]
        alone = [
            Stream(
                self._core,
                self._stop_texts,
                [request],
                width=1,
                policy=self._policy,
                companions=self._companions,
            )
            for request in requests
        ]
        return [answer for stream in alone for answers in stream.answers() for answer in answers]

    def _take(self, piece: Piece) -> Iterator[Generation | Failure]:
        if piece.row < 0:
            if piece.ended:
                self._missing.add(piece.row)
            return
        growing = self._growing.get(piece.row)
        if growing is None:
            return
        stops = growing.request.settings.stop
        growing.logprobs.append(piece.logprobs)
        stopped = False
        for token in piece.ids:
            growing.ids.append(token)
            if stops and not piece.ended and self._stop_texts.ends(growing.ids, stops):
                stopped = True
                break
        if piece.ended or stopped:
            del self._growing[piece.row]
            if not piece.ended:
                self._core.abort([piece.row])
            yield self._whole(piece.row, growing, piece.ended or "stop")

    def _whole(self, row: int, growing: _Growing, ended: str) -> Generation | Failure:
        request, settings = growing.request, growing.request.settings
        if ended not in _ENDINGS:
            message = f"vLLM gave it up, with the word {ended!a:.40}"
            return Failure(request.request, "given_up", message)
        count, text, stopped = self._stop_texts.cut(growing.ids, settings.stop)
        table = np.concatenate(growing.logprobs)[:count]
        if not np.isfinite(table[:, 0]).all():
            message = f"the model's logits are no finite numbers under the {self._policy} policy"
            return Failure(request.request, "not_finite", message)
        margins = table[:, 1] - table[:, 2]
        return Generation(
            request=request.request,
            output_ids=tuple(growing.ids[:count]),
            text=text,
            finish="stop" if stopped or growing.ids[count - 1] in settings.stop_ids else "length",
            logprobs=table[:, 0].copy(),
            margins=margins if settings.greedy else np.empty(0, np.float32),
            batch=BatchFacts(self._id, row, len(self._requests), self._policy),
        )


def companion(context: int) -> Request:
    """Return a request that stays in flight as long as the context lets it."""
    settings = Settings("0", 0, "1", max(1, context - 1), (), (), SAMPLERS["vllm"])
    return Request("0" * 64, (0,), settings, "0")


def failure_of(request: Request, error: Exception) -> Failure:
    """Return what the ledger keeps of an exception; the library's own words go to the log."""
    reason, words = type(error).__name__, ascii(str(error))[:_LOGGED_CHARACTERS]
    _LOG.warning("request %s: %s: %s", request.request[:16], reason, words)
    return Failure(request.request, reason, failure_message(error))
