"""The server engine: requests over HTTP to a server that was recognised, judged and probed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reprollm.canon import Json, digest, dumps
from reprollm.engines.batches import Batch
from reprollm.engines.protocol import BatchFacts, Capabilities, Failure, Generation
from reprollm.engines.seeds import seed_of
from reprollm.engines.server.client import BadReplyError
from reprollm.engines.server.dialect import Answer, Identity
from reprollm.engines.server.exchange import Exchange
from reprollm.engines.server.probe import PROMPT, SEEDS, Probed
from reprollm.engines.server.trust import Trust
from reprollm.engines.server.wording import Wording
from reprollm.errors import EngineUnavailable
from reprollm.experiment.engine import EngineSettings, ServerSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.tokenize_utf8 import utf8_ids

_LOG = logging.getLogger(__name__)

NOTHING = np.zeros(0, np.float32)

EXACT = "0"
STEADY = "0.001"
SHARED = "0.1"
"""How far a canary's log-probabilities may move: not at all on a server of our own; by less than a
16-bit rounding where a repetition kept every bit; by what batches of 16-bit kernels were seen to
move them (0.055) and some more where it did not."""


class Started(Protocol):
    """A server process of our own."""

    def describe(self) -> dict[str, Json]:
        """Return which program was started, and how."""
        ...

    def close(self) -> None:
        """Stop it."""
        ...


@dataclass(frozen=True)
class Connected:
    """A server that was recognised, judged and probed.

    Attributes:
        exchange: asks it.
        wording: how prompts are put to it.
        identity: what it says of itself.
        trust: how far it is known which model answers.
        probed: what it was seen to do.
        found: what kind it was recognised as.
        started: its process, where it was started here.
    """

    exchange: Exchange
    wording: Wording
    identity: Identity
    trust: Trust
    probed: Probed
    found: str
    started: Started | None


class ServerEngine:
    """Answers requests by asking a server."""

    def __init__(
        self, settings: EngineSettings, server: ServerSettings, connected: Connected
    ) -> None:
        """Take the server; see `reprollm.engines.server.opening.open_engine`."""
        self._settings = settings
        self._server = server
        self._exchange = connected.exchange
        self._wording = connected.wording
        self._identity = connected.identity
        self._trust = connected.trust
        self._probed = connected.probed
        self._started = connected.started
        self._found = connected.found
        self._canary = self._canary_of(connected.probed.canary, connected.identity)

    @property
    def capabilities(self) -> Capabilities:
        """What the server promises and the probe did not contradict."""
        promises, seen = self._exchange.dialect.promises, self._probed.canary
        ids = seen.ids is not None
        return Capabilities(
            token_ids=ids,
            prompt_ids=self._wording.by_ids,
            logprobs=ids and seen.logprobs is not None and promises.logprobs != "none",
            margins=False,
            seed="none" if self._probed.probe.seed == "unseen" else self._probed.probe.seed,
            policies=("strict", "fast") if self._keeps_bits() else ("fast",),
        )

    def describe(self) -> dict[str, Json]:
        """Return who answers, how far that is known, and what the server was seen to do."""
        dialect = self._exchange.dialect
        return {
            "family": "server",
            "server": self._server.kind,
            "found": self._found,
            "version": self._identity.version,
            "model": self._model(),
            "trust": self._trust.name,
            "evidence": self._trust.evidence,
            "said": self._identity.facts,
            "started": self._started.describe() if self._started else None,
            "prompts": "ids" if self._wording.by_ids else dialect.promises.prompts,
            "template": "the server's own" if "chat" in dialect.endpoint else None,
            "logprobs": dialect.promises.logprobs if self._probed.canary.logprobs else "none",
            "effective": self._probed.canary.effective,
            "context": self._identity.context,
            "policy": self._settings.batch_policy,
            "batch_size": self._settings.batch_size,
            "sampler": "server/1",
            "remote": not self._exchange.client.address.loopback,
            "probe": self._probed.probe.to_json(),
            # Part of the engine's class, which leaves the canary out: answers of a server whose
            # files were not given to it here are taken over only while it says the same.
            "canary_digest": None if self._started else self._canary_digest(),
            "canary": self._canary,
            "capabilities": self.capabilities.to_json(),
        }

    def accept(self, requests: Sequence[Request]) -> None:
        """Raise `EngineUnavailable` where the server cannot do what requests need."""
        for request in requests:
            self._check_wording(request)
        self._check_context(requests)
        if self._settings.batch_policy == "strict" and not self._keeps_bits():
            raise EngineUnavailable(
                "expected a server that repeats an answer with every bit, as the strict batch "
                "policy promises, found that it does not; write `batch: {policy: fast, size: 1}`, "
                "or start the server with one slot and no prompt cache"
            )
        drawn = any(not request.settings.greedy for request in requests)
        alone = self._settings.batch_policy == "strict" or self._settings.batch_size == 1
        if drawn and self.capabilities.seed == "process" and not alone:
            raise EngineUnavailable(
                "expected requests one at a time for a server whose seed belongs to the whole "
                f"process, found {self._settings.batch_size} at once; write `batch: {{policy: "
                "fast, size: 1}`, or set temperature: 0"
            )
        if drawn and self.capabilities.seed == "none":
            found = {
                "unseen": "every draw at temperature 1 gave the same text",
                "none": "one seed gave two texts, or none is honoured",
            }[self._probed.probe.seed]
            raise EngineUnavailable(
                f"expected a server that honours the seed of a request, found that {found}; set "
                "temperature: 0, switch its deterministic mode on, or take another server"
            )

    def generate(
        self, requests: Sequence[Request], *, policy: str | None = None
    ) -> Iterator[list[Generation | Failure]]:
        """Yield one list of answers for each batch; see `Engine.generate`.

        Under `strict` every request is sent alone; under `fast` as many at once as the batch size.
        """
        policy = policy or self._settings.batch_policy
        size = 1 if policy == "strict" else self._settings.batch_size
        with ThreadPoolExecutor(size, thread_name_prefix="server") as threads:
            for start in range(0, len(requests), size):
                part = tuple(requests[start : start + size])
                batch = Batch(part, 0, 0, policy)
                # A second try alone, in case the company was too much for the server.
                first = list(threads.map(self._answer, part))
                yield [
                    self._made(request, answer, BatchFacts(batch.id, row, len(part), policy))
                    for row, (request, answer) in enumerate(
                        zip(part, map(self._second, part, first), strict=True)
                    )
                ]

    def canary(self) -> dict[str, Json] | None:
        """Ask the canary and the server's identity again."""
        exchange = self._exchange
        try:
            identity = exchange.dialect.identify(exchange.client, exchange.name)
            answer = exchange.ask(self._wording.ids(PROMPT), self._probed.settings, SEEDS[0])
        except BadReplyError:
            return None
        return self._canary_of(answer, identity)

    def exposure(self) -> dict[str, Json] | None:
        """Return address and kind of a server on another machine, None for one on this."""
        address = self._exchange.client.address
        if address.loopback:
            return None
        return {"address": address.text, "server": self._server.kind}

    def close(self) -> None:
        """Close the connection, and stop the server where it was started here."""
        self._exchange.client.close()
        if self._started is not None:
            self._started.close()

    def _canary_digest(self) -> str:
        said = {name: self._canary[name] for name in ("text", "ids", "said")}
        return digest("reprollm/canary-answer/v1", dumps(said))

    def _model(self) -> str | None:
        """Return the model's name; of a folder that was shown under a link, the link's."""
        name = self._exchange.model or self._identity.model
        return name.rpartition("/")[2] if name and self._started else name

    def _check_wording(self, request: Request) -> None:
        try:
            self._wording.text(request.prompt_ids)
        except (BadReplyError, ValueError) as error:
            raise EngineUnavailable(
                f"expected prompts that can be sent as text, found that of request "
                f"{request.request[:16]}, for which {error}; take a server that takes token ids "
                "(llama-server, vllm, sglang)"
            ) from None

    def _check_context(self, requests: Sequence[Request]) -> None:
        """Raise where the server allots less than a request needs; bytes are no tokens."""
        sizes = (len(asked.prompt_ids) + asked.settings.max_tokens for asked in requests)
        longest = max(sizes, default=0)
        allotted = self._identity.context
        if self._wording.known and allotted is not None and allotted < longest:
            raise EngineUnavailable(
                f"expected a server with a context of at least {longest} tokens, found {allotted}; "
                "start it with more, or lower max_tokens"
            )

    def _keeps_bits(self) -> bool:
        """Return whether a request alone gives the same bits again, as far as was seen."""
        seen = self._probed.probe
        return seen.repeated and seen.same_bits is not False

    def _answer(self, request: Request) -> Answer | BadReplyError:
        try:
            return self._exchange.ask(
                request.prompt_ids, request.settings, seed_of(request.request)
            )
        except BadReplyError as error:
            return error

    def _second(self, request: Request, first: Answer | BadReplyError) -> Answer | BadReplyError:
        if isinstance(first, Answer):
            return first
        again = self._answer(request)
        if isinstance(again, BadReplyError) and again.reason == "unreachable":
            raise EngineUnavailable(
                f"expected the server at {self._exchange.client.address.text} to answer, found "
                f"that {again}; start it again, and then this, which goes on where it stopped"
            )
        return again

    def _made(
        self, request: Request, answer: Answer | BadReplyError, batch: BatchFacts
    ) -> Generation | Failure:
        if isinstance(answer, BadReplyError):
            _LOG.warning("request %s: %s: %s", request.request[:16], answer.reason, answer)
            message = f"the server gave no answer, twice: {answer}"
            return Failure(request.request, f"server_{answer.reason}", message)
        answer = self._ended(answer, request.settings.stop_ids)
        text, stopped = _cut(answer.text, request.settings.stop)
        ids = answer.ids if answer.ids is not None else utf8_ids(text)
        return Generation(
            request=request.request,
            output_ids=ids,
            text=text,
            finish="stop" if stopped else answer.finish,
            logprobs=_logprobs(answer),
            margins=NOTHING,
            batch=batch,
        )

    def _ended(self, answer: Answer, stop_ids: Sequence[int]) -> Answer:
        """Return the answer up to its first stop id, which a server may not know as one."""
        ids = answer.ids or ()
        place = next((at for at, token in enumerate(ids) if token in stop_ids), len(ids))
        if place >= len(ids) - 1:
            return answer if place == len(ids) else replace(answer, finish="stop")
        return replace(
            answer,
            ids=ids[: place + 1],
            logprobs=answer.logprobs[: place + 1] if answer.logprobs else None,
            text=self._wording.spelled(ids[:place]),
            finish="stop",
        )

    def _canary_of(self, answer: Answer, identity: Identity) -> dict[str, Json]:
        seen = self._probed.probe
        tolerance = SHARED
        if self._keeps_bits() and seen.same_bits:
            tolerance = EXACT if self._trust.name == "owned" else STEADY
        said: dict[str, Json] = {
            "version": identity.version,
            # Of a server of our own these name a folder that is another each time.
            "model": None if self._started else identity.model,
            "paths": [] if self._started else list(identity.paths),
            "digest": identity.digest,
            "facts": identity.facts,
        }
        return {
            "prompt_sha256": digest("reprollm/canary/v1", PROMPT.encode()),
            "text": answer.text,
            "ids": None if answer.ids is None else list(answer.ids),
            "logprobs": None
            if answer.logprobs is None
            else [None if value is None else repr(value) for value in answer.logprobs],
            # By its digest, as it holds paths of the machine.
            "said": digest("reprollm/server-said/v1", dumps(said)),
            "tolerance": tolerance,
        }


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """Return the text before the first stop text, and whether there was one."""
    found = [text.index(stop) for stop in stops if stop in text]
    return (text[: min(found)], True) if found else (text, False)


def _logprobs(answer: Answer) -> NDArray[np.float32]:
    """Return the log-probabilities, shape (n,), or (0,) where they cannot be matched to the ids."""
    values, ids = answer.logprobs, answer.ids
    if values is None or ids is None or len(values) != len(ids) or None in values:
        return NOTHING
    return np.array(values, np.float32)
