"""llama.cpp: weights mapped from the GGUF file, one cache and one compute buffer, allotted at once.

Measured on xllamacpp 2026.10.11549: the cache holds whole grains of 256 cells for each slot; the
compute buffer is one micro-batch of 512 tokens in float32, with the perceptron's two factors and
the hidden state, and without fused attention the scores of every head over all cells and the mask.
Local layers keep their window and one micro-batch.
"""

from __future__ import annotations

from reprollm.footprint import cache
from reprollm.footprint.demand import Demand
from reprollm.footprint.estimate import Estimate, Model, Part

GRAIN, MICRO_BATCH, FLOAT = 256, 512, 4
PROCESS = 65_000_000
"""A process with xllamacpp and its server, without weights, cache and compute buffer (CPU)."""

CUDA = 500_000_000
"""CUDA's context and workspaces, as documented; not measured here."""


def llamacpp(model: Model, demand: Demand) -> list[Estimate]:
    """Return what llama.cpp needs on a CPU and on a GPU."""
    facts, sizes = model.facts, model.sizes
    cells = (demand.context // GRAIN + 1) * GRAIN
    found = cache.layers(sizes, facts.model_type)
    kept = -(-(found.window + MICRO_BATCH) // GRAIN) * GRAIN
    kv = cache.cache_bytes(sizes, found, cells, kept, demand.batch, demand.number)
    if model.gguf:
        stored, note = facts.weight_bytes, "weights as the GGUF file stores them"
    else:
        stored = (facts.logical_parameters or facts.parameters) * 2
        note = "weights as a GGUF file of 16 bits would store them ('reprollm model convert')"
    width = 2 * sizes.width
    if sizes.shape.experts:
        width = (sizes.shape.experts_per_token or 1) * 2 * (sizes.shape.expert_size or sizes.width)
    compute = MICRO_BATCH * FLOAT * ((sizes.heads + 1) * cells + width + sizes.hidden)
    parts = (Part("weights", stored), Part("KV cache", kv), Part("compute buffer", compute))
    return [
        Estimate("llamacpp", "cpu", (*parts, Part("process", PROCESS)), 100, "measured", note),
        Estimate("llamacpp", "gpu", (*parts, Part("process", CUDA)), 100, "formula", note),
    ]
