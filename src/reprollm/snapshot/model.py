"""What an experiment asks: a base snapshot, alone or with adapters applied in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.adapter import WEIGHTS_FILE
from reprollm.snapshot.adapter_fit import Shape, check_base, check_tensors
from reprollm.snapshot.check import How, Mode
from reprollm.snapshot.chunks import Progress
from reprollm.snapshot.compose import compose
from reprollm.snapshot.locate import locate
from reprollm.snapshot.lock import Lock, load_lock
from reprollm.snapshot.quantization import Check
from reprollm.snapshot.safetensors import Tensor, read_header


@dataclass(frozen=True)
class Part:
    """One snapshot of a model: its lock, the lock's file, and, of an adapter, its scale.

    `role` is `base` or `adapter`; the scale is a decimal string.
    """

    role: str
    lock: Lock
    file: Path
    scale: str = "1"


@dataclass(frozen=True)
class Model:
    """A base and adapters.

    Attributes:
        lock: the whole: the base's own lock where it is alone, else the composition.
        parts: the base first, then the adapters as they are applied.
    """

    lock: Lock
    parts: tuple[Part, ...]

    @property
    def base(self) -> Part:
        """The base snapshot."""
        return self.parts[0]

    @property
    def adapters(self) -> tuple[Part, ...]:
        """The adapters in the order in which they are applied."""
        return self.parts[1:]

    def fits(self) -> tuple[Check, ...]:
        """Return what is known of each adapter's base, in their order.

        Raises:
            SnapshotRefused: one is no adapter, or was trained on another base.
        """
        return tuple(check_base(self.base.lock, part.lock) for part in self.adapters)

    @property
    def total_bytes(self) -> int:
        """Size of all files together."""
        return sum(part.lock.total_bytes for part in self.parts)


@dataclass(frozen=True)
class LocatedModel:
    """The folders of a model's parts, in their order, and the weakest way any was checked.

    A model whose weights are not on this machine (a name that a server claims) has no folders.
    `gguf` is the base's GGUF file, of a split one the first part, else None.
    """

    folders: tuple[Path, ...]
    how: How
    gguf: Path | None = None


def load_model(lock_file: Path, adapters: Sequence[tuple[Path, str]] = ()) -> Model:
    """Return the model of a base's lock file and adapters' lock files with their scales.

    Raises:
        InvalidInput: see `reprollm.snapshot.lock.load_lock`.
        SnapshotRefused: likewise, and see `Model.fits`.
    """
    base = Part("base", load_lock(lock_file), lock_file)
    if base.lock.facts.adapter is not None:
        raise SnapshotRefused(
            f"expected a whole model in {lock_file}, found the adapter {base.lock.name!a:.80}; "
            "name its base as the model and the adapter under adapters"
        )
    applied = tuple(Part("adapter", load_lock(file), file, scale) for file, scale in adapters)
    if not applied:
        return Model(base.lock, (base,))
    whole = compose(base.lock, [(part.lock, part.scale) for part in applied])
    model = Model(whole, (base, *applied))
    model.fits()
    return model


def locate_model(
    model: Model,
    *,
    mode: Mode = "auto",
    run: str = "",
    progress: Progress | None = None,
) -> LocatedModel:
    """Find and check the folder of every part; see `reprollm.snapshot.locate.locate`.

    Raises:
        SnapshotChanged, SnapshotNotFound: a part differs or is nowhere on this machine.
        SnapshotRefused: an adapter's tensors do not fit the base's.
    """
    if model.lock.claim is not None:
        return LocatedModel((), "full")
    found = [
        locate(part.lock, beside=part.file, mode=mode, run=run, progress=progress)
        for part in model.parts
    ]
    how: How = "full" if all(place.how == "full" for place in found) else "stat"
    folders = tuple(place.folder for place in found)
    _check_shapes(model, folders)
    file = model.base.lock.gguf_file
    return LocatedModel(folders, how, folders[0] / file if file else None)


def _check_shapes(model: Model, folders: Sequence[Path]) -> None:
    """Compare the adapters' tensors with those of a base that stores its weights plain."""
    base = model.base.lock
    if not model.adapters or base.gguf is not None or base.facts.logical_parameters is not None:
        return
    plain = {tensor.name: tensor.shape for tensor in _tensors(base, folders[0])}

    def find(module: str) -> Shape | None:
        shape = plain.get(f"{module}.weight", ())
        return (shape[0], shape[1]) if len(shape) == 2 else None

    for part, folder in zip(model.adapters, folders[1:], strict=True):
        if (folder / WEIGHTS_FILE).exists():
            check_tensors(part.lock, _tensors(part.lock, folder), find, complete=False)


def _tensors(lock: Lock, folder: Path) -> list[Tensor]:
    return [
        tensor
        for file in lock.files
        if file.path.endswith(".safetensors")
        for tensor in read_header(folder / file.path, file.size, file.path)
    ]
