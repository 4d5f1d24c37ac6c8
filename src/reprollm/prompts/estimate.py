"""What a plan will cost: requests, tokens, and the memory that its model needs.

Memory is estimated in bytes: the weights in the dtype of computation (of llama.cpp and servers, as
the files store them), and the keys and values of the largest batch at the longest prompt and answer
(2 x layers x key-value heads x head size x tokens x bytes of the dtype; multi-query and
grouped-query attention have fewer key-value heads, Ainslie et al. 2023, arXiv:2305.13245).
Activations and the engine itself come on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from reprollm.canon import Json
from reprollm.prompts.plan import Plan
from reprollm.prompts.requests import Planned
from reprollm.snapshot.facts import Facts

DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "native": 2}
"""Servers, which decide themselves, mostly keep keys and values in 16 bits."""


@dataclass(frozen=True)
class SamplingCount:
    """What one sampling setting adds to the plan."""

    sampling: str
    requests: int
    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True)
class Estimate:
    """What a plan will cost; tokens are counts, memory is in bytes.

    Attributes:
        items: rows of the data file.
        requests: rows of the plan.
        distinct: requests with different ids; items with equal prompts share theirs.
        longest_prompt: tokens of the longest prompt.
        longest_sequence: tokens of the longest prompt with its longest answer.
        context: the model's context length in tokens, if it names one.
        weights_bytes: memory of the weights.
        cache_bytes: memory of keys and values; None where the architecture does not say.
        samplings: the counts of each sampling setting; `answer_tokens` is the most there can be.
    """

    items: int
    requests: int
    distinct: int
    longest_prompt: int
    longest_sequence: int
    context: int | None
    weights_bytes: int
    cache_bytes: int | None
    samplings: tuple[SamplingCount, ...]

    def to_json(self) -> dict[str, Json]:
        """Return the estimate as `--json` prints it."""
        return {
            **asdict(self),
            "samplings": [asdict(sampling) for sampling in self.samplings],
        }


def estimate(plan: Plan, facts: Facts) -> Estimate:
    """Return what `plan` will cost on a model with these facts."""
    width = DTYPE_BYTES[plan.engine.dtype]
    longest = max(len(row.asked.prompt_ids) + row.asked.settings.max_tokens for row in plan.rows)
    return Estimate(
        items=plan.items,
        requests=len(plan.rows),
        distinct=len({row.asked.request for row in plan.rows}),
        longest_prompt=max(len(row.asked.prompt_ids) for row in plan.rows),
        longest_sequence=longest,
        context=facts.context_length,
        weights_bytes=facts.weight_bytes
        if plan.engine.family in ("llamacpp", "server")
        else facts.parameters * width,
        cache_bytes=_cache(facts, longest * plan.engine.batch_size * width),
        samplings=tuple(_counts(plan.rows)),
    )


def _cache(facts: Facts, tokens_times_width: int) -> int | None:
    if facts.layers is None or facts.kv_heads is None or facts.head_dim is None:
        return None
    return 2 * facts.layers * facts.kv_heads * facts.head_dim * tokens_times_width


def _counts(rows: Sequence[Planned]) -> list[SamplingCount]:
    names = dict.fromkeys(row.sampling for row in rows)
    return [_count(name, [row for row in rows if row.sampling == name]) for name in names]


def _count(name: str, rows: Sequence[Planned]) -> SamplingCount:
    return SamplingCount(
        sampling=name,
        requests=len(rows),
        prompt_tokens=sum(len(row.asked.prompt_ids) for row in rows),
        answer_tokens=sum(row.asked.settings.max_tokens for row in rows),
    )
