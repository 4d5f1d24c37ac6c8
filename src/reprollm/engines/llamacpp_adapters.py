"""Adapters for llama.cpp: files of its own format, made from PEFT's where they are not."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reprollm.canon import Json
from reprollm.llamacpp.lora import write_lora
from reprollm.snapshot.gguf import GgufHeader
from reprollm.snapshot.model import LocatedModel, Model, Part


@dataclass(frozen=True)
class Applied:
    """An adapter as llama.cpp loads it.

    Attributes:
        snapshot: the adapter's snapshot id, hex.
        scale: how strongly it is applied, as a decimal string.
        file: the GGUF file.
        sha256: of that file, hex; it is made from the snapshot by a fixed rule.
    """

    snapshot: str
    scale: str
    file: Path
    sha256: str

    def to_json(self) -> dict[str, Json]:
        """Return the adapter as an engine's description holds it."""
        return {"snapshot": self.snapshot, "scale": self.scale, "gguf_sha256": self.sha256}


@contextmanager
def apply(located: LocatedModel, model: Model, header: GgufHeader) -> Iterator[list[Applied]]:
    """Yield the adapters of a model in their order; files that are made are removed at the end.

    Args:
        located: where the parts lie, in the model's order.
        model: the base and its adapters.
        header: the base's GGUF header.
    """
    with tempfile.TemporaryDirectory(prefix="reprollm-lora-") as folder:
        yield [
            _applied(part, place, header, Path(folder) / f"{number}.gguf")
            for number, (part, place) in enumerate(
                zip(model.adapters, located.folders[1:], strict=True)
            )
        ]


def _applied(part: Part, folder: Path, header: GgufHeader, target: Path) -> Applied:
    own = part.lock.gguf_file
    file = folder / own if own else target
    if own is None:
        write_lora(folder, header, target)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Applied(part.lock.snapshot, part.scale, file, digest)
