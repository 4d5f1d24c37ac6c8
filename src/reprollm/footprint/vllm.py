"""vLLM: a cache that is allotted in advance, in blocks, from what the weights leave.

On a GPU vLLM takes the part `gpu_memory_utilization` of the whole memory, whatever it needs, and
gives the cache what is left; a model fits where weights, one step's activations and the cache of
the requests fit into that part. On a CPU the cache is allotted whole when the engine is opened
(`VLLM_CPU_KVCACHE_SPACE`, whole GiB). One step reads at most `max_num_batched_tokens` tokens.
"""

from __future__ import annotations

from reprollm.footprint import activations, cache, weights
from reprollm.footprint.demand import Demand
from reprollm.footprint.estimate import Estimate, Model, Part

BLOCK = 16
STEP_TOKENS = 8192
UTILIZATION = 90
PROCESS = 900_000_000
"""A process with vLLM 0.32 on a CPU, the engine's own buffers among them (measured)."""

CUDA = 1_500_000_000
"""CUDA's context, workspaces and captured graphs, as documented; not measured here."""


def vllm(model: Model, demand: Demand) -> list[Estimate]:
    """Return what vLLM needs on a CPU and on a GPU."""
    facts, sizes = model.facts, model.sizes
    tokens = -(-demand.context // BLOCK) * BLOCK
    found = cache.layers(sizes, facts.model_type)
    kv = cache.cache_bytes(
        sizes, found, tokens, found.window + STEP_TOKENS, demand.batch, demand.number
    )
    step = min(demand.batch * demand.context, STEP_TOKENS)
    alive = activations.token_elements(sizes) * demand.number * step
    alive = max(alive, demand.batch * sizes.vocabulary * 12)
    loaded = Part("weights", weights.loaded_bytes(facts, demand.dtype, unpacks=False))
    whole = -(-kv // 2**30) * 2**30
    on_cpu = (
        loaded,
        Part("KV cache", whole),
        Part("activations", alive),
        Part("process", PROCESS),
    )
    on_gpu = (
        loaded,
        Part("KV cache", kv),
        Part("activations", alive),
        Part("process", CUDA),
    )
    cpu_note = "the cache is allotted in whole GiB when the engine is opened"
    gpu_note = f"vLLM takes {UTILIZATION} % of the GPU whatever it needs, the rest of it as cache"
    return [
        Estimate("vllm", "cpu", on_cpu, 100, "measured", cpu_note),
        Estimate("vllm", "gpu", on_gpu, UTILIZATION, "formula", gpu_note),
    ]
