"""The vLLM engine: in this process, prompts as token ids, a seed for each request.

`variables` is what is set before vLLM is imported, `loading` the model in memory, `sampling` what
is asked of it, `stream` requests in flight, `invariance` whether they may be answered together, and
`engine` the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reprollm.engines.vllm.engine import VllmEngine
    from reprollm.experiment.engine import EngineSettings
    from reprollm.snapshot.model import LocatedModel, Model


def open_engine(located: LocatedModel, model: Model, settings: EngineSettings) -> VllmEngine:
    """Return the engine on a located model; see `reprollm.engines.registry.open_engine`."""
    from reprollm.engines.adapting import adapters_of
    from reprollm.engines.vllm.engine import VllmEngine

    return VllmEngine(located.folders[0], settings, adapters_of(located, model))
