"""What a folder with `adapter_config.json` is: an adapter, trained on top of a base model.

Source: PEFT's configuration (`LoraConfig` and others) and its file `adapter_model.safetensors`. The
base is named by whoever trained; a name is no identity, so that what base it was can only be known
for certain where its lock was given when the adapter was pinned.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reprollm.canon import Json
from reprollm.errors import SnapshotRefused

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"

_PATTERNS = (
    "rank_pattern",
    "alpha_pattern",
    "layer_replication",
    "trainable_token_indices",
    "target_parameters",
    "alora_invocation_tokens",
)


@dataclass(frozen=True)
class Adapter:
    """An adapter as its configuration describes it.

    Attributes:
        type: PEFT's type in lower case, for example `lora`.
        rank: rank of the two matrices of a LoRA, None for other types.
        alpha: what the product is multiplied by, over the rank, as a decimal string.
        targets: the modules that it changes; one text is a regular expression or `all-linear`.
        base_model: name or path of the base that it was trained on, or None.
        base_revision: the revision of that name, or None.
        variants: what differs from a plain LoRA: `dora`, `rslora`, a bias, per-module ranks, ….
        saved_modules: modules that it replaces whole.
        tool_version: the version of PEFT that wrote it, or None.
        declared: the whole configuration as JSON text with sorted keys.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    type: str
    rank: int | None
    alpha: str | None
    targets: tuple[str, ...]
    base_model: str | None
    base_revision: str | None
    variants: tuple[str, ...]
    saved_modules: tuple[str, ...]
    tool_version: str | None
    declared: str

    def to_record(self) -> dict[str, Json]:
        """Return the adapter as canonical JSON."""
        return {
            "type": self.type,
            "rank": self.rank,
            "alpha": self.alpha,
            "targets": list(self.targets),
            "base_model": self.base_model,
            "base_revision": self.base_revision,
            "variants": list(self.variants),
            "saved_modules": list(self.saved_modules),
            "tool_version": self.tool_version,
            "declared": self.declared,
        }


def read_adapter(config: Mapping[str, Any] | None) -> Adapter | None:
    """Return what `adapter_config.json` says; None where there is no such file.

    Raises:
        SnapshotRefused: it names no type, or its rank is no positive number.
    """
    if config is None:
        return None
    kind, rank = config.get("peft_type"), config.get("r")
    if not isinstance(kind, str) or not kind:
        raise SnapshotRefused(f"expected peft_type in {CONFIG_FILE}, found {kind!a:.40}")
    if rank is not None and (type(rank) is not int or not 0 < rank < 2**20):
        raise SnapshotRefused(f"expected a positive rank r in {CONFIG_FILE}, found {rank!a:.40}")
    return Adapter(
        type=kind.lower(),
        rank=rank,
        alpha=_number(config.get("lora_alpha")),
        targets=_texts(config.get("target_modules")),
        base_model=_text(config.get("base_model_name_or_path")),
        base_revision=_text(config.get("revision")),
        variants=_variants(config),
        saved_modules=_texts(config.get("modules_to_save")),
        tool_version=_text(config.get("peft_version")),
        declared=json.dumps(config, sort_keys=True, ensure_ascii=False),
    )


def _variants(config: Mapping[str, Any]) -> tuple[str, ...]:
    flags = ("use_dora", "use_rslora", "use_qalora", "use_bdlora", "lora_bias", "fan_in_fan_out")
    found = [name.removeprefix("use_") for name in flags if config.get(name) is True]
    found += [name for name in _PATTERNS if config.get(name)]
    start = config.get("init_lora_weights")
    if isinstance(start, str):
        found.append(f"init_{start}")
    if config.get("bias") not in (None, "none"):
        found.append("bias")
    return tuple(sorted(found))


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(sorted(item for item in value or () if isinstance(item, str)))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if value == int(value) else str(value)
