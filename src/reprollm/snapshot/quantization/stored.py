"""What the tensors themselves show of quantization: layouts, counts, bytes and bits a weight.

Effective bits a weight: all bytes that stand for quantized weights, scales, zero points and tables
included, over the number of weights that they stand for. Biases do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from reprollm.snapshot.quantization.layouts import FLOATS, LAYOUTS, UNSCALED, Layout
from reprollm.snapshot.quantization.shapes import Counted, Parts
from reprollm.snapshot.safetensors import BITS, Tensor

CACHE_SCALES = (".k_scale", ".v_scale", ".kv_scale")
INPUT_SCALES = (".input_scale", "_activation_scale", ".input_activation_scale", ".act_scale")
RUNNING_SCALES = (*CACHE_SCALES, *INPUT_SCALES, ".output_scale")
"""Endings of scales of what is computed while running; they are no parameters of the model."""

_PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Module:
    """One quantized module: its name, its layout, what its shapes tell, and all its bytes."""

    name: str
    layout: str
    counted: Counted
    stored_bytes: int


@dataclass(frozen=True)
class Stored:
    """The tensors of a snapshot, sorted into quantized modules and plain tensors.

    Attributes:
        modules: the quantized modules in the order of their names.
        plain: the tensors that belong to none of them.
    """

    modules: tuple[Module, ...]
    plain: tuple[Tensor, ...]

    @property
    def layouts(self) -> Counter[str]:
        """How many modules lie in each layout."""
        return Counter(module.layout for module in self.modules)

    @property
    def weights(self) -> int | None:
        """How many weights the quantized modules stand for; None where shapes do not tell."""
        counts = [module.counted.weights for module in self.modules]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def parameters(self) -> int | None:
        """How many numbers the model computes with, quantized or not; None where unknown."""
        others = (t.elements for t in self.plain if not t.name.endswith(RUNNING_SCALES))
        return None if self.weights is None else self.weights + sum(others)

    @property
    def effective_bits(self) -> str | None:
        """Bits a quantized weight, all told, as a decimal string; of plain ones their dtype's.

        None where shapes do not tell, or where there are no weights.
        """
        if self.modules:
            return ratio(sum(module.stored_bytes for module in self.modules) * 8, self.weights)
        matrices = [t for t in self.plain if t.dtype in FLOATS and len(t.shape) >= 2]
        bits = sum(tensor.elements * BITS[tensor.dtype] for tensor in matrices)
        return ratio(bits, sum(tensor.elements for tensor in matrices))


def read_stored(tensors: Sequence[Tensor], bits: int | None = None) -> Stored:
    """Sort tensors into quantized modules and plain ones.

    Args:
        tensors: all tensors of a snapshot; names are unique.
        bits: the declared bits, for layouts whose shapes do not tell them.
    """
    named = {tensor.name: tensor for tensor in tensors}
    found = {name: fit for name in sorted(named) if (fit := _find(named, name, LAYOUTS))}
    beside = {t.name for _, parts in found.values() for end, t in parts.items() if end}
    for name in sorted(named.keys() - found.keys() - beside):
        if fit := _find(named, name, (UNSCALED,)):
            found[name] = fit
    modules = tuple(
        _counted(name, layout, parts, bits)
        for name, (layout, parts) in sorted(found.items())
        if name not in beside
    )
    taken = beside | found.keys()
    return Stored(modules, tuple(t for name, t in sorted(named.items()) if name not in taken))


def ratio(bits: int, weights: int | None) -> str | None:
    """Return bits a weight, rounded to four places, without trailing zeros."""
    if not weights:
        return None
    value = (Decimal(bits) / weights).quantize(_PLACES, ROUND_HALF_EVEN).normalize()
    return f"{value:f}"


def _counted(name: str, layout: Layout, parts: Parts, bits: int | None) -> Module:
    return Module(
        name=name.removesuffix(layout.ending).removesuffix(".weight"),
        layout=layout.name,
        counted=layout.count(parts, bits),
        stored_bytes=sum(tensor.end - tensor.begin for tensor in parts.values()),
    )


def _find(
    named: Mapping[str, Tensor], name: str, layouts: Sequence[Layout]
) -> tuple[Layout, Parts] | None:
    tensor = named[name]
    for layout in layouts:
        if tensor.dtype not in layout.dtypes or not name.endswith(layout.ending):
            continue
        begin = name.removesuffix(layout.ending)
        parts = {end: named[begin + end] for end in layout.needs if begin + end in named}
        if len(parts) < len(layout.needs):
            continue
        parts |= {end: named[begin + end] for end in layout.beside if begin + end in named}
        parts[""] = tensor
        if layout.fits(parts):
            return layout, parts
    return None
