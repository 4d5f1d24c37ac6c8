"""The requests of the suite: prompts as token ids of the tiny models, every byte b being 3 + b."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

from engine_suite.entry import Entry
from reprollm.engines.likelihood import Likelihood, measuring
from reprollm.engines.protocol import Engine, Failure, Generation
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings

TOKENS = 16
STOP_ID = 2
GREEDY = Settings("0", 0, "1", TOKENS, (), (STOP_ID,))
SAMPLED = Settings("0.8", 40, "0.95", TOKENS, (), (STOP_ID,))


def ids_of(text: str) -> tuple[int, ...]:
    """Return a text's bytes as token ids."""
    return tuple(3 + byte for byte in text.encode())


PROMPTS = tuple(
    (1, *ids_of(f"vnd so \u017fprach {'zu jhm ' * (number % 7)}{number}")) for number in range(12)
)
"""Prompts as the model's tokenizer makes them of a text, so that servers can be sent the text."""

BY_ID = (
    (1, *ids_of("with a first token")),
    ids_of("without one"),
    (*ids_of("merged "), 262, 260, 3 + 10, 1, *ids_of("in the middle")),
    (9,),
)
"""Prompts that no text gives: special tokens in the middle, merges taken apart, one token."""


def request(family: str, settings: Settings, prompt: Sequence[int], repetition: int = 0) -> Request:
    """Return a request to an engine of a family; its id covers all that is given."""
    settings = dataclasses.replace(settings, sampler=SAMPLERS[family])
    name = hashlib.sha256(repr((settings, tuple(prompt), repetition)).encode()).hexdigest()
    return Request(name, tuple(prompt), settings, "0")


def mixed(entry: Entry) -> list[Request]:
    """Return greedy requests of several lengths, and drawn ones of an engine that can draw."""
    settings = (GREEDY, SAMPLED if entry.draws else GREEDY)
    return [
        request(entry.family, settings[number % 2], prompt) for number, prompt in enumerate(PROMPTS)
    ]


def answers(
    engine: Engine, requests: Sequence[Request], policy: str | None = None
) -> dict[str, Generation | Failure]:
    """Ask, and return the answers by request id; a request answered twice fails."""
    found: dict[str, Generation | Failure] = {}
    for batch in engine.generate(requests, policy=policy):
        for answer in batch:
            assert answer.request not in found
            found[answer.request] = answer
    return found


def generations(engine: Engine, requests: Sequence[Request]) -> list[Generation]:
    """Ask, and return the answers in the order of the requests; a failure fails."""
    found = answers(engine, requests)
    given = [found[asked.request] for asked in requests]
    failures = [answer for answer in given if isinstance(answer, Failure)]
    assert not failures, failures
    return [answer for answer in given if isinstance(answer, Generation)]


def bits(given: Sequence[Generation]) -> list[tuple[object, ...]]:
    """Return all that an engine under the strict policy must give again."""
    return [
        (
            answer.request,
            answer.output_ids,
            answer.text,
            answer.finish,
            answer.logprobs.tobytes(),
            answer.margins.tobytes(),
        )
        for answer in given
    ]


def likelihoods(engine: Engine, texts: Sequence[Sequence[int]]) -> list[Likelihood]:
    """Ask for the likelihoods of texts, and return them in their order."""
    found: dict[int, Likelihood] = {}
    for batch in measuring(engine).likelihoods(texts):
        for each in batch:
            assert each.index not in found
            found[each.index] = each
    return [found[index] for index in range(len(texts))]
