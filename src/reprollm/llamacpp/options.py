"""How llama.cpp is started: everything that could change an answer, said explicitly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import Json

BATCH = 2048
MICRO_BATCH = 512
"""Tokens of a prompt that are handed over, and computed, at once (llama.cpp's own defaults)."""

KV_TYPES = ("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl")
QUANTIZED_KV = frozenset(KV_TYPES[3:])

CONTEXT_GRAIN = 256
"""llama.cpp allots context in multiples of this."""


@dataclass(frozen=True)
class Options:
    """What a server is started with.

    Attributes:
        model: the GGUF file, of a split one the first part.
        alias: the name under which it answers.
        context: tokens of context for each slot.
        slots: how many requests are computed at once.
        threads: computing threads.
        kv_type: type of the cache of keys and values, one of `KV_TYPES`.
        gpu_layers: how many layers are computed on an accelerator: 0, or -1 for all.
        adapters: GGUF LoRA files with their scales, in order.
        repack: whether quantized weights may be stored anew in memory for faster kernels.
    """

    model: Path
    alias: str
    context: int
    slots: int = 1
    threads: int = 1
    kv_type: str = "f16"
    gpu_layers: int = 0
    adapters: tuple[tuple[Path, float], ...] = ()
    repack: bool = True

    @property
    def flash_attention(self) -> bool:
        """Whether attention is fused: only where a quantized cache demands it."""
        return self.kv_type in QUANTIZED_KV

    @property
    def slot_context(self) -> int:
        """Tokens of context of a slot: one more than asked for, in whole grains."""
        return (self.context // CONTEXT_GRAIN + 1) * CONTEXT_GRAIN

    def to_json(self) -> dict[str, Json]:
        """Return the numerics as an engine's description holds them."""
        return {
            "context": self.slot_context,
            "slots": self.slots,
            "threads": self.threads,
            "batch": BATCH,
            "micro_batch": MICRO_BATCH,
            "kv_type": self.kv_type,
            "flash_attention": self.flash_attention,
            "gpu_layers": self.gpu_layers,
            "repack": self.repack,
            "load": "mmap",
        }
