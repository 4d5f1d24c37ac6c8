"""What every engine implements: answer requests in batches, and say what it is and can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reprollm.canon import Json
from reprollm.prompts.requests import Request


@dataclass(frozen=True)
class Capabilities:
    """What an engine can give and promise.

    Attributes:
        token_ids: answers carry token ids, from which text is derived; without them, an answer's
            ids are the UTF-8 bytes of its text, one id a byte.
        prompt_ids: prompts go in as token ids; without, as text.
        logprobs: answers carry the chosen tokens' log-probabilities.
        margins: answers carry each step's margin between the best two tokens.
        seed: what a seed belongs to: `request`, `process`, or `none` where none is honoured.
        policies: the batch policies that it knows; under `strict` answers keep every bit whatever
            else is asked, on one machine with one installation.
        likelihoods: it gives the log-probabilities of given texts (`reprollm.engines.likelihood`).
    """

    token_ids: bool
    prompt_ids: bool
    logprobs: bool
    margins: bool
    seed: str
    policies: tuple[str, ...]
    likelihoods: bool = False

    def to_json(self) -> dict[str, Json]:
        """Return the capabilities as records hold them."""
        return {**asdict(self), "policies": list(self.policies)}


@dataclass(frozen=True)
class BatchFacts:
    """Where in which batch an answer was computed: circumstance, never identity.

    Attributes:
        id: name of the composition; answers with one id were computed together.
        row: the answer's row, from 0.
        rows: how many rows the batch had, padding rows included.
        policy: `strict` or `fast`.
    """

    id: str
    row: int
    rows: int
    policy: str

    def to_json(self) -> dict[str, Json]:
        """Return the facts as records hold them."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Generation:
    """One answer.

    Attributes:
        request: the id of the request that it answers.
        output_ids: generated token ids, shape (n,), with the token that ended the answer; the
            bytes of `text` in UTF-8 where the engine gives no ids.
        text: the decoded answer without special tokens, cut before the stop text.
        finish: `stop` (a stop id or a stop text) or `length`.
        logprobs: the chosen tokens' log-probabilities under the model's own softmax, shape (n,),
            or (0,) where the engine gives none.
        margins: differences between the best and the second decision score, shape (n,), or (0,).
        batch: where it was computed.
    """

    request: str
    output_ids: tuple[int, ...]
    text: str
    finish: str
    logprobs: NDArray[np.float32]
    margins: NDArray[np.float32]
    batch: BatchFacts

    @property
    def margin_step(self) -> int | None:
        """The output position of the smallest margin, the first of several; None without any."""
        return int(self.margins.argmin()) if len(self.margins) else None

    @property
    def margin(self) -> float | None:
        """The smallest margin: how near the answer came to being another; None without any."""
        return float(self.margins.min()) if len(self.margins) else None


@dataclass(frozen=True)
class Failure:
    """A request that the engine could not answer, alone and after a second try."""

    request: str
    reason: str
    message: str


class Engine(Protocol):
    """A loaded model that answers requests."""

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can give and promise."""
        ...

    def describe(self) -> dict[str, Json]:
        """Return everything about engine and loaded model that could change an answer."""
        ...

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        """Yield one list for each finished batch, in an order of the engine's own.

        Args:
            requests: what to answer; every request appears in exactly one of the lists.
            policy: another batch policy than the engine was opened with, to measure it against.
        """
        ...

    def canary(self) -> dict[str, Json] | None:
        """Ask a fixed prompt and return what came: as long as it is equal, so are the weights.

        None for engines in this process, whose weights nobody can swap.
        """
        ...

    def exposure(self) -> dict[str, Json] | None:
        """Return the `address` and `server` to which requests leave this machine; None if not."""
        ...

    def close(self) -> None:
        """Release the model's memory."""
        ...
