"""What a server does with requests, asked before the first of the plan's.

Documentation says what a server should do; its version, its settings and what stands between say
what it does. Greedy once, another prompt, and greedy again shows whether an answer keeps its bits;
one seed twice and another once shows whether seeds are honoured; the likeliest tokens under neutral
settings show hidden penalties; counted prompt tokens show a template or a token put around.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from reprollm.canon import Json
from reprollm.engines.server.client import BadReplyError
from reprollm.engines.server.dialect import Answer
from reprollm.engines.server.exchange import Exchange
from reprollm.engines.server.wording import Wording
from reprollm.errors import EngineUnavailable
from reprollm.prompts.settings import Settings

PROMPT = "The river flows past the old town, and in the evening the children count: one, two, three"
"""The canary: ordinary text, so that every tokenizer knows it and every model has an opinion."""

DRAWN = "Some words and numbers that came to nobody else:"
"""Leaves open what follows, so that different seeds can show."""

OTHER = "one one one one one one one one"
"""Invites repetition, against which hidden penalties act."""

STEPS = 16
SEEDS = (20250101, 20250102)
SENT = {"repeat_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "min_p": 0.0}
"""Settings whose effective value, where it is told, must be the neutral one that was sent."""


@dataclass(frozen=True)
class Probe:
    """The server's answers.

    Attributes:
        repeated: whether the same greedy request gave the same text after another one.
        same_bits: whether it gave the same log-probabilities; None where there are none.
        largest: largest difference between these, a decimal; None where there are none.
        cached: how many prompt tokens came from a cache the second time, where it is told.
        seed: `request` where one seed gave one text twice and another seed another text, `none`
            where not, `unseen` where every draw gave the same text; what was promised where no
            seed is.
        counted: whether the server counts the prompt's tokens as the plan does; None if untold.
        likeliest: whether every greedy token was the likeliest; None where it is not told.
        complete: whether every token of the drawn answers has a log-probability; None without any.
    """

    repeated: bool
    same_bits: bool | None
    largest: str | None
    cached: int | None
    seed: str
    counted: bool | None
    likeliest: bool | None
    complete: bool | None

    def to_json(self) -> dict[str, Json]:
        """Return the answers as records hold them."""
        return asdict(self)


@dataclass(frozen=True)
class Probed:
    """What was found, and the first answer to the canary, with which later ones are compared.

    `settings` are those of the canary.
    """

    probe: Probe
    canary: Answer
    settings: Settings


def greedy(stop_ids: tuple[int, ...]) -> Settings:
    """Return the settings of the canary."""
    return Settings("0", 0, "1", STEPS, (), stop_ids, "server/1")


def probe(
    exchange: Exchange, wording: Wording, stop_ids: tuple[int, ...], seed: str, context: int
) -> Probed:
    """Ask a server what it does.

    Args:
        exchange: the server.
        wording: how prompts are put to it.
        stop_ids: token ids that end an answer.
        seed: what a seed is said to belong to; see `Dialect.seed`.
        context: tokens of context; the canary is cut to fit.

    Raises:
        EngineUnavailable: it answers with hidden penalties, or not at all.
    """
    plain = replace(greedy(stop_ids), max_tokens=min(STEPS, max(1, context // 4)))
    try:
        first = _first(exchange, wording, plain)
        other = exchange.ask(wording.ids(OTHER), plain, SEEDS[0])
        again = exchange.ask(wording.ids(PROMPT), plain, SEEDS[0])
        drawn = _draw(exchange, wording, plain) if seed != "none" else ()
    except BadReplyError as error:
        raise EngineUnavailable(_unusable(exchange, error)) from None
    _refuse_hidden(first, other)
    largest = difference(first, again)
    honoured = _honoured(drawn) if drawn else seed
    return Probed(
        Probe(
            repeated=(first.text, first.ids) == (again.text, again.ids),
            same_bits=None if largest is None else largest == 0,
            largest=None if largest is None else f"{largest:.3g}",
            cached=again.cached,
            seed=seed if honoured == "request" else honoured,
            counted=_counted(first, wording),
            likeliest=_all(first.likeliest, other.likeliest),
            complete=_complete((first, other, again, *drawn)),
        ),
        first,
        plain,
    )


def difference(one: Answer, two: Answer) -> float | None:
    """Return the largest difference of log-probabilities at shared steps, None without any."""
    if not one.logprobs or not two.logprobs:
        return None
    pairs = zip(one.logprobs, two.logprobs, strict=False)
    return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0)


def _first(exchange: Exchange, wording: Wording, plain: Settings) -> Answer:
    """Ask the canary for the first time; do without log-probabilities where they are refused."""
    ids = wording.ids(PROMPT)
    try:
        return exchange.ask(ids, plain, SEEDS[0])
    except BadReplyError as error:
        if not exchange.logprobs or error.status not in (400, 422, 500, 501):
            raise
    exchange.logprobs = False
    return exchange.ask(ids, plain, SEEDS[0])


def _draw(exchange: Exchange, wording: Wording, plain: Settings) -> tuple[Answer, ...]:
    drawn = replace(plain, temperature="1")
    ids = wording.ids(DRAWN)
    return tuple(exchange.ask(ids, drawn, seed) for seed in (SEEDS[0], SEEDS[0], SEEDS[1]))


def _honoured(drawn: tuple[Answer, ...]) -> str:
    once, twice, another = (answer.text for answer in drawn)
    if once != twice:
        return "none"
    return "request" if another != once else "unseen"


def _counted(answer: Answer, wording: Wording) -> bool | None:
    if answer.prompt_tokens is None or not wording.known:
        return None
    return answer.prompt_tokens == len(wording.ids(PROMPT))


def _complete(answers: tuple[Answer, ...]) -> bool | None:
    given = [answer for answer in answers if answer.logprobs]
    if not given:
        return None
    whole = [answer.tokens in (None, len(answer.logprobs or ())) for answer in given]
    gaps = any(value is None for answer in given for value in answer.logprobs or ())
    return len(given) == sum(bool(answer.text) for answer in answers) and all(whole) and not gaps


def _all(*values: bool | None) -> bool | None:
    told = [value for value in values if value is not None]
    return all(told) if told else None


def _refuse_hidden(*answers: Answer) -> None:
    """Raise where greedy answers under neutral settings show that something else has a say."""
    if any(answer.likeliest is False for answer in answers):
        raise EngineUnavailable(
            "expected the likeliest token at temperature 0 and neutral settings, found another; "
            "the server applies penalties or overrides of its own, so switch these off where it "
            "is started"
        )
    for answer in answers:
        for name, value in SENT.items():
            _refuse_other(name, value, (answer.effective or {}).get(name))


def _refuse_other(name: str, sent: float, used: Any) -> None:
    if used is None:
        return
    try:
        same = abs(float(used) - sent) < 1e-6
    except (TypeError, ValueError):
        same = False
    if not same:
        raise EngineUnavailable(
            f"expected the server to use {name} {sent} as it was sent, found {used!a:.40}; it "
            "overrides what requests say, so switch that off where it is started"
        )


def _unusable(exchange: Exchange, error: BadReplyError) -> str:
    address = exchange.client.address.text
    if error.status in (401, 403):
        return (
            f"expected the server at {address} to accept requests, found it refusing the key; set "
            "the environment variable that `key_variable` under `server` names"
        )
    return (
        f"expected an answer from the server at {address}{exchange.dialect.endpoint}, found that "
        f"{error}; see the server's own log"
    )
