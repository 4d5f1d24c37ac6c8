"""Requests: every item asked with every prompt, sampling setting, seed and repetition.

The order is that of the file, then of the prompt's variants, samplings, seeds and repetitions as
the experiment lists them: items come first, so that each slice holds about as much of every cell. A
request's identity holds nothing of that order: permuting, dropping or adding items changes no other
item's requests. Items with equal prompts share their request ids, and one answer serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reprollm.prompts.settings import Settings
from reprollm.records.identity import request_id


@dataclass(frozen=True)
class Request:
    """What an engine is asked.

    Attributes:
        request: the request id, hex.
        prompt_ids: the prompt's token ids, shape (n,).
        settings: how tokens are chosen.
        seed: the seed as a decimal string; with `request` it keys the noise.
    """

    request: str
    prompt_ids: tuple[int, ...]
    settings: Settings
    seed: str


@dataclass(frozen=True)
class Prompt:
    """One item's rendered prompt, with the texts that belong to it.

    `variant` is the name of the prompt that was rendered, where the experiment has several.
    """

    item: str
    stratum: str | None
    text: str
    ids: tuple[int, ...]
    source: str | None
    reference: str | None
    few_shot: tuple[str, ...]
    variant: str | None = None


@dataclass(frozen=True)
class Sampling:
    """One named sampling of an experiment: settings, and the seeds under which it is drawn."""

    name: str
    settings: Settings
    seeds: tuple[str, ...]


@dataclass(frozen=True)
class Identity:
    """What the requests of one plan have in common and what decides their answers."""

    snapshot: str
    tokenizer: str
    engine: str
    dtype: str


@dataclass(frozen=True)
class Planned:
    """One row of a plan: the request, and what it was made from.

    `sampling` is the name of the cell: that of the sampling, behind the prompt's and `/` where the
    experiment has several prompts.
    """

    index: int
    prompt: Prompt
    sampling: str
    repetition: int
    asked: Request


def expand(
    prompts: Sequence[Prompt], samplings: Sequence[Sampling], repetitions: int, common: Identity
) -> Iterator[Planned]:
    """Yield prompts x samplings x seeds x repetitions, the last varying fastest."""
    index = 0
    for prompt in prompts:
        for sampling in samplings:
            cell = cell_name(prompt.variant, sampling.name)
            for seed in sampling.seeds:
                for repetition in range(repetitions):
                    asked = _request(prompt, sampling.settings, seed, repetition, common)
                    yield Planned(index, prompt, cell, repetition, asked)
                    index += 1


def cell_name(prompt: str | None, sampling: str) -> str:
    """Return the name of a cell: of a sampling, under one of several prompts where there are."""
    return sampling if prompt is None else f"{prompt}/{sampling}"


def slice_bounds(requests: int, slices: int, number: int) -> tuple[int, int]:
    """Return `(first, last)`: slice `number` (from 1) of `slices` holds requests first..last-1.

    Slices are contiguous and differ by at most one request in length.
    """
    return requests * (number - 1) // slices, requests * number // slices


def _request(
    prompt: Prompt, settings: Settings, seed: str, repetition: int, common: Identity
) -> Request:
    identity = request_id(
        snapshot=common.snapshot,
        tokenizer=common.tokenizer,
        settings=settings.to_json(),
        seed=seed,
        repetition=repetition,
        engine=common.engine,
        dtype=common.dtype,
        prompt_ids=prompt.ids,
    )
    return Request(identity, prompt.ids, settings, seed)
