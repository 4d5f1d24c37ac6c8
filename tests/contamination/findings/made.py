"""Material for findings, made of values: what a measurement would have left in a ledger."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from reprollm.contamination.material import Continued, Found, ItemScore, Material, Measured
from screening.archive import items

SCREENING: dict[str, Any] = {
    "reference": "ab" * 32,
    "references": 60,
    "scores": ["loss", "zlib", "min_k_20", "min_k_pp_20"],
    "guard": {"permutations": 39, "seed": "1"},
    "date": None,
    "dates": None,
}
CORE: dict[str, Any] = {
    "schema": "reprollm/examination/1",
    "plan": "bb" * 32,
    "snapshot": "cc" * 32,
    "tokenizer": "dd" * 32,
    "engine": {"family": "transformers"},
    "data": {"sha256": "ee" * 32, "items": 60},
    "family": None,
    "primary": None,
    "checks": {"screening": SCREENING},
    "texts": 120,
    "texts_digest": "ff" * 32,
}


def measured(
    name: str, index: int, subject: str, text: str, logprobs: Sequence[float], variant: int = 0
) -> Measured:
    """Return one measured text, whose steps all have the mean -3 and the deviation 1.5."""
    content = text.encode()
    steps = len(logprobs)
    return Measured(
        index=index,
        set=name,
        subject=subject,
        variant=variant,
        tokens=steps,
        bytes=len(content),
        zlib=len(zlib.compress(content, 6)),
        sealed=None,
        logprobs=tuple(logprobs),
        means=(-3.0,) * steps,
        deviations=(1.5,) * steps,
        text=text,
        text_ids=tuple(range(steps)),
    )


def screened(
    seed: int = 1, lift: float = 0.0, suspects: Sequence[str] | None = None, n: int = 60
) -> Material:
    """Return material of n suspects and n references; `lift` is what a leak adds to each step."""
    draw = random.Random(seed)
    texts = [*(suspects or items(draw, n)), *items(draw, n)]
    likelihoods = []
    for index, text in enumerate(texts):
        is_suspect = index < n
        added = lift if is_suspect else 0.0
        steps = [min(0.0, added + draw.gauss(-3, 1.5)) for _ in text.split()]
        name = "suspect" if is_suspect else "reference"
        likelihoods.append(measured(name, index, f"{name[0]}{index % n}", text, steps))
    core = {**CORE, "data": {"sha256": "ee" * 32, "items": n}, "texts": 2 * n}
    return Material(
        "aa" * 32,
        "bb" * 32,
        core,
        tuple(likelihoods),
        items=tuple(f"s{place}" for place in range(n)),
    )


def declaring(material: Material, **core: Any) -> Material:
    """Return the material with other fields of its core."""
    return replace(material, core={**material.core, **core})


def with_scores(material: Material, values: Sequence[float]) -> Material:
    """Return the material with one score of each item's answer."""
    scores = (
        ItemScore("exact_match", "greedy", item, value)
        for item, value in zip(material.items, values, strict=True)
    )
    return replace(material, scores=tuple(scores))


def continued(material: Material, *given: tuple[Sequence[int], Sequence[int]]) -> Material:
    """Return the material with continuations: of each item what was expected and what was said."""
    made = (
        Continued(index, f"s{index}", 8, tuple(expected), tuple(output))
        for index, (expected, output) in enumerate(given)
    )
    return replace(material, continuations=tuple(made))


def about(found: Sequence[Found], method: str, subject: str = "*") -> dict[str, Any]:
    """Return the evidence of the one finding of this name."""
    (one,) = (each for each in found if each.method == method and each.subject == subject)
    return one.evidence
