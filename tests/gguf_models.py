"""Tiny models as GGUF files, as `reprollm model convert` writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model_parts import alone
from reprollm.engines.llamacpp import LlamaCppEngine, open_engine
from reprollm.experiment.engine import EngineSettings
from reprollm.llamacpp.convert import convert
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model
from reprollm.snapshot.pin import pin

CONTEXT = 256


@dataclass(frozen=True)
class Converted:
    """A safetensors snapshot and the GGUF file made from it."""

    source: Path
    file: Path
    lock: Lock

    @property
    def model(self) -> Model:
        return alone(self.lock)

    @property
    def located(self) -> LocatedModel:
        return LocatedModel((self.file.parent,), "full", self.file)

    def open(
        self,
        policy: str = "strict",
        size: int = 4,
        dtype: str = "float32",
        **more: object,
    ) -> LlamaCppEngine:
        settings = EngineSettings("llamacpp", dtype, "cpu", policy, size)
        fields = {**vars(settings), "context": CONTEXT, **more}
        return open_engine(self.located, self.model, EngineSettings(**fields))


def converted(source: Path, kind: str = "f32") -> Converted:
    """Convert a snapshot and pin what came; the file lies beside the snapshot's folder."""
    file = source.with_name(f"{source.name}-{kind}.gguf")
    convert(source, pin(source), file, kind)
    return Converted(source, file, pin(file))
