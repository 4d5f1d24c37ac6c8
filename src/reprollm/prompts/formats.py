"""Which engines read which weights: a plan that no engine could carry out is refused as a plan."""

from __future__ import annotations

from reprollm.errors import EngineUnavailable
from reprollm.snapshot.lock import Lock


def check_format(lock: Lock, family: str) -> None:
    """Check that the engine family can read the format of the model's weights.

    Args:
        lock: the model's; a name that a server claims has no weights here.
        family: the engine that the experiment asks for.

    Raises:
        EngineUnavailable: GGUF for transformers, or safetensors for llama.cpp.
    """
    if lock.claim is not None:
        return
    if lock.gguf is not None and family == "transformers":
        raise EngineUnavailable(
            f"expected safetensors for transformers, found the GGUF model {lock.name!a:.80}; "
            "write `family: llamacpp` under `engine`, or pin the model's original files"
        )
    if lock.gguf is None and family == "llamacpp":
        raise EngineUnavailable(
            f"expected a GGUF model for llama.cpp, found safetensors in {lock.name!a:.80}; make "
            "one with 'reprollm model convert', or write another `family` under `engine`"
        )
