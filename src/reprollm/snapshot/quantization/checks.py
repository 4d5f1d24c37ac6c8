"""Declared against stored: what agrees, what is doubtful, and what cannot be.

Refused is what no loader could read as declared: a method whose codes are nowhere in the tensors,
codes in another method's layout, or bits and group sizes that the shapes contradict. Doubtful is
what loads but is not what a reader would take it for, such as a method that would only be applied
while loading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from reprollm.canon import Json
from reprollm.errors import SnapshotRefused
from reprollm.snapshot.quantization.exclusions import is_expression, named
from reprollm.snapshot.quantization.families import AT_LOAD, LAYOUTS_OF
from reprollm.snapshot.quantization.scheme import Quantization
from reprollm.snapshot.quantization.stored import CACHE_SCALES, INPUT_SCALES, Stored

_SHOWN = 3
_DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


@dataclass(frozen=True)
class Check:
    """What came of one comparison.

    Attributes:
        verdict: `agrees`, `doubtful`, or `unchecked` where the tensors of a method are not known.
        what: a sentence.
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    verdict: str
    what: str

    def to_record(self) -> dict[str, Json]:
        """Return the check as canonical JSON."""
        return {"verdict": self.verdict, "what": self.what}


def examine(declared: Sequence[Quantization], stored: Stored) -> tuple[Check, ...]:
    """Return what comes of holding declarations against tensors; nothing for plain weights.

    Args:
        declared: all declarations of the snapshot, the one that holds first.
        stored: its tensors; not for GGUF, whose types are declared with each tensor.

    Raises:
        SnapshotRefused: the declaration contradicts the tensors.
    """
    if declared:
        return tuple(_declared(declared, stored))
    return tuple(_undeclared(stored))


def examine_dtype(declared: str | None, stored: Stored) -> tuple[Check, ...]:
    """Return what comes of holding a declared dtype against plain weights; nothing if it fits."""
    found = sorted({tensor.dtype for tensor in stored.plain if len(tensor.shape) >= 2})
    expected = _DTYPES.get(declared or "")
    if stored.modules or expected is None or not found or expected in found:
        return ()
    return (Check("doubtful", f"declared is {declared}, stored are {' and '.join(found)}"),)


def _undeclared(stored: Stored) -> Iterator[Check]:
    for layout, count in sorted(stored.layouts.items()):
        yield Check(
            "doubtful",
            f"no file declares a quantization, but {count} modules are stored as {layout}",
        )


def _declared(declared: Sequence[Quantization], stored: Stored) -> Iterator[Check]:
    first = declared[0]
    yield from _each_other(declared)
    expected = LAYOUTS_OF.get(first.method)
    if expected is None:
        yield Check("unchecked", f"how {first.method!a} stores weights is not known here")
        return
    found = stored.layouts
    fitting = {layout: count for layout, count in found.items() if layout in expected}
    if not found and first.method not in AT_LOAD:
        raise _refused(first, f"tensors of {' or '.join(expected)}", "none, only plain weights")
    if found and not fitting:
        raise _refused(first, f"tensors of {' or '.join(expected)}", f"{' and '.join(found)}")
    if not found:
        yield Check(
            "doubtful",
            f"{first.source} declares {first.method}, but the weights are stored plain: an engine "
            "quantizes them while loading, or fails",
        )
        return
    for layout, count in sorted(found.items()):
        verdict = "agrees" if layout in expected else "doubtful"
        yield Check(verdict, f"{count} modules are stored as {layout}, declared is {first.method}")
    yield from _bits(first, stored)
    yield from _groups(first, stored)
    yield from _left_out(first, stored)
    yield from _scales(first, stored)


def _each_other(declared: Sequence[Quantization]) -> Iterator[Check]:
    first = declared[0]
    for other in declared[1:]:
        for what in ("bits", "group_size", "scheme"):
            one, two = getattr(first, what), getattr(other, what)
            if one is not None and two is not None and one != two:
                yield Check(
                    "doubtful",
                    f"{first.source} declares {what} {one}, {other.source} declares {two}",
                )


def _bits(declared: Quantization, stored: Stored) -> Iterator[Check]:
    """Compare whole bits; averages and groups of several widths tell nothing of one module."""
    bits = declared.whole_bits
    if bits is None:
        return
    found = {module.counted.bits: module.name for module in stored.modules if module.counted.bits}
    if found and bits not in found:
        other, name = next(iter(found.items()))
        if declared.method == "torchao":
            yield Check("doubtful", f"declared are {bits} bits, stored in {other} each, unpacked")
            return
        if declared.method in ("exl3", "bitnet"):
            return
        raise _refused(declared, f"{bits} bits a weight", f"{other} in {name!a}")
    for other, name in found.items():
        if other != bits and declared.method not in ("exl3", "mxfp4"):
            yield Check("doubtful", f"declared are {bits} bits, {name!a} is stored in {other}")


def _groups(declared: Quantization, stored: Stored) -> Iterator[Check]:
    size = declared.group_size
    if size is None or declared.groups or declared.scheme in ("codebook", "mixed"):
        return
    found = {
        module.counted.group: module.name
        for module in stored.modules
        if module.counted.group is not None
    }
    # One scale for all inputs of a layer is also what a group larger than the layer comes to.
    others = {group: name for group, name in found.items() if group not in (size, -1)}
    if others and size not in found:
        other, name = next(iter(others.items()))
        raise _refused(declared, f"groups of {size} weights", f"groups of {other} in {name!a}")
    for other, name in others.items():
        yield Check("doubtful", f"declared are groups of {size}, {name!a} has groups of {other}")


def _left_out(declared: Quantization, stored: Stored) -> Iterator[Check]:
    """Compare the modules that are said to stay plain with those that did."""
    if any(is_expression(pattern) for pattern in declared.excluded):
        return
    touched = named([module.name for module in stored.modules], declared.excluded)
    if touched:
        yield Check("doubtful", f"said to be left out, but quantized: {_names(touched)}")
    if declared.groups:
        return
    kinds = {module.name.rpartition(".")[2] for module in stored.modules}
    names = [
        tensor.name.removesuffix(".weight")
        for tensor in stored.plain
        if tensor.name.endswith(".weight") and len(tensor.shape) == 2
    ]
    alike = [name for name in names if name.rpartition(".")[2] in kinds]
    said = set(named(alike, declared.excluded))
    plain = [name for name in alike if name not in said]
    if plain:
        yield Check("doubtful", f"not said to be left out, but plain: {_names(plain)}")


def _scales(declared: Quantization, stored: Stored) -> Iterator[Check]:
    """Compare what is declared of cache and activations with the scales that lie there."""
    cache = any(tensor.name.endswith(CACHE_SCALES) for tensor in stored.plain)
    if cache and declared.kv_cache is None:
        yield Check("doubtful", "scales of a KV cache are stored, no KV cache scheme is declared")
    if declared.activation_dynamic is False and not any(
        tensor.name.endswith(INPUT_SCALES) for tensor in stored.plain
    ):
        yield Check("doubtful", "static activations are declared, but no scales of them are stored")


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(ascii(name) for name in names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _refused(declared: Quantization, expected: str, found: str) -> SnapshotRefused:
    return SnapshotRefused(
        f"{declared.source} declares {declared.method!a}, but the tensors contradict it: expected "
        f"{expected}, found {found}; take configuration and weights from the same release"
    )
