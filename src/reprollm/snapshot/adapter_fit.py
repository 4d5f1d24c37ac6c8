"""Whether an adapter belongs on a base: by identity, else by name; and by its tensors' shapes.

Where the adapter was pinned together with the base that it was trained on, another base is refused.
Where only names can be compared, what comes of it is said and nothing is refused, for names are
free. Shapes are compared with those of the base's own tensors where the base stores them plain
under the module's name; an engine that renames, fuses or quantizes modules checks the rest itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reprollm.errors import SnapshotRefused
from reprollm.snapshot.adapter import Adapter
from reprollm.snapshot.lock import Lock
from reprollm.snapshot.quantization.checks import Check
from reprollm.snapshot.safetensors import Tensor

Shape: TypeAlias = "tuple[int, int]"
FindModule: TypeAlias = "Callable[[str], Shape | None]"
"""A module's outputs and inputs by its name in the base; None where it is not known."""

_PREFIX = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"
_HARMLESS = ("init_gaussian", "init_orthogonal", "init_eva")


def check_base(base: Lock, adapter: Lock) -> Check:
    """Return what is known of the adapter's base.

    Raises:
        SnapshotRefused: the lock is no adapter's, the base is one, the adapter was trained on
            another snapshot, or would change the base's own weights.
    """
    described = adapter.facts.adapter
    if described is None:
        raise SnapshotRefused(
            f"expected the lock of an adapter (with adapter_config.json), found the model "
            f"{adapter.name!a}; name it as the experiment's model"
        )
    if base.facts.adapter is not None:
        raise SnapshotRefused(
            f"expected a whole model as base, found the adapter {base.name!a}; name it under "
            "adapters, and its base as the model"
        )
    rebased = [name for name in described.variants if _changes_base(name)]
    if rebased:
        raise SnapshotRefused(
            f"expected an adapter that leaves the base's weights alone, found {adapter.name} with "
            f"the variant {rebased[0]!a:.40}; convert it to a plain LoRA with PEFT"
        )
    if adapter.base is not None:
        return _by_identity(base, adapter)
    return _by_name(base, adapter, described)


def check_tensors(
    adapter: Lock, tensors: Sequence[Tensor], find: FindModule, *, complete: bool
) -> None:
    """Raise `SnapshotRefused` unless the tensors of a LoRA fit the base's modules.

    Args:
        adapter: its lock; adapters of other types than LoRA are left to the engine.
        tensors: the tensors of its file.
        find: the base's modules.
        complete: whether `find` knows all modules, so that a missing one is refused.
    """
    described = adapter.facts.adapter
    if described is None or described.type != "lora":
        return
    shapes = {tensor.name.removeprefix(_PREFIX): tensor.shape for tensor in tensors}
    modules = sorted({name.removesuffix(_A) for name in shapes if name.endswith(_A)})
    for module in modules:
        found = find(module)
        if found is None and complete:
            raise _refused(adapter, module, "a module of that name in the base", "none")
        _check_module(adapter, described, module, shapes, found)


def _changes_base(variant: str) -> bool:
    """Say whether a start of the matrices takes a part out of the base, as PiSSA and others do."""
    return variant.startswith("init_") and variant.lower() not in _HARMLESS


def _check_module(
    adapter: Lock,
    described: Adapter,
    module: str,
    shapes: dict[str, tuple[int, ...]],
    base: Shape | None,
) -> None:
    down, up = shapes[module + _A], shapes.get(module + _B, ())
    if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
        raise _refused(adapter, module, "matrices of one rank", f"{down} and {up}")
    if "rank_pattern" not in described.variants and described.rank not in (None, down[0]):
        raise _refused(adapter, module, f"rank {described.rank}", f"rank {down[0]}")
    if base is None:
        return
    turned = "fan_in_fan_out" in described.variants
    if (up[0], down[1]) != base and not (turned and (down[1], up[0]) == base):
        raise _refused(
            adapter,
            module,
            f"{base[0]} outputs and {base[1]} inputs as in the base",
            f"{up[0]} and {down[1]}",
        )


def _by_identity(base: Lock, adapter: Lock) -> Check:
    trained = adapter.base
    assert trained is not None
    if trained.snapshot == base.snapshot:
        return Check("agrees", f"{adapter.name} was trained on this very snapshot")
    if trained.weights == base.weights:
        return Check("agrees", f"{adapter.name} was trained on these weights in other files")
    sources = base.derivation.sources if base.derivation else ()
    if any(source.weights == trained.weights for source in sources):
        return Check("agrees", f"{adapter.name} was trained on what this base was made from")
    raise SnapshotRefused(
        f"expected the base that {adapter.name} was trained on, {trained.name} "
        f"(snapshot {trained.snapshot[:16]}), found {base.name} ({base.snapshot[:16]}); name that "
        "base, or pin the adapter again without --base if it may be used on others"
    )


def _by_name(base: Lock, adapter: Lock, described: Adapter) -> Check:
    trained = described.base_model
    if trained is None:
        return Check("doubtful", f"{adapter.name} does not say on what base it was trained")
    called = base.hub.repo if base.hub else base.name
    same = _last(trained) == _last(called)
    return Check(
        "unchecked" if same else "doubtful",
        f"{adapter.name} says it was trained on {trained!a}, the base is called {called!a}; only "
        "names were compared",
    )


def _last(name: str) -> str:
    return name.rstrip("/\\").replace("\\", "/").rpartition("/")[2].casefold()


def _refused(adapter: Lock, module: str, expected: str, found: str) -> SnapshotRefused:
    return SnapshotRefused(
        f"the adapter {adapter.name} does not fit the base: expected {expected} for {module!a}, "
        f"found {found}; take the base that it was trained on"
    )
