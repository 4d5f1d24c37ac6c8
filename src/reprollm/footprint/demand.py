"""What is asked of a model, and what its lock says of its sizes."""

from __future__ import annotations

from dataclasses import dataclass

from reprollm.errors import InvalidInput
from reprollm.snapshot.facts import Facts
from reprollm.snapshot.shape import Shape

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""Bytes of a number in each dtype that an experiment can ask for."""


@dataclass(frozen=True)
class Demand:
    """What is asked.

    Attributes:
        context: tokens of the longest request, prompt and answer together.
        batch: requests that are answered at once.
        dtype: in what the model computes; for llama.cpp the dtype of the KV cache.
    """

    context: int
    batch: int
    dtype: str

    @property
    def number(self) -> int:
        """Bytes of one number."""
        return BYTES[self.dtype]


@dataclass(frozen=True)
class Sizes:
    """The sizes that memory follows from, none of them unknown.

    Attributes:
        layers, hidden, heads, kv_heads, head_dim, vocabulary, width: numbers of elements; `width`
            is that of the perceptrons.
        shape: the rest, as the configuration says it.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    width: int
    shape: Shape


def sizes(facts: Facts, name: str) -> Sizes:
    """Return the sizes of a model.

    Raises:
        InvalidInput: the lock does not say one of them.
    """
    needed = {
        "layers": facts.layers,
        "hidden_size": facts.hidden_size,
        "heads": facts.heads,
        "vocab_size": facts.vocab_size,
    }
    missing = [field for field, value in needed.items() if value is None]
    if missing or not (facts.layers and facts.hidden_size and facts.heads and facts.vocab_size):
        raise InvalidInput(
            f"expected the model's {', '.join(missing)} in the lock of {name} to compute what "
            "memory it needs, found nothing; its files do not say it"
        )
    shape = facts.shape or Shape()
    return Sizes(
        layers=facts.layers,
        hidden=facts.hidden_size,
        heads=facts.heads,
        kv_heads=facts.kv_heads or facts.heads,
        head_dim=facts.head_dim or facts.hidden_size // facts.heads,
        vocabulary=facts.vocab_size,
        # The usual width where a configuration leaves it to the architecture (BLOOM, Falcon).
        width=shape.intermediate_size or 4 * facts.hidden_size,
        shape=shape,
    )
