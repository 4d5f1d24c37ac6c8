"""Neither order, batch size, slicing nor subset change an answer; under strict not even a bit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprollm.engines.measured import compare
from reprollm.engines.protocol import Generation
from reprollm.engines.transformers import TransformersEngine
from reprollm.prompts.requests import Request
from reprollm.prompts.settings import Settings
from reprollm.records.identity import result_id

OpenEngine = Callable[..., TransformersEngine]
Answers = dict[str, Generation]

GREEDY = Settings("0", 0, "1", 14, (), (2,))
SAMPLED = Settings("0.8", 0, "0.95", 14, ("e",), (2,))
HOT = Settings("1.3", 40, "1", 9, (), (2,))
FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def make_requests(count: int) -> list[Request]:
    words = iter(np.random.Philox(key=7).random_raw(count * 80).tolist())
    asked = []
    for number in range(count):
        length = 1 + next(words) % 70
        ids = tuple(3 + next(words) % 264 for _ in range(length))
        name = hashlib.sha256(f"request {number}".encode()).hexdigest()
        asked.append(Request(name, ids, (GREEDY, SAMPLED, HOT)[number % 3], "1"))
    return asked


REQUESTS = make_requests(24)


def ask(
    engine: TransformersEngine, requests: Sequence[Request], policy: str | None = None
) -> Answers:
    answers: Answers = {}
    for batch in engine.generate(requests, policy=policy):
        for answer in batch:
            assert isinstance(answer, Generation)
            answers[answer.request] = answer
    assert answers.keys() == {request.request for request in requests}
    return answers


def results(answers: Answers) -> dict[str, str]:
    return {
        request: result_id(request, answer.output_ids, answer.finish)
        for request, answer in answers.items()
    }


def bits(answers: Answers) -> dict[str, tuple[bytes, bytes, int]]:
    return {
        request: (answer.logprobs.tobytes(), answer.margins.tobytes())
        for request, answer in answers.items()
    }


@pytest.fixture(scope="module", params=["float32", "bfloat16"])
def dtype(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def alone(engine: OpenEngine, dtype: str) -> Answers:
    """Return every request's answer, each asked in a batch of its own."""
    return ask(engine(1, dtype), REQUESTS)


@pytest.mark.parametrize("size", [2, 3, 8, 24])
def test_batch_size_changes_no_bit(
    engine: OpenEngine, dtype: str, alone: Answers, size: int
) -> None:
    together = ask(engine(size, dtype), REQUESTS)
    assert results(together) == results(alone)
    assert bits(together) == bits(alone)


@FEW
@given(order=st.permutations(range(24)), count=st.integers(1, 24), size=st.sampled_from([3, 8]))
def test_order_and_subset_change_no_bit(
    engine: OpenEngine, dtype: str, alone: Answers, order: list[int], count: int, size: int
) -> None:
    chosen = [REQUESTS[number] for number in order[:count]]
    found = ask(engine(size, dtype), chosen)
    expected = {request.request: alone[request.request] for request in chosen}
    assert results(found) == results(expected)
    assert bits(found) == bits(expected)


@pytest.mark.parametrize("slices", [2, 5])
def test_slicing_changes_no_bit(
    engine: OpenEngine, dtype: str, alone: Answers, slices: int
) -> None:
    found: Answers = {}
    for start in range(slices):
        found |= ask(engine(8, dtype), REQUESTS[start::slices])
    assert results(found) == results(alone)
    assert bits(found) == bits(alone)


@pytest.mark.parametrize("model", ["gpt_neox", "qwen3"])
def test_other_architectures_keep_their_bits_too(
    engine: OpenEngine, dtype: str, model: str
) -> None:
    one, many = (ask(engine(size, dtype, model=model), REQUESTS[:12]) for size in (1, 8))
    assert results(many) == results(one)
    assert bits(many) == bits(one)


def test_greedy_and_sampled_requests_may_share_a_batch(engine: OpenEngine, dtype: str) -> None:
    same_length = [
        Request(asked.request, REQUESTS[0].prompt_ids, asked.settings, "1") for asked in REQUESTS
    ]
    answers = ask(engine(24, dtype), same_length)
    assert len({answer.batch.id for answer in answers.values()}) == 1
    assert bits(answers) == bits(ask(engine(1, dtype), same_length))


def test_under_the_fast_policy_tokens_stay_in_float32_and_bits_do_not(engine: OpenEngine) -> None:
    strict = ask(engine(8), REQUESTS)
    fast = ask(engine(8, policy="fast"), REQUESTS)
    found = compare(fast, list(strict.values()))
    assert found["measured"] == len(REQUESTS)
    assert found["tokens_differ"] == 0
    differing = sum(strict[id].logprobs.tobytes() != fast[id].logprobs.tobytes() for id in strict)
    assert found["logprobs_differ"] == differing > 0
    assert 0 < float(str(found["largest"])) < 1e-4


def test_a_fast_engine_answers_under_the_strict_policy_when_asked(engine: OpenEngine) -> None:
    again = ask(engine(8, policy="fast"), REQUESTS[:9], policy="strict")
    assert bits(again) == bits(ask(engine(8), REQUESTS[:9]))
    assert {answer.batch.policy for answer in again.values()} == {"strict"}


def test_seeds_and_repetitions_give_other_samples(engine: OpenEngine) -> None:
    prompt = REQUESTS[0].prompt_ids
    ids = [hashlib.sha256(f"seed {seed}".encode()).hexdigest() for seed in range(6)]
    answers = ask(engine(8), [Request(name, prompt, HOT, "0") for name in ids])
    assert len({answer.output_ids for answer in answers.values()}) == 6
