"""Why two runs may differ: the differences of what surrounded them, most likely cause first.

Facts are nested JSON; arrays of `{"name": …, "value": …}` (packages, variables) are compared by
name. The order of the causes follows what was seen to change bits and tokens: weights and settings
first, then numeric type and kernels, then libraries, then the rest of the host.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_RANKS = (
    frozenset("snapshot weights tokenizer settings sampling sampler template data".split()),
    frozenset("dtype dtypes quantization batch policy bucket attention cache device".split()),
    frozenset("capability sets processor accelerators gpu driver cuda mkl aten onednn".split()),
    frozenset("torch transformers tokenizers numpy safetensors vllm".split()),
    frozenset("threads omp openblas affinity build libc kernel python code checkout".split()),
)
# What another machine computes differently is no cause of the difference but the difference itself;
# what was measured of an engine does not change what it computes.
_CONSEQUENCES = (
    "engine.probe.reference",
    "engine.invariance.reference",
    "engine.canary",
    "engine.declared",
)
# What was asked, with the time that a template sees; packages may be called so too.
_PROMPT = ("plan.prompt", "prompt.")
_ABSENT = "absent"


@dataclass(frozen=True)
class Cause:
    """One fact that differs between two runs."""

    fact: str
    first: str
    second: str


def causes(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Cause]:
    """Return the facts in which two runs differ, most likely cause first."""
    one, other = dict(_flatten("", first)), dict(_flatten("", second))
    found = [
        Cause(fact, one.get(fact, _ABSENT), other.get(fact, _ABSENT))
        for fact in one.keys() | other.keys()
        if not fact.startswith(_CONSEQUENCES) and one.get(fact, _ABSENT) != other.get(fact, _ABSENT)
    ]
    return sorted(found, key=lambda cause: (_rank(cause.fact), cause.fact))


def _rank(fact: str) -> int:
    if fact.startswith(_PROMPT):
        return 0
    words = set(re.split(r"[^a-z0-9]+", fact.lower()))
    return next((rank for rank, names in enumerate(_RANKS) if words & names), len(_RANKS))


def _flatten(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list) and value and all(_is_named(item) for item in value):
        for item in value:
            rest = {key: part for key, part in item.items() if key != "name"}
            inner = next(iter(rest.values())) if len(rest) == 1 else rest
            yield from _flatten(f"{path}.{item['name']}", inner)
    elif isinstance(value, list) and value:
        yield path, ", ".join(str(item) for item in value)
    elif not isinstance(value, list):
        yield path, str(value)


def _is_named(item: Any) -> bool:
    return isinstance(item, Mapping) and "name" in item
