"""Models of one part, as tests of planning and answering need them."""

from __future__ import annotations

from pathlib import Path

from reprollm.snapshot.lock import Lock
from reprollm.snapshot.model import LocatedModel, Model, Part


def alone(lock: Lock, file: Path = Path("model.lock.json")) -> Model:
    """Return the model that a lock pins, without adapters."""
    return Model(lock, (Part("base", lock, file),))


def at(folder: Path) -> LocatedModel:
    """Return where a model of one part lies, as if it had just been checked."""
    return LocatedModel((folder,), "full")
