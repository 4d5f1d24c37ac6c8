"""Which families of models are written as GGUF here, and how their tensors are named and laid out.

Only those whose answers are tested against transformers' token by token. The names are those of the
`gguf` package, which belongs to llama.cpp. llama.cpp turns queries and keys of the Llama family in
neighbouring pairs where transformers turns halves, so rows of their projections change places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from reprollm.errors import EngineUnavailable, InvalidInput

Values: TypeAlias = "NDArray[np.float32]"

OTHER_WAY = (
    "llama.cpp's convert_hf_to_gguf.py may know it: convert with that, then pin the file with "
    "'reprollm model pin FILE.gguf --derived-from LOCK --tool convert_hf_to_gguf.py "
    "--tool-version COMMIT'"
)


@dataclass(frozen=True)
class Family:
    """A family of models.

    Attributes:
        architecture: llama.cpp's name.
        swaps: whether rows of queries and keys change places.
    """

    architecture: str
    swaps: bool


FAMILIES = {
    "LlamaForCausalLM": Family("llama", True),
    "MistralForCausalLM": Family("llama", True),
    "Qwen2ForCausalLM": Family("qwen2", False),
    "Qwen3ForCausalLM": Family("qwen3", False),
}
"""By the first of `architectures` in `config.json`."""


def family(config: Mapping[str, Any]) -> Family:
    """Return the family of a model; raise `InvalidInput` for one that is not written here."""
    listed = config.get("architectures")
    name = listed[0] if isinstance(listed, list) and listed else None
    if not isinstance(name, str) or name not in FAMILIES:
        raise InvalidInput(
            f"expected a model of {', '.join(FAMILIES)} to convert, found {name!a:.60}; {OTHER_WAY}"
        )
    for key, allowed in _DEMANDS.items():
        if config.get(key, allowed[0]) not in allowed:
            raise InvalidInput(
                f"expected {key} {allowed[0]} in config.json to convert, found "
                f"{config[key]!a:.40}; {OTHER_WAY}"
            )
    return FAMILIES[name]


_DEMANDS: Mapping[str, tuple[Any, ...]] = {
    "hidden_act": ("silu",),
    "attention_bias": (False, None),
    "mlp_bias": (False, None),
    "sliding_window": (None,),
    "partial_rotary_factor": (None, 1.0, 1),
}


def names(architecture: str, layers: int) -> Callable[[str], str | None]:
    """Return a function from transformers' tensor names to llama.cpp's, None for unknown ones.

    Raises:
        EngineUnavailable: the gguf package is not installed, or does not know the architecture.
    """
    gguf = gguf_package()
    known = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}
    if architecture not in known:
        raise EngineUnavailable(
            f"expected an architecture that gguf {gguf_version()} knows, found {architecture!a:.60}"
        )
    table = gguf.get_tensor_name_map(known[architecture], layers)

    def name(tensor: str) -> str | None:
        found: str | None = table.get_name(tensor, try_suffixes=(".weight", ".bias"))
        return found

    return name


def swapped(values: Values, heads: int) -> Values:
    """Return rows of a projection of queries or keys as llama.cpp turns them.

    Args:
        values: shape (heads * size,) or (heads * size, columns), `size` even.
        heads: how many heads the rows belong to.
    """
    halves = values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)


def swap_heads(tensor: str, heads: int, kv_heads: int) -> int | None:
    """Return how many heads a tensor's rows belong to if they change places, else None.

    Args:
        tensor: transformers' name.
        heads: how many heads of queries.
        kv_heads: how many heads of keys.
    """
    if ".self_attn.q_proj." in tensor:
        return heads
    return kv_heads if ".self_attn.k_proj." in tensor else None


def gguf_package() -> Any:
    """Return the gguf package; raise `EngineUnavailable` where it is not installed."""
    try:
        import gguf
    except ImportError:
        raise EngineUnavailable(
            "expected the gguf package to write GGUF files, found it not installed; "
            "install it with: pip install 'reprollm[llamacpp]'"
        ) from None
    return gguf


def gguf_version() -> str:
    """Return the version of the installed gguf package."""
    from importlib.metadata import version

    return version("gguf")
