from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprollm.engines.batches import BUCKET, Batch, bucket, fast_batches, strict_batches
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings

SETTINGS = Settings("0", 0, "1", 8, (), ())
LENGTHS = st.lists(st.integers(1, 130), min_size=1, max_size=40)
Policy = Callable[[list[Request], int], list[Batch]]


def requests(lengths: list[int]) -> list[Request]:
    return [
        Request(f"{number:064x}", (5,) * length, SETTINGS, "0")
        for number, length in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    "policy", [fast_batches, lambda asked, size: strict_batches(asked, size, 4)]
)
@given(lengths=LENGTHS, size=st.integers(1, 9))
def test_every_request_is_in_one_batch_that_is_not_too_large(
    policy: Policy, lengths: list[int], size: int
) -> None:
    asked = requests(lengths)
    batches = policy(asked, size)
    found = [request.request for batch in batches for request in batch.requests]
    assert sorted(found) == [request.request for request in asked]
    assert all(1 <= len(batch.requests) <= size for batch in batches)
    assert all(
        batch.padded >= len(request.prompt_ids) for batch in batches for request in batch.requests
    )


@given(lengths=LENGTHS, size=st.integers(1, 9), least=st.integers(1, 12))
def test_strict_padding_depends_on_the_prompt_alone(
    lengths: list[int], size: int, least: int
) -> None:
    for batch in strict_batches(requests(lengths), size, least):
        for request in batch.requests:
            assert batch.padded == bucket(len(request.prompt_ids)) > len(request.prompt_ids)
            assert batch.padded % BUCKET == 0
        assert batch.dummies >= 1
        assert batch.rows >= least


def test_where_no_batch_is_invariant_every_request_is_alone() -> None:
    batches = strict_batches(requests([3, 4, 5]), 8, 0)
    assert [(len(batch.requests), batch.rows) for batch in batches] == [(1, 1)] * 3


def test_fast_batches_have_similar_lengths_and_no_padding_rows() -> None:
    batches = fast_batches(requests([9, 1, 8, 2]), 2)
    assert [(batch.padded, batch.rows) for batch in batches] == [(2, 2), (9, 2)]


def test_a_batch_is_named_for_its_composition() -> None:
    one, two = requests([3, 3])
    assert Batch((one, two), 32, 2, "strict").id == Batch((one, two), 32, 2, "strict").id
    others = [
        Batch((two, one), 32, 2, "strict"),
        Batch((one,), 32, 3, "strict"),
        Batch((one, two), 32, 3, "strict"),
        Batch((one, two), 32, 2, "fast"),
    ]
    assert len({batch.id for batch in others} | {Batch((one, two), 32, 2, "strict").id}) == 5


def test_the_name_of_a_batch_does_not_tell_how_long_its_prompts_are() -> None:
    one, two = requests([3, 3])
    assert Batch((one, two), 32, 2, "strict").id == Batch((one, two), 64, 2, "strict").id
