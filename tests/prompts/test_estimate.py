"""What a plan will cost."""

from __future__ import annotations

from dataclasses import replace

from reprollm.experiment.engine import EngineSettings
from reprollm.prompts.estimate import estimate
from reprollm.prompts.plan import Plan
from reprollm.prompts.requests import Identity, Prompt, Sampling, expand
from reprollm.prompts.settings import Settings
from reprollm.snapshot.facts import Facts

FACTS = Facts(parameters=1000, layers=3, kv_heads=2, head_dim=8, context_length=100)


def plan(lengths: list[int], dtype: str = "float32", batch: int = 4) -> Plan:
    prompts = [Prompt(str(i), None, "x", (1,) * n, "", None, ()) for i, n in enumerate(lengths)]
    samplings = [
        Sampling("short", Settings("0", 0, "1", 5, (), ()), ("0",)),
        Sampling("long", Settings("1", 0, "1", 20, (), ()), ("1", "2")),
    ]
    rows = tuple(expand(prompts, samplings, 1, Identity("a", "b", "transformers", dtype)))
    engine = EngineSettings("transformers", dtype, "cpu", "strict", batch)
    return Plan("p", "name", {}, engine, rows, len(prompts), 2)


def test_tokens_are_counted_by_sampling() -> None:
    costs = estimate(plan([10, 30]), FACTS)
    assert [
        (c.sampling, c.requests, c.prompt_tokens, c.answer_tokens) for c in costs.samplings
    ] == [
        ("short", 2, 40, 10),
        ("long", 4, 80, 80),
    ]
    assert (costs.longest_prompt, costs.longest_sequence, costs.context) == (30, 50, 100)


def test_items_with_equal_prompts_are_asked_once() -> None:
    costs = estimate(plan([10, 10, 30]), FACTS)
    assert (costs.items, costs.requests, costs.distinct) == (3, 9, 6)


def test_memory_follows_the_dtype_and_the_batch() -> None:
    costs = estimate(plan([30]), FACTS)
    assert costs.weights_bytes == 4000
    assert costs.cache_bytes == 2 * 3 * 2 * 8 * (50 * 4) * 4
    half = estimate(plan([30], "bfloat16", batch=8), FACTS)
    assert (half.weights_bytes, half.cache_bytes) == (2000, costs.cache_bytes)


def test_an_architecture_that_does_not_say_leaves_the_cache_unknown() -> None:
    assert estimate(plan([30]), replace(FACTS, kv_heads=None)).cache_bytes is None
