"""One module for each kind of server: what it says and wants beyond the common protocol."""

from __future__ import annotations

from reprollm.engines.server.dialect import Dialect
from reprollm.engines.server.dialects.koboldcpp import Koboldcpp
from reprollm.engines.server.dialects.llama_server import LlamaServer
from reprollm.engines.server.dialects.lmstudio import LmStudio
from reprollm.engines.server.dialects.mistralrs import MistralRs
from reprollm.engines.server.dialects.ollama import Ollama
from reprollm.engines.server.dialects.openai import OpenAi
from reprollm.engines.server.dialects.openwebui import OpenWebui
from reprollm.engines.server.dialects.sglang import Sglang
from reprollm.engines.server.dialects.tabbyapi import TabbyApi
from reprollm.engines.server.dialects.text_generation_webui import TextGenerationWebui
from reprollm.engines.server.dialects.tgi import Tgi
from reprollm.engines.server.dialects.transformers_serve import TransformersServe
from reprollm.engines.server.dialects.vllm import Vllm

__all__ = ["DIALECTS", "dialect_of"]

DIALECTS: tuple[Dialect, ...] = (
    Koboldcpp(),
    TabbyApi(),
    LmStudio(),
    OpenWebui(),
    Tgi(),
    TextGenerationWebui(),
    Sglang(),
    Vllm(),
    LlamaServer(),
    Ollama(),
    MistralRs(),
    TransformersServe(),
    OpenAi(),
)
"""All kinds, those that answer for others before those that they answer for."""


def dialect_of(kind: str) -> Dialect:
    """Return the dialect of a kind, one of `experiment.engine.SERVER_KINDS`."""
    return next(dialect for dialect in DIALECTS if dialect.kind == kind)
