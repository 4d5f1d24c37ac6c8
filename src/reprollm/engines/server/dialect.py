"""What one kind of server adds to the OpenAI-compatible protocol, and the protocol itself.

A dialect is values in and values out: it says which requests to send and reads what comes back.
Every sampling field that a server knows is sent with every request, the neutral ones too, because
a server's defaults may penalise, truncate or draw (`repeat_penalty` 1.1, `min_p` 0.05, `top_k` 40
are defaults of servers in use).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from reprollm.canon import Json
from reprollm.engines.server import reading
from reprollm.engines.server.client import BadReplyError, Client
from reprollm.experiment.server_kinds import KINDS, ServerKind
from reprollm.prompts.settings import Settings

STOPPED = frozenset({"stop", "eos", "eos_token", "stop_sequence", "stop_token", "word"})
ENDED = frozenset({"length", "limit", "max_tokens"})
TIE = 1e-3
"""Log-probabilities closer than this count as equal where the likeliest token is asked for."""


@dataclass(frozen=True)
class Asked:
    """One request as dialects send it.

    Attributes:
        model: the server's name for the model.
        ids: the prompt's token ids, shape (n,); None where none are known.
        text: the prompt as text; None where ids are sent.
        settings: how tokens are chosen.
        seed: from `engines.seeds.seed_of`.
        context: tokens of context that the plan allots.
        logprobs: whether to ask for log-probabilities.
    """

    model: str
    ids: tuple[int, ...] | None
    text: str | None
    settings: Settings
    seed: int
    context: int
    logprobs: bool = True

    @property
    def prompt(self) -> str | list[int]:
        """The prompt as most requests hold it: its text, or its ids where there is none."""
        return list(self.ids or ()) if self.text is None else self.text

    @property
    def temperature(self) -> float:
        """The temperature as a number."""
        return float(self.settings.temperature)

    @property
    def top_p(self) -> float:
        """The probability mass that is kept, as a number."""
        return float(self.settings.top_p)


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        text: the generated text.
        finish: `stop` or `length`.
        ids: generated token ids, shape (n,), or None where the server gives none.
        logprobs: their log-probabilities, shape (n,), None for a token that the server left out;
            None altogether where it gives none, or as many as cannot be told apart.
        tokens: how many tokens the server says it generated.
        prompt_tokens: how many tokens it says the prompt had.
        prompt_ids: the prompt's token ids as it says.
        cached: how many of them it says came from its cache.
        model: the model that it says answered.
        likeliest: whether every token was the likeliest, where the reply tells.
        effective: the settings that it says it used, as canonical JSON.
        slot: where in the server it was computed, where that is told.
    """

    text: str
    finish: str
    ids: tuple[int, ...] | None = None
    logprobs: tuple[float | None, ...] | None = None
    tokens: int | None = None
    prompt_tokens: int | None = None
    prompt_ids: tuple[int, ...] | None = None
    cached: int | None = None
    model: str | None = None
    likeliest: bool | None = None
    effective: dict[str, Json] | None = None
    slot: int | None = None


@dataclass(frozen=True)
class Identity:
    """What a server says of itself and of the model that it has loaded.

    Attributes:
        version: the server's.
        model: its name for the model.
        paths: files or folders that it says it loaded, as it writes them.
        digest: SHA-256 of the model's manifest as it says, hex; of Ollama alone.
        context: tokens of context that it allots to a request.
        elsewhere: where it sends requests itself, if it does not answer them.
        facts: what else it says, as canonical JSON.
    """

    version: str | None = None
    model: str | None = None
    paths: tuple[str, ...] = ()
    digest: str | None = None
    context: int | None = None
    elsewhere: str | None = None
    facts: dict[str, Json] = field(default_factory=dict)


