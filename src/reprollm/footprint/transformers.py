"""transformers, as the engine here uses it: left-padded batches, a cache that grows.

Under the strict policy prompts are padded to the next multiple of a bucket, a padding row stands
beside the requests, and the host is probed with many short rows before. glibc keeps blocks below 32
MiB for reuse (`mallopt`, `M_MMAP_THRESHOLD`), in pieces that the next size does not fit into: on a
CPU a prompt's activations then take more than what is alive. The two factors are measured. What
joining and probing a mixture of experts left of the kind is given back before the first request
(`reprollm.engines.loading_memory`).

While a prompt is read, a local layer's cache is a view into the keys of the whole prompt, which
stay: sliding windows save nothing before the first token is generated (`DynamicSlidingWindowLayer`
of transformers 5.23).
"""

from __future__ import annotations

from reprollm.footprint import activations, cache, weights
from reprollm.footprint.demand import Demand
from reprollm.footprint.estimate import Estimate, Model, Part

PROCESS = 380_000_000
"""A process with torch 2.13, transformers 5.23 and this package, after its first batch (CPU)."""

JOINED_PROCESS = 412_000_000
"""The same with a mixture of experts loaded, probed, and freed memory given back, without its
weights: 283 MB anonymous, the same in every start, and 129 MB of libraries."""

CUDA = 700_000_000
"""CUDA's context and the libraries' kernels and workspaces, as documented; not measured here."""

BUCKET, LEAST_ROWS, PROBED_ROWS = 32, 4, 33
_RETURNED = 32 * 2**20
_SMALL_BLOCKS, _LARGE_BLOCKS, _CUDA_BLOCKS = 2.4, 1.3, 1.1


def transformers(model: Model, demand: Demand) -> list[Estimate]:
    """Return what transformers needs on a CPU and on a GPU."""
    facts, sizes = model.facts, model.sizes
    routed = sizes.shape.experts is not None
    rows = 1 if routed else max(LEAST_ROWS, demand.batch + 1)
    tokens = (demand.context // BUCKET + 1) * BUCKET
    found = cache.layers(sizes, facts.model_type)
    kv = cache.cache_bytes(sizes, found, tokens, tokens, rows, demand.number)
    probed = max(PROBED_ROWS, demand.batch + 1)
    alive = max(
        activations.prefill_bytes(sizes, facts.model_type, rows, tokens, demand.number),
        activations.prefill_bytes(sizes, facts.model_type, probed, BUCKET, demand.number),
        activations.logits_bytes(sizes, rows),
    )
    block = rows * tokens * sizes.hidden * demand.number
    factor = _SMALL_BLOCKS if block < _RETURNED else _LARGE_BLOCKS
    loaded = Part("weights", weights.loaded_bytes(facts, demand.dtype, unpacks=True))
    note = f"{rows} rows of {tokens:,} tokens; while it loads, the files' pages count besides"
    on_cpu = (
        loaded,
        Part("KV cache", kv),
        Part("activations", int(alive * factor)),
        Part("process", JOINED_PROCESS if routed else PROCESS),
    )
    on_gpu = (
        loaded,
        Part("KV cache", kv),
        Part("activations", int(alive * _CUDA_BLOCKS)),
        Part("process", CUDA),
    )
    return [
        Estimate("transformers", "cpu", on_cpu, 100, "measured", note),
        Estimate("transformers", "gpu", on_gpu, 100, "formula", note),
    ]
