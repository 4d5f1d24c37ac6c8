"""Requests: known by what decides their answer, and by nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.errors import InvalidInput
from reprollm.prompts.requests import Identity, Prompt, Sampling, expand, slice_bounds
from reprollm.prompts.settings import SAMPLER, Settings

GREEDY = Settings("0", 0, "1", 8, ("\n",), (2,))
SAMPLED = Settings("0.80", 0, "0.95", 8, (), (2,))
SAMPLINGS = [Sampling("greedy", GREEDY, ("0",)), Sampling("sampled", SAMPLED, ("1", "2"))]
COMMON = Identity("a" * 64, "b" * 64, "transformers", "float32")
PROMPTS = [
    Prompt(f"item{number}", None, f"text {number}", (1, number), "", None, ())
    for number in range(6)
]


def ids(prompts: list[Prompt], common: Identity = COMMON) -> list[str]:
    return [row.asked.request for row in expand(prompts, SAMPLINGS, 2, common)]


def test_the_last_of_items_samplings_seeds_and_repetitions_varies_fastest() -> None:
    rows = list(expand(PROMPTS[:2], SAMPLINGS, 2, COMMON))
    assert [(r.prompt.item, r.sampling, r.asked.seed, r.repetition) for r in rows[:7]] == [
        ("item0", "greedy", "0", 0),
        ("item0", "greedy", "0", 1),
        ("item0", "sampled", "1", 0),
        ("item0", "sampled", "1", 1),
        ("item0", "sampled", "2", 0),
        ("item0", "sampled", "2", 1),
        ("item1", "greedy", "0", 0),
    ]
    assert [row.index for row in rows] == list(range(12))


@given(st.permutations(PROMPTS))
def test_permuted_items_have_the_same_requests(shuffled: list[Prompt]) -> None:
    before = {row.prompt.item: row.asked for row in expand(PROMPTS, SAMPLINGS, 1, COMMON)}
    after = {row.prompt.item: row.asked for row in expand(shuffled, SAMPLINGS, 1, COMMON)}
    assert after == before


def test_every_request_of_different_prompts_is_another() -> None:
    assert len(set(ids(PROMPTS))) == 6 * 3 * 2


def test_items_with_equal_prompts_share_their_requests() -> None:
    assert ids([replace(PROMPTS[0], item="other")]) == ids(PROMPTS[:1])


@pytest.mark.parametrize(
    "changed",
    [
        {"snapshot": "c" * 64},
        {"tokenizer": "c" * 64},
        {"engine": "other"},
        {"dtype": "bfloat16"},
    ],
)
def test_what_decides_the_answer_is_identity(changed: dict[str, str]) -> None:
    assert not set(ids(PROMPTS, replace(COMMON, **changed))) & set(ids(PROMPTS))


@pytest.mark.parametrize(
    "changed",
    [
        {"temperature": "0.8"},
        {"top_k": 5},
        {"top_p": "0.9"},
        {"max_tokens": 9},
        {"stop": ("\n",)},
        {"stop_ids": (2, 3)},
        {"sampler": "other/1"},
    ],
)
def test_every_setting_is_identity(changed: dict[str, object]) -> None:
    def request(settings: Settings) -> str:
        sampling = Sampling("sampled", settings, ("1",))
        return next(expand(PROMPTS[:1], [sampling], 1, COMMON)).asked.request

    assert request(replace(SAMPLED, **changed)) != request(SAMPLED)


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_slices_cover_every_request_once(requests: int, slices: int) -> None:
    bounds = [slice_bounds(requests, slices, number) for number in range(1, slices + 1)]
    assert bounds[0][0] == 0
    assert bounds[-1][1] == requests
    assert all(before[1] == after[0] for before, after in pairwise(bounds))
    lengths = {last - first for first, last in bounds}
    assert max(lengths) - min(lengths) <= 1


def test_settings_are_read_back_as_they_were_written() -> None:
    assert Settings.from_text(SAMPLED.to_text()) == SAMPLED
    assert SAMPLED.to_text() == (
        '{"max_tokens":8,"sampler":"' + SAMPLER + '","stop":[],"stop_ids":[2],'
        '"temperature":"0.80","top_k":0,"top_p":"0.95"}'
    )


@pytest.mark.parametrize("temperature", ["0", "0.0", "0.00"])
def test_temperature_zero_is_greedy_however_it_is_written(temperature: str) -> None:
    assert replace(GREEDY, temperature=temperature).greedy
    assert not SAMPLED.greedy


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        GREEDY.to_text().replace('"0"', "0"),
        GREEDY.to_text().replace('"top_k":0', '"top_k":true'),
        GREEDY.to_text().replace("top_k", "topk"),
        "[]",
        "no",
    ],
)
def test_other_settings_are_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Settings.from_text(text)
