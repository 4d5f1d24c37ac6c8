"""What the configuration says of a model's inner sizes: what its memory follows from.

Names are those of transformers' configurations. What a configuration leaves out is None: a default
that a library would fill in is no fact of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from reprollm.canon import Json
from reprollm.errors import SnapshotRefused

MOST_LAYERS = 10_000
MOST_SIZE = 2**31


@dataclass(frozen=True)
class Shape:
    """A decoder's inner sizes.

    Attributes:
        intermediate_size: width of the perceptrons.
        sliding_window: tokens that local layers see; None where every layer sees all.
        sliding_window_pattern: every so many-th layer is global, where `layer_types` is not said.
        layer_types: each layer's kind of attention, in order.
        kv_lora_rank: width of the latent from which keys and values are expanded (DeepSeek's MLA).
        qk_rope_head_dim, qk_nope_head_dim: parts of a query's head with and without rotation.
        v_head_dim: width of a head of values where it is not that of keys.
        experts, experts_per_token: routed experts of a layer, and how many see a token.
        expert_size: width of one expert's perceptron, where it is not `intermediate_size`.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    intermediate_size: int | None = None
    sliding_window: int | None = None
    sliding_window_pattern: int | None = None
    layer_types: tuple[str, ...] = ()
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None
    qk_nope_head_dim: int | None = None
    v_head_dim: int | None = None
    experts: int | None = None
    experts_per_token: int | None = None
    expert_size: int | None = None

    def to_record(self) -> dict[str, Json]:
        """Return what is said as canonical JSON; what is not said is left out."""
        values = asdict(self) | {"layer_types": list(self.layer_types)}
        return {name: value for name, value in values.items() if value}


def read_shape(values: Mapping[str, Any]) -> Shape | None:
    """Return the inner sizes that a text model's configuration names, None where it names none.

    Raises:
        SnapshotRefused: a size is no positive number, or larger than any model's.
    """
    shape = Shape(
        intermediate_size=_size(values, "intermediate_size", "n_inner", "ffn_hidden_size"),
        sliding_window=_window(values),
        sliding_window_pattern=_size(values, "sliding_window_pattern", "_sliding_window_pattern"),
        layer_types=_layer_types(values.get("layer_types")),
        kv_lora_rank=_size(values, "kv_lora_rank"),
        qk_rope_head_dim=_size(values, "qk_rope_head_dim"),
        qk_nope_head_dim=_size(values, "qk_nope_head_dim"),
        v_head_dim=_size(values, "v_head_dim"),
        experts=_size(values, "num_local_experts", "n_routed_experts", "num_experts"),
        experts_per_token=_size(values, "num_experts_per_tok", "num_experts_per_token"),
        expert_size=_size(values, "moe_intermediate_size"),
    )
    return shape if shape != Shape() else None


def _window(values: Mapping[str, Any]) -> int | None:
    if values.get("use_sliding_window") is False:
        return None
    return _size(values, "sliding_window")


def _layer_types(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    known = isinstance(value, list) and len(value) <= MOST_LAYERS
    if not known or not all(isinstance(kind, str) and len(kind) < 64 for kind in value):
        raise SnapshotRefused(
            f"expected a list of at most {MOST_LAYERS} names for layer_types in config.json, "
            f"found {value!a:.60}"
        )
    return tuple(value)


def _size(values: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = values.get(name)
        if value is None or value is False or value == 0:
            continue
        if isinstance(value, list) and value and all(type(item) is int for item in value):
            value = max(value)
        if type(value) is not int or not 0 < value < MOST_SIZE:
            raise SnapshotRefused(
                f"expected a number from 1 to {MOST_SIZE - 1} for {name} in config.json, found "
                f"{value!a:.40}"
            )
        return value
    return None
