"""Likelihoods of given texts: nothing but a text itself decides its bits."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from reprollm.engines import foreseen
from reprollm.engines.likelihood import Likelihood, measuring, portions
from reprollm.engines.protocol import Capabilities
from reprollm.engines.transformers import TransformersEngine
from reprollm.errors import EngineUnavailable

OpenEngine = Callable[..., TransformersEngine]
TEXTS = [
    [1, *random.Random(seed).choices(range(3, 320), k=length)]
    for seed, length in enumerate((0, 1, 2, 3, 17, 17, 31, 32, 33, 64))
]


def asked(engine: TransformersEngine, texts: Sequence[Sequence[int]]) -> list[Likelihood]:
    found = {each.index: each for batch in engine.likelihoods(texts) for each in batch}
    return [found[index] for index in range(len(texts))]


def bits(found: Sequence[Likelihood]) -> list[tuple[bytes, ...]]:
    return [
        tuple(
            part.tobytes()
            for part in (each.logprobs, each.means, each.deviations)
            if part is not None
        )
        for each in found
    ]


def test_strict_likelihoods_depend_on_no_other_text(engine: OpenEngine) -> None:
    strict = engine()
    once = asked(strict, TEXTS)
    assert bits(asked(strict, TEXTS[::-1]))[::-1] == bits(once)
    assert [bits(asked(strict, [ids]))[0] for ids in TEXTS] == bits(once)
    assert bits(asked(engine(size=3), TEXTS)) == bits(once)
    assert [each.logprobs.shape for each in once] == [(len(ids) - 1,) for ids in TEXTS]


def test_the_order_of_asking_decides_nothing_under_the_fast_policy(engine: OpenEngine) -> None:
    fast = engine(policy="fast", size=4)
    once = asked(fast, TEXTS)
    assert bits(asked(fast, TEXTS[::-1]))[::-1] == bits(once)
    for near, strict in zip(once, asked(engine(), TEXTS), strict=True):
        assert np.allclose(near.logprobs, strict.logprobs, atol=1e-4)


def test_batches_follow_from_lengths_and_words_alone() -> None:
    last = len(TEXTS) - 1
    for policy in ("strict", "fast"):
        found = list(portions(TEXTS, policy, 4))
        turned = list(portions(TEXTS[::-1], policy, 4))
        assert [[[last - index for index in batch] for batch in part] for part in turned] == found
        batches = [batch for part in found for batch in part]
        assert sorted(index for batch in batches for index in batch) == list(range(1, len(TEXTS)))
        assert max(map(len, batches)) == (1 if policy == "strict" else 4)


def test_a_batch_with_too_many_logits_is_divided(
    engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = engine(policy="fast", size=4)
    whole = asked(fast, TEXTS)
    monkeypatch.setattr(foreseen, "MOST_LOGITS", 2 * 34 * 320)
    divided = asked(fast, TEXTS)
    assert {each.batch.rows for each in whole} == {0, 1, 4}
    assert max(each.batch.rows for each in divided if len(each.logprobs) > 30) == 2
    for one, other in zip(whole, divided, strict=True):
        assert np.allclose(one.logprobs, other.logprobs, atol=1e-4)


@pytest.mark.parametrize(
    ("ids", "words"),
    [([1, 400], "expected token ids below 320"), ([1] * 513, "at most 512 tokens")],
)
def test_texts_that_the_model_cannot_be_given_are_refused(
    engine: OpenEngine, ids: list[int], words: str
) -> None:
    with pytest.raises(EngineUnavailable, match=words):
        list(engine().likelihoods([[1, 2], ids]))


class _Server:
    """Stands in for a server, which gives no log-probabilities of given texts."""

    capabilities = Capabilities(False, False, False, False, "none", ("fast",))

    def describe(self) -> dict[str, object]:
        return {"family": "server"}


def test_an_engine_that_gives_none_is_refused() -> None:
    with pytest.raises(EngineUnavailable, match=r"found server; plan the checks with one of these"):
        measuring(_Server())  # type: ignore[arg-type]