class Dialect:
    """The protocol as every server speaks it; a kind's own module changes what differs there."""

    kind: ClassVar[str] = "openai"
    endpoint: ClassVar[str] = "/v1/completions"

    @property
    def promises(self) -> ServerKind:
        """What servers of this kind promise."""
        return KINDS[self.kind]

    def recognise(self, client: Client) -> bool:
        """Return whether the server is of this kind, by what only this kind answers."""
        raise NotImplementedError

    def identify(self, client: Client, model: str) -> Identity:
        """Return what the server says of itself and of `model`.

        Raises:
            BadReplyError: it does not know the model, or answers out of form.
        """
        listed = listed_model(client, model)
        return Identity(
            model=reading.text(listed, "id"),
            facts=said(listed, "owned_by", "object"),
        )

    def seed(self, identity: Identity) -> str:
        """Return what a seed belongs to on this very server: `request`, `process` or `none`."""
        return self.promises.seed

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return the request's body."""
        settings = asked.settings
        body: dict[str, Any] = {
            "model": asked.model,
            "prompt": asked.prompt,
            "max_tokens": settings.max_tokens,
            "temperature": asked.temperature,
            "top_p": asked.top_p,
            "n": 1,
            "stream": False,
            "presence_penalty": 0,
            "frequency_penalty": 0,
        }
        if settings.stop:
            body["stop"] = list(settings.stop)
        if self.promises.seed != "none":
            body["seed"] = asked.seed
        if asked.logprobs and self.promises.logprobs != "none":
            body["logprobs"] = 1
        return body

    def read(self, value: Any) -> Answer:
        """Return the answer in a reply; raise `BadReplyError` where it holds none."""
        choice = reading.at(value, "choices", 0)
        return Answer(
            text=reading.needed_text(choice, "text"),
            finish=finish(reading.text(choice, "finish_reason")),
            logprobs=reading.numbers(choice, "logprobs", "token_logprobs"),
            likeliest=likeliest(choice),
            **usage(value),
        )

    def filled(self, client: Client, asked: Asked, answer: Answer) -> Answer:
        """Return an answer whose log-probabilities have gaps with these asked again, if it can."""
        return answer


def likeliest(choice: Any) -> bool | None:
    """Return whether no token but the chosen one was likelier at any step, None if untold.

    Equal numbers count as likeliest: 16-bit logits often tie.
    """
    chosen = reading.items(choice, "logprobs", "token_logprobs")
    others = reading.items(choice, "logprobs", "top_logprobs")
    if not chosen or len(chosen) != len(others):
        return None
    steps = []
    for value, other in zip(chosen, others, strict=True):
        values = [reading.number(one) for one in other.values()] if isinstance(other, dict) else []
        told = [one for one in values if one is not None]
        taken = reading.number(value)
        if taken is None or not told:
            return None
        steps.append(max(told) <= taken + TIE)
    return all(steps)


def usage(value: Any) -> dict[str, Any]:
    """Return the fields of an `Answer` that replies of the protocol share."""
    return {
        "tokens": reading.count(value, "usage", "completion_tokens"),
        "prompt_tokens": reading.count(value, "usage", "prompt_tokens"),
        "cached": reading.count(value, "usage", "prompt_tokens_details", "cached_tokens"),
        "model": reading.text(value, "model"),
    }


def finish(word: str | None) -> str:
    """Return how an answer ended, `stop` or `length`, from a server's word for it."""
    if word in STOPPED:
        return "stop"
    if word in ENDED:
        return "length"
    raise BadReplyError(
        "malformed", "its reply says neither that the answer stopped nor that it ran too long"
    )


def listed_model(client: Client, model: str) -> dict[str, Any]:
    """Return the entry of a model in `/v1/models`; raise `BadReplyError` where there is none."""
    reply = client.get("/v1/models")
    for entry in reading.items(reply.value, "data"):
        if reading.text(entry, "id") == model and isinstance(entry, dict):
            return entry
    raise BadReplyError(
        "malformed", "its list of models lacks that name; write `model` as the server does"
    )


def said(value: Any, *names: str) -> dict[str, Json]:
    """Return those of some facts that are texts, numbers or truth values, as canonical JSON.

    Numbers that are not whole are written as text; no text is longer than 200 characters.
    """
    facts: dict[str, Json] = {}
    for name in names:
        found = reading.at(value, name)
        if isinstance(found, bool | str | int | float):
            facts[name] = plain(found)
    return facts


def plain(value: bool | str | int | float) -> Json:
    """Return one value as canonical JSON."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    words = value if isinstance(value, str) else repr(value)
    return words.encode("utf-8", "replace").decode("utf-8")[:200]
