"""What is asked again and again: prompts of invented words, which are nobody's data.

The words come from a counter-based generator with a fixed key, so that every machine asks the same
texts; the snapshot's own tokenizer turns them into tokens. Every second prompt begins like the
others, so that engines with prompt caches have something to reuse. Requests are greedy and sampled
in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from reprollm.errors import InvalidInput, PromptTooLong
from reprollm.experiment.engine import EngineSettings
from reprollm.experiment.load import Experiment
from reprollm.prompts.plan import make_plan, read_sources
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import SAMPLERS, Settings
from reprollm.prompts.tokenize import load_tokenizer
from reprollm.records.identity import request_id
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model

_KEY = 20_250_910
_COMMON = 6
_SHORTEST, _LONGEST = 12, 72
_LEAST_PROMPT = 8
_CONSONANTS, _VOWELS = "bcdfghklmnprstvwz", "aeiou"


def questions(
    model: Model, located: LocatedModel, settings: EngineSettings, count: int, tokens: int
) -> list[Request]:
    """Return `count` requests of invented prompts, each answered with at most `tokens` tokens.

    Raises:
        PromptTooLong: the model's context has no room for a prompt and so long an answer.
        SnapshotRefused: the tokenizer does not load.
    """
    lock = model.lock
    room = (lock.facts.context_length or 2**31) - tokens
    if room < _LEAST_PROMPT:
        raise PromptTooLong(
            f"expected answers that leave room for a prompt in {lock.facts.context_length} tokens "
            f"of context, found --tokens {tokens}; ask for fewer"
        )
    tokenizer = load_tokenizer(located)
    prompts = tokenizer.encode_plain(list(invented_texts(count)))
    greedy = Settings(
        temperature="0",
        top_k=0,
        top_p="1",
        max_tokens=tokens,
        stop=(),
        stop_ids=tuple(lock.facts.eos_ids),
        sampler=SAMPLERS[settings.family],
    )
    ways = (greedy, replace(greedy, temperature="0.8", top_p="0.95"))
    return [
        _request(lock, settings, ids[:room], ways[index % 2], str(index % 2))
        for index, ids in enumerate(prompts)
    ]


def experiment_questions(
    experiment: Experiment,
    model: Model,
    located: LocatedModel,
    settings: EngineSettings,
    count: int,
    tokens: int,
) -> list[Request]:
    """Return the first `count` requests of an experiment, cut to answers of `tokens` tokens.

    Raises:
        InvalidInput: the experiment asks another model.
        DataInvalid, TemplateInvalid, PromptTooLong: see `reprollm.prompts.plan.make_plan`.
    """
    plan = make_plan(read_sources(experiment, model), located)
    if plan.core["snapshot"] != model.lock.snapshot:
        raise InvalidInput(
            f"expected an experiment with snapshot {model.lock.snapshot[:16]}, found "
            f"{experiment.config.name!r} with {str(plan.core['snapshot'])[:16]}"
        )
    asked = {row.asked.request: row.asked for row in plan.rows}
    return [
        _request(
            model.lock,
            settings,
            each.prompt_ids,
            replace(
                each.settings,
                max_tokens=min(tokens, each.settings.max_tokens),
                sampler=SAMPLERS[settings.family],
            ),
            each.seed,
        )
        for each in list(asked.values())[:count]
    ]


def longest(requests: Sequence[Request]) -> int:
    """Return the tokens of the longest request, prompt and answer together."""
    return max(len(each.prompt_ids) + each.settings.max_tokens for each in requests)


def invented_texts(count: int) -> Iterator[str]:
    """Yield texts of invented words, 12 to 120 characters long, the same on every machine."""
    words = _words()
    common = " ".join(next(words) for _ in range(_COMMON))
    for index, number in enumerate(np.random.Philox(key=_KEY + 1).random_raw(count).tolist()):
        text = common if index % 2 else next(words)
        length = len(text) + _SHORTEST + number % (_LONGEST - _SHORTEST)
        while len(text) < length:
            text = f"{text} {next(words)}"
        yield text


def _words() -> Iterator[str]:
    """Yield words of one to four syllables without end."""
    stream = np.random.Philox(key=_KEY)
    while True:
        first, *letters = stream.random_raw(9).tolist()
        yield "".join(
            _CONSONANTS[one % len(_CONSONANTS)] + _VOWELS[other % len(_VOWELS)]
            for one, other in zip(letters[::2], letters[1::2], strict=True)
        )[: 2 * (1 + first % 4)]


def _request(
    lock: Lock, engine: EngineSettings, ids: tuple[int, ...], settings: Settings, seed: str
) -> Request:
    identity = request_id(
        snapshot=lock.snapshot,
        tokenizer=lock.tokenizer,
        settings=settings.to_json(),
        seed=seed,
        repetition=0,
        engine=engine.family,
        dtype=engine.dtype,
        prompt_ids=ids,
    )
    return Request(identity, ids, settings, seed)
