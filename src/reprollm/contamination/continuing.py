"""Verbatim continuation: what the model is asked to go on from, and what the text itself has there.

The model is given an item's first tokens and chooses the likeliest next one, as often as is asked.
What it gives is held against what stands in the item (extraction as in Carlini et al. 2021, arXiv
2012.07805, with a prefix of the item itself).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reprollm.contamination.examination import Examination
from reprollm.contamination.tokens import Tokens
from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import GREEDY_SEED, SAMPLERS, Settings
from reprollm.records.identity import request_id


@dataclass(frozen=True)
class Asked:
    """One item to be continued.

    Attributes:
        index: its index in the examination.
        prefix: how many of its own tokens are given.
        expected: the tokens that stand after them, as many as are asked.
        request: what the engine is asked.
    """

    index: int
    prefix: int
    expected: tuple[int, ...]
    request: Request


def asked_of(
    examination: Examination,
    tokens: Sequence[Tokens],
    first: int,
    last: int,
    settings: Mapping[str, Any],
) -> list[Asked]:
    """Return the suspect items among texts first..last-1 that can be continued.

    An item needs one token to begin with and one to be held against; a shorter one is left out.

    Args:
        examination: the examination.
        tokens: its texts in tokens, in index order.
        first: the first text.
        last: the text after the last one.
        settings: `prefix`, the share of an item that is given, and `tokens`, how many are asked.
    """
    found = []
    for index in range(first, last):
        text = examination.texts[index]
        if text.set != "suspect":
            continue
        prefix, expected = split(
            tokens[index], str(settings["prefix"]), int(settings["tokens"]), examination.window
        )
        if prefix and expected:
            given = (*tokens[index].head, *tokens[index].body[:prefix])
            request = _request(examination, given, len(expected))
            found.append(Asked(index, prefix, expected, request))
    return found


def split(tokens: Tokens, share: str, most: int, window: int) -> tuple[int, tuple[int, ...]]:
    """Return how many tokens are given, and those that stand after them.

    `floor(share x tokens)` are given, at least one, fewer where what is asked would not fit into
    the window with them; at most half a window is asked.
    """
    body = tokens.body
    asked = min(most, window // 2)
    room = window - len(tokens.head) - asked
    prefix = min(max(1, int(Decimal(share) * len(body))), max(0, room))
    return prefix, body[prefix : prefix + asked]


def _request(examination: Examination, given: Sequence[int], most: int) -> Request:
    core: Any = examination.core
    engine = EngineSettings.from_json(core["engine"])
    settings = Settings("0", 0, "1", most, (), (), SAMPLERS[engine.family])
    name = request_id(
        snapshot=examination.snapshot,
        tokenizer=core["tokenizer"],
        settings=settings.to_json(),
        seed=GREEDY_SEED,
        repetition=0,
        engine=engine.family,
        dtype=engine.numerics,
        prompt_ids=given,
    )
    return Request(name, tuple(given), settings, GREEDY_SEED)
